//! Tokens: how programs say who they are.

use serde::{Deserialize, Serialize};

use crate::domain::access::role::Role;
use crate::domain::access::scope::Scope;
use crate::domain::ids::TokenId;
use crate::domain::time::Timestamp;

/// A token, without the token itself: that is shown once, and kept as a digest only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    pub id: TokenId,
    pub name: String,
    pub role: Role,
    /// Whose tools it lets in to, and to nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The organization and environment that it reaches; nothing else exists for it.
    #[serde(default)]
    pub scope: Scope,
    pub made_by: String,
    /// What whoever made it may today: the token never may more. None where they are no user any more, or
    /// where that was not looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker_role: Option<Role>,
    pub made_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub used_at: Option<Timestamp>,
    pub revoked_by: Option<String>,
    pub revoked_at: Option<Timestamp>,
}

impl TokenView {
    /// Whether it lets anybody in at this time.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|until| now < until)
    }

    pub fn state(&self, now: Timestamp) -> &'static str {
        match self {
            Self { revoked_at: Some(_), .. } => "revoked",
            Self { expires_at: Some(until), .. } if now >= *until => "expired",
            _ => "valid",
        }
    }
}

/// What can be done about tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tokens", rename_all = "snake_case")]
pub enum TokenRequest {
    Make {
        name: String,
        role: Role,
        /// The agent that comes by it, instead of a role.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
        #[serde(default)]
        expires_at: Option<Timestamp>,
        /// What it reaches: everything, where it is left out.
        #[serde(default)]
        scope: Scope,
    },
    Revoke {
        name: String,
    },
}

/// How every token begins, so that one that leaked is seen to be one.
pub const PREFIX: &str = "wadeck_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_until_its_end() {
        let token = TokenView {
            id: TokenId(1),
            name: "shop".into(),
            role: Role::Operator,
            agent: None,
            scope: Scope::ALL,
            made_by: "ada".into(),
            maker_role: None,
            made_at: Timestamp::EPOCH,
            expires_at: Some(Timestamp::from_seconds(10)),
            used_at: None,
            revoked_by: None,
            revoked_at: None,
        };
        assert!(token.holds(Timestamp::from_seconds(9)));
        assert!(!token.holds(Timestamp::from_seconds(10)));
        assert_eq!(token.state(Timestamp::from_seconds(10)), "expired");
        let revoked = TokenView { revoked_at: Some(Timestamp::EPOCH), ..token };
        assert!(!revoked.holds(Timestamp::from_seconds(1)));
    }
}

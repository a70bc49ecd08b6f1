//! Tokens, with which programs authenticate.

use serde::{Deserialize, Serialize};

use crate::domain::access::role::Role;
use crate::domain::access::scope::Scope;
use crate::domain::ids::TokenId;
use crate::domain::time::Timestamp;

/// A token's properties. The token itself is shown once; only its digest is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    pub id: TokenId,
    pub name: String,
    pub role: Role,
    /// The only agent whose tools the token can use; `None` for a token with a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Organization and environment that the token can access.
    #[serde(default)]
    pub scope: Scope,
    pub made_by: String,
    /// Current role of the token's creator, which limits the token's role. `None` if the creator is no longer a user,
    /// or if it was not looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker_role: Option<Role>,
    pub made_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub used_at: Option<Timestamp>,
    pub revoked_by: Option<String>,
    pub revoked_at: Option<Timestamp>,
}

impl TokenView {
    /// Returns `true` if the token is valid at this time.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|until| now < until)
    }

    /// Returns the token's state: `revoked`, `expired` or `valid`.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self {
            Self { revoked_at: Some(_), .. } => "revoked",
            Self { expires_at: Some(until), .. } if now >= *until => "expired",
            _ => "valid",
        }
    }
}

/// A request that changes tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tokens", rename_all = "snake_case")]
pub enum TokenRequest {
    Create {
        name: String,
        role: Role,
        /// Agent that uses the token, instead of a role.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
        #[serde(default)]
        expires_at: Option<Timestamp>,
        /// Scope of the token; everything if omitted.
        #[serde(default)]
        scope: Scope,
    },
    Revoke {
        name: String,
    },
}

/// Prefix of every token, by which leaked tokens can be recognized.
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

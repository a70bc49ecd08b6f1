//! Who acts, and what they may do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::access::permission::Permission;
use crate::domain::access::role::Role;
use crate::domain::access::scope::Scope;
use crate::domain::code::Code;
use crate::domain::refusal::Refusal;

/// Who caused something. Never absent from the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A person at a console or on the command line.
    Operator { name: String, role: Role },
    /// A program with a token, and the person who made that: where persons are counted, it is them.
    Program {
        name: String,
        role: Role,
        #[serde(default)]
        person: String,
        /// The organization and environment that the token was made for.
        #[serde(default)]
        scope: Scope,
    },
    /// A model or program that answers.
    Agent { name: String },
    /// The engine itself: workers, start, configuration.
    System,
}

impl Actor {
    /// What this actor may do. Agents reach people only through their own run, and hold no role.
    pub const fn role(&self) -> Option<Role> {
        match self {
            Self::Operator { role, .. } | Self::Program { role, .. } => Some(*role),
            Self::System => Some(Role::Admin),
            Self::Agent { .. } => None,
        }
    }

    /// The person who is responsible for what this actor does; none where no person is.
    pub fn person(&self) -> Option<&str> {
        match self {
            Self::Operator { name, .. } => Some(name),
            Self::Program { person, .. } => Some(person).filter(|person| !person.is_empty()).map(String::as_str),
            Self::Agent { .. } | Self::System => None,
        }
    }

    /// What this actor can reach at all, whatever it asks for.
    pub const fn scope(&self) -> &Scope {
        match self {
            Self::Program { scope, .. } => scope,
            Self::Operator { .. } | Self::Agent { .. } | Self::System => &Scope::ALL,
        }
    }

    pub fn has(&self, right: Permission) -> bool {
        self.role().is_some_and(|role| role >= right.role())
    }

    /// Why they may not, if so; in the same words everywhere.
    pub fn may(&self, right: Permission) -> Result<(), Refusal> {
        if self.has(right) {
            return Ok(());
        }
        let is = self.role().map_or("no role", Role::name);
        let (what, role) = (right.what(), right.role().name());
        let why = format!("{self} may not {what}: that needs the role {role}, and they have {is}.");
        Err(Refusal::new(Code::Role, why, "Ask someone who has the role."))
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator { name, .. } => write!(f, "{}", crate::domain::text::clean_line(name)),
            Self::Program { name, .. } => write!(f, "token {}", crate::domain::text::clean_line(name)),
            Self::Agent { name } => write!(f, "agent {}", crate::domain::text::clean_line(name)),
            Self::System => write!(f, "system"),
        }
    }
}

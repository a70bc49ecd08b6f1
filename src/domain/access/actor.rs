//! Actors: who performs an operation, and with which role and scope.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::access::permission::Permission;
use crate::domain::access::role::Role;
use crate::domain::access::scope::Scope;
use crate::domain::code::Code;
use crate::domain::refusal::Refusal;

/// Who caused a change. Every audit row has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A person in the console or on the command line.
    Operator { name: String, role: Role },
    /// A program with a token. `person` is the token's creator, who counts wherever people are counted.
    Program {
        name: String,
        role: Role,
        #[serde(default)]
        person: String,
        /// Organization and environment of the token.
        #[serde(default)]
        scope: Scope,
    },
    /// A model or program that replies to contacts.
    Agent { name: String },
    /// The engine: workers, startup and configuration.
    System,
}

impl Actor {
    /// Returns the actor's role. Agents have none: they reach contacts only through their runs.
    pub const fn role(&self) -> Option<Role> {
        match self {
            Self::Operator { role, .. } | Self::Program { role, .. } => Some(*role),
            Self::System => Some(Role::Admin),
            Self::Agent { .. } => None,
        }
    }

    /// Returns the person responsible for the actor's changes; `None` if there is none.
    pub fn person(&self) -> Option<&str> {
        match self {
            Self::Operator { name, .. } => Some(name),
            Self::Program { person, .. } => Some(person).filter(|person| !person.is_empty()).map(String::as_str),
            Self::Agent { .. } | Self::System => None,
        }
    }

    /// Returns the largest scope that the actor can use.
    pub const fn scope(&self) -> &Scope {
        match self {
            Self::Program { scope, .. } => scope,
            Self::Operator { .. } | Self::Agent { .. } | Self::System => &Scope::ALL,
        }
    }

    /// Returns `true` if the actor's role has a permission.
    pub fn has(&self, right: Permission) -> bool {
        self.role().is_some_and(|role| role >= right.role())
    }

    /// Refuses if the actor's role does not have a permission.
    pub fn require(&self, right: Permission) -> Result<(), Refusal> {
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

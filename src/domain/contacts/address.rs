//! Addresses of contacts: a phone number, or a business-scoped user id if the number is withheld.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::phone::PhoneNumber;

/// An address of a contact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    Phone(PhoneNumber),
    /// A business-scoped user id: stable within one business and useless elsewhere.
    User(String),
}

impl Address {
    /// Returns the part after `whatsapp:`: digits or the user id.
    pub fn key(&self) -> &str {
        match self {
            Self::Phone(number) => number.digits(),
            Self::User(id) => id,
        }
    }

    /// Returns the name of the kind: `phone` or `user`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Phone(_) => "phone",
            Self::User(_) => "user",
        }
    }

    /// Returns the thread's external id, `whatsapp:{digits}`.
    pub fn external_id(&self) -> String {
        format!("whatsapp:{}", self.key())
    }

    /// Returns the phone number; `None` for a user id.
    pub fn phone(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Phone(number) => Some(number),
            Self::User(_) => None,
        }
    }

    /// Formats the address for people: `+15550100002`, or the user id.
    pub fn display_name(&self) -> String {
        match self {
            Self::Phone(number) => number.to_string(),
            Self::User(id) => crate::domain::text::clean_line(id),
        }
    }
}

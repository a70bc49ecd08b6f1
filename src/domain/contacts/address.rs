//! How a contact is reached: by phone number, or by a business-scoped user id where the number
//! is withheld.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::phone::PhoneNumber;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    Phone(PhoneNumber),
    /// A business-scoped user id: stable for one business, meaningless to any other.
    User(String),
}

impl Address {
    /// The part after `whatsapp:`: digits, or the user id.
    pub fn key(&self) -> &str {
        match self {
            Self::Phone(number) => number.digits(),
            Self::User(id) => id,
        }
    }

    /// `phone` or `user`: the name of the kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Phone(_) => "phone",
            Self::User(_) => "user",
        }
    }

    /// The thread's name outside of here, `whatsapp:{digits}`.
    pub fn external_id(&self) -> String {
        format!("whatsapp:{}", self.key())
    }

    pub fn phone(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Phone(number) => Some(number),
            Self::User(_) => None,
        }
    }

    /// `+15550100002`, or the user id.
    pub fn shown(&self) -> String {
        match self {
            Self::Phone(number) => number.to_string(),
            Self::User(id) => crate::domain::text::clean_line(id),
        }
    }
}

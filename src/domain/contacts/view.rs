//! Contact views, with opt-outs and their sources.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::{ContactId, ThreadId};
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;

/// Where and when an opt-out was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptOutSource {
    /// Description, such as `they wrote STOP in m12` or `a status of o5 says 131050`.
    pub by: String,
    pub at: Timestamp,
}

/// A contact's name and addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    pub name: Option<Untrusted>,
    pub phone_number: Option<PhoneNumber>,
    /// Business-scoped user id, if the number is withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

impl ContactView {
    /// Returns the display name: the name, else the number, else the user id.
    pub fn display_name(&self) -> String {
        match (&self.name, &self.phone_number, &self.user_id) {
            (Some(name), ..) if !name.line().trim().is_empty() => name.line(),
            (_, Some(number), _) => number.to_string(),
            (_, _, Some(id)) => clean_line(id),
            _ => "unknown contact".to_owned(),
        }
    }
}

/// A contact as shown in search results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRow {
    pub id: ContactId,
    #[serde(flatten)]
    pub contact: ContactView,
    /// `phone:15550100002`, `user:US.1234`.
    pub addresses: Vec<String>,
    /// Thread id, time of its latest message, and connection; newest first.
    pub threads: Vec<(ThreadId, Timestamp, String)>,
    pub opted_out: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opted_out_by: Option<OptOutSource>,
    /// The contact opted out of marketing messages.
    #[serde(default)]
    pub no_marketing: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_marketing_by: Option<OptOutSource>,
    /// Number of contacts that were merged into this one.
    pub merged: u32,
    /// The newest internal note in any of the contact's threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Untrusted>,
}

impl ContactRow {
    /// Describes an opt-out, such as `opted out: they wrote STOP in m12`; empty if there is none.
    pub fn wish(&self) -> String {
        let with = |what: &str, told: Option<&OptOutSource>| match told {
            Some(told) => format!("{what}: {}", clean_line(&told.by)),
            None => what.to_owned(),
        };
        if self.opted_out {
            with("opted out", self.opted_out_by.as_ref())
        } else if self.no_marketing {
            with("no marketing", self.no_marketing_by.as_ref())
        } else {
            String::new()
        }
    }
}

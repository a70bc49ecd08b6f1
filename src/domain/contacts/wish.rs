//! What a contact does not want, and from where that is known.

use serde::{Deserialize, Serialize};

use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::domain::view::ContactRow;

/// From where a wish is known, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// In words, such as `they wrote STOP in m12` or `a status of o5 says 131050`.
    pub by: String,
    pub at: Timestamp,
}

impl ContactRow {
    /// `opted out: they wrote STOP in m12`; empty where they want everything.
    pub fn wish(&self) -> String {
        let with = |what: &str, told: Option<&Told>| match told {
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

//! Internal notes about a thread. A note is not a [`crate::domain::message::content::Content`] and has no recipient,
//! so that it cannot be sent to a contact.

use serde::{Deserialize, Serialize};

use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// Maximum length in characters.
pub const LONGEST: usize = 4_000;

/// An internal note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub author: String,
    pub at: Timestamp,
    pub words: Untrusted,
}

/// Refuses a note that is empty or too long.
pub fn check(text: &str) -> Result<(), Refusal> {
    let length = text.chars().count();
    if text.trim().is_empty() {
        return Err(Refusal::new(Code::EmptyNote, "The note is empty.", "Write a note."));
    }
    if length > LONGEST {
        let why = format!("The note has {length} characters; the maximum is {LONGEST}.");
        return Err(Refusal::new(Code::NoteTooLong, why, "Write two."));
    }
    Ok(())
}

//! A note: words among colleagues about a thread. It is no [`crate::domain::message::content::Content`] and has no
//! address, so that nothing which sends can be given one.

use serde::{Deserialize, Serialize};

use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// What a note holds at most, in characters.
pub const LONGEST: usize = 4_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub author: String,
    pub at: Timestamp,
    pub words: Untrusted,
}

/// Whether these words make a note.
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

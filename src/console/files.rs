//! Where a person's files are, and what is saved there.

use crate::domain::ids::{MessageId, ThreadId};

/// Where the files are of whoever sits at a console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilePlace {
    /// With the process that this console runs in: it may open and write them.
    Here,
    /// With another process of the same machine, which shows this console: it opens them and hands them over.
    Attached,
    /// At the other end of an SSH line.
    Ssh,
}

/// What is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saves {
    /// The file of a message.
    File(MessageId),
    /// A whole thread as text.
    Thread(ThreadId),
}

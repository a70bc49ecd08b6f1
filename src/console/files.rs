//! Where the user's files are, and what is saved there.

use crate::domain::ids::{MessageId, ThreadId};

/// Where the files of a console's user are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilePlace {
    /// Accessible to the process that runs this console; it opens and writes them itself.
    Here,
    /// Accessible to another process on the same machine that shows this console; that process opens and transfers
    /// them.
    Attached,
    /// On the client side of an SSH connection.
    Ssh,
}

/// What is saved to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saves {
    /// The file of a message.
    File(MessageId),
    /// A whole thread as text.
    Thread(ThreadId),
}

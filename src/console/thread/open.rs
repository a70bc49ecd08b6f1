//! State of the open thread: its messages, oldest first, and a cursor that keeps its message and its place on the
//! screen while others arrive.

use crate::domain::agents::requests::RunRecord;
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::message::note::Note;
use crate::domain::view::{MessageView, ThreadRow};

/// Number of messages in one page.
pub(in crate::console) const MESSAGES: u32 = 60;

/// The open thread.
#[derive(Debug)]
pub(in crate::console) struct OpenThread {
    pub thread: ThreadId,
    pub row: Option<ThreadRow>,
    /// The messages, oldest first.
    pub messages: Vec<MessageView>,
    /// The selected message; `None` follows the newest.
    pub cursor: Option<MessageId>,
    /// The screen row on which the selected message begins.
    pub anchor: isize,
    /// Number of messages to query; it grows as the user scrolls up.
    pub wanted: u32,
    /// Whether older messages can be queried.
    pub older: bool,
    pub loaded: bool,
    /// The message around which a page is shown; `None` for the newest page.
    pub around: Option<MessageId>,
    /// Internal notes, oldest first.
    pub notes: Vec<Note>,
    /// The run whose suggested reply waits for a decision.
    pub proposal: Option<RunRecord>,
}

impl OpenThread {
    pub fn new(thread: ThreadId, row: Option<ThreadRow>) -> Self {
        Self {
            thread,
            row,
            messages: vec![],
            cursor: None,
            anchor: 0,
            wanted: MESSAGES,
            older: false,
            loaded: false,
            around: None,
            notes: vec![],
            proposal: None,
        }
    }

    pub const fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Returns the index of the selected message.
    pub fn index(&self) -> Option<usize> {
        let cursor = self.cursor?;
        self.messages.iter().position(|message| message.id == cursor)
    }

    /// Returns the message that commands act on: the selected one, else the newest.
    pub fn current(&self) -> Option<&MessageView> {
        match self.index() {
            Some(at) => self.messages.get(at),
            None => self.messages.last(),
        }
    }
}

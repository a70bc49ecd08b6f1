//! The open thread: its messages, oldest first, with a cursor that stays on its message and on its row of the screen
//! while others come.

use crate::domain::agents::requests::RunRecord;
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::message::note::Note;
use crate::domain::view::{MessageView, ThreadRow};

/// Messages that are asked for at once.
pub(in crate::console) const MESSAGES: u32 = 60;

#[derive(Debug)]
pub(in crate::console) struct OpenThread {
    pub thread: ThreadId,
    pub row: Option<ThreadRow>,
    /// Oldest first.
    pub messages: Vec<MessageView>,
    /// The message under the cursor; none follows the newest.
    pub cursor: Option<MessageId>,
    /// The row of the screen on which the cursor's message begins.
    pub anchor: isize,
    /// How many messages are asked for: more when somebody scrolls up.
    pub wanted: u32,
    /// Older ones are there to be asked for.
    pub older: bool,
    pub loaded: bool,
    /// The page around this message is shown, wherever in the thread it stands.
    pub around: Option<MessageId>,
    /// What colleagues noted, oldest first.
    pub notes: Vec<Note>,
    /// What its agent proposes to say.
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

    pub fn index(&self) -> Option<usize> {
        let cursor = self.cursor?;
        self.messages.iter().position(|message| message.id == cursor)
    }

    /// The message that commands are about: under the cursor, else the newest.
    pub fn current(&self) -> Option<&MessageView> {
        match self.index() {
            Some(at) => self.messages.get(at),
            None => self.messages.last(),
        }
    }
}

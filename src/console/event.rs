//! What happens to a console, and what it wants. Both are plain data: a test writes one and reads
//! the other.

use crate::console::files::Saves;
use crate::console::input::KeyEvent;
use crate::domain::access::actor::Actor;
use crate::domain::change::Change;
use crate::domain::ids::{DeliveryId, ThreadId};
use crate::domain::message::upload::Uploaded;
use crate::domain::query::{Answer, Query};
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::time::Timestamp;

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Key(KeyEvent),
    /// Text that was pasted as a whole: it is text, whatever it looks like.
    Paste(String),
    Resize {
        columns: u16,
        rows: u16,
    },
    /// The terminal goes away: what was written is to be kept.
    Closing,
    /// The time now; comes when [`crate::console::Console::next_tick`] says so, and with everything else.
    Time(Timestamp),
    /// The person has another role from now on.
    Actor(Actor),
    /// Something stored differs.
    Changed(Change),
    /// An answer to what was asked.
    Answered {
        query: Query,
        answer: Box<Answer>,
    },
    /// What was asked could not be told.
    NotAnswered {
        query: Query,
        why: String,
    },
    /// What came back from the editor, or why nothing did.
    Edited {
        what: Edit,
        text: Result<String, String>,
    },
    /// A file was handed over, or why it was not.
    Uploaded {
        path: String,
        result: Result<Uploaded, String>,
    },
    /// As much of a path as its beginning decides, and what it may go on with.
    Completed {
        path: String,
        to: String,
        choices: Vec<String>,
    },
    /// Where something was saved, or why it was not.
    Saved(Result<String, String>),
    /// A rule wants a yes before a message goes: what it says, what was asked for, and what a yes asks for.
    WantsYes {
        request: Request,
        why: String,
        then: Request,
    },
    /// What was requested was done, or not.
    Performed {
        request: Request,
        result: Result<Done, String>,
    },
}

/// Something is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Ask(Query),
    Perform(Request),
    /// Hand the file at a path of this person over, for a message to carry.
    Upload {
        path: String,
    },
    /// Complete a path of this person.
    Complete {
        path: String,
    },
    /// Save something where this person wants it; empty means the downloads.
    Save {
        what: Saves,
        to: String,
    },
    /// Put text into the terminal's clipboard.
    Copy(String),
    /// Hand a text to the person's own editor.
    Edit {
        what: Edit,
        text: String,
    },
    /// Something new wants a person: ring, and say what.
    Ring(String),
    /// Draw everything anew.
    Redraw,
    Suspend,
    Quit,
}

/// What is edited outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    Draft(ThreadId),
    /// A copy of a delivery, to be applied dry.
    Delivery(DeliveryId),
    /// What is written for the provider; the console knows what it is.
    Script,
}

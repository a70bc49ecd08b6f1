//! The console's input (`Event`) and output (`Effect`). Both are plain data, so a test can write one and read the
//! other.

use crate::console::files::Saves;
use crate::console::input::KeyEvent;
use crate::console::surface_errors::{EditorError, FileError};
use crate::domain::access::actor::Actor;
use crate::domain::change::Change;
use crate::domain::custom_command::{CommandOutput, Values};
use crate::domain::ids::{DeliveryId, ThreadId};
use crate::domain::message::upload::Uploaded;
use crate::domain::query::{Answer, Query};
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::request_error::RequestError;
use crate::domain::time::Timestamp;

/// An input to the console.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Key(KeyEvent),
    /// Text that was pasted at once. It is always text, even if it looks like keys.
    Paste(String),
    Resize {
        columns: u16,
        rows: u16,
    },
    /// The terminal closes; unsaved drafts must be saved.
    Closing,
    /// The current time. It comes at the time that [`crate::console::Console::next_tick`] returns, and before other
    /// events.
    Time(Timestamp),
    /// The actor's role changed.
    Actor(Actor),
    /// Stored data changed.
    Changed(Change),
    /// The answer to a query.
    Answered {
        query: Query,
        answer: Box<Answer>,
    },
    /// A query failed.
    NotAnswered {
        query: Query,
        why: RequestError,
    },
    /// The text that the editor returned, or why it returned none.
    Edited {
        what: Edit,
        text: Result<String, EditorError>,
    },
    /// A file was uploaded, or the reason why not.
    Uploaded {
        path: String,
        result: Result<Uploaded, FileError>,
    },
    /// The completion of a path: the common prefix of all matches, and the matches.
    Completed {
        path: String,
        to: String,
        choices: Vec<String>,
    },
    /// The path under which something was saved, or the reason why not.
    Saved(Result<String, FileError>),
    /// A custom command ended.
    CommandEnded {
        title: String,
        result: Result<CommandOutput, RequestError>,
    },
    /// A rule requires a confirmation before a message is sent: its reason, the original request, and the request
    /// that a yes performs.
    WantsYes {
        request: Request,
        why: String,
        then: Request,
    },
    /// The result of a request.
    Performed {
        request: Request,
        result: Result<Done, RequestError>,
    },
}

/// An output of the console.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Query the engine.
    Ask(Query),
    /// Perform a request.
    Perform(Request),
    /// Upload a local file of the user, to be attached to a message.
    Upload {
        path: String,
    },
    /// Complete a local path of the user.
    Complete {
        path: String,
    },
    /// Save something at a local path of the user; an empty path means the downloads folder.
    Save {
        what: Saves,
        to: String,
    },
    /// Run a custom command with the values of the selected item.
    RunCommand {
        title: String,
        values: Values,
    },
    /// Copy text to the terminal's clipboard.
    Copy(String),
    /// Open a text in the user's external editor.
    Edit {
        what: Edit,
        text: String,
    },
    /// Ring the terminal bell with a message.
    Ring(String),
    /// Redraw the whole screen.
    Redraw,
    Suspend,
    Quit,
}

/// What is edited in the external editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    Draft(ThreadId),
    /// A copy of a webhook delivery, to be applied in a dry run.
    Delivery(DeliveryId),
    /// A template or Flow; the console keeps its details.
    Script,
}

//! What can be asked of the system to do. Plain data: a console makes it, a socket carries it, an
//! operation checks the role and the rule and does it.

use serde::{Deserialize, Serialize};

use super::ids::{AlertId, AssignmentId, ConnectionId, DeliveryId, EntryId, MessageId, ThreadId};
use super::text::Untrusted;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Send words to a thread's contact, perhaps quoting one of its messages.
    SendText {
        thread: ThreadId,
        text: String,
        reply_to: Option<MessageId>,
    },
    /// Send an approved template to a number, in a new thread if there is none.
    SendTemplate {
        connection: ConnectionId,
        to: super::phone::PhoneNumber,
        name: String,
        language: String,
        /// Values by name, or by position (`1`, `2` …).
        parameters: Vec<(String, String)>,
    },
    /// Try a failed, dead, discarded or uncertain entry again, as a new series of attempts.
    RetryEntry {
        entry: EntryId,
    },
    /// Take an entry out before it goes, or for good.
    DiscardEntry {
        entry: EntryId,
    },
    /// Say what became of an uncertain entry: the person looked and knows that it arrived.
    SettleArrived {
        entry: EntryId,
    },
    /// Ask the provider's message list what became of an uncertain entry.
    LookUp {
        entry: EntryId,
    },
    /// Keep what is being written, per person and thread.
    SaveDraft {
        thread: ThreadId,
        text: String,
    },
    /// Tell the contact that the thread was read.
    MarkRead {
        thread: ThreadId,
    },
    /// Take the thread: its agent falls silent.
    TakeThread {
        thread: ThreadId,
    },
    /// Give the thread back to its agent.
    ReleaseThread {
        thread: ThreadId,
    },
    ApproveAssignment {
        assignment: AssignmentId,
    },
    RejectAssignment {
        assignment: AssignmentId,
        reason: String,
    },
    ProposeAssignment {
        connection: ConnectionId,
        agent: String,
        mode: super::assignment::Mode,
    },
    AckAlert {
        alert: AlertId,
    },
    /// Read a stored delivery again, after a fix.
    ReplayDelivery {
        delivery: DeliveryId,
    },
    /// Ask the provider about this connection now.
    CheckConnection {
        connection: ConnectionId,
    },
    /// Fetch templates from the provider now.
    RefreshTemplates,
}

/// What was done, in one sentence for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub said: String,
    /// What the request made, if it made something: an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
}

/// A rule said no, worded for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{why} {instead}")]
pub struct Refusal {
    /// Which rule, for programs.
    pub rule: std::borrow::Cow<'static, str>,
    /// What stands in the way.
    pub why: String,
    /// What to do instead; may be empty.
    pub instead: String,
}

impl Refusal {
    pub fn new(rule: &'static str, why: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { rule: rule.into(), why: why.into(), instead: instead.into() }
    }
}

/// What may be written to a contact: checked in the console before, in the operation again.
pub fn check_text(text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::new("empty_text", "There is nothing to send.", "Write something first."));
    }
    let length = Untrusted::new(text).as_received().chars().count();
    if length > 4096 {
        let why = format!("The text has {length} characters; one message holds 4096.");
        return Err(Refusal::new("text_too_long", why, "Send it in parts."));
    }
    Ok(())
}

/// Whether freeform may be written to a thread now: the same words for the composer and the operation.
pub fn check_window(closes_at: Option<super::time::Timestamp>, now: super::time::Timestamp) -> Result<(), Refusal> {
    if super::window::is_open(closes_at, now) {
        return Ok(());
    }
    let why = match closes_at {
        None => "The service window is closed: this contact has not written yet.".to_owned(),
        Some(closed) => {
            let ago = super::time::short_span(now.since(closed));
            format!("The service window closed {ago} ago.")
        }
    };
    Err(Refusal::new("window_closed", why, "Only an approved template can be sent until they write again."))
}

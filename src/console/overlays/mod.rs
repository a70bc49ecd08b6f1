//! What stands in front: help, the palette, a question, a line to fill in, a text to read.

pub(in crate::console) mod bulk_jobs;
pub(in crate::console) mod draw;
pub(in crate::console) mod draw_fill;
pub(in crate::console) mod finder;
pub(in crate::console) mod finder_kind;
pub(in crate::console) mod form;
pub(in crate::console) mod form_files;
mod front;
pub(in crate::console) mod gauges;
pub(in crate::console) mod here;
mod keys;
pub(in crate::console) mod loaded;
mod open_form;
pub(in crate::console) mod picks;
pub(in crate::console) mod picture;
pub(in crate::console) mod platform_forms;
pub(in crate::console) mod question;
pub(in crate::console) mod script;

use crate::console::command::CommandSpec;
use crate::console::input::{MAX_LINE, TextField};
use crate::console::overlays::finder_kind::Finder;
use crate::console::overlays::form::Form;
use crate::domain::agents::requests::AgentRequest;
use crate::domain::ids::{AssignmentId, ConnectionId, MessageId};
use crate::domain::request::Request;
use crate::domain::text::clean_line;

#[derive(Debug)]
pub(in crate::console) enum Overlay {
    /// What can be done here; typing narrows it.
    Palette {
        typed: TextField,
        at: usize,
        all: bool,
    },
    /// A question; `y` does it.
    Confirm {
        question: String,
        then: Then,
    },
    Form(Box<Form>),
    Finder(Finder),
    /// A picture in its own pixels.
    Picture(MessageId),
    Line {
        title: String,
        typed: TextField,
        purpose: Purpose,
    },
    /// The editor that is built in.
    Editor(Box<ratatui_textarea::TextArea<'static>>),
    /// A text that scrolls.
    Reading {
        what: Reading,
        scroll: usize,
    },
}

/// What follows a yes.
#[derive(Debug, Clone)]
pub(in crate::console) enum Then {
    Command(&'static CommandSpec),
    Perform(Request),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum Reading {
    /// Everything about one message.
    Message(MessageId),
    Notices,
    /// Why something is as it is.
    Why,
    /// Statistics of the last 24 hours.
    Gauges,
    /// What was told at length: a dry run.
    Told,
    /// How files are sent and saved by whoever's files are not here.
    Elsewhere,
    /// What a provider sent, as it came, for a while.
    Revealed,
    /// What the provider says about a number.
    Health(ConnectionId),
    /// What stands in the way of what is being written.
    Findings,
    /// Answers, or what differs.
    Flow,
    /// An endpoint's log, asked again while it is read.
    FlowLog,
    /// One run of an agent, whole.
    Run,
    /// A contract, as a difference from today.
    Difference,
    /// What stops caught.
    Stops,
}

impl Reading {
    /// Read from its beginning; everything else from its end.
    pub const fn reads_down(self) -> bool {
        !matches!(self, Self::Notices)
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Message(_) => "Message",
            Self::Notices => "Notices",
            Self::Why => "Why",
            Self::Gauges => "Statistics of the last 24 hours",
            Self::Told => "Dry run",
            Self::Elsewhere => "Files",
            Self::Revealed => "Body as received",
            Self::Health(_) => "Health",
            Self::Findings => "Check before submitting",
            Self::Flow => "Flow",
            Self::FlowLog => "Endpoint",
            Self::Run => "Run",
            Self::Difference => "Compare with current",
            Self::Stops => "Canceled replies, and replies that had already left",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::console) enum Purpose {
    Filter,
    Reject(AssignmentId),
}

impl Overlay {
    pub fn help() -> Self {
        Self::Palette { typed: TextField::new("", MAX_LINE), at: 0, all: false }
    }

    pub fn palette() -> Self {
        Self::Palette { typed: TextField::new("", MAX_LINE), at: 0, all: true }
    }

    pub fn filter(current: &str, earlier: &[String]) -> Self {
        let typed = TextField::new(current, MAX_LINE).with_history(earlier);
        Self::Line { title: "Filter".to_owned(), typed, purpose: Purpose::Filter }
    }

    pub fn line(title: &str, typed: &str, purpose: Purpose) -> Self {
        Self::Line { title: title.to_owned(), typed: TextField::new(typed, MAX_LINE), purpose }
    }

    pub fn message(id: MessageId) -> Self {
        Self::Reading { what: Reading::Message(id), scroll: 0 }
    }

    pub fn notices() -> Self {
        Self::reading(Reading::Notices)
    }

    pub fn reading(what: Reading) -> Self {
        Self::Reading { what, scroll: 0 }
    }
}

impl Purpose {
    /// What is asked when the line is filled in. A sentence ends with enter, so that enter alone decides
    /// nothing.
    pub fn question(&self, typed: &str) -> Option<Overlay> {
        match self {
            Self::Filter => None,
            Self::Reject(assignment) => {
                let assignment = *assignment;
                let request = AgentRequest::Reject { assignment, reason: typed.to_owned() };
                let question = format!("Reject {assignment}: \"{}\"?", crate::domain::text::clean_line(typed));
                Some(Overlay::Confirm { question, then: Then::Perform(Request::Agents(request)) })
            }
        }
    }
}

/// Where the palette leads besides commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::console) enum Destination {
    /// A thread, as it was typed.
    Thread(String),
    Connection(ConnectionId, String),
}

impl Destination {
    pub fn words(&self) -> String {
        match self {
            Self::Thread(text) => format!("Go to thread {}", clean_line(text)),
            Self::Connection(id, name) => format!("Go to connection {} ({id})", clean_line(name)),
        }
    }
}

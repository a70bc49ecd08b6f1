//! A finder: a list in front, narrowed by typing, from which one thing is picked.

use crate::console::input::TextField;
use crate::console::panes::agents::picker_kinds::AgentFinder;
use crate::console::panes::connections::picker_kinds::NumberFinder;
use crate::console::panes::flows::picker_kinds::FlowFinder;
use crate::domain::ids::{ContactId, MessageId, ThreadId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum FinderKind {
    /// Templates for the contact of a thread.
    Templates(ThreadId),
    Contacts,
    /// Somebody who is the same person as this contact.
    Merge(ContactId),
    Search,
    Radar,
    Views,
    Emoji(MessageId),
    /// What else can be sent to a thread.
    Kinds(ThreadId),
    /// What can be done with all that the filter finds.
    Bulk,
    Jobs,
    /// What can be done with a bulk action that was stopped.
    StoppedJob(i64),
    /// Who else has a console open.
    Here,
    /// To whom a thread is given.
    HandOver(ThreadId),
    Number(NumberFinder),
    /// Templates to begin from.
    Starters,
    Flow(FlowFinder),
    Agent(AgentFinder),
}

#[derive(Debug)]
pub(in crate::console) struct Finder {
    pub kind: FinderKind,
    pub typed: TextField,
    pub at: usize,
}

/// A row of a finder.
#[derive(Debug, Clone, Default)]
pub(in crate::console) struct Row {
    pub id: String,
    pub head: String,
    pub tail: String,
    pub right: String,
    /// Why it cannot be picked.
    pub off: Option<String>,
    /// Wants attention.
    pub warn: bool,
}

impl Finder {
    pub fn title(&self) -> &'static str {
        match self.kind {
            FinderKind::Templates(_) => "Templates that can be sent",
            FinderKind::Contacts => "Find a contact",
            FinderKind::Merge(_) => "Merge with",
            FinderKind::Search => "Search messages",
            FinderKind::Radar => "Expiring windows: contacts who wait for a reply",
            FinderKind::Views => "Filters",
            FinderKind::Emoji(_) => "React with",
            FinderKind::Kinds(_) => "Send other content",
            FinderKind::Bulk => "Bulk action for all matching messages",
            FinderKind::Jobs => "Bulk jobs",
            FinderKind::StoppedJob(_) => "Stopped bulk job",
            FinderKind::Here => "Who is online",
            FinderKind::HandOver(_) => "Transfer the thread to",
            FinderKind::Starters | FinderKind::Flow(FlowFinder::Starters) => "Starters",
            FinderKind::Flow(FlowFinder::Versions) => "Compare the newest version with",
            FinderKind::Flow(FlowFinder::Endpoint) => "Endpoint",
            FinderKind::Flow(FlowFinder::ToSend) => "Send a Flow",
            FinderKind::Agent(AgentFinder::Stop) => "Stop or resume",
            FinderKind::Agent(AgentFinder::Menu(_)) => "Agent of this thread",
            FinderKind::Agent(AgentFinder::Propose(_)) => "Agent",
            FinderKind::Number(NumberFinder::List) => "Numbers at the provider",
            FinderKind::Number(NumberFinder::Webhooks(_)) => "Webhooks at the provider",
            FinderKind::Number(NumberFinder::WebhookActions(_)) => "Webhook",
        }
    }

    pub fn hint(&self) -> &'static str {
        match self.kind {
            FinderKind::Search => "words and terms: status:failed dir:in num:4567 since:2h code:131047; enter opens",
            FinderKind::Jobs => "enter stops a running job, resumes or discards a stopped one; esc closes",
            _ => "type to filter, enter selects, esc closes",
        }
    }
}

impl FinderKind {
    /// What an empty list means.
    pub const fn when_empty(self) -> &'static str {
        match self {
            Self::Templates(_) => "No templates for this number. Press ctrl-r in Templates to fetch them.",
            Self::Contacts | Self::Merge(_) => "Type part of a name or number.",
            Self::Search => "Type words, or filter terms such as status:failed since:2h.",
            Self::Radar => "No service window closes while a contact waits.",
            Self::Views => "No saved filters.",
            Self::Jobs => "No bulk jobs.",
            Self::Here | Self::HandOver(_) => "Nobody else is online.",
            Self::Number(_) => "Fetching from the provider …",
            Self::Emoji(_) | Self::Kinds(_) | Self::Bulk | Self::StoppedJob(_) | Self::Starters => "",
            Self::Flow(_) => "No Flows. Press ctrl-r in Flows to fetch them.",
            Self::Agent(_) => "No agents. Declare one in the configuration under [[agents]].",
        }
    }
}

//! What can be asked of the system to tell, and the answers.

use serde::{Deserialize, Serialize};

use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::access::token::TokenView;
use crate::domain::agents::requests::{AgentQuery, AgentTold, AgentsView};
use crate::domain::contacts::view::ContactRow;
use crate::domain::flow::{FlowAnswer, FlowQuery};
use crate::domain::ids::{DeliveryId, EntryId, MessageId, ThreadId, UploadId};
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::message::media::{FileCheck, ImagePadding};
use crate::domain::message::note::Note;
use crate::domain::message::picture::Raster;
use crate::domain::monitoring::activity::ActivityRow;
use crate::domain::monitoring::gauge::GaugesView;
use crate::domain::numbers::connected::ConnectionList;
use crate::domain::numbers::number::{NumberAnswer, NumberQuery};
use crate::domain::numbers::registration::Fetched;
use crate::domain::outbox::bulk::BulkPreview;
use crate::domain::outbox::job::{BulkAction, JobView};
use crate::domain::templates::requests::{TemplateAnswer, TemplateQuery};
use crate::domain::templates::template::TemplateList;
use crate::domain::view::{
    AlertView, DeliveryDetail, DeliveryRow, EntryDetail, EntryRow, FoundMessage, MessageDetail, MessageView, Overview,
    RadarRow, SavedView, ThreadRow,
};
use crate::domain::why::Why;

/// Rows of a list that are told at once, at most.
pub const MOST_ROWS: u32 = 500;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tell", rename_all = "snake_case")]
pub enum Query {
    /// A question about one organization's environment: nothing else is seen, counted or found.
    Within {
        scope: ScopeChoice,
        query: Box<Query>,
    },
    Overview,
    /// Tokens of programs.
    Tokens,
    Connections,
    Threads {
        /// A filter: words of a name, a number or the last message, and terms.
        text: String,
        limit: u32,
        /// Only threads below this one in the list.
        #[serde(default)]
        before: Option<ThreadId>,
    },
    Thread {
        thread: ThreadId,
    },
    /// The thread that a text names: an id, or its contact's number. Refused where it names none, or several.
    FindThread {
        text: String,
        /// Which of our numbers it is over, by any of its names.
        #[serde(default)]
        connection: Option<String>,
    },
    /// The newest messages of a thread, newest first.
    Messages {
        thread: ThreadId,
        limit: u32,
        #[serde(default)]
        before: Option<MessageId>,
        /// The page in which this message stands, wherever that is.
        #[serde(default)]
        around: Option<MessageId>,
    },
    Message {
        message: MessageId,
    },
    /// Contacts by name or number, also where letters are missing.
    Contacts {
        text: String,
        limit: u32,
    },
    /// Threads whose window closes while somebody waits, the next first.
    Radar {
        limit: u32,
    },
    /// Filters with their counts: those that are always there, and one's own.
    Views,
    /// What an action over everything that a filter finds would do.
    Bulk {
        action: BulkAction,
        text: String,
    },
    /// The last bulk actions, newest first.
    Jobs,
    /// Why something is as it is: by its id, or `template NAME`.
    Why {
        id: String,
    },
    /// Alerts, open ones first.
    Alerts {
        /// Only those that nobody has acknowledged.
        open: bool,
        limit: u32,
    },
    /// Statistics of the last hours.
    Gauges {
        hours: u32,
    },
    /// A whole thread as text, for keeping.
    Export {
        thread: ThreadId,
    },
    /// What an uploaded file is, and whether it could be sent.
    File {
        upload: UploadId,
        pad: Option<ImagePadding>,
    },
    /// A message's picture in so many pixels at most.
    Picture {
        message: MessageId,
        width: u32,
        height: u32,
    },
    /// What colleagues noted about a thread, oldest first.
    Notes {
        thread: ThreadId,
    },
    /// Words and terms over everything that was written, newest first.
    Search {
        text: String,
        limit: u32,
        #[serde(default)]
        before: Option<MessageId>,
    },
    Outbox {
        /// A filter; without `before`, what wants attention stands first.
        text: String,
        limit: u32,
        #[serde(default)]
        before: Option<EntryId>,
    },
    Entry {
        entry: EntryId,
    },
    /// The last picture of every connection's templates, with its age.
    Templates,
    Agents,
    Deliveries {
        #[serde(default)]
        state: Option<DeliveryState>,
        /// Only those of this event; see [`crate::domain::inbound::delivery::EventPattern`].
        #[serde(default)]
        event: Option<String>,
        limit: u32,
        #[serde(default)]
        before: Option<DeliveryId>,
    },
    Delivery {
        delivery: DeliveryId,
    },
    /// Deliveries, alerts and audited changes in one stream, newest first.
    Activity {
        /// Words in events, paths, notes, bodies and what was done.
        #[serde(default)]
        text: String,
        limit: u32,
    },
    /// What the asking person had begun to write.
    Draft {
        thread: ThreadId,
    },
    /// The last lines of the engine's log.
    Log {
        limit: u32,
    },
    /// Something about a number that only the provider knows: it is asked now.
    Number(NumberQuery),
    /// About one template, or one that is being written.
    Template(TemplateQuery),
    /// About runs, assignments, stops, the audit and events.
    Desk(AgentQuery),
    /// Flows; all but their list is asked for now.
    Flow(FlowQuery),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Answer {
    Overview(Box<Overview>),
    Tokens(Vec<TokenView>),
    Connections(ConnectionList),
    Threads(Vec<ThreadRow>),
    Thread(Option<Box<ThreadRow>>),
    Messages(Vec<MessageView>),
    Found(Vec<FoundMessage>),
    Message(Option<Box<MessageDetail>>),
    Notes(Vec<Note>),
    Contacts(Vec<ContactRow>),
    Radar(Vec<RadarRow>),
    Views(Vec<SavedView>),
    Bulk(BulkPreview),
    Jobs(Vec<JobView>),
    Gauges(Box<GaugesView>),
    Why(Box<Why>),
    Alerts(Vec<AlertView>),
    Export(String),
    File(Box<FileCheck>),
    Picture(Option<Box<Raster>>),
    Outbox(Vec<EntryRow>),
    Entry(Option<Box<EntryDetail>>),
    Templates(Vec<TemplateList>),
    Agents(Box<AgentsView>),
    Desk(Box<AgentTold>),
    Deliveries(Vec<DeliveryRow>),
    Delivery(Option<Box<DeliveryDetail>>),
    Activity(Vec<ActivityRow>),
    Draft(String),
    Log(Vec<String>),
    Number(Fetched<NumberAnswer>),
    Template(Fetched<TemplateAnswer>),
    Flow(Fetched<FlowAnswer>),
}

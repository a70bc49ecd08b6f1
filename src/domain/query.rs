//! Queries and their answers.

use serde::{Deserialize, Serialize};

use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::access::token::TokenView;
use crate::domain::agents::requests::{AgentQuery, AgentsAnswer, AgentsView};
use crate::domain::contacts::view::ContactRow;
use crate::domain::costs::sums::{CostsQuery, CostsView};
use crate::domain::expiring::RadarRow;
use crate::domain::flow::{FlowAnswer, FlowQuery};
use crate::domain::ids::{DeliveryId, EntryId, MessageId, ThreadId, UploadId};
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::message::canned::CannedReply;
use crate::domain::message::label::LabelCount;
use crate::domain::message::media::{FileCheck, ImagePadding};
use crate::domain::message::note::Note;
use crate::domain::message::picture::Raster;
use crate::domain::monitoring::activity::ActivityRow;
use crate::domain::monitoring::gauge::StatisticsView;
use crate::domain::numbers::connected::ConnectionList;
use crate::domain::numbers::number::{NumberAnswer, NumberQuery};
use crate::domain::numbers::registration::Fetched;
use crate::domain::outbox::bulk::BulkPreview;
use crate::domain::outbox::job::{BulkAction, JobView};
use crate::domain::templates::preview::{PreviewSource, TemplatePreview};
use crate::domain::templates::requests::{TemplateAnswer, TemplateQuery};
use crate::domain::templates::template::TemplateList;
use crate::domain::view::{
    AlertView, DeliveryDetail, DeliveryRow, EntryDetail, EntryRow, FoundMessage, MessageDetail, MessageView, Overview,
    SavedView, ThreadRow,
};
use crate::domain::why::Why;

/// Maximum number of rows in one answer.
pub const MAX_ROWS: u32 = 500;

/// A query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tell", rename_all = "snake_case")]
pub enum Query {
    /// A query restricted to a scope: objects outside it are neither returned nor counted.
    Within {
        scope: ScopeChoice,
        query: Box<Query>,
    },
    Overview,
    /// API tokens.
    Tokens,
    Connections,
    Threads {
        /// Filter: words of a name, a number or the latest message, and terms.
        text: String,
        limit: u32,
        /// Only threads after this one in the list.
        #[serde(default)]
        before: Option<ThreadId>,
    },
    Thread {
        thread: ThreadId,
    },
    /// The thread that waits for a person next after another one, longest wait first.
    NextWaiting {
        after: Option<ThreadId>,
    },
    /// The thread that a text refers to: an id, or the contact's phone number. Fails if there is none or if there are
    /// several.
    FindThread {
        text: String,
        /// The connection, by id, name or phone number.
        #[serde(default)]
        connection: Option<String>,
    },
    /// Messages of a thread, newest first.
    Messages {
        thread: ThreadId,
        limit: u32,
        #[serde(default)]
        before: Option<MessageId>,
        /// The page that contains this message.
        #[serde(default)]
        around: Option<MessageId>,
    },
    Message {
        message: MessageId,
    },
    /// Contacts by name or number, tolerating missing letters.
    Contacts {
        text: String,
        limit: u32,
    },
    /// Threads with a waiting contact whose service window closes, earliest first.
    Radar {
        limit: u32,
    },
    /// The canned replies that the caller can use.
    Replies,
    /// The text of a canned reply, filled in for a thread.
    Reply {
        thread: ThreadId,
        short: String,
    },
    /// The labels of every organization, with the number of threads that have each.
    Labels,
    /// Predefined and own filters, with their counts.
    Views,
    /// A preview of an action on the matches of a filter.
    Bulk {
        action: BulkAction,
        text: String,
    },
    /// Recent bulk jobs, newest first.
    Jobs,
    /// Why an object has its state: by id, or `template NAME`.
    Why {
        id: String,
    },
    /// Alerts, open ones first.
    Alerts {
        /// Only alerts that are not acknowledged.
        open: bool,
        limit: u32,
    },
    /// Statistics of recent hours.
    Statistics {
        hours: u32,
    },
    /// The costs of the messages of a period.
    Costs(CostsQuery),
    /// A whole thread as text.
    Export {
        thread: ThreadId,
    },
    /// Properties of an uploaded file, and whether it can be sent.
    File {
        upload: UploadId,
        pad: Option<ImagePadding>,
    },
    /// A message's image, scaled to at most this many pixels.
    Picture {
        message: MessageId,
        width: u32,
        height: u32,
    },
    /// Internal notes of a thread, oldest first.
    Notes {
        thread: ThreadId,
    },
    /// Messages that match words and terms, newest first.
    Search {
        text: String,
        limit: u32,
        #[serde(default)]
        before: Option<MessageId>,
    },
    Outbox {
        /// Filter; without `before`, entries that need attention come first.
        text: String,
        limit: u32,
        #[serde(default)]
        before: Option<EntryId>,
    },
    Entry {
        entry: EntryId,
    },
    /// The stored template list of every connection, with its age.
    Templates,
    Agents,
    Deliveries {
        #[serde(default)]
        state: Option<DeliveryState>,
        /// Only deliveries of this event; see [`crate::domain::inbound::delivery::EventPattern`].
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
        /// Words in events, paths, notes, bodies and changes.
        #[serde(default)]
        text: String,
        limit: u32,
    },
    /// The caller's draft in a thread.
    Draft {
        thread: ThreadId,
    },
    /// The last lines of the engine's log.
    Log {
        limit: u32,
    },
    /// Information about a number that only the provider has; calls the provider.
    Number(NumberQuery),
    /// About one template, or one that is being written.
    Template(TemplateQuery),
    /// A template as its recipient will see it.
    TemplatePreview {
        shown: PreviewSource,
    },
    /// About runs, assignments, stops, the audit and events.
    Agent(AgentQuery),
    /// About Flows; all queries except the list call the provider.
    Flow(FlowQuery),
}

/// The answer to a [`Query`].
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
    Replies(Vec<CannedReply>),
    Reply(String),
    Labels(Vec<LabelCount>),
    Views(Vec<SavedView>),
    Bulk(BulkPreview),
    Jobs(Vec<JobView>),
    Statistics(Box<StatisticsView>),
    Costs(Box<CostsView>),
    Why(Box<Why>),
    Alerts(Vec<AlertView>),
    Export(String),
    File(Box<FileCheck>),
    Picture(Option<Box<Raster>>),
    Outbox(Vec<EntryRow>),
    Entry(Option<Box<EntryDetail>>),
    Templates(Vec<TemplateList>),
    TemplatePreview(Box<TemplatePreview>),
    Agents(Box<AgentsView>),

    Agent(Box<AgentsAnswer>),
    Deliveries(Vec<DeliveryRow>),
    Delivery(Option<Box<DeliveryDetail>>),
    Activity(Vec<ActivityRow>),
    Draft(String),
    Log(Vec<String>),
    Number(Fetched<NumberAnswer>),
    Template(Fetched<TemplateAnswer>),
    Flow(Fetched<FlowAnswer>),
}

//! What can be asked of the system to tell, and the answers.

use serde::{Deserialize, Serialize};

use super::delivery::DeliveryState;
use super::ids::{DeliveryId, EntryId, MessageId, ThreadId};
use super::outbox::EntryState;
use super::template::TemplateList;
use super::view::{
    ActivityRow, AgentsView, ConnectionView, DeliveryDetail, DeliveryRow, EntryDetail, EntryRow, MessageDetail,
    MessageView, Overview, ThreadRow,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tell", rename_all = "snake_case")]
pub enum Query {
    Overview,
    Connections,
    Threads {
        /// Part of a name, a number or the last words.
        text: String,
        limit: u32,
        /// Only threads below this one in the list.
        #[serde(default)]
        before: Option<ThreadId>,
    },
    Thread {
        thread: ThreadId,
    },
    /// The newest messages of a thread, newest first.
    Messages {
        thread: ThreadId,
        limit: u32,
        #[serde(default)]
        before: Option<MessageId>,
    },
    Message {
        message: MessageId,
    },
    /// Words in anything that was written, newest first.
    Search {
        text: String,
        limit: u32,
        #[serde(default)]
        before: Option<MessageId>,
    },
    Outbox {
        /// Only these states; empty means what wants attention first, then the rest.
        #[serde(default)]
        states: Vec<EntryState>,
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
        limit: u32,
        #[serde(default)]
        before: Option<DeliveryId>,
    },
    Delivery {
        delivery: DeliveryId,
    },
    /// Deliveries, alerts and audited changes in one stream, newest first.
    Activity {
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
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Answer {
    Overview(Box<Overview>),
    Connections(Vec<ConnectionView>),
    Threads(Vec<ThreadRow>),
    Thread(Option<Box<ThreadRow>>),
    Messages(Vec<MessageView>),
    Message(Option<Box<MessageDetail>>),
    Outbox(Vec<EntryRow>),
    Entry(Option<Box<EntryDetail>>),
    Templates(Vec<TemplateList>),
    Agents(Box<AgentsView>),
    Deliveries(Vec<DeliveryRow>),
    Delivery(Option<Box<DeliveryDetail>>),
    Activity(Vec<ActivityRow>),
    Draft(String),
    Log(Vec<String>),
}

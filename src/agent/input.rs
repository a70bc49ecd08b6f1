//! The input of agents: the contact, the last messages, and the limits of the reply.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::{MessageId, RunId, ThreadId};
use crate::domain::inbound::event::Direction;
use crate::domain::message::content::{Card, Content, InteractiveReply};
use crate::domain::numbers::connection::Environment;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// The input of an agent. Its JSON is a public format that agents of other authors read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgentInput {
    pub run_id: RunId,
    /// Nothing of the answer is used: do nothing that lasts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rehearsal: bool,
    pub batch_size: u32,
    pub first_contact: bool,
    pub connection: InputConnection,
    pub thread: InputThread,
    pub contact: InputContact,
    /// The transcript, oldest first. The last `batch_size` inbound messages are to be answered.
    pub messages: Vec<InputMessage>,
    pub tools: Vec<String>,
    pub bounds: InputBounds,
}

/// The contract's limits for a reply. A reply beyond them is held for a person.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct InputBounds {
    pub messages: u32,
    /// Characters per message.
    pub characters: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InputConnection {
    pub name: String,
    pub phone_number: PhoneNumber,
    pub environment: Environment,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InputThread {
    pub id: ThreadId,
    pub external_id: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InputContact {
    pub name: Option<Untrusted>,
    pub phone_number: Option<PhoneNumber>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InputMessage {
    pub id: MessageId,
    pub direction: Direction,
    #[serde(rename = "type")]
    pub kind: String,
    pub text: Untrusted,
    /// The button or list row that the contact chose, with the id that we gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chose: Option<InputChoice>,
    /// Shared contact cards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<Card>,
    /// The name of the attached file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<Untrusted>,
    /// The text of the quoted message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<Untrusted>,
    pub created_at: Timestamp,
    /// The attached file, for agents that accept its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<InputMedia>,
}

/// A chosen button or list row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputChoice {
    pub id: Untrusted,
    pub title: Untrusted,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Untrusted>,
}

impl InputMessage {
    /// Adds the fields that the one-line text of a message does not contain.
    pub fn with_details(mut self, content: &Content) -> Self {
        self.file_name = content.media().and_then(|media| media.file_name.clone());
        match content {
            Content::Button { text, payload } => {
                self.chose = Some(InputChoice { id: payload.clone(), title: text.clone(), description: None });
            }
            Content::Interactive {
                reply: InteractiveReply::Button | InteractiveReply::List,
                id,
                title,
                description,
            } => {
                let (id, title, description) = (id.clone(), title.clone(), description.clone());
                self.chose = Some(InputChoice { id, title, description });
            }
            Content::Contacts { cards } => self.contacts.clone_from(cards),
            _ => {}
        }
        self
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InputMedia {
    pub mime_type: String,
    /// The file, encoded as Base64.
    pub data: String,
}

impl AgentInput {
    /// An input with one message from a made-up contact, for testing an agent.
    pub fn sample(text: &str, now: Timestamp) -> Self {
        Self {
            run_id: RunId(0),
            rehearsal: true,
            batch_size: 1,
            first_contact: true,
            connection: InputConnection {
                name: "nobody".to_owned(),
                phone_number: PhoneNumber::nobody(),
                environment: Environment::Development,
            },
            thread: InputThread { id: ThreadId(0), external_id: "whatsapp:15550000001".to_owned() },
            contact: InputContact { name: Some(Untrusted::from("Nobody")), phone_number: None },
            messages: vec![InputMessage {
                id: MessageId(0),
                direction: Direction::Inbound,
                kind: "text".to_owned(),
                text: Untrusted::from(text),
                chose: None,
                contacts: vec![],
                file_name: None,
                quotes: None,
                created_at: now,
                media: None,
            }],
            tools: vec![],
            bounds: InputBounds { messages: 3, characters: 700 },
        }
    }
}

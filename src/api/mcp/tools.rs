//! Every tool, once: what is listed and what is called are made from this table.

use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::super::http::{Ask, SendBody, despite_owner, letter_schema};
use super::super::objects;
use crate::domain::access::permission::Permission;
use crate::domain::ids::{ConnectionId, EntryId, MessageId, ThreadId};
use crate::domain::message::content::Content;
use crate::domain::numbers::connection::ProviderName;
use crate::domain::numbers::number::NumberRequest;
use crate::domain::operation::argument::schema;
use crate::domain::operation::{OPERATIONS, Operation};
use crate::domain::query::Query;
use crate::domain::request::{Request, SendContext};

/// What a tool leaves behind, for whoever asks a person first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Looks,
    Adds,
    /// Something is no longer there afterwards.
    Ends,
}

pub(super) struct Tool {
    pub name: &'static str,
    pub says: &'static str,
    pub effect: Effect,
    /// Who may call it: checked before its arguments are read.
    pub right: Permission,
    source: ToolSource,
}

/// Where a tool comes from.
enum ToolSource {
    /// It is written out here.
    Written { schema: fn() -> Value, read: fn(Value) -> Result<Ask, String> },
    /// It is made from the table of operations.
    Operation(&'static Operation),
}

impl Tool {
    /// The tool of an operation; none where it has none.
    fn of(operation: &'static Operation) -> Option<Self> {
        let (name, says, right) = (operation.tool?, operation.summary, operation.permission);
        Some(Self { name, says, effect: Effect::Adds, right, source: ToolSource::Operation(operation) })
    }

    /// The JSON Schema of its arguments.
    pub fn schema(&self) -> Value {
        match self.source {
            ToolSource::Written { schema, .. } => schema(),
            ToolSource::Operation(operation) => schema(operation.arguments.iter()),
        }
    }

    /// Reads its arguments. Fails, in words, where they are not as the schema says.
    pub fn read(&self, arguments: Map<String, Value>) -> Result<Ask, String> {
        match self.source {
            ToolSource::Written { read, .. } => read(Value::Object(arguments)),
            ToolSource::Operation(operation) => {
                operation.request(arguments).map_err(|error| error.to_string()).and_then(act)
            }
        }
    }
}

/// The tools that are made from the table of operations.
static OPERATION_TOOLS: LazyLock<Vec<Tool>> =
    LazyLock::new(|| OPERATIONS.iter().filter_map(|operation| Tool::of(operation)).collect());

/// Every tool.
pub(super) fn tools() -> impl Iterator<Item = &'static Tool> {
    TOOLS.iter().chain(OPERATION_TOOLS.iter())
}

pub(super) fn named(name: &str) -> Option<&'static Tool> {
    tools().find(|tool| tool.name == name)
}

fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, String> {
    objects::read(arguments).map_err(|error| error.to_string())
}

#[expect(clippy::unnecessary_wraps, reason = "rows of the table read alike, and some may fail")]
fn look(query: Query) -> Result<Ask, String> {
    Ok(Ask::Look(query))
}

#[expect(clippy::unnecessary_wraps, reason = "rows of the table read alike, and some may fail")]
fn act(request: Request) -> Result<Ask, String> {
    Ok(Ask::Act(Box::new(request)))
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

fn id(letter: char, what: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^{letter}[1-9][0-9]{{0,17}}$"), "description": what })
}

fn text(what: &str) -> Value {
    json!({ "type": "string", "description": what })
}

fn limit() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL, "description": "maximum number" })
}

/// How many of something are told where nobody says, and how many at most.
const USUAL: u32 = 20;
const MOST: u32 = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    thread: ThreadId,
    message: MessageId,
    text: String,
    #[serde(default)]
    despite_owner: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reaction {
    message: MessageId,
    #[serde(default)]
    emoji: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversation {
    thread: ThreadId,
    #[serde(default)]
    limit: Option<u32>,
    #[serde(default)]
    before: Option<MessageId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    #[serde(default)]
    message: Option<MessageId>,
    #[serde(default)]
    entry: Option<EntryId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    #[serde(default)]
    filter: String,
    #[serde(default)]
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Number {
    name: String,
    provider: String,
    #[serde(default)]
    phone_number_id: Option<String>,
    #[serde(default)]
    organization: Option<String>,
}

impl Number {
    /// With the provider's own id the number is there already; without, it is set up from nothing.
    fn ask(self) -> Result<Ask, String> {
        let Self { name, provider, phone_number_id, organization } = self;
        let provider = ProviderName::new(provider);
        act(Request::Number(match phone_number_id {
            Some(phone_number_id) => {
                NumberRequest::Adopt { name, provider, phone_number_id, organization, environment: None }
            }
            None => NumberRequest::SetUp { name, provider, organization, environment: None, options: Box::default() },
        }))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneConnection {
    connection: ConnectionId,
}

/// How many are asked for. Fails where that is more than are told at once: a list that is cut would look whole.
fn many(limit: Option<u32>) -> Result<u32, String> {
    match limit.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        limit => Err(format!("`limit` is {limit}: give 1 to {MOST}")),
    }
}

fn one_connection() -> Value {
    object(json!({ "connection": id('c', "connection, as connections.list returns it") }), &["connection"])
}

fn nothing() -> Value {
    object(json!({}), &[])
}

static TOOLS: &[Tool] = &[
    Tool {
        name: "whatsapp.send",
        says: "Sends a message: a text into a thread whose window is open, or an approved template to a number \
               over a connection. Answers with the id of the message.",
        effect: Effect::Adds,
        right: Permission::WriteToPeople,
        source: ToolSource::Written {
            schema: letter_schema,
            read: |arguments| Ok(Ask::Send(Box::new(read::<SendBody>(arguments)?))),
        },
    },
    Tool {
        name: "whatsapp.reply",
        says: "Replies to one message of a thread and quotes it.",
        effect: Effect::Adds,
        right: Permission::WriteToPeople,
        source: ToolSource::Written {
            schema: || {
                let properties = json!({ "thread": id('t', "the thread"), "message": id('m', "message to reply to"),
                "text": text("up to 4096 characters"), "despite_owner": despite_owner() });
                object(properties, &["thread", "message", "text"])
            },
            read: |arguments| {
                let Reply { thread, message, text, despite_owner } = read(arguments)?;
                let content = Box::new(Content::text(text));
                let context = SendContext { seen: None, despite_owner };
                act(Request::Send { thread, content, reply_to: Some(message), at: None }.knowing(context))
            },
        },
    },
    Tool {
        name: "whatsapp.react",
        says: "Reacts to a message with one emoji, in place of the earlier one; an empty emoji removes it.",
        effect: Effect::Adds,
        right: Permission::ReactToMessages,
        source: ToolSource::Written {
            schema: || {
                object(json!({ "message": id('m', "the message"), "emoji": text("one emoji, or empty") }), &["message"])
            },
            read: |arguments| {
                let Reaction { message, emoji } = read(arguments)?;
                act(Request::React { message, emoji: Some(emoji).filter(|emoji| !emoji.is_empty()) })
            },
        },
    },
    Tool {
        name: "whatsapp.getConversation",
        says: "Returns the messages of a thread, newest first, each with its author and status.",
        effect: Effect::Looks,
        right: Permission::Look,
        source: ToolSource::Written {
            schema: || {
                let properties = json!({ "thread": id('t', "the thread"),
                "phoneNumber": text("or the contact's number, with its country code"),
                "connection": text("the connection that the number wrote to, if there are several"),
                "limit": limit(), "before": id('m', "only messages older than this one") });
                object(properties, &[])
            },
            read: |arguments| {
                let Conversation { thread, limit, before } = read(arguments)?;
                look(Query::Messages { thread, limit: many(limit)?, before, around: None })
            },
        },
    },
    Tool {
        name: "whatsapp.getStatus",
        says: "Returns the state of one message or outbox entry: every status with its time. Without either, \
               the state of the connections: each check with its age.",
        effect: Effect::Looks,
        right: Permission::Look,
        source: ToolSource::Written {
            schema: || object(json!({ "message": id('m', "a message"), "entry": id('o', "or an outbox entry") }), &[]),
            read: |arguments| match read(arguments)? {
                Status { message: Some(message), entry: None } => look(Query::Message { message }),
                Status { message: None, entry: Some(entry) } => look(Query::Entry { entry }),
                Status { message: None, entry: None } => look(Query::Connections),
                _ => Err("give `message` or `entry`, not both".to_owned()),
            },
        },
    },
    Tool {
        name: "threads.list",
        says: "Threads, the newest first. The filter is words of a name, a number or the last message, and terms \
               such as is:unanswered, is:open, num:+15550100002 or conn:support.",
        effect: Effect::Looks,
        right: Permission::Look,
        source: ToolSource::Written {
            schema: || object(json!({ "filter": text("empty matches all"), "limit": limit() }), &[]),
            read: |arguments| {
                let Found { filter, limit } = read(arguments)?;
                look(Query::Threads { text: filter, limit: many(limit)?, before: None })
            },
        },
    },
    Tool {
        name: "templates.list",
        says: "Returns templates with their languages, texts, states and the time of the last fetch. Only approved ones can be sent.",
        effect: Effect::Looks,
        right: Permission::LookAtTemplates,
        source: ToolSource::Written {
            schema: nothing,
            read: |arguments| read::<Nothing>(arguments).and_then(|_| look(Query::Templates)),
        },
    },
    Tool {
        name: "contacts.resolve",
        says: "Finds contacts by part of a name or number.",
        effect: Effect::Looks,
        right: Permission::Look,
        source: ToolSource::Written {
            schema: || object(json!({ "filter": text("part of a name or number"), "limit": limit() }), &["filter"]),
            read: |arguments| {
                let Found { filter, limit } = read(arguments)?;
                look(Query::Contacts { text: filter, limit: many(limit)? })
            },
        },
    },
    Tool {
        name: "connections.list",
        says: "Returns our numbers, each with the results and ages of its checks.",
        effect: Effect::Looks,
        right: Permission::Look,
        source: ToolSource::Written {
            schema: nothing,
            read: |arguments| read::<Nothing>(arguments).and_then(|_| look(Query::Connections)),
        },
    },
    Tool {
        name: "why",
        says: "Explains the state of an item: what happened to it, what it waits for, and what can be done.",
        effect: Effect::Looks,
        right: Permission::Look,
        source: ToolSource::Written {
            schema: || object(json!({ "id": text("such as m12, o3, t7, d40, r5, c1, g2 or a9") }), &["id"]),
            read: |arguments| look(Query::Why { id: read::<Why>(arguments)?.id }),
        },
    },
    Tool {
        name: "numbers.register",
        says: "Connects a number of ours (admins). With the provider's phone_number_id it is taken over; without, \
               it is set up from nothing, and a person has to open the link that this makes.",
        effect: Effect::Adds,
        right: Permission::SetNumbersUp,
        source: ToolSource::Written {
            schema: || {
                let properties = json!({ "name": text("name of the connection"),
                "provider": text("provider, as in the configuration"),
                "phone_number_id": text("phone_number_id of a number that exists at the provider"),
                "organization": text("owner of the number") });
                object(properties, &["name", "provider"])
            },
            read: |arguments| read::<Number>(arguments)?.ask(),
        },
    },
    Tool {
        name: "numbers.unregister",
        says: "Takes our webhook away from a number (admins): nothing arrives any more. The number stays at the \
               provider.",
        effect: Effect::Ends,
        right: Permission::UnregisterNumbers,
        source: ToolSource::Written {
            schema: one_connection,
            read: |arguments| {
                let connection = read::<OneConnection>(arguments)?.connection;
                act(Request::Number(NumberRequest::Unregister { connection }))
            },
        },
    },
];

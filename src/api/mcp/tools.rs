//! The table of tools, from which both the list and the calls are generated.

use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::super::http::{Action, SendBody, despite_duplicate, despite_owner, preview_body, send_schema};
use super::super::objects;
use crate::domain::access::permission::Permission;
use crate::domain::costs::sums::{CostsQuery, CostsQueryError};
use crate::domain::ids::{ConnectionId, EntryId, MessageId, ThreadId};
use crate::domain::message::content::Content;
use crate::domain::numbers::connection::ProviderName;
use crate::domain::numbers::number::NumberRequest;
use crate::domain::operation::argument::schema;
use crate::domain::operation::{OPERATIONS, Operation};
use crate::domain::query::Query;
use crate::domain::request::{Request, SendContext};

/// The effect of a tool, by which clients decide whether to ask a person first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    ReadOnly,
    Additive,
    /// Something is removed.
    Destructive,
}

pub(super) struct Tool {
    pub name: &'static str,
    pub description: &'static str,
    pub effect: Effect,
    /// The permission that the caller needs. It is checked before the arguments are parsed.
    pub permission: Permission,
    source: ToolSource,
}

/// How a tool is defined.
enum ToolSource {
    /// Written out in this table.
    Written { schema: fn() -> Value, read: fn(Value) -> Result<Action, BadArguments> },
    /// Generated from the table of operations.
    Operation(&'static Operation),
}

/// Why the arguments of a tool cannot be used.
#[derive(Debug, Error)]
pub(super) enum BadArguments {
    /// They do not match the schema.
    #[error(transparent)]
    Schema(#[from] serde_json::Error),
    #[error(transparent)]
    Costs(#[from] CostsQueryError),
    #[error("`limit` is {0}: give 1 to {MAX_LIMIT}")]
    Limit(u32),
    #[error("give `message` or `entry`, not both")]
    MessageAndEntry,
}

impl Tool {
    /// Returns the tool of an operation; `None` if the operation has no tool.
    fn of(operation: &'static Operation) -> Option<Self> {
        let (name, description, permission) = (operation.tool?, operation.summary, operation.permission);
        Some(Self { name, description, effect: Effect::Additive, permission, source: ToolSource::Operation(operation) })
    }

    /// Returns the JSON Schema of its arguments.
    pub fn schema(&self) -> Value {
        match self.source {
            ToolSource::Written { schema, .. } => schema(),
            ToolSource::Operation(operation) => schema(operation.arguments.iter()),
        }
    }

    /// Parses its arguments. Fails with a message if they do not match the schema.
    pub fn read(&self, arguments: Map<String, Value>) -> Result<Action, BadArguments> {
        match self.source {
            ToolSource::Written { read, .. } => read(Value::Object(arguments)),
            ToolSource::Operation(operation) => perform(operation.request(arguments)?),
        }
    }
}

/// Tools that are generated from the table of operations.
static OPERATION_TOOLS: LazyLock<Vec<Tool>> =
    LazyLock::new(|| OPERATIONS.iter().filter_map(|operation| Tool::of(operation)).collect());

/// Returns all tools.
pub(super) fn tools() -> impl Iterator<Item = &'static Tool> {
    TOOLS.iter().chain(OPERATION_TOOLS.iter())
}

pub(super) fn find_tool(name: &str) -> Option<&'static Tool> {
    tools().find(|tool| tool.name == name)
}

fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, BadArguments> {
    Ok(objects::read(arguments)?)
}

#[expect(clippy::unnecessary_wraps, reason = "rows of the table read alike, and some may fail")]
fn query(query: Query) -> Result<Action, BadArguments> {
    Ok(Action::Query(query))
}

#[expect(clippy::unnecessary_wraps, reason = "rows of the table read alike, and some may fail")]
fn perform(request: Request) -> Result<Action, BadArguments> {
    Ok(Action::Perform(Box::new(request)))
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

fn id(letter: char, description: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^{letter}[1-9][0-9]{{0,17}}$"), "description": description })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn limit() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT, "description": "maximum number" })
}

/// Default and maximum number of items in a list.
const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoArguments {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyArguments {
    thread: ThreadId,
    message: MessageId,
    text: String,
    #[serde(default)]
    despite_owner: bool,
    #[serde(default)]
    despite_duplicate: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReactionArguments {
    message: MessageId,
    #[serde(default)]
    emoji: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConversationArguments {
    thread: ThreadId,
    #[serde(default)]
    limit: Option<u32>,
    #[serde(default)]
    before: Option<MessageId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusArguments {
    #[serde(default)]
    message: Option<MessageId>,
    #[serde(default)]
    entry: Option<EntryId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListArguments {
    #[serde(default)]
    filter: String,
    #[serde(default)]
    limit: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CostsArguments {
    by: String,
    hours: Option<u32>,
    from: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhyArguments {
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterArguments {
    name: String,
    provider: String,
    #[serde(default)]
    phone_number_id: Option<String>,
    #[serde(default)]
    organization: Option<String>,
}

impl RegisterArguments {
    /// Returns the request: with the provider's phone number id an existing number is adopted, without it a new one
    /// is set up.
    fn into_action(self) -> Result<Action, BadArguments> {
        let Self { name, provider, phone_number_id, organization } = self;
        let provider = ProviderName::new(provider);
        perform(Request::Number(match phone_number_id {
            Some(phone_number_id) => {
                NumberRequest::Adopt { name, provider, phone_number_id, organization, environment: None }
            }
            None => NumberRequest::SetUp { name, provider, organization, environment: None, options: Box::default() },
        }))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionArguments {
    connection: ConnectionId,
}

/// Returns the number of items to list, [`DEFAULT_LIMIT`] if none is given. Fails above [`MAX_LIMIT`]: a shortened
/// list would look complete.
fn check_limit(limit: Option<u32>) -> Result<u32, BadArguments> {
    match limit.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok(limit),
        limit => Err(BadArguments::Limit(limit)),
    }
}

fn connection_schema() -> Value {
    object(json!({ "connection": id('c', "connection, as connections.list returns it") }), &["connection"])
}

fn empty_schema() -> Value {
    object(json!({}), &[])
}

static TOOLS: &[Tool] = &[
    Tool {
        name: "whatsapp.send",
        description: "Sends a message: a text into a thread whose window is open, or an approved template to a number \
               over a connection. Answers with the id of the message.",
        effect: Effect::Additive,
        permission: Permission::SendMessages,
        source: ToolSource::Written {
            schema: send_schema,
            read: |arguments| Ok(Action::Send(Box::new(read::<SendBody>(arguments)?))),
        },
    },
    Tool {
        name: "whatsapp.reply",
        description: "Replies to one message of a thread and quotes it.",
        effect: Effect::Additive,
        permission: Permission::SendMessages,
        source: ToolSource::Written {
            schema: || {
                let properties = json!({ "thread": id('t', "the thread"), "message": id('m', "message to reply to"),
                "text": text("up to 4096 characters"), "despite_owner": despite_owner(),
                "despite_duplicate": despite_duplicate() });
                object(properties, &["thread", "message", "text"])
            },
            read: |arguments| {
                let ReplyArguments { thread, message, text, despite_owner, despite_duplicate } = read(arguments)?;
                let content = Box::new(Content::text(text));
                let context = SendContext { seen: None, despite_owner, despite_duplicate };
                perform(Request::Send { thread, content, reply_to: Some(message), at: None }.with_context(context))
            },
        },
    },
    Tool {
        name: "whatsapp.react",
        description: "Reacts to a message with one emoji, in place of the earlier one; an empty emoji removes it.",
        effect: Effect::Additive,
        permission: Permission::ReactToMessages,
        source: ToolSource::Written {
            schema: || {
                object(json!({ "message": id('m', "the message"), "emoji": text("one emoji, or empty") }), &["message"])
            },
            read: |arguments| {
                let ReactionArguments { message, emoji } = read(arguments)?;
                perform(Request::React { message, emoji: Some(emoji).filter(|emoji| !emoji.is_empty()) })
            },
        },
    },
    Tool {
        name: "whatsapp.getConversation",
        description: "Returns the messages of a thread, newest first, each with its author and status.",
        effect: Effect::ReadOnly,
        permission: Permission::Look,
        source: ToolSource::Written {
            schema: || {
                let properties = json!({ "thread": id('t', "the thread"),
                "phoneNumber": text("or the contact's number, with its country code"),
                "connection": text("the connection that the number wrote to, if there are several"),
                "limit": limit(), "before": id('m', "only messages older than this one") });
                object(properties, &[])
            },
            read: |arguments| {
                let ConversationArguments { thread, limit, before } = read(arguments)?;
                query(Query::Messages { thread, limit: check_limit(limit)?, before, around: None })
            },
        },
    },
    Tool {
        name: "whatsapp.getStatus",
        description: "Returns the state of one message or outbox entry: every status with its time. Without either, \
               the state of the connections: each check with its age.",
        effect: Effect::ReadOnly,
        permission: Permission::Look,
        source: ToolSource::Written {
            schema: || object(json!({ "message": id('m', "a message"), "entry": id('o', "or an outbox entry") }), &[]),
            read: |arguments| match read(arguments)? {
                StatusArguments { message: Some(message), entry: None } => query(Query::Message { message }),
                StatusArguments { message: None, entry: Some(entry) } => query(Query::Entry { entry }),
                StatusArguments { message: None, entry: None } => query(Query::Connections),
                _ => Err(BadArguments::MessageAndEntry),
            },
        },
    },
    Tool {
        name: "threads.list",
        description: "Threads, the newest first. The filter is words of a name, a number or the last message, and terms \
               such as is:unanswered, is:open, num:+15550100002 or conn:support.",
        effect: Effect::ReadOnly,
        permission: Permission::Look,
        source: ToolSource::Written {
            schema: || object(json!({ "filter": text("empty matches all"), "limit": limit() }), &[]),
            read: |arguments| {
                let ListArguments { filter, limit } = read(arguments)?;
                query(Query::Threads { text: filter, limit: check_limit(limit)?, before: None })
            },
        },
    },
    Tool {
        name: "replies.list",
        description: "Returns the canned replies that you can use, with their placeholders.",
        effect: Effect::ReadOnly,
        permission: Permission::Look,
        source: ToolSource::Written {
            schema: empty_schema,
            read: |arguments| read::<NoArguments>(arguments).and_then(|_| query(Query::Replies)),
        },
    },
    Tool {
        name: "labels.list",
        description: "Returns the labels of threads, each with the number of threads that have it.",
        effect: Effect::ReadOnly,
        permission: Permission::Look,
        source: ToolSource::Written {
            schema: empty_schema,
            read: |arguments| read::<NoArguments>(arguments).and_then(|_| query(Query::Labels)),
        },
    },
    Tool {
        name: "templates.list",
        description: "Returns templates with their languages, texts, states and the time of the last fetch. Only approved ones can be sent.",
        effect: Effect::ReadOnly,
        permission: Permission::ViewTemplates,
        source: ToolSource::Written {
            schema: empty_schema,
            read: |arguments| read::<NoArguments>(arguments).and_then(|_| query(Query::Templates)),
        },
    },
    Tool {
        name: "templates.preview",
        description: "Shows a template as its recipient will see it, with its places: a source that is being written (`text`), \
               or a listed one (`connection`, `name`) with values. Sends nothing.",
        effect: Effect::ReadOnly,
        permission: Permission::ViewTemplates,
        source: ToolSource::Written {
            schema: preview_body,
            read: |arguments| query(Query::TemplatePreview { shown: read(arguments)? }),
        },
    },
    Tool {
        name: "contacts.resolve",
        description: "Finds contacts by part of a name or number.",
        effect: Effect::ReadOnly,
        permission: Permission::Look,
        source: ToolSource::Written {
            schema: || object(json!({ "filter": text("part of a name or number"), "limit": limit() }), &["filter"]),
            read: |arguments| {
                let ListArguments { filter, limit } = read(arguments)?;
                query(Query::Contacts { text: filter, limit: check_limit(limit)? })
            },
        },
    },
    Tool {
        name: "connections.list",
        description: "Returns our numbers, each with the results and ages of its checks.",
        effect: Effect::ReadOnly,
        permission: Permission::Look,
        source: ToolSource::Written {
            schema: empty_schema,
            read: |arguments| read::<NoArguments>(arguments).and_then(|_| query(Query::Connections)),
        },
    },
    Tool {
        name: "stats.costs",
        description: "Returns what the messages of a period cost: sums by currency, free and unknown ones with their reasons, \
               and messages that the provider charged otherwise than the rate card.",
        effect: Effect::ReadOnly,
        permission: Permission::Look,
        source: ToolSource::Written {
            schema: || {
                let properties = json!({ "by": { "type": "string", "enum": ["number", "template", "category", "day"] },
                "hours": { "type": "integer", "minimum": 1, "description": "hours up to now; 720 without `from`" },
                "from": text("first moment: a date or RFC 3339"), "to": text("first moment after the period") });
                object(properties, &[])
            },
            read: |arguments| {
                let CostsArguments { by, hours, from, to } = read(arguments)?;
                let hours = hours.map(|hours| hours.to_string()).unwrap_or_default();
                query(Query::Costs(CostsQuery::read(&by, &hours, &from, &to)?))
            },
        },
    },
    Tool {
        name: "why",
        description: "Explains the state of an item: what happened to it, what it waits for, and what can be done.",
        effect: Effect::ReadOnly,
        permission: Permission::Look,
        source: ToolSource::Written {
            schema: || object(json!({ "id": text("such as m12, o3, t7, d40, r5, c1, g2 or a9") }), &["id"]),
            read: |arguments| query(Query::Why { id: read::<WhyArguments>(arguments)?.id }),
        },
    },
    Tool {
        name: "numbers.register",
        description: "Connects a number of ours (admins). With the provider's phone_number_id it is taken over; without, \
               it is set up from nothing, and a person has to open the link that this makes.",
        effect: Effect::Additive,
        permission: Permission::SetUpNumbers,
        source: ToolSource::Written {
            schema: || {
                let properties = json!({ "name": text("name of the connection"),
                "provider": text("provider, as in the configuration"),
                "phone_number_id": text("phone_number_id of a number that exists at the provider"),
                "organization": text("owner of the number") });
                object(properties, &["name", "provider"])
            },
            read: |arguments| read::<RegisterArguments>(arguments)?.into_action(),
        },
    },
    Tool {
        name: "numbers.unregister",
        description: "Takes our webhook away from a number (admins): nothing arrives any more. The number stays at the \
               provider.",
        effect: Effect::Destructive,
        permission: Permission::UnregisterNumbers,
        source: ToolSource::Written {
            schema: connection_schema,
            read: |arguments| {
                let connection = read::<ConnectionArguments>(arguments)?.connection;
                perform(Request::Number(NumberRequest::Unregister { connection }))
            },
        },
    },
];

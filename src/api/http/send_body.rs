//! The body of a request that sends a message: to a number via a connection, or into a thread.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::access::actor::Actor;
use crate::domain::code::Code;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::{MessageId, ThreadId, UploadId};
use crate::domain::message::content::Content;
use crate::domain::refusal::Refusal;
use crate::domain::request::{Request, SendContext};
use crate::domain::time::Timestamp;
use crate::operations::{OperationError, System, find_connection};

/// A message to send. [`schema`] describes the fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SendBody {
    #[serde(default)]
    connection: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    thread: Option<ThreadId>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    template: Option<TemplateBody>,
    #[serde(default)]
    file: Option<FileBody>,
    #[serde(default)]
    reply_to: Option<MessageId>,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    seen: Option<MessageId>,
    #[serde(default)]
    despite_owner: bool,
    #[serde(default)]
    despite_duplicate: bool,
}

/// The body of a request that sets a reaction.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::api) struct ReactionBody {
    pub emoji: String,
    despite_owner: bool,
}

/// The body of a request that accepts a suggested reply, with an optional text to send instead.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::api) struct AcceptBody {
    pub instead: String,
    despite_owner: bool,
    despite_duplicate: bool,
}

impl ReactionBody {
    pub fn context(&self) -> SendContext {
        SendContext { despite_owner: self.despite_owner, ..SendContext::default() }
    }
}

impl AcceptBody {
    pub fn context(&self) -> SendContext {
        SendContext { seen: None, despite_owner: self.despite_owner, despite_duplicate: self.despite_duplicate }
    }
}

/// The JSON Schema of [`ReactionBody`].
pub(in crate::api) fn reaction_schema() -> Value {
    with_despite_owner("emoji", "one emoji; empty removes the reaction")
}

/// The JSON Schema of [`AcceptBody`].
pub(in crate::api) fn accept_schema() -> Value {
    let mut schema = with_despite_owner("instead", "text to send instead; empty sends the suggested reply");
    schema["properties"]["despite_duplicate"] = despite_duplicate();
    schema
}

/// The JSON Schema of a body with one string field and `despite_owner`.
fn with_despite_owner(name: &str, what: &str) -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": {
        (name): { "type": "string", "description": what }, "despite_owner": despite_owner() } })
}

/// The JSON Schema of the field that permits sending into a colleague's thread.
pub(in crate::api) fn despite_owner() -> Value {
    json!({ "type": "boolean", "default": false,
        "description": "send even if a colleague, or another app at the provider, owns the thread; otherwise refused as `owned_by_colleague` or `held_elsewhere`" })
}

/// The JSON Schema of the field that permits sending the same message again.
pub(in crate::api) fn despite_duplicate() -> Value {
    json!({ "type": "boolean", "default": false,
        "description": "send even if the contact got the same message within the last minute; otherwise refused as `duplicate_message`" })
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateBody {
    name: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    parameters: std::collections::BTreeMap<String, String>,
    /// An uploaded file for the header.
    #[serde(default)]
    header: Option<UploadId>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileBody {
    upload: UploadId,
    #[serde(default)]
    caption: String,
    #[serde(default)]
    voice: bool,
}

/// The pattern of upload ids.
const UPLOAD_ID_PATTERN: &str = "^f[1-9][0-9]{0,17}$";

/// The JSON Schema of [`SendBody`].
pub(in crate::api) fn schema() -> Value {
    let upload = |what: &str| json!({ "type": ["string", "null"], "pattern": UPLOAD_ID_PATTERN, "description": what });
    let optional_text = |what: &str| json!({ "type": ["string", "null"], "description": what });
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "A message to a number via a connection, or into a thread: a text or an uploaded file within the service window, or a template.",
        "properties": {
            "connection": optional_text("connection: id, name, phone number id or number; required with several connections"),
            "to": optional_text("phone number with country code"),
            "thread": { "type": ["string", "null"], "pattern": "^t[1-9][0-9]{0,17}$" },
            "text": optional_text("up to 4096 characters"),
            "template": { "anyOf": [ { "type": "null" }, {
                "type": "object", "additionalProperties": false, "required": ["name"],
                "properties": {
                    "name": { "type": "string" },
                    "language": { "type": "string", "description": "required if the template exists in several languages" },
                    "parameters": { "type": "object", "additionalProperties": { "type": "string" },
                        "description": "values by place: `1` or `customer_name` of the body, `header:…`, `button:0:url`, `button:0:payload`, `offer:expires`, `card:0:header` …; a file is an https link, an upload id or the provider's media id" },
                    "header": upload("upload id of the file for the header")
                } } ] },
            "file": { "anyOf": [ { "type": "null" }, {
                "type": "object", "additionalProperties": false, "required": ["upload"],
                "properties": {
                    "upload": { "type": "string", "pattern": UPLOAD_ID_PATTERN, "description": "as returned by POST /uploads" },
                    "caption": { "type": "string" },
                    "voice": { "type": "boolean", "description": "convert audio to a voice note" }
                } } ] },
            "reply_to": { "type": ["string", "null"], "pattern": "^m[1-9][0-9]{0,17}$" },
            "seen": { "type": ["string", "null"], "pattern": "^m[1-9][0-9]{0,17}$",
                "description": "newest message that the sender has seen; refused as `answered_meanwhile` if a colleague or an agent has replied since, or a colleague within the last five seconds" },
            "despite_owner": despite_owner(),
            "despite_duplicate": despite_duplicate(),
            "at": { "type": ["string", "null"], "format": "date-time", "description": "time to send it" }
        },
        "examples": [
            { "connection": "support", "to": "+15550100002", "template": { "name": "appointment_reminder",
                "language": "en_US", "parameters": { "1": "Rosa", "2": "Friday 10:30" } } },
            { "thread": "t12", "text": "Your order has left." }
        ]
    })
}

impl SendBody {
    /// Returns the request to perform. Whether the message may be sent is checked there, as for every message. Fails
    /// if fields are missing or contradict each other.
    pub async fn request(self, system: &System, actor: &Actor) -> Result<Request, OperationError> {
        let system = &system.restricted_to(actor).await?;
        let context = SendContext {
            seen: self.seen,
            despite_owner: self.despite_owner,
            despite_duplicate: self.despite_duplicate,
        };
        Ok(self.request_without_context(system).await?.with_context(context))
    }

    async fn request_without_context(self, system: &System) -> Result<Request, OperationError> {
        let refusal =
            |code, why: String, remedy: &'static str| OperationError::Refused(Refusal::new(code, why, remedy));
        let given = [self.text.is_some(), self.template.is_some(), self.file.is_some()];
        if given.into_iter().filter(|given| *given).count() != 1 {
            let why = "The message does not have exactly one of text, template and file.".to_owned();
            return Err(refusal(Code::Content, why, "Give exactly one of the three."));
        }
        let at = match self.at.as_deref().map(Timestamp::parse) {
            None => None,
            Some(Some(at)) => Some(at),
            Some(None) => {
                let why = "`at` is not a time.".to_owned();
                return Err(refusal(Code::Time, why, "Write it like 2026-06-01T09:00:00Z."));
            }
        };
        let recipient = match (&self.thread, &self.connection, &self.to) {
            (Some(thread), None, None) => Recipient::Thread(*thread),
            (None, connection, Some(to)) => {
                let found = find_connection(system, connection.as_deref()).await?;
                let to = PhoneNumber::parse(to).map_err(|error| {
                    refusal(Code::Number, format!("{error}."), "Write it with its country code, such as +15550100002.")
                })?;
                Recipient::Number(found.id, to)
            }
            _ => {
                let why = "The message names neither a thread nor a number.".to_owned();
                return Err(refusal(Code::Recipient, why, "Give `thread`, or `to` and a `connection`."));
            }
        };
        if let Some(template) = self.template {
            let (connection, to) = match recipient {
                Recipient::Number(connection, to) => (connection, to),
                Recipient::Thread(thread) => {
                    let row = system.store().thread(thread).await?;
                    let row = row.ok_or_else(|| refusal(Code::NotFound, format!("Thread {thread} not found."), ""))?;
                    let to = row.contact.phone_number.ok_or_else(|| {
                        refusal(
                            Code::Number,
                            "The contact has no phone number.".to_owned(),
                            "Templates need a phone number: send a message in the thread instead.",
                        )
                    })?;
                    (row.connection_id, to)
                }
            };
            return Ok(Request::SendTemplate {
                connection,
                to,
                name: template.name,
                language: template.language,
                parameters: template.parameters.into_iter().collect(),
                header: template.header,
                at,
            });
        }
        let thread = match recipient {
            Recipient::Thread(thread) => thread,
            Recipient::Number(connection, to) => {
                let row = system.store().thread_with(connection, &to).await?;
                let why = format!("{to} has not written to us.");
                row.ok_or_else(|| refusal(Code::WindowClosed, why, "Start with an approved template."))?.id
            }
        };
        if let Some(FileBody { upload, caption, voice }) = self.file {
            let reply_to = self.reply_to;
            return Ok(Request::SendFile { thread, upload, caption, pad: None, voice, reply_to, at });
        }
        let content = Box::new(Content::text(self.text.unwrap_or_default()));
        Ok(Request::Send { thread, content, reply_to: self.reply_to, at })
    }
}

/// Where a message goes.
enum Recipient {
    Thread(ThreadId),
    Number(crate::domain::ids::ConnectionId, PhoneNumber),
}

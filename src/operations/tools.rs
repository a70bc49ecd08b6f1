//! What an agent may look at while it thinks: its own thread, and the fate of its own words.
//! Whatever it names beyond that is refused, and the refusal is in the run's record.

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::System;
use crate::agent::{ToolSpec, Tools};
use crate::domain::ids::{MessageId, ThreadId};

/// The tools of one run.
pub(super) struct ThreadTools<'a> {
    pub system: &'a System,
    pub thread: ThreadId,
}

/// The names, as the input of every agent lists them.
pub(super) const NAMES: [&str; 3] = ["whatsapp.send", "whatsapp.getConversation", "whatsapp.getStatus"];

impl Tools for ThreadTools<'_> {
    fn offered(&self) -> Vec<ToolSpec> {
        vec![
            ToolSpec {
                name: "whatsapp.getConversation",
                purpose: "The last messages of this thread, oldest first.",
                arguments: json!({ "type": "object", "properties": {
                    "limit": { "type": "integer", "minimum": 1, "maximum": 50 } } }),
            },
            ToolSpec {
                name: "whatsapp.getStatus",
                purpose: "What became of a message of this thread.",
                arguments: json!({ "type": "object", "properties": { "message_id": { "type": "string" } },
                    "required": ["message_id"] }),
            },
        ]
    }

    fn call<'a>(&'a self, name: &'a str, arguments: &'a Value) -> BoxFuture<'a, Result<Value, String>> {
        Box::pin(async move {
            match name {
                "whatsapp.getConversation" => {
                    let limit = arguments.get("limit").and_then(Value::as_u64).unwrap_or(20).clamp(1, 50);
                    let mut messages = self.look(self.system.store().messages(self.thread, limit as u32, None)).await?;
                    messages.reverse();
                    let rows = messages.iter().map(|message| {
                        json!({ "id": message.id, "direction": message.direction, "type": message.kind,
                            "text": message.text, "status": message.status, "created_at": message.created_at })
                    });
                    Ok(Value::Array(rows.collect()))
                }
                "whatsapp.getStatus" => {
                    let id = arguments.get("message_id").and_then(Value::as_str).unwrap_or_default();
                    let id: MessageId = id.parse().map_err(|error: crate::domain::ids::BadId| error.to_string())?;
                    let found = self.look(self.system.store().message(id)).await?;
                    let found = found.filter(|detail| detail.message.thread_id == self.thread);
                    let detail = found.ok_or_else(|| format!("{id} is not a message of this thread"))?;
                    Ok(json!({ "status": detail.message.status, "error": detail.message.error }))
                }
                "whatsapp.send" => {
                    Err("answer with the words themselves: they are sent to this thread's contact".to_owned())
                }
                other => Err(format!("the tool {other} is not part of this agent's assignment")),
            }
        })
    }
}

impl ThreadTools<'_> {
    async fn look<T>(&self, query: impl Future<Output = Result<T, crate::store::StoreError>>) -> Result<T, String> {
        query.await.map_err(|error| {
            tracing::error!(%error, thread = %self.thread, "a tool of an agent failed");
            "this cannot be looked up right now".to_owned()
        })
    }
}

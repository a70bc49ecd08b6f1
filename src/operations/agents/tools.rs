//! Tools that an agent can use during a run, within its contract. Reading tools run at once; changes are collected
//! and carried out when the run ends, unless it is superseded. A tool outside the contract is refused, and every call
//! is recorded.

use std::sync::Mutex;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::agent::{ToolError, ToolSpec, Tools, clean};
use crate::domain::agents::contract::{Contract, Tool};
use crate::domain::agents::contract_check::ReplyPart;
use crate::domain::agents::requests::{AgentAction, ToolCall};
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::{BadId, MessageId};
use crate::domain::message::content::Content;
use crate::domain::message::window;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;
use crate::operations::{System, unpoisoned};

/// Maximum number of tool calls per run, which bounds loops.
const MOST_CALLS: usize = 40;
/// Maximum size of a recorded result, in bytes.
const LONGEST_RESULT: usize = 16 * 1024;

/// The tools of one run.
pub(crate) struct RunTools<'a> {
    pub system: &'a System,
    pub thread: &'a ThreadRow,
    pub contract: &'a Contract,
    pub done: Mutex<Reached>,
}

/// Tool calls and collected actions of a run.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    pub calls: Vec<ToolCall>,
    pub words: Vec<ReplyPart>,
    pub acts: Vec<AgentAction>,
    /// Tools that the agent called without permission.
    pub refused: Vec<String>,
}

type Outcome = Result<Value, ToolError>;

impl<'a> RunTools<'a> {
    /// Creates the tools of a run in this thread, under this contract.
    pub fn new(system: &'a System, thread: &'a ThreadRow, contract: &'a Contract) -> Self {
        Self { system, thread, contract, done: Mutex::default() }
    }

    /// Returns the calls and collected actions.
    pub fn reached(self) -> Reached {
        self.done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn use_tool(&self, tool: Tool, arguments: &Value) -> Outcome {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        match tool {
            Tool::Send => self.send(text("text"), text("to"), text("reply_to")).await,
            Tool::GetConversation => {
                let limit = arguments.get("limit").and_then(Value::as_u64).unwrap_or(20).clamp(1, 50);
                let told = self.system.store().messages(self.thread.id, limit as u32, None);
                let mut messages = self.look(told).await?;
                messages.retain(|message| self.thread.context_from.is_none_or(|from| message.created_at > from));
                messages.reverse();
                let rows = messages.iter().map(|message| {
                    json!({ "id": message.id, "direction": message.direction, "type": message.kind,
                        "text": message.text, "status": message.status, "created_at": message.created_at })
                });
                Ok(Value::Array(rows.collect()))
            }
            Tool::GetStatus => {
                let id = own_id(text("message_id"))?;
                let found = self.look(self.system.store().message(id)).await?;
                let found = found.filter(|detail| detail.message.thread_id == self.thread.id);
                let detail = found.ok_or_else(|| format!("{id} is not a message of this thread"))?;
                Ok(json!({ "status": detail.message.status, "error": detail.message.error }))
            }
            Tool::SendTemplate => self.send_template(arguments).await,
            Tool::React => {
                let connection = self.look(self.system.store().connection(self.thread.connection_id)).await?;
                if !connection.is_some_and(|one| {
                    crate::operations::outbox::send_message::capabilities(self.system, &one).reactions
                }) {
                    return Err("the provider of this number cannot send reactions".into());
                }
                let (thread, id) = (self.thread.id, own_id(text("message_id"))?);
                let found = self.look(self.system.store().provider_id(id)).await?;
                let target = found.filter(|(of, _)| *of == thread).and_then(|(_, target)| target);
                let target = target.ok_or_else(|| format!("{id} is not a message of this thread to react to"))?;
                let emoji = Some(text("emoji").trim()).filter(|emoji| !emoji.is_empty()).map(Untrusted::from);
                let content = Box::new(Content::Reaction { target, emoji });
                Ok(self.note_down(AgentAction::Send { thread, content, at: None }))
            }
            Tool::ResolveContact => {
                let found = self.look(self.system.store().contacts(text("text"), 5)).await?;
                let rows = found.iter().map(|row| {
                    json!({ "id": row.id, "name": row.contact.name,
                    "phone_number": row.contact.phone_number, "opted_out": row.opted_out })
                });
                Ok(Value::Array(rows.collect()))
            }
            Tool::Note => Ok(self.note_down(AgentAction::Note { text: text("text").to_owned() })),
            // For a model, this call ends the run before it gets here; other agents escalate in their answer.
            Tool::HandOff => Err("say it in the answer: hand_off, with the reason".into()),
        }
    }

    fn note_down(&self, act: AgentAction) -> Value {
        unpoisoned(&self.done).acts.push(act);
        json!({ "noted": "it takes effect when this run ends, unless a newer message arrives first" })
    }

    /// Collects a text to the thread's own contact. Texts to other contacts require a contract that allows it, and an
    /// existing thread on the same number.
    async fn send(&self, words: &str, to: &str, reply_to: &str) -> Outcome {
        let words = &clean(words);
        if words.trim().is_empty() {
            return Err("there is nothing to send".into());
        }
        let own = self.thread.contact.phone_number.as_ref().map(PhoneNumber::digits);
        let wanted: String = to.chars().filter(char::is_ascii_digit).collect();
        if wanted.is_empty() || Some(wanted.as_str()) == own {
            let reply_to = if reply_to.is_empty() { None } else { Some(own_id(reply_to)?) };
            unpoisoned(&self.done).words.push(ReplyPart { text: words.clone(), reply_to });
            return Ok(json!({ "noted": "it is sent when this run ends, unless a newer message arrives first" }));
        }
        let thread = self.other_thread(to).await?;
        let now = self.system.now();
        if thread.opted_out || !window::is_open(thread.window_closes_at, now) {
            return Err(
                "this contact cannot get messages now: the service window is closed, or the contact opted out".into()
            );
        }
        Ok(self.note_down(AgentAction::Send {
            thread: thread.id,
            content: Box::new(Content::text(words.as_str())),
            at: None,
        }))
    }

    async fn other_thread(&self, to: &str) -> Result<ThreadRow, ToolError> {
        if !self.contract.allow_initiating {
            unpoisoned(&self.done).refused.push(format!("{} to another contact", Tool::Send.name()));
            return Err("the contract allows only the contact of this thread".into());
        }
        let number = PhoneNumber::parse(to).map_err(|error| error.to_string())?;
        let found = self.look(self.system.store().thread_with(self.thread.connection_id, &number)).await?;
        found.ok_or_else(|| format!("there is no thread with {number} on this number").into())
    }

    async fn send_template(&self, arguments: &Value) -> Outcome {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let parameters = arguments.get("parameters").and_then(Value::as_object).cloned().unwrap_or_default();
        let parameters: Vec<(String, String)> = parameters
            .into_iter()
            .map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        let at = match text("at") {
            at if at.is_empty() => None,
            at => Some(Timestamp::parse(&at).ok_or("`at` is not an RFC 3339 time")?),
        };
        let thread = match text("to") {
            to if to.is_empty() => self.thread.clone(),
            to => self.other_thread(&to).await?,
        };
        let content = self.template(&thread, &text("name"), &text("language"), parameters)?;
        Ok(self.note_down(AgentAction::Send { thread: thread.id, content: Box::new(content), at }))
    }

    /// Returns a filled-in template that can be sent to a thread's contact now.
    fn template(
        &self,
        thread: &ThreadRow,
        name: &str,
        language: &str,
        parameters: Vec<(String, String)>,
    ) -> Result<Content, ToolError> {
        let templates = self.system.templates();
        let list = templates.get(&thread.connection_id).filter(|list| list.fetched_at.is_some());
        let list = list.ok_or("the templates of this number have not been fetched")?;
        let template = list.sendable(name, language).map_err(|refusal| refusal.to_string())?;
        template.check(&parameters, false).map_err(|refusal| refusal.to_string())?;
        if let Some(number) = &thread.contact.phone_number {
            template.check_recipient(number).map_err(|refusal| refusal.to_string())?;
        }
        let rendered = Some(template.render(&parameters));
        template.check_offer(&parameters, self.system.now()).map_err(|refusal| refusal.to_string())?;
        let parameters = template.parameters(&parameters).into_iter();
        Ok(Content::Template {
            name: name.to_owned(),
            language: template.language.as_received().to_owned(),
            id: Some(template.id.clone()).filter(|id| !id.is_empty()),
            parameters: parameters.map(|(name, value)| (name, Untrusted::new(value))).collect(),
            header: None,
            rendered,
        })
    }

    async fn look<T>(&self, query: impl Future<Output = Result<T, crate::store::StoreError>>) -> Result<T, ToolError> {
        query.await.map_err(|error| {
            tracing::error!(%error, thread = %self.thread.id, "a tool of an agent failed");
            ToolError::from("the lookup failed")
        })
    }
}

fn own_id(text: &str) -> Result<MessageId, ToolError> {
    text.parse().map_err(|error: BadId| error.to_string().into())
}

/// Returns a tool's specification for a model.
pub(crate) fn spec(tool: Tool) -> ToolSpec {
    let text = |purpose: &str| json!({ "type": "string", "description": purpose });
    let object = |properties: Value, required: &[&str]| json!({ "type": "object", "properties": properties, "required": required });
    let (purpose, arguments) = match tool {
        Tool::Send => (
            "Sends a text to this thread's contact. A reply with text does the same.",
            object(
                json!({ "text": text("text of the message"), "reply_to": text("id of the message to reply to"),
                    "to": text("number of another contact, if the contract allows it") }),
                &["text"],
            ),
        ),
        Tool::GetConversation => (
            "Returns the last messages of this thread, oldest first.",
            object(json!({ "limit": { "type": "integer", "minimum": 1, "maximum": 50 } }), &[]),
        ),
        Tool::GetStatus => (
            "Returns the delivery status of a message of this thread.",
            object(json!({ "message_id": text("such as m12") }), &["message_id"]),
        ),
        Tool::SendTemplate => (
            "Sends an approved template, now or at a time.",
            object(
                json!({ "name": text("template name"), "language": text("such as en_US"),
                    "parameters": { "type": "object", "description": "parameters by name or position" },
                    "at": text("time in RFC 3339, to schedule it"), "to": text("number of another contact, if allowed") }),
                &["name", "language"],
            ),
        ),
        Tool::React => (
            "Reacts to a message of this thread with an emoji.",
            object(json!({ "message_id": text("such as m12"), "emoji": text("one emoji") }), &["message_id", "emoji"]),
        ),
        Tool::ResolveContact => (
            "Finds contacts by part of a name or number.",
            object(json!({ "text": text("part of a name or number") }), &["text"]),
        ),
        Tool::HandOff => (
            "Escalates this thread to a person.",
            object(json!({ "reason": text("why a person is needed") }), &["reason"]),
        ),
        Tool::Note => (
            "Adds an internal note. Notes are never sent.",
            object(json!({ "text": text("text of the note") }), &["text"]),
        ),
    };
    ToolSpec { name: tool.name(), purpose, arguments }
}

impl Tools for RunTools<'_> {
    /// Returns the tools that the contract allows; escalating is always allowed.
    fn available_tools(&self) -> Vec<ToolSpec> {
        let all = Tool::ALL.into_iter();
        all.filter(|tool| *tool == Tool::HandOff || self.contract.allows(*tool)).map(spec).collect()
    }

    fn call<'a>(&'a self, name: &'a str, arguments: &'a Value) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let known = Tool::from_name(name).filter(|tool| *tool == Tool::HandOff || self.contract.allows(*tool));
            let many = unpoisoned(&self.done).calls.len() >= MOST_CALLS;
            let result = match known {
                _ if many => Err(format!("a run makes at most {MOST_CALLS} calls").into()),
                None => {
                    let plain = crate::domain::text::clean_line(name).chars().take(80).collect::<String>();
                    unpoisoned(&self.done).refused.push(plain);
                    Err(format!("the contract of this agent does not allow the tool {name}").into())
                }
                Some(tool) => self.use_tool(tool, arguments).await,
            };
            if !many {
                let kept = match &result {
                    Ok(value) if value.to_string().len() > LONGEST_RESULT => json!("too long to be recorded"),
                    Ok(value) => value.clone(),
                    Err(why) => json!(why.0),
                };
                unpoisoned(&self.done).calls.push(ToolCall {
                    tool: name.chars().take(80).collect(),
                    arguments: arguments.clone(),
                    result: kept,
                    refused: result.is_err(),
                });
            }
            result
        })
    }
}

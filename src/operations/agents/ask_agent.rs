//! Asks an agent about the last messages of a thread and checks its reply against its contract. Runs, rehearsals and
//! tests use it; it sends and stores nothing.

use base64::Engine;

use std::collections::BTreeMap;

use crate::agent::{
    AgentAnswer, AgentConfig, AgentError, AgentInput, InputBounds, InputConnection, InputContact, InputMedia,
    InputMessage, InputThread,
};
use crate::domain::agents::contract::{Contract, Money};
use crate::domain::agents::contract_check::{self, Measure, ReplyPart};
use crate::domain::agents::requests::{AgentAction, ToolCall};
use crate::domain::ids::{MessageId, RunId};
use crate::domain::inbound::event::Direction;
use crate::domain::language;
use crate::domain::message::content::Content;
use crate::domain::message::inbound_kind::InboundKind;
use crate::domain::message::media::MediaState;
use crate::domain::numbers::connection::Connection;
use crate::domain::view::{MessageView, ThreadRow};
use crate::operations::agents::tools::{Reached, RunTools};
use crate::operations::{Result, System};
use crate::store::Write;

/// Number of thread messages that an agent receives.
pub(crate) const TRANSCRIPT: u32 = 30;
/// Maximum size in bytes of a file passed to an agent; of a larger file it receives only the name.
const LARGEST: u64 = 5 * 1024 * 1024;

/// What an agent is asked about.
pub(crate) struct Question {
    pub run: RunId,
    pub agent: String,
    pub contract: Contract,
    pub thread: ThreadRow,
    pub connection: Connection,
    /// Oldest first.
    pub messages: Vec<MessageView>,
    /// Contents of the messages, if they were loaded with them.
    pub contents: Option<BTreeMap<MessageId, Content>>,
    /// Number of the latest inbound messages that the agent should answer.
    pub batch_size: u32,
    pub first_contact: bool,
}

/// What an agent answered, and the tools that it used.
#[derive(Debug, Default)]
pub(crate) struct AgentReply {
    pub words: Vec<ReplyPart>,
    pub acts: Vec<AgentAction>,
    pub calls: Vec<ToolCall>,
    pub refused: Vec<String>,
    pub hand_off: Option<String>,
    /// Why its answer is incomplete.
    pub cut: Option<String>,
    /// The agent's input, as JSON.
    pub given: String,
    pub trace: Vec<String>,
    pub tokens_in: u64,
    pub tokens_out: u64,
    pub usage_estimated: bool,
    pub cost: Money,
    pub agent_digest: String,
    pub error: Option<AgentError>,
}

/// Contract violations of a reply.
#[derive(Debug, Default)]
pub(crate) struct Breaches {
    /// One clause per violation.
    pub lines: Vec<String>,
    /// Whether the reply contains data of another contact.
    pub is_foreign: bool,
}

impl Question {
    fn batch(&self) -> impl Iterator<Item = &MessageView> {
        // News about the conversation can stand between the messages, and is not answered.
        let said = |message: &&MessageView| {
            message.direction == Direction::Inbound && InboundKind::is_contact_content(&message.kind)
        };
        let inbound = self.messages.iter().filter(said);
        let first = inbound.clone().count().saturating_sub(self.batch_size as usize);
        inbound.skip(first)
    }

    async fn input(&self, system: &System, config: Option<&AgentConfig>) -> Result<AgentInput> {
        let asked: Vec<MessageId> = self.batch().map(|message| message.id).collect();
        let mut messages = vec![];
        let contents = match &self.contents {
            Some(contents) => contents,
            None => {
                let ids: Vec<MessageId> = self.messages.iter().map(|message| message.id).collect();
                &system.store().contents(&ids).await?
            }
        };
        for message in &self.messages {
            let sees = config.is_some_and(|config| config.media_input.contains(&message.kind));
            let media = if sees && asked.contains(&message.id) { file(system, message.id).await? } else { None };
            let told = InputMessage {
                id: message.id,
                direction: message.direction,
                kind: message.kind.clone(),
                text: message.text.clone(),
                chose: None,
                contacts: vec![],
                file_name: None,
                quotes: message.quotes.clone(),
                created_at: message.created_at,
                media,
            };
            messages.push(match contents.get(&message.id) {
                Some(content) => told.with_details(content),
                None => told,
            });
        }
        Ok(AgentInput {
            run_id: self.run,
            rehearsal: self.run == RunId(0),
            batch_size: self.batch_size,
            first_contact: self.first_contact,
            connection: InputConnection {
                name: self.connection.name.clone(),
                phone_number: self.connection.phone_number.clone(),
                environment: self.connection.environment,
            },
            thread: InputThread { id: self.thread.id, external_id: self.thread.external_id.clone() },
            contact: InputContact {
                name: self.thread.contact.name.clone(),
                phone_number: self.thread.contact.phone_number.clone(),
            },
            messages,
            tools: self.contract.tools.iter().map(|tool| tool.name().to_owned()).collect(),
            bounds: InputBounds { messages: self.contract.max_messages, characters: self.contract.max_characters },
        })
    }

    /// Asks the agent. The result includes all tool calls, also if the agent failed.
    pub async fn ask(&self, system: &System) -> Result<AgentReply> {
        let config = system.agents().get(&self.agent);
        let input = self.input(system, config).await?;
        let tools = RunTools::new(system, &self.thread, &self.contract);
        let answered = system.agents().answer(&self.agent, &input, &tools).await;
        let Reached { calls, mut words, acts, refused } = tools.reached();
        let (answer, error) = match answered {
            Ok(answer) => (answer, None),
            Err(error) => (AgentAnswer::default(), Some(error)),
        };
        words.extend(answer.messages);
        let batch: Vec<(MessageId, &str)> =
            self.batch().map(|message| (message.id, message.text.as_received())).collect();
        contract_check::quote_questions(&batch, &mut words);
        if let Some(config) = config.filter(|_| self.first_contact) {
            contract_check::introduce(&config.introduction, &mut words);
        }
        let mut given = input;
        given.messages.iter_mut().filter_map(|message| message.media.as_mut()).for_each(|media| media.data.clear());
        let given = serde_json::json!({ "prompt": answer.prompt, "input": given });
        Ok(AgentReply {
            words,
            acts,
            calls,
            refused,
            hand_off: answer.hand_off,
            cut: answer.truncation_reason,
            given: serde_json::to_string_pretty(&given).unwrap_or_default(),
            trace: answer.trace,
            cost: config.map(|config| config.cost(answer.tokens_in, answer.tokens_out)).unwrap_or_default(),
            tokens_in: answer.tokens_in,
            tokens_out: answer.tokens_out,
            usage_estimated: answer.usage_estimated,
            agent_digest: config.map(AgentConfig::digest).unwrap_or_default(),
            error,
        })
    }

    /// Returns how the reply violates the contract.
    pub async fn breaches(
        &self,
        system: &System,
        write: &mut Write,
        told: &AgentReply,
    ) -> Result<Breaches, crate::store::StoreError> {
        let said = told.words.iter().map(|one| one.text.as_str()).collect::<Vec<_>>().join("\n\n");
        let asked = self.batch().map(|message| message.text.as_received()).collect::<Vec<_>>().join("\n");
        let languages = language::detect(&asked).zip(language::detect(&said));
        let foreign = self.foreign_data(system, write, told).await?;
        let measure = Measure { languages, foreign: &foreign.found, refused: &told.refused };
        // A text that the provider does not accept violates every contract.
        let most = crate::operations::outbox::send_message::capabilities(system, &self.connection)
            .longest_text
            .unwrap_or(u32::MAX);
        let contract = Contract { max_characters: self.contract.max_characters.min(most), ..self.contract.clone() };
        let found = contract_check::breaches(&contract, &told.words, &measure);
        let unknown = foreign.is_unknown.then(|| {
            "the index of contacts' data is not complete yet, so that it cannot be compared with them".to_owned()
        });
        let lines = found.iter().map(contract_check::ContractViolation::words);
        Ok(Breaches {
            lines: told.cut.iter().cloned().chain(lines).chain(unknown).collect(),
            is_foreign: !foreign.found.is_empty(),
        })
    }
}

/// Returns the file of a message, if it is stored and not larger than `LARGEST`.
async fn file(system: &System, message: MessageId) -> Result<Option<InputMedia>> {
    let kept = system.store().kept_file(message).await?;
    let Some(kept) = kept.filter(|kept| kept.view.state == MediaState::Kept) else { return Ok(None) };
    let Some(name) = kept.view.file.filter(|_| kept.view.bytes.is_none_or(|bytes| bytes <= LARGEST)) else {
        return Ok(None);
    };
    let shelf = system.store().files().clone();
    let read = tokio::task::spawn_blocking(move || shelf.read(&name)).await;
    Ok(read.ok().and_then(std::io::Result::ok).map(|bytes| InputMedia {
        mime_type: kept.view.mime_type,
        data: base64::engine::general_purpose::STANDARD.encode(bytes),
    }))
}

/// Returns a part of a reply as message content.
pub(crate) fn content(words: &ReplyPart) -> Content {
    Content::text(words.text.trim())
}

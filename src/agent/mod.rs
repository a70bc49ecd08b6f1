//! Asks a model, a program or an HTTP endpoint to reply to a transcript. Returns the reply with a record of what
//! happened, and sends nothing. Text from contacts is passed as data, never as instructions; the caller executes tool
//! calls and decides which of them are allowed.

mod anthropic;
mod command;
mod http;
mod input;
mod model;
mod openai;
mod programs;
mod prompt;
mod reasoning;
mod response;
mod scripted;
mod transcription;
mod workflow;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use thiserror::Error;

pub use self::input::{
    AgentInput, InputBounds, InputChoice, InputConnection, InputContact, InputMedia, InputMessage, InputThread,
};
use self::model::Endpoint;
pub use self::programs::{ProcessGroup, start, started_with};
pub use self::reasoning::clean;
use self::scripted::Scripted;
pub use self::transcription::{Transcriber, TranscriptionConfig, TranscriptionError};
use crate::domain::agents::contract::Money;
pub use crate::domain::agents::contract_check::ReplyPart;
use crate::domain::agents::foreign_data::Guard;
use crate::domain::agents::script::Rule;
use crate::domain::error_text::error_text;
use crate::domain::text::Untrusted;

/// Messages of one reply that are kept; the rest is dropped.
const MAX_MESSAGES: usize = 50;
/// Characters of one message that are kept; no contract allows as many.
const MAX_TEXT_CHARACTERS: usize = 8_192;
/// Bytes of one response from a model, a program or an endpoint.
pub const MAX_OUTPUT_BYTES: usize = 256 * 1024;

/// The configuration of one agent.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    pub name: String,
    pub kind: AgentKind,
    /// A run that takes longer fails and is escalated to a person.
    pub timeout: Duration,
    /// The text that starts the first reply to a contact, such as a statement that a program answers.
    pub introduction: String,
    /// Kinds of files that the agent accepts: image, audio, video, document, sticker.
    pub media_input: Vec<String>,
    /// Prices of a million tokens: input, output.
    pub prices: (Money, Money),
    /// Whether replies are compared with other contacts' data if the contract does not set it.
    pub guard: Guard,
}

impl AgentConfig {
    /// A digest of the agent's settings. An approval holds it, so that a changed prompt, model, program or rule needs
    /// a new approval.
    pub fn digest(&self) -> String {
        let what = match &self.kind {
            AgentKind::Http { url, .. } | AgentKind::Workflow { url, .. } => vec![url.clone()],
            AgentKind::Command { program, arguments } => std::iter::once(program).chain(arguments).cloned().collect(),
            AgentKind::OpenAi { base_url, model, prompt, max_tokens, .. }
            | AgentKind::Anthropic { base_url, model, prompt, max_tokens, .. } => {
                vec![base_url.clone(), model.clone(), prompt.clone(), max_tokens.to_string()]
            }
            AgentKind::Scripted { rules } => rules.iter().map(|rule| format!("{rule:?}")).collect(),
        };
        let mut hash = Sha256::new();
        let mut parts = [self.kind.name(), &self.introduction].map(str::to_owned).to_vec();
        if self.guard == Guard::Off {
            parts.push("guard = off".to_owned());
        }
        for part in parts.iter().chain(&self.media_input).chain(&what) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hex::encode(&hash.finalize()[..8])
    }

    /// Returns the texts of its configuration that state facts; replies may repeat them to anybody.
    pub fn own_texts(&self) -> Vec<&str> {
        let prompt = match &self.kind {
            AgentKind::OpenAi { prompt, .. } | AgentKind::Anthropic { prompt, .. } => prompt.as_str(),
            _ => "",
        };
        vec![prompt, &self.introduction]
    }

    /// Returns the price of these tokens.
    pub fn cost(&self, tokens_in: u64, tokens_out: u64) -> Money {
        let of = |tokens: u64, price: Money| u128::from(tokens) * u128::from(price.0) / 1_000_000;
        Money(u64::try_from(of(tokens_in, self.prices.0) + of(tokens_out, self.prices.1)).unwrap_or(u64::MAX))
    }
}

/// The protocol of an agent, with its settings.
#[derive(Debug, Clone)]
pub enum AgentKind {
    Http {
        url: String,
        secret: Option<SecretString>,
    },
    Command {
        program: String,
        arguments: Vec<String>,
    },
    OpenAi {
        base_url: String,
        model: String,
        key: Option<SecretString>,
        prompt: String,
        max_tokens: u32,
    },
    Anthropic {
        base_url: String,
        model: String,
        key: Option<SecretString>,
        prompt: String,
        max_tokens: u32,
    },
    Scripted {
        rules: Vec<Rule>,
    },
    /// Receives the message as an event and replies, if at all, through the API.
    Workflow {
        url: String,
        secret: Option<SecretString>,
    },
}

impl AgentKind {
    /// The value of `kind` in the configuration.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Command { .. } => "command",
            Self::OpenAi { .. } => "openai",
            Self::Anthropic { .. } => "anthropic",
            Self::Scripted { .. } => "scripted",
            Self::Workflow { .. } => "workflow",
        }
    }
}

/// The reply of an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentAnswer {
    #[serde(default)]
    pub messages: Vec<ReplyPart>,
    /// Tool calls of agents whose protocol has none; they are executed after the reply.
    #[serde(default)]
    pub tools: Vec<ToolCall>,
    /// The reason why a person has to take over. `None` if there is no hand-off.
    #[serde(default)]
    pub hand_off: Option<String>,
    /// Why the text is incomplete. Such a reply is held for a person. `None` if it is complete.
    #[serde(skip)]
    pub truncation_reason: Option<String>,
    /// Notes about what happened, for the run's record.
    #[serde(skip)]
    pub trace: Vec<String>,
    /// The system prompt. Empty if the agent has its own.
    #[serde(skip)]
    pub prompt: String,
    #[serde(skip)]
    pub tokens_in: u64,
    #[serde(skip)]
    pub tokens_out: u64,
    /// The model reported no tokens: they are estimated.
    #[serde(skip)]
    pub usage_estimated: bool,
}

/// A call of a tool: its name and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    pub name: String,
    #[serde(default)]
    pub arguments: Value,
}

impl AgentAnswer {
    pub fn with_text(text: impl Into<String>) -> Self {
        Self { messages: vec![ReplyPart { text: text.into(), reply_to: None }], ..Self::default() }
    }
}

/// Why there is no reply, as a sentence for operators.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct AgentError(pub String);

error_text! {
    /// Why a tool call failed, as reported to the model.
    ToolError
}

/// The tools of a run. The caller implements them and records the calls.
pub trait Tools: Send + Sync {
    /// Returns the tools that this run may call.
    fn available_tools(&self) -> Vec<ToolSpec>;

    /// Executes a tool. The error is reported to the model.
    fn call<'a>(&'a self, name: &'a str, arguments: &'a Value) -> BoxFuture<'a, Result<Value, ToolError>>;
}

/// No tools, for testing an agent.
#[derive(Debug)]
pub struct NoTools;

impl Tools for NoTools {
    fn available_tools(&self) -> Vec<ToolSpec> {
        vec![]
    }

    fn call<'a>(&'a self, name: &'a str, _: &'a Value) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(async move { Err(format!("the tool {name} is not available in a test").into()) })
    }
}

/// A tool as it is offered to a model: name, description and JSON schema of its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    pub name: &'static str,
    pub purpose: &'static str,
    pub arguments: Value,
}

/// All agents that the configuration declares.
#[derive(Debug, Clone)]
pub struct Agents {
    client: reqwest::Client,
    by_name: Arc<BTreeMap<String, AgentConfig>>,
}

impl Agents {
    /// Fails if the HTTP client cannot be built.
    pub fn new(configs: Vec<AgentConfig>) -> Result<Self, AgentError> {
        // Fails only if a crypto provider is already installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("wadeck/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| AgentError(format!("Cannot build the HTTP client for agents: {error}")))?;
        let by_name = configs.into_iter().map(|config| (config.name.clone(), config)).collect();
        Ok(Self { client, by_name: Arc::new(by_name) })
    }

    pub fn all(&self) -> impl Iterator<Item = &AgentConfig> {
        self.by_name.values()
    }

    pub fn get(&self, name: &str) -> Option<&AgentConfig> {
        self.by_name.get(name)
    }

    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Posts JSON to an event endpoint, signed if there is a secret. Fails after 20 s and on any status but 2xx.
    pub async fn post(&self, url: &str, secret: Option<&SecretString>, body: &Value) -> Result<(), AgentError> {
        let request = http::post(&self.client, url, secret, (body, false), "The endpoint");
        let response = tokio::time::timeout(Duration::from_secs(20), request).await;
        match response.map_err(|_| AgentError("The endpoint did not answer within 20 s.".into()))?? {
            (200..300, _) => Ok(()),
            (status, text) => Err(AgentError(format!("The endpoint returned HTTP {status}: {}", excerpt(&text)))),
        }
    }

    /// The timeout of an agent; 60 s for an unknown name.
    pub fn timeout(&self, name: &str) -> Duration {
        self.by_name.get(name).map_or(Duration::from_secs(60), |config| config.timeout)
    }

    /// Asks an agent for a reply, within its timeout and the size limits, and then executes the tool calls in it.
    pub async fn answer(&self, name: &str, input: &AgentInput, tools: &dyn Tools) -> Result<AgentAnswer, AgentError> {
        let config = self
            .by_name
            .get(name)
            .ok_or_else(|| AgentError(format!("The agent {name} is no longer in the configuration.")))?;
        let deadline = tokio::time::Instant::now() + config.timeout;
        let reply = async {
            match &config.kind {
                AgentKind::Http { url, secret } => http::answer(&self.client, url, secret.as_ref(), input).await,
                AgentKind::Command { program, arguments } => command::answer(program, arguments, input).await,
                AgentKind::OpenAi { base_url, model, key, prompt, max_tokens } => {
                    let endpoint = Endpoint { client: &self.client, base_url, key: key.as_ref(), deadline };
                    openai::answer(&endpoint, model, prompt, *max_tokens, input, tools).await
                }
                AgentKind::Anthropic { base_url, model, key, prompt, max_tokens } => {
                    let endpoint = Endpoint { client: &self.client, base_url, key: key.as_ref(), deadline };
                    anthropic::answer(&endpoint, model, prompt, *max_tokens, input, tools).await
                }
                AgentKind::Scripted { rules } => Scripted::new(rules).answer(input),
                AgentKind::Workflow { url, secret } => {
                    workflow::report(&self.client, url, secret.as_ref(), input).await
                }
            }
        };
        let answer = tokio::time::timeout_at(deadline, reply).await.map_err(|_| {
            AgentError(format!("The agent {name} did not answer within {} s.", config.timeout.as_secs()))
        })??;
        let mut answer = apply_limits(answer)?;
        if matches!(config.kind, AgentKind::OpenAi { .. } | AgentKind::Anthropic { .. }) {
            estimate_usage(&mut answer, input);
        }
        for call in std::mem::take(&mut answer.tools) {
            if let Err(error) = tools.call(&call.name, &call.arguments).await {
                answer.trace.push(format!("{}: {}", excerpt(&call.name), excerpt(&error.0)));
            }
        }
        Ok(answer)
    }
}

/// Estimated characters per token; English text has about four, other languages fewer.
const CHARACTERS_PER_TOKEN: usize = 3;

/// Fills in token counts that the model did not report, estimated from the length of prompt and reply, so that budgets
/// apply.
fn estimate_usage(answer: &mut AgentAnswer, input: &AgentInput) {
    let tokens = |characters: usize| u64::try_from(characters.div_ceil(CHARACTERS_PER_TOKEN)).unwrap_or(u64::MAX);
    let replied: usize = answer.messages.iter().map(|one| one.text.chars().count()).sum();
    let given: usize = input.messages.iter().map(|message| message.text.as_received().chars().count()).sum();
    if answer.tokens_in == 0 {
        answer.tokens_in = tokens(answer.prompt.chars().count() + given).max(1);
        answer.usage_estimated = true;
    }
    if answer.tokens_out == 0 && replied > 0 {
        answer.tokens_out = tokens(replied);
        answer.usage_estimated = true;
    }
}

/// Cleans the text of a reply and applies the size limits. The contract is checked elsewhere.
fn apply_limits(mut answer: AgentAnswer) -> Result<AgentAnswer, AgentError> {
    let had_messages = !answer.messages.is_empty();
    for part in &mut answer.messages {
        part.text = clean(&part.text);
    }
    answer.messages.retain(|part| !part.text.trim().is_empty());
    // An agent that has nothing to reply sends an empty list; messages without text are a mistake.
    if had_messages && answer.messages.is_empty() && answer.tools.is_empty() && answer.hand_off.is_none() {
        return Err(AgentError("The agent's response has messages, but none with text.".to_owned()));
    }
    if answer.messages.len() > MAX_MESSAGES {
        answer.trace.push(format!("{} messages were cut to {MAX_MESSAGES}", answer.messages.len()));
        answer.messages.truncate(MAX_MESSAGES);
    }
    for part in &mut answer.messages {
        if part.text.chars().count() > MAX_TEXT_CHARACTERS {
            answer.trace.push(format!("a message was cut to {MAX_TEXT_CHARACTERS} characters"));
            part.text = part.text.chars().take(MAX_TEXT_CHARACTERS).collect();
        }
    }
    Ok(answer)
}

/// Sends a request; returns status and body. Fails above `MAX_OUTPUT_BYTES`.
async fn exchange(request: reqwest::RequestBuilder, target: &str) -> Result<(u16, String), AgentError> {
    exchange_with_headers(request, target).await.map(|(status, _, text)| (status, text))
}

/// Like [`exchange`], with the headers of the response.
async fn exchange_with_headers(
    request: reqwest::RequestBuilder,
    target: &str,
) -> Result<(u16, reqwest::header::HeaderMap, String), AgentError> {
    let connection_error = |error: reqwest::Error| {
        let what = if error.is_connect() { "cannot be reached" } else { "closed the connection" };
        AgentError(format!("{target} {what}: {}", Untrusted::new(error.without_url().to_string()).line()))
    };
    let mut response = request.send().await.map_err(connection_error)?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = vec![];
    while let Some(chunk) = response.chunk().await.map_err(connection_error)? {
        if body.len() + chunk.len() > MAX_OUTPUT_BYTES {
            return Err(AgentError(format!("{target} answered with more than {} KB.", MAX_OUTPUT_BYTES / 1024)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, headers, String::from_utf8_lossy(&body).into_owned()))
}

/// The first 300 characters, sanitized, on one line.
fn excerpt(text: &str) -> String {
    Untrusted::new(text.chars().take(300).collect::<String>()).line()
}

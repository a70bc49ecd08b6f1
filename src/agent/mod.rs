//! Asks a model, a program or an HTTP endpoint for an answer to a transcript. It returns words and
//! a record of what was done; it never sends. What a contact wrote is data to it, never an
//! instruction to us: what its tools do is decided, and done, by whoever runs it.

mod anthropic;
mod command;
mod http;
mod input;
mod model;
mod openai;
mod programs;
mod prompt;
mod reading;
mod scripted;
mod thoughts;
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
pub use self::programs::{start, started_with};
use self::scripted::Scripted;
pub use self::thoughts::clean;
use crate::domain::agents::contract::Money;
pub use crate::domain::agents::contract_check::ReplyPart;
use crate::domain::agents::foreign_data::Guard;
use crate::domain::agents::script::Rule;
use crate::domain::error_text::error_text;
use crate::domain::text::Untrusted;

/// Whoever says more than this says nothing that anybody could read.
const MOST_MESSAGES: usize = 50;
/// A single text is kept up to here; no contract allows as much.
const LONGEST_TEXT: usize = 8_192;
/// Nothing an agent says may be longer than this, whatever it prints.
pub const LONGEST_OUTPUT: usize = 256 * 1024;

/// How one agent is reached.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    pub name: String,
    pub kind: AgentKind,
    /// After this the run fails, and a person is asked.
    pub timeout: Duration,
    /// What it says on first contact, so that people know whom they write with.
    pub introduction: String,
    /// Kinds of files that it can take: image, audio, video, document, sticker.
    pub media_input: Vec<String>,
    /// What a million tokens cost, given and said.
    pub prices: (Money, Money),
    /// Whether its replies are compared with other contacts' data, where its contract does not say.
    pub guard: Guard,
}

impl AgentConfig {
    /// What the agent is: another prompt, model, program or rule is another agent to whoever approved it.
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

    /// Returns the texts in which its configuration tells it facts: what they say may be said to anybody.
    pub fn own_texts(&self) -> Vec<&str> {
        let prompt = match &self.kind {
            AgentKind::OpenAi { prompt, .. } | AgentKind::Anthropic { prompt, .. } => prompt.as_str(),
            _ => "",
        };
        vec![prompt, &self.introduction]
    }

    /// What so many tokens cost.
    pub fn cost(&self, tokens_in: u64, tokens_out: u64) -> Money {
        let of = |tokens: u64, price: Money| u128::from(tokens) * u128::from(price.0) / 1_000_000;
        Money(u64::try_from(of(tokens_in, self.prices.0) + of(tokens_out, self.prices.1)).unwrap_or(u64::MAX))
    }
}

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
    /// Told of the message, and then on its own: whatever it wants to say comes over the API.
    Workflow {
        url: String,
        secret: Option<SecretString>,
    },
}

impl AgentKind {
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

/// What an agent says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentAnswer {
    #[serde(default)]
    pub messages: Vec<ReplyPart>,
    /// Tools that an agent without a way to call them wants used.
    #[serde(default)]
    pub tools: Vec<ToolCall>,
    /// Why a person is needed; none when the agent manages.
    #[serde(default)]
    pub hand_off: Option<String>,
    /// Why its words are not whole, where they are not: such an answer is held for a person.
    #[serde(skip)]
    pub cut: Option<String>,
    /// What happened on the way, for the run's record.
    #[serde(skip)]
    pub trace: Vec<String>,
    /// What it was told to be, where that is ours to say.
    #[serde(skip)]
    pub prompt: String,
    #[serde(skip)]
    pub tokens_in: u64,
    #[serde(skip)]
    pub tokens_out: u64,
}

/// A tool by its name, with what it is to be used on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    pub name: String,
    #[serde(default)]
    pub arguments: Value,
}

impl AgentAnswer {
    pub fn saying(text: impl Into<String>) -> Self {
        Self { messages: vec![ReplyPart { text: text.into(), reply_to: None }], ..Self::default() }
    }
}

/// Why there is no answer, in words that end up in front of a person.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct AgentError(pub String);

error_text! {
    /// Why a call of a tool failed, as the model is told.
    ToolError
}

/// What an agent may reach for while it thinks. Given by whoever runs it, who also keeps what was called.
pub trait Tools: Send + Sync {
    /// Name, purpose and JSON schema of the arguments.
    fn offered(&self) -> Vec<ToolSpec>;

    fn call<'a>(&'a self, name: &'a str, arguments: &'a Value) -> BoxFuture<'a, Result<Value, ToolError>>;
}

/// Nothing to reach for: for trying an agent out.
#[derive(Debug)]
pub struct NoTools;

impl Tools for NoTools {
    fn offered(&self) -> Vec<ToolSpec> {
        vec![]
    }

    fn call<'a>(&'a self, name: &'a str, _: &'a Value) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(async move { Err(format!("the tool {name} is not available in a test").into()) })
    }
}

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
    pub fn new(configs: Vec<AgentConfig>) -> Result<Self, AgentError> {
        // Fails only where one was chosen before, which is as good.
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

    /// Posts JSON to another program, signed where there is a secret. Anything but a 2xx is an error.
    pub async fn post(&self, url: &str, secret: Option<&SecretString>, body: &Value) -> Result<(), AgentError> {
        let request = http::post(&self.client, url, secret, body, "The endpoint");
        let answered = tokio::time::timeout(Duration::from_secs(20), request).await;
        match answered.map_err(|_| AgentError("The endpoint did not answer within 20 s.".into()))?? {
            (200..300, _) => Ok(()),
            (status, text) => Err(AgentError(format!("The endpoint returned HTTP {status}: {}", excerpt(&text)))),
        }
    }

    /// How long an agent may take at most.
    pub fn timeout(&self, name: &str) -> Duration {
        self.by_name.get(name).map_or(Duration::from_secs(60), |config| config.timeout)
    }

    /// Asks. Bounded in time and size, whatever the agent does.
    pub async fn answer(&self, name: &str, input: &AgentInput, tools: &dyn Tools) -> Result<AgentAnswer, AgentError> {
        let config = self
            .by_name
            .get(name)
            .ok_or_else(|| AgentError(format!("The agent {name} is no longer in the configuration.")))?;
        let until = tokio::time::Instant::now() + config.timeout;
        let asked = async {
            match &config.kind {
                AgentKind::Http { url, secret } => http::answer(&self.client, url, secret.as_ref(), input).await,
                AgentKind::Command { program, arguments } => command::answer(program, arguments, input).await,
                AgentKind::OpenAi { base_url, model, key, prompt, max_tokens } => {
                    let endpoint = Endpoint { client: &self.client, base_url, key: key.as_ref(), until };
                    openai::answer(&endpoint, model, prompt, *max_tokens, input, tools).await
                }
                AgentKind::Anthropic { base_url, model, key, prompt, max_tokens } => {
                    let endpoint = Endpoint { client: &self.client, base_url, key: key.as_ref(), until };
                    anthropic::answer(&endpoint, model, prompt, *max_tokens, input, tools).await
                }
                AgentKind::Scripted { rules } => Scripted::new(rules).answer(input),
                AgentKind::Workflow { url, secret } => {
                    workflow::report(&self.client, url, secret.as_ref(), input).await
                }
            }
        };
        let answer = tokio::time::timeout_at(until, asked).await.map_err(|_| {
            AgentError(format!("The agent {name} did not answer within {} s.", config.timeout.as_secs()))
        })??;
        let mut answer = bounded(answer)?;
        for wish in std::mem::take(&mut answer.tools) {
            if let Err(refused) = tools.call(&wish.name, &wish.arguments).await {
                answer.trace.push(format!("{}: {}", excerpt(&wish.name), excerpt(&refused.0)));
            }
        }
        Ok(answer)
    }
}

/// Only what could be read by anybody; whether it may be said is decided elsewhere.
fn bounded(mut answer: AgentAnswer) -> Result<AgentAnswer, AgentError> {
    let spoke = !answer.messages.is_empty();
    for words in &mut answer.messages {
        words.text = clean(&words.text);
    }
    answer.messages.retain(|words| !words.text.trim().is_empty());
    // Silence is an empty list: words of which nothing is left are a slip.
    if spoke && answer.messages.is_empty() && answer.tools.is_empty() && answer.hand_off.is_none() {
        return Err(AgentError("The agent's response has messages, but none with text.".to_owned()));
    }
    if answer.messages.len() > MOST_MESSAGES {
        answer.trace.push(format!("{} messages were cut to {MOST_MESSAGES}", answer.messages.len()));
        answer.messages.truncate(MOST_MESSAGES);
    }
    for words in &mut answer.messages {
        if words.text.chars().count() > LONGEST_TEXT {
            answer.trace.push(format!("a message was cut to {LONGEST_TEXT} characters"));
            words.text = words.text.chars().take(LONGEST_TEXT).collect();
        }
    }
    Ok(answer)
}

/// Sends a request and reads a bounded body.
async fn exchange(request: reqwest::RequestBuilder, who: &str) -> Result<(u16, String), AgentError> {
    exchange_whole(request, who).await.map(|(status, _, text)| (status, text))
}

/// The same, with the headers of the answer.
async fn exchange_whole(
    request: reqwest::RequestBuilder,
    who: &str,
) -> Result<(u16, reqwest::header::HeaderMap, String), AgentError> {
    let lost = |error: reqwest::Error| {
        let what = if error.is_connect() { "cannot be reached" } else { "closed the connection" };
        AgentError(format!("{who} {what}: {}", Untrusted::new(error.without_url().to_string()).line()))
    };
    let mut response = request.send().await.map_err(lost)?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = vec![];
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if body.len() + chunk.len() > LONGEST_OUTPUT {
            return Err(AgentError(format!("{who} answered with more than {} KB.", LONGEST_OUTPUT / 1024)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, headers, String::from_utf8_lossy(&body).into_owned()))
}

/// The beginning of something long, on one line.
fn excerpt(text: &str) -> String {
    Untrusted::new(text.chars().take(300).collect::<String>()).line()
}

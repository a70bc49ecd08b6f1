//! Asks a model, a program or an HTTP endpoint for an answer to a transcript. It returns words and
//! a record of what was done; it never sends. What a contact wrote is data to it, never an
//! instruction to us: the tools it may use can only look, and look only at its own thread.

mod anthropic;
mod command;
mod http;
mod model;
mod openai;
mod prompt;
mod scripted;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use self::model::Endpoint;
use self::scripted::Scripted;
use crate::domain::connection::Environment;
use crate::domain::event::Direction;
use crate::domain::ids::{MessageId, RunId, ThreadId};
use crate::domain::phone::PhoneNumber;
use crate::domain::script::Rule;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// An answer holds at most so many messages; whoever writes more is cut with a note in the trace.
pub const MOST_MESSAGES: usize = 3;
/// Nothing an agent says may be longer than this, whatever it prints.
pub const LONGEST_OUTPUT: usize = 256 * 1024;

/// How one agent is reached.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    pub name: String,
    pub kind: AgentKind,
    /// After this the run fails, and a person is asked.
    pub timeout: Duration,
}

#[derive(Debug, Clone)]
pub enum AgentKind {
    Http { url: String, secret: Option<SecretString> },
    Command { program: String, arguments: Vec<String> },
    OpenAi { base_url: String, model: String, key: Option<SecretString>, prompt: String, max_tokens: u32 },
    Anthropic { base_url: String, model: String, key: Option<SecretString>, prompt: String, max_tokens: u32 },
    Scripted { rules: Vec<Rule> },
}

impl AgentKind {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Command { .. } => "command",
            Self::OpenAi { .. } => "openai",
            Self::Anthropic { .. } => "anthropic",
            Self::Scripted { .. } => "scripted",
        }
    }
}

/// What an agent is told. The shape is a promise to whoever writes one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgentInput {
    pub run_id: RunId,
    pub batch_size: u32,
    pub first_contact: bool,
    pub connection: InputConnection,
    pub thread: InputThread,
    pub contact: InputContact,
    /// Oldest first; the last `batch_size` inbound ones are those to answer.
    pub messages: Vec<InputMessage>,
    pub tools: Vec<String>,
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
    pub created_at: Timestamp,
}

/// What an agent says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentAnswer {
    #[serde(default)]
    pub messages: Vec<Words>,
    /// Why a person is needed; none when the agent manages.
    #[serde(default)]
    pub hand_off: Option<String>,
    /// What was asked and done on the way, for the run's record.
    #[serde(skip)]
    pub trace: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    pub text: String,
}

impl AgentAnswer {
    pub fn saying(text: impl Into<String>) -> Self {
        Self { messages: vec![Words { text: text.into() }], ..Self::default() }
    }
}

/// Why there is no answer, in words that end up in front of a person.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct AgentError(pub String);

/// What an agent may look at while it thinks. Given by whoever runs it.
pub trait Tools: Send + Sync {
    /// Name, purpose and JSON schema of the arguments.
    fn offered(&self) -> Vec<ToolSpec>;

    fn call<'a>(&'a self, name: &'a str, arguments: &'a Value) -> BoxFuture<'a, Result<Value, String>>;
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
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("wadeck/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| AgentError(format!("The HTTP client for agents cannot be built: {error}")))?;
        let by_name = configs.into_iter().map(|config| (config.name.clone(), config)).collect();
        Ok(Self { client, by_name: Arc::new(by_name) })
    }

    pub fn all(&self) -> impl Iterator<Item = &AgentConfig> {
        self.by_name.values()
    }

    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
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
            .ok_or_else(|| AgentError(format!("The agent {name} is not declared in the configuration any more.")))?;
        let asked = async {
            match &config.kind {
                AgentKind::Http { url, secret } => http::answer(&self.client, url, secret.as_ref(), input).await,
                AgentKind::Command { program, arguments } => command::answer(program, arguments, input).await,
                AgentKind::OpenAi { base_url, model, key, prompt, max_tokens } => {
                    let endpoint = Endpoint { client: &self.client, base_url, key: key.as_ref() };
                    openai::answer(&endpoint, model, prompt, *max_tokens, input, tools).await
                }
                AgentKind::Anthropic { base_url, model, key, prompt, max_tokens } => {
                    let endpoint = Endpoint { client: &self.client, base_url, key: key.as_ref() };
                    anthropic::answer(&endpoint, model, prompt, *max_tokens, input, tools).await
                }
                AgentKind::Scripted { rules } => Scripted::new(rules).answer(input),
            }
        };
        let answer = tokio::time::timeout(config.timeout, asked).await.map_err(|_| {
            AgentError(format!("The agent {name} did not answer within {} s.", config.timeout.as_secs()))
        })??;
        Ok(bounded(answer))
    }
}

/// One to three messages that fit; the rest is cut, and the trace says so.
fn bounded(mut answer: AgentAnswer) -> AgentAnswer {
    answer.messages.retain(|words| !words.text.trim().is_empty());
    if answer.messages.len() > MOST_MESSAGES {
        answer.trace.push(format!("{} messages were cut to {MOST_MESSAGES}", answer.messages.len()));
        answer.messages.truncate(MOST_MESSAGES);
    }
    for words in &mut answer.messages {
        if words.text.chars().count() > 4096 {
            answer.trace.push("a message was cut to 4096 characters".to_owned());
            words.text = words.text.chars().take(4096).collect();
        }
    }
    answer
}

/// Sends a request and reads a bounded body.
async fn exchange(request: reqwest::RequestBuilder, who: &str) -> Result<(u16, String), AgentError> {
    let lost = |error: reqwest::Error| {
        let what = if error.is_connect() { "cannot be reached" } else { "broke off" };
        AgentError(format!("{who} {what}: {}", Untrusted::new(error.without_url().to_string()).line()))
    };
    let mut response = request.send().await.map_err(lost)?;
    let status = response.status().as_u16();
    let mut body = vec![];
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if body.len() + chunk.len() > LONGEST_OUTPUT {
            return Err(AgentError(format!("{who} answered with more than {} KB.", LONGEST_OUTPUT / 1024)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// The beginning of something long, on one line.
fn excerpt(text: &str) -> String {
    Untrusted::new(text.chars().take(300).collect::<String>()).line()
}

//! The configuration: a TOML file, secrets from the environment, and directories. The file is read at start and
//! checked as a whole; each fault is reported with line and column.

mod addresses;
mod agents;
mod check;
mod commands;
mod connections;
mod fault;
mod faults;
mod file;
mod operations;
mod paths;
mod rates;
mod renamed;
mod secrets;

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

pub use self::check::check;
pub use self::fault::Fault;
pub use self::operations::{AlertsConfig, MediaConfig, SshConfig, TranscriptionSettings, WatchConfig};
pub use self::paths::{config_file, data_directory};
pub use self::secrets::{secret, secret_fault, secrets_agree};

use self::renamed::Migrated;
use crate::domain::access::role::Role;
use crate::domain::agents::assignment::{ApprovalPolicy, Mode};
use crate::domain::agents::contract::{Contract, Money};
use crate::domain::agents::foreign_data::Guard;
use crate::domain::agents::script::Rule;
use crate::domain::contacts::opt_out::OptOutWords;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::costs::card::RateCard;
use crate::domain::custom_command::CustomCommand;
use crate::domain::ids::ConnectionId;
use crate::domain::message::canned::CannedReply;
use crate::domain::message::picture::Pictures;
use crate::domain::numbers::connection::{Connection, ConnectionSettings, Environment, ProviderName, ProviderShape};
use crate::domain::numbers::number_kind::NumberKind;

/// The example configuration. Its values are the defaults.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// The checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Warnings about keys that are given by their earlier names.
    pub warnings: Vec<Fault>,
    pub organization: String,
    pub environment: Environment,
    pub listen: String,
    pub public_url: Option<String>,
    pub max_connections: usize,
    /// Bytes that all request bodies together may occupy while they are read.
    pub max_buffered: usize,
    pub attempts: u32,
    pub console: ConsoleConfig,
    pub log: LogConfig,
    pub media: MediaConfig,
    /// The endpoint that transcribes voice notes; `None` if none is set.
    pub transcription: Option<TranscriptionSettings>,
    pub alerts: AlertsConfig,
    pub opt_out_words: OptOutWords,
    pub watch: WatchConfig,
    pub approvals: ApprovalPolicy,
    pub endpoints: Vec<EndpointConfig>,
    pub connections: Vec<ConnectionConfig>,
    pub agents: Vec<AgentDeclaration>,
    pub users: Vec<UserConfig>,
    /// Canned replies that everybody can use.
    pub replies: Vec<CannedReply>,
    pub ssh: SshConfig,
    /// Prices of messages.
    pub rates: RateCard,
    /// The group whose members may use the socket, in addition to the engine's own user. `None`: no group.
    pub socket_group: Option<String>,
    /// Custom commands, in the order of the file.
    pub commands: Vec<CustomCommand>,
    /// Key bindings: command ids with the chords that replace their default ones.
    pub keys: Vec<(String, Vec<String>)>,
}

#[derive(Debug, Clone, Copy)]
pub struct ConsoleConfig {
    pub enter_sends: bool,
    pub mark_read_on_open: bool,
    pub ascii: bool,
    /// Contacts see a typing indicator while a reply to them is written here.
    pub typing: bool,
    pub pictures: Pictures,
}

#[derive(Debug, Clone)]
pub struct LogConfig {
    pub level: String,
    pub files: usize,
}

#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    pub name: String,
    /// `None`: organization and environment of the file.
    pub organization: Option<String>,
    pub environment: Option<Environment>,
    pub provider: ProviderName,
    pub phone_number: PhoneNumber,
    pub phone_number_id: String,
    pub business_account_id: String,
    pub agent: Option<(String, Mode)>,
    pub contract: Contract,
    /// Agents that answer only messages that match the conditions in their contracts.
    pub routes: Vec<(String, Mode, Contract)>,
    pub settings: ConnectionSettings,
}

impl ConnectionConfig {
    /// Returns the connection without an id, which the database assigns.
    pub fn connection(&self, organization: &str, environment: Environment) -> Connection {
        Connection {
            id: ConnectionId(0),
            name: self.name.clone(),
            organization: self.organization.clone().unwrap_or_else(|| organization.to_owned()),
            environment: self.environment.unwrap_or(environment),
            provider: self.provider.clone(),
            phone_number: self.phone_number.clone(),
            phone_number_id: self.phone_number_id.clone(),
            business_account_id: self.business_account_id.clone(),
            kind: NumberKind::default(),
            customer_id: None,
            settings: self.settings.clone(),
        }
    }
}

/// An agent as it is declared in the file. Its secrets are resolved when it is built.
#[derive(Debug, Clone)]
pub struct AgentDeclaration {
    pub name: String,
    pub timeout: Duration,
    pub kind: DeclaredKind,
    pub introduction: String,
    /// Kinds of files that the agent accepts.
    pub media_input: Vec<String>,
    /// Prices of a million tokens: input, output.
    pub prices: (Money, Money),
    /// Whether replies are compared with other contacts' data, unless the contract sets it.
    pub guard: Guard,
}

/// An event endpoint: a program that receives events as signed webhooks.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    pub name: String,
    pub url: String,
    pub secret_env: Option<String>,
    pub events: Vec<String>,
}

/// The protocol of a declared agent. Fields ending in `_env` name environment variables.
#[derive(Debug, Clone)]
pub enum DeclaredKind {
    Http {
        url: String,
        secret_env: Option<String>,
        /// A workflow: it receives the message as an event and replies through the API.
        workflow: bool,
    },
    Command {
        command: Vec<String>,
    },
    Model {
        anthropic: bool,
        model: String,
        prompt: String,
        max_tokens: u32,
        base_url: Option<String>,
        api_key_env: Option<String>,
    },
    Scripted {
        rules: Vec<Rule>,
    },
}

#[derive(Debug, Clone)]
pub struct UserConfig {
    pub name: String,
    pub role: Role,
    pub os_user: Option<String>,
    pub ssh_keys: Vec<String>,
}

/// Why the configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("No configuration at {path}. Copy config.example.toml there, or run `wadeck demo`, which needs none.", path = .0.display())]
    Missing(PathBuf),
    #[error("Cannot read the configuration {path}: {source}.", path = path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}", fault::report(path, faults))]
    Faulty { path: PathBuf, faults: Vec<Fault> },
}

/// Reads and checks a file. `providers` are the providers that connections may name.
pub fn load(path: &std::path::Path, providers: &[ProviderShape]) -> Result<Config, ConfigError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(ConfigError::Missing(path.to_owned()));
        }
        Err(source) => return Err(ConfigError::Unreadable { path: path.to_owned(), source }),
    };
    check(&text, providers).map_err(|faults| ConfigError::Faulty { path: path.to_owned(), faults })
}

/// Returns the text of a file with the current names of its keys, and a warning for each renamed key. Faults are
/// reported as for [`load`].
pub fn migrate(path: &std::path::Path, providers: &[ProviderShape]) -> Result<(String, Vec<Fault>), ConfigError> {
    let renamed = load(path, providers)?.warnings;
    let own = std::fs::read_to_string(path);
    let own = own.map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    Ok((Migrated::of(&own).text, renamed))
}

/// Returns the effective configuration as one table: the file over the defaults. Faults are reported as for [`load`].
pub fn effective_table(path: &std::path::Path, providers: &[ProviderShape]) -> Result<toml::Table, ConfigError> {
    load(path, providers)?;
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let own = std::fs::read_to_string(path).map_err(unreadable)?;
    let table = |text: &str| text.parse::<toml::Table>().unwrap_or_default();
    let (mut own, example) = (table(&Migrated::of(&own).text), table(EXAMPLE));
    for (name, value) in example {
        match (own.get_mut(&name), value) {
            // Lists (connections, agents, users) have no defaults.
            (_, toml::Value::Array(_)) => {}
            (Some(toml::Value::Table(own)), toml::Value::Table(defaults)) => {
                for (name, value) in defaults {
                    own.entry(name).or_insert(value);
                }
            }
            (Some(_), _) => {}
            (None, value) => drop(own.insert(name, value)),
        }
    }
    Ok(own)
}

/// Formats a table as TOML.
pub fn to_toml(table: &toml::Table) -> String {
    toml::to_string_pretty(table).unwrap_or_default()
}

//! The tables of the file, key by key. Missing keys have the values of the example.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::agents::{AgentTable, ApprovalsTable, ContractTable, EndpointTable, RouteTable};
use super::commands::CommandTable;
use super::operations::{
    AlertsTable, AttachTable, ContactsTable, MediaTable, ReplyTable, SshTable, TranscriptionTable, WatchTable,
};
use super::rates::RateTable;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub organization: Option<Spanned<String>>,
    pub environment: Option<Spanned<String>>,
    #[serde(default)]
    pub http: Http,
    #[serde(default)]
    pub outbox: Outbox,
    #[serde(default)]
    pub console: Console,
    #[serde(default)]
    pub log: Log,
    #[serde(default)]
    pub ssh: SshTable,
    #[serde(default)]
    pub attach: AttachTable,
    #[serde(default)]
    pub media: MediaTable,
    #[serde(default)]
    pub transcription: TranscriptionTable,
    #[serde(default)]
    pub alerts: AlertsTable,
    #[serde(default)]
    pub contacts: ContactsTable,
    #[serde(default)]
    pub watch: WatchTable,
    #[serde(default)]
    pub approvals: ApprovalsTable,
    #[serde(default)]
    pub endpoints: Vec<EndpointTable>,
    #[serde(default)]
    pub connections: Vec<Spanned<ConnectionTable>>,
    #[serde(default)]
    pub agents: Vec<Spanned<AgentTable>>,
    #[serde(default)]
    pub users: Vec<Spanned<UserTable>>,
    #[serde(default)]
    pub rates: Vec<Spanned<RateTable>>,
    #[serde(default)]
    pub replies: Vec<Spanned<ReplyTable>>,
    #[serde(default)]
    pub commands: Vec<CommandTable>,
    #[serde(default)]
    pub keys: BTreeMap<String, Spanned<Chords>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    pub listen: Option<Spanned<String>>,
    pub public_url: Option<Spanned<String>>,
    pub max_connections: Option<Spanned<usize>>,
    pub max_buffered_megabytes: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outbox {
    pub max_attempts: Option<Spanned<u32>>,
    pub hourly_policy: Option<bool>,
    pub undo_seconds: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Console {
    pub enter_sends: Option<bool>,
    pub mark_read_on_open: Option<bool>,
    pub ascii: Option<bool>,
    pub typing: Option<bool>,
    pub pictures: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    pub level: Option<Spanned<String>>,
    pub files: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionTable {
    pub name: Spanned<String>,
    pub organization: Option<String>,
    pub environment: Option<Spanned<String>>,
    pub provider: Spanned<String>,
    pub phone_number: Spanned<String>,
    pub phone_number_id: Option<Spanned<String>>,
    pub business_account_id: Option<Spanned<String>>,
    pub agent: Option<Spanned<String>>,
    pub contract: Option<Spanned<ContractTable>>,
    #[serde(default)]
    pub routes: Vec<Spanned<RouteTable>>,
    pub lifecycle_reactions: Option<bool>,
    pub batch_note: Option<bool>,
    pub hand_off_text: Option<String>,
    pub mode: Option<Spanned<String>>,
    pub debounce_seconds: Option<Spanned<f64>>,
    pub pause_after_person_minutes: Option<Spanned<u32>>,
    pub messages_per_second: Option<Spanned<u32>>,
    pub read_marks: Option<bool>,
    pub hourly_policy: Option<bool>,
    pub api_key_env: Option<String>,
    pub messaging_service: Option<Spanned<String>>,
    pub schedule_at_provider: Option<Spanned<bool>>,
    pub join_code: Option<String>,
    pub tester: Option<Spanned<String>>,
    pub undo_seconds: Option<Spanned<u64>>,
    pub silent_after_hours: Option<Spanned<f64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserTable {
    pub name: Spanned<String>,
    pub role: Spanned<String>,
    pub os_user: Option<String>,
    #[serde(default)]
    pub ssh_keys: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Chords {
    One(String),
    Several(Vec<String>),
}

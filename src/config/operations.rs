//! The parts of the file about daily operation: media, alerts, opt-out words, SSH and monitoring.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::faults::Faults;
use crate::domain::contacts::opt_out::OptOutWords;
use crate::domain::message::canned::{self, CannedReply, ReplySource};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MediaTable {
    pub keep_days: Option<Spanned<u32>>,
    pub max_gigabytes: Option<Spanned<f64>>,
    pub open: Option<Vec<String>>,
    pub converter: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TranscriptionTable {
    pub url: Option<Spanned<String>>,
    pub model: Option<String>,
    pub api_key_env: Option<String>,
    pub max_seconds: Option<Spanned<u32>>,
    pub max_megabytes: Option<Spanned<f64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertsTable {
    pub bell: Option<bool>,
    pub osc9: Option<bool>,
    pub command: Option<Vec<String>>,
    pub max_per_hour: Option<Spanned<u32>>,
    pub queue_minutes: Option<Spanned<u32>>,
    pub waiting_minutes: Option<u32>,
    pub closing_minutes: Option<u32>,
    pub min_free_megabytes: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactsTable {
    pub opt_out_words: Option<Vec<String>>,
    pub opt_in_words: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyTable {
    pub short: String,
    pub text: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WatchTable {
    pub canary_minutes: Option<Spanned<u64>>,
    pub backfill_minutes: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttachTable {
    pub group: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SshTable {
    pub listen: Option<String>,
    pub host_key: Option<PathBuf>,
    pub authorized_keys: Option<PathBuf>,
    pub allow_classical_key_exchange: Option<bool>,
    pub max_connections: Option<usize>,
    pub max_connections_per_address: Option<usize>,
}

/// The SSH server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshConfig {
    /// The address to listen on. `None`: the SSH server is off.
    pub listen: Option<String>,
    /// The file of the host key. `None`: a file in the data directory.
    pub host_key: Option<PathBuf>,
    /// A file of further public keys, each with its user's name as comment.
    pub authorized_keys: Option<PathBuf>,
    /// Accept clients that have no post-quantum key exchange.
    pub allow_classical_key_exchange: bool,
    /// Simultaneous connections in total.
    pub max_connections: usize,
    /// Simultaneous connections from one IP address.
    pub max_connections_per_address: usize,
}

/// Media files of messages.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaConfig {
    /// Files that are older are removed; their messages stay.
    pub retention: Duration,
    /// Total size of all files, in bytes; the oldest ones are removed above it.
    pub max_bytes: u64,
    /// The command that opens a file. Empty: the path is shown instead.
    pub open: Vec<String>,
    /// The program that converts audio to voice notes.
    pub converter: String,
}

/// The endpoint that transcribes voice notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptionSettings {
    /// Base URL of an API like OpenAI's.
    pub url: String,
    pub model: String,
    /// The environment variable with the API key. Empty: none is sent.
    pub api_key_env: String,
    pub max_duration: Duration,
    pub max_bytes: u64,
}

/// How alerts are reported, and their thresholds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertsConfig {
    pub bell: bool,
    pub osc9: bool,
    /// A command that is run for each new alert. Empty: none.
    pub command: Vec<String>,
    pub max_per_hour: u32,
    /// An alert is raised if the oldest due outbox entry waits longer than this.
    pub max_queue_delay: Duration,
    /// An alert is raised if a contact waits longer than this for a person. `None`: never.
    pub max_waiting: Option<Duration>,
    /// An alert is raised if a service window closes within this time while the contact waits. `None`: never.
    pub closing_warning: Option<Duration>,
    /// An alert is raised below this free disk space, in bytes.
    pub min_free_bytes: u64,
}

/// Monitoring of numbers independently of their traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchConfig {
    /// Interval at which the provider is asked for a test delivery. `None`: only on request.
    pub canary_interval: Option<Duration>,
    /// Interval at which the provider's message list is compared with the received messages. `None`: never.
    pub backfill_interval: Option<Duration>,
}

pub(super) fn media(own: MediaTable, example: MediaTable, faults: &mut Faults<'_>) -> MediaConfig {
    let days = own.keep_days.or(example.keep_days);
    if let Some(days) = days.as_ref().filter(|days| *days.get_ref() == 0) {
        faults.add(days.span(), "keep_days must be at least 1.");
    }
    let gigabytes = own.max_gigabytes.or(example.max_gigabytes);
    if let Some(size) = gigabytes.as_ref().filter(|size| *size.get_ref() < 0.1) {
        faults.add(size.span(), "max_gigabytes must be at least 0.1.");
    }
    MediaConfig {
        retention: Duration::from_secs(u64::from(days.map_or(90, Spanned::into_inner)) * 86_400),
        max_bytes: (gigabytes.map_or(5.0, Spanned::into_inner) * 1e9) as u64,
        open: own.open.or(example.open).unwrap_or_default(),
        converter: own.converter.or(example.converter).unwrap_or_else(|| "ffmpeg".to_owned()),
    }
}

/// Returns the endpoint that transcribes voice notes; `None` if no URL is set.
pub(super) fn transcription(
    own: TranscriptionTable,
    example: TranscriptionTable,
    faults: &mut Faults<'_>,
) -> Option<TranscriptionSettings> {
    let url = own.url.filter(|url| !url.get_ref().trim().is_empty())?;
    if !url.get_ref().starts_with("https://") && !url.get_ref().starts_with("http://") {
        faults.add(url.span(), "url is not a URL. Write it like https://api.openai.com/v1.");
    }
    let seconds = own.max_seconds.or(example.max_seconds);
    let megabytes = own.max_megabytes.or(example.max_megabytes);
    if let Some(seconds) = seconds.as_ref().filter(|seconds| *seconds.get_ref() == 0) {
        faults.add(seconds.span(), "max_seconds must be at least 1.");
    }
    if let Some(size) = megabytes.as_ref().filter(|size| !(0.001..=100.0).contains(size.get_ref())) {
        faults.add(size.span(), "max_megabytes must be between 0.001 and 100.");
    }
    Some(TranscriptionSettings {
        url: url.into_inner().trim().to_owned(),
        model: own.model.or(example.model).unwrap_or_else(|| "whisper-1".to_owned()),
        api_key_env: own.api_key_env.or(example.api_key_env).unwrap_or_default(),
        max_duration: Duration::from_secs(u64::from(seconds.map_or(300, Spanned::into_inner))),
        max_bytes: (megabytes.map_or(16.0, Spanned::into_inner) * 1e6) as u64,
    })
}

pub(super) fn alerts(own: AlertsTable, example: AlertsTable) -> AlertsConfig {
    let minutes = own.queue_minutes.or(example.queue_minutes).map_or(10, Spanned::into_inner);
    let duration = |minutes: u32| (minutes > 0).then(|| Duration::from_secs(u64::from(minutes) * 60));
    AlertsConfig {
        max_waiting: duration(own.waiting_minutes.or(example.waiting_minutes).unwrap_or(60)),
        closing_warning: duration(own.closing_minutes.or(example.closing_minutes).unwrap_or(30)),
        bell: own.bell.or(example.bell).unwrap_or(true),
        osc9: own.osc9.or(example.osc9).unwrap_or(false),
        command: own.command.or(example.command).unwrap_or_default(),
        max_per_hour: own.max_per_hour.or(example.max_per_hour).map_or(20, Spanned::into_inner).max(1),
        max_queue_delay: Duration::from_secs(u64::from(minutes.max(1)) * 60),
        min_free_bytes: own.min_free_megabytes.or(example.min_free_megabytes).unwrap_or(512) * 1_000_000,
    }
}

pub(super) fn contacts(own: ContactsTable) -> OptOutWords {
    let defaults = OptOutWords::default();
    OptOutWords {
        out: own.opt_out_words.filter(|words| !words.is_empty()).unwrap_or(defaults.out),
        back: own.opt_in_words.filter(|words| !words.is_empty()).unwrap_or(defaults.back),
    }
}

/// The canned replies of the file. A name that is given twice is a fault, and so is a placeholder that does not exist.
pub(super) fn replies(tables: Vec<Spanned<ReplyTable>>, faults: &mut Faults<'_>) -> Vec<CannedReply> {
    let mut replies: Vec<CannedReply> = vec![];
    for table in tables {
        let span = table.span();
        match canned::read(&table.get_ref().short, &table.get_ref().text) {
            Ok((short, _)) if replies.iter().any(|known| known.short == short) => {
                faults.add(span, format!("Two replies have the name `{short}`."));
            }
            Ok((short, text)) => replies.push(CannedReply { short, text, source: ReplySource::Configuration }),
            Err(refusal) => faults.add(span, refusal.to_string()),
        }
    }
    replies
}

pub(super) fn ssh(own: SshTable, example: SshTable) -> SshConfig {
    let path =
        |own: Option<PathBuf>, example: Option<PathBuf>| own.or(example).filter(|path| !path.as_os_str().is_empty());
    SshConfig {
        listen: own.listen.or(example.listen).filter(|listen| !listen.trim().is_empty()),
        host_key: path(own.host_key, example.host_key),
        authorized_keys: path(own.authorized_keys, example.authorized_keys),
        allow_classical_key_exchange: own
            .allow_classical_key_exchange
            .or(example.allow_classical_key_exchange)
            .unwrap_or(false),
        max_connections: own.max_connections.or(example.max_connections).unwrap_or(32).clamp(1, 1_000),
        max_connections_per_address: own
            .max_connections_per_address
            .or(example.max_connections_per_address)
            .unwrap_or(8)
            .clamp(1, 1_000),
    }
}

pub(super) fn watch(own: WatchTable, example: WatchTable) -> WatchConfig {
    let minutes = |value: Option<Spanned<u64>>| {
        let minutes = value.map_or(0, Spanned::into_inner);
        (minutes > 0).then(|| Duration::from_secs(minutes * 60))
    };
    WatchConfig {
        canary_interval: minutes(own.canary_minutes.or(example.canary_minutes)),
        backfill_interval: minutes(own.backfill_minutes.or(example.backfill_minutes)),
    }
}

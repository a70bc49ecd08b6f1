//! Everything the system can do, one function and one file each. An operation checks the actor's role, applies the
//! rule, writes one transaction with one audit row, and publishes what changed. Console, command line, API, workers
//! and agents all use these operations.

mod agents;
mod combine;
mod custom_commands;
mod error;
mod inbound;
mod integrations;
mod media;
mod monitoring;
mod numbers;
mod outbox;
mod perform;
mod run_query;
mod templates;
mod threads;
mod within;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

pub use self::agents::dry_run::dry_run_next;
pub use self::agents::expire_assignment::{expire_assignments, next_expiry};
pub use self::agents::foreign_data::index_identifiers;
pub use self::agents::rehearse::rehearse_next;
pub use self::agents::rehearse_written::rehearse_due;
pub use self::agents::run_agent::{claim_runs, complete_run, run_next};
pub use self::agents::typing_sign::{next_typing_due, type_while_waiting};
pub use self::agents::use_tool::{agent_tools, use_tool};
pub use self::custom_commands::{ConsolePlace, run_custom_command};
pub use self::error::OperationError;
pub use self::inbound::apply::apply_pending;
pub use self::inbound::receive::{PendingDelivery, ReceiveOutcome, commit_pending_deliveries, receive};
pub use self::integrations::deliver_events::{EventEndpoint, deliver_next_event, newest_event};
pub use self::integrations::tokens::{
    IdempotencyRecord, asked, is_still_authorized, known_by, other_role, with_idempotency,
};
pub use self::integrations::visitor::{BodyBudget, ReservedBody, Visitor};
pub use self::integrations::wrong_tokens::{Admission, admit};
pub use self::media::fetch_media::{fetch_next, prune_media};
pub use self::media::media_links::{MediaLink, find_media_link};
pub use self::media::open_media::{MediaFile, media_file, open_media};
pub use self::media::receive_upload::receive_upload;
pub use self::media::transcribe::transcribe_next;
pub use self::media::upload_next::{next_upload_due, upload_next};
pub use self::monitoring::metrics::metrics;
pub use self::monitoring::pulse::{
    check_clock_and_database, check_file_at_start, compare_audit_head, keep_audit_head, prove_writable,
};
pub use self::monitoring::watch::watch;
pub use self::numbers::check_connection::{check_all, check_connection};
pub use self::numbers::declare::{Declared, declare};
pub use self::numbers::set_up::look_at_links;
pub use self::numbers::step_setup::step_setup;
pub use self::outbox::bulk::step_job;
pub use self::outbox::dispatch_next::{claim_sends, send_claimed, send_next};
pub use self::outbox::reconcile::{look_up_due, next_look_due};
pub use self::outbox::rescue::{rescue_abandoned, rescue_at_start};
pub use self::perform::perform;
pub use self::run_query::run_query;
pub use self::templates::flows::refresh_flows;
pub use self::templates::refresh_templates::refresh_templates;
pub use self::threads::attend_to::mark_all_unattended;
pub use self::threads::find::{find_connection, find_thread};
pub use self::threads::presence::Arrival;
pub use self::threads::snooze_thread::{end_due_snoozes, next_snooze_end};
pub use crate::agent::ToolSpec;
pub use crate::agent::start as start_program;

pub use self::combine::Pacer;

use self::combine::Combiner;
use crate::agent::{Agents, Transcriber};
use crate::bus::Bus;
use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::access::role::Role;
use crate::domain::access::scope::Scope;
use crate::domain::agents::assignment::ApprovalPolicy;
use crate::domain::contacts::opt_out::OptOutWords;
use crate::domain::costs::card::RateCard;
use crate::domain::custom_command::CustomCommand;
use crate::domain::flow::FlowList;
use crate::domain::ids::{ConnectionId, EntryId};
use crate::domain::message::canned::CannedReply;
use crate::domain::numbers::connection::Environment;
use crate::domain::outbox::retry::RetryPolicy;
use crate::domain::presence::{Handed, Here};
use crate::domain::refusal::Refusal;
use crate::domain::templates::template::TemplateList;
use crate::domain::time::{Clock, Rng, Timestamp};
use crate::provider::Registry;
use crate::store::Store;

type Result<T, E = OperationError> = std::result::Result<T, E>;

/// Minimum time between two transactions that record responses of providers, or replies of agents, under load.
const RECORD_INTERVAL: Duration = Duration::from_millis(20);

/// Organization and environment of the engine.
#[derive(Debug, Clone)]
pub struct Identity {
    pub organization: String,
    pub environment: Environment,
    /// URL at which providers reach the engine, if known.
    pub public_url: Option<String>,
}

/// Wakes workers that sleep until work is due.
#[derive(Debug, Default)]
pub struct Wakeups {
    pub apply: Notify,
    pub agent_runs: Notify,
    /// A run was scheduled, so that the contact may be shown the typing indicator.
    pub typing: Notify,
    pub sender: Notify,
    pub reconcile: Notify,
    pub fetcher: Notify,
    /// A voice note was stored that may be transcribed.
    pub transcriber: Notify,
    pub uploader: Notify,
    pub setups: Notify,
    pub jobs: Notify,
    pub rehearser: Notify,
    /// An agent's dry run on a test message is due.
    pub dry_runs: Notify,
    /// A template was rejected, so the template lists are fetched again.
    pub templates: Notify,
    /// The end of an assignment or of a snooze may have changed.
    pub expirer: Notify,
    /// An event for other programs is due.
    pub event_delivery: Notify,
    /// Something was written, so the write-ahead log may need a checkpoint.
    pub maintenance: Notify,
}

/// Configured limits for files, alerts and checks.
#[derive(Debug, Clone)]
pub struct OperationsConfig {
    /// Maximum age of files; older ones are removed.
    pub keep: Duration,
    /// Maximum total size of files, in bytes.
    pub most: u64,
    /// Program that opens a file, with its arguments.
    pub open: Vec<String>,
    /// Program that converts voice notes.
    pub converter: String,
    /// Program that runs for each new alert, with its arguments.
    pub alert_command: Vec<String>,
    pub alerts_per_hour: u32,
    /// How long a message may be due before an alert is raised.
    pub queue: Duration,
    /// How long a contact may wait for a person before an alert is raised; `None` raises none.
    pub waiting: Option<Duration>,
    /// Remaining service window that raises an alert while the contact waits; `None` raises none.
    pub closing: Option<Duration>,
    /// Free disk space in bytes below which an alert is raised.
    pub least_free: u64,
    /// Interval of test webhooks; `None` sends them only on request.
    pub canary: Option<Duration>,
    /// Interval of backfills; `None` runs them only on request.
    pub fill: Option<Duration>,
    /// Prices of messages; empty where none are configured.
    pub rates: RateCard,
    /// Canned replies declared in the configuration.
    pub replies: Vec<CannedReply>,
    /// Custom commands declared in the configuration.
    pub commands: Vec<CustomCommand>,
}

impl Default for OperationsConfig {
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(90 * 86_400),
            most: 5_000_000_000,
            open: vec![],
            converter: "ffmpeg".to_owned(),
            alert_command: vec![],
            alerts_per_hour: 20,
            queue: Duration::from_secs(600),
            waiting: None,
            closing: None,
            least_free: 512_000_000,
            canary: None,
            fill: None,
            rates: RateCard::default(),
            replies: vec![],
            commands: vec![],
        }
    }
}

/// Looks up the current role of a person.
pub type RoleOf = Arc<dyn Fn(&str) -> Option<Role> + Send + Sync>;

/// Parts from which a system is built.
pub struct Parts {
    pub store: Store,
    pub bus: Bus,
    pub providers: Registry,
    pub agents: Agents,
    /// Transcribes voice notes; `None` if no endpoint is configured.
    pub transcriber: Option<Transcriber>,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Rng>,
    pub identity: Identity,
    pub retry: RetryPolicy,
    /// Returns the last lines of the log.
    pub log: Arc<dyn Fn(usize) -> Vec<String> + Send + Sync>,
    /// Capacity of the writer's queue; when it is full, deliveries get a 503.
    pub inbox: usize,
    /// Words by which contacts opt out and in.
    pub opt_out_words: OptOutWords,
    pub config: OperationsConfig,
    pub approvals: ApprovalPolicy,
    /// Endpoints of other programs that receive events.
    pub endpoints: Vec<EventEndpoint>,
    /// Returns the current role of a person by name; `None` if they are not a user.
    pub role_of: RoleOf,
    /// Returns the names of users who may answer.
    pub colleagues: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// Returns the offset of local time from UTC in seconds; contracts have business hours.
    pub offset: Arc<dyn Fn(Timestamp) -> i64 + Send + Sync>,
}

/// The system: everything that operations work with. Cheap to clone.
#[derive(Clone)]
pub struct System {
    parts: Arc<Parts>,
    shared: Arc<Shared>,
    /// The selected scope, with a store that shows nothing else.
    seen: Option<Arc<(Scope, Store)>>,
}

struct Shared {
    started_at: Timestamp,
    wakes: Wakeups,
    inbox: mpsc::Sender<PendingDelivery>,
    listening_on: Mutex<String>,
    media_links: Mutex<Vec<MediaLink>>,
    flows: Mutex<Vec<FlowList>>,
    templates: Mutex<BTreeMap<ConnectionId, TemplateList>>,
    acks: Mutex<VecDeque<u64>>,
    rejected_noted: Mutex<VecDeque<Timestamp>>,
    wrong_tokens: Mutex<integrations::wrong_tokens::WrongTokens>,
    attendance: Mutex<threads::update_presence::Attendance>,
    meters: Mutex<monitoring::metrics::Meters>,
    pulse: Mutex<monitoring::pulse::Pulse>,
    /// The last thread transferred to each person.
    handed: Mutex<BTreeMap<String, Handed>>,
    /// Attached consoles, each under its own number.
    here: Mutex<BTreeMap<u64, Here>>,
    /// Uploads in progress: bytes sent and total size.
    uploads: Mutex<BTreeMap<EntryId, (u64, u64)>>,
    doorway: media::receive_upload::UploadLimiter,
    /// Changes at a provider that are in progress.
    hands: numbers::operation_lock::Hands,
    /// Senders that wait for an entry.
    claims: Combiner<(), Option<outbox::claim::Dispatch>>,
    /// Provider responses that wait to be recorded.
    settlements: Combiner<outbox::settle::Settling, Result<()>>,
    /// Runners that wait for a run.
    run_claims: Combiner<(), Option<agents::run_agent::Claim>>,
    /// Agent replies that wait to be carried out.
    run_endings: Combiner<agents::end_runs::Ending, Result<()>>,
    /// When the typing indicator was shown last for a scheduled run.
    typing_shown: std::sync::Mutex<std::collections::BTreeMap<crate::domain::ids::RunId, Timestamp>>,
}

impl Wakeups {
    /// Returns the wakeups of all workers that wait for due work.
    fn all(&self) -> [&Notify; 14] {
        [
            &self.transcriber,
            &self.typing,
            &self.apply,
            &self.agent_runs,
            &self.sender,
            &self.reconcile,
            &self.fetcher,
            &self.uploader,
            &self.setups,
            &self.jobs,
            &self.rehearser,
            &self.dry_runs,
            &self.event_delivery,
            &self.maintenance,
        ]
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("store", &self.store).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("System").field("identity", &self.parts.identity).finish_non_exhaustive()
    }
}

impl System {
    /// Builds the system, and the queue from which its writer takes deliveries.
    pub fn new(parts: Parts) -> (Self, mpsc::Receiver<PendingDelivery>) {
        let (inbox, waiting) = mpsc::channel(parts.inbox);
        parts.providers.address().set(parts.identity.public_url.clone());
        let shared = Shared {
            started_at: parts.clock.now(),
            wakes: Wakeups::default(),
            inbox,
            listening_on: Mutex::new("not listening".to_owned()),
            media_links: Mutex::default(),
            flows: Mutex::default(),
            templates: Mutex::default(),
            acks: Mutex::default(),
            rejected_noted: Mutex::default(),
            wrong_tokens: Mutex::default(),
            attendance: Mutex::default(),
            meters: Mutex::default(),
            pulse: Mutex::default(),
            handed: Mutex::default(),
            here: Mutex::default(),
            uploads: Mutex::default(),
            doorway: media::receive_upload::UploadLimiter::default(),
            hands: numbers::operation_lock::Hands::default(),
            claims: Combiner::default(),
            settlements: Combiner::paced(RECORD_INTERVAL),
            run_claims: Combiner::default(),
            run_endings: Combiner::paced(RECORD_INTERVAL),
            typing_shown: std::sync::Mutex::default(),
        };
        (Self { parts: Arc::new(parts), shared: Arc::new(shared), seen: None }, waiting)
    }

    /// Returns the store, restricted to the selected scope.
    pub fn store(&self) -> &Store {
        self.seen.as_ref().map_or(&self.parts.store, |seen| &seen.1)
    }

    /// Returns the bus that publishes changes.
    pub fn bus(&self) -> &Bus {
        &self.parts.bus
    }

    /// Returns the providers of this build.
    pub fn providers(&self) -> &Registry {
        &self.parts.providers
    }

    /// Returns the configured agents.
    pub fn agents(&self) -> &Agents {
        &self.parts.agents
    }

    /// Returns the endpoint that transcribes voice notes; `None` if none is configured.
    pub fn transcriber(&self) -> Option<&Transcriber> {
        self.parts.transcriber.as_ref()
    }

    /// Returns the engine's organization and environment.
    pub fn identity(&self) -> &Identity {
        &self.parts.identity
    }

    /// Returns the wakeups of the workers.
    pub fn wakeups(&self) -> &Wakeups {
        &self.shared.wakes
    }

    /// Returns the current time.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Returns when the engine started.
    pub fn started_at(&self) -> Timestamp {
        self.shared.started_at
    }

    /// Sets the address on which webhooks are accepted, for display.
    pub fn set_listening_on(&self, address: String) {
        *unpoisoned(&self.shared.listening_on) = address;
    }

    /// Sets the public URL, if it is known only once the engine listens.
    pub fn set_public_url(&self, address: String) {
        self.providers().address().set(Some(address));
    }

    /// Clears the public URL.
    pub fn forget_public_url(&self) {
        self.providers().address().set(None);
    }

    /// Returns the URL at which providers reach the engine, if known.
    pub fn public_url(&self) -> Option<String> {
        self.providers().address().get()
    }

    /// Returns the address on which webhooks are accepted.
    pub fn listening_on(&self) -> String {
        unpoisoned(&self.shared.listening_on).clone()
    }

    /// Returns an unguessable, unique reference.
    fn reference(&self) -> String {
        let mut text = String::with_capacity(34);
        text.push_str("w:");
        for byte in self.parts.chance.token() {
            text.push_str(&format!("{byte:02x}"));
        }
        text
    }

    /// Returns random bytes for tokens and keys.
    fn secret(&self) -> [u8; 16] {
        self.parts.chance.token()
    }

    fn chance(&self) -> f64 {
        self.parts.chance.unit()
    }

    fn retry(&self) -> &RetryPolicy {
        &self.parts.retry
    }

    fn log_tail(&self, lines: usize) -> Vec<String> {
        (self.parts.log)(lines)
    }

    fn attendance(&self) -> MutexGuard<'_, threads::update_presence::Attendance> {
        unpoisoned(&self.shared.attendance)
    }

    fn uploads(&self) -> MutexGuard<'_, BTreeMap<EntryId, (u64, u64)>> {
        unpoisoned(&self.shared.uploads)
    }

    fn upload_limiter(&self) -> &media::receive_upload::UploadLimiter {
        &self.shared.doorway
    }

    fn flows(&self) -> MutexGuard<'_, Vec<FlowList>> {
        unpoisoned(&self.shared.flows)
    }

    fn media_links(&self) -> MutexGuard<'_, Vec<MediaLink>> {
        unpoisoned(&self.shared.media_links)
    }

    /// Returns the custom commands of the configuration.
    pub fn custom_commands(&self) -> &[CustomCommand] {
        &self.parts.config.commands
    }

    fn config(&self) -> &OperationsConfig {
        &self.parts.config
    }

    fn approvals(&self) -> ApprovalPolicy {
        self.parts.approvals
    }

    fn endpoints(&self) -> &[EventEndpoint] {
        &self.parts.endpoints
    }

    fn offset(&self) -> i64 {
        (self.parts.offset)(self.now())
    }

    fn opt_out_words(&self) -> &OptOutWords {
        &self.parts.opt_out_words
    }

    fn templates(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, TemplateList>> {
        unpoisoned(&self.shared.templates)
    }
}

/// Locks a mutex, ignoring poison: the data stays valid after a panic elsewhere.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks the actor's permission; every operation begins with it.
fn require(actor: &Actor, right: Permission) -> Result<(), Refusal> {
    actor.require(right)
}

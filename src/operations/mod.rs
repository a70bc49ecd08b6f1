//! Everything the system can do: one function and one file each. An operation checks the actor's
//! role, applies the rule, writes in one transaction with one audit row, and publishes what
//! changed. The single door for console, command line, API, workers and agents alike.

mod agents;
mod combine;
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
pub use self::agents::run_agent::run_next;
pub use self::agents::use_tool::{agent_tools, use_tool};
pub use self::error::OperationError;
pub use self::inbound::apply::apply_pending;
pub use self::inbound::receive::{PendingDelivery, ReceiveOutcome, commit_pending_deliveries, receive};
pub use self::integrations::deliver_events::{EventEndpoint, deliver_next_event, newest_event};
pub use self::integrations::tokens::{IdempotencyRecord, asked, known_by, other_role, still_known, with_idempotency};
pub use self::integrations::visitor::{BodyBudget, ReservedBody, Visitor};
pub use self::integrations::wrong_tokens::{Admission, admit};
pub use self::media::fetch_media::{fetch_next, prune_media};
pub use self::media::media_links::{MediaLink, find_media_link};
pub use self::media::open_media::{MediaFile, media_file, open_media};
pub use self::media::receive_upload::receive_upload;
pub use self::media::upload_next::{next_upload_due, upload_next};
pub use self::monitoring::metrics::metrics;
pub use self::monitoring::pulse::{check_file_at_start, compare_audit_head, keep_audit_head, prove_writable, pulse};
pub use self::monitoring::watch::watch;
pub use self::numbers::check_connection::{check_all, check_connection};
pub use self::numbers::declare::{Declared, declare};
pub use self::numbers::set_up::look_at_links;
pub use self::numbers::step_setup::step_setup;
pub use self::outbox::bulk::step_job;
pub use self::outbox::dispatch_next::send_next;
pub use self::outbox::reconcile::{look_up_due, next_look_due};
pub use self::outbox::rescue::{rescue_abandoned, rescue_at_start};
pub use self::perform::perform;
pub use self::run_query::run_query;
pub use self::templates::flows::refresh_flows;
pub use self::templates::refresh_templates::refresh_templates;
pub use self::threads::find::{find_connection, find_thread};
pub use self::threads::presence::Arrival;
pub use crate::agent::ToolSpec;
pub use crate::agent::start as start_program;

use self::combine::Combiner;
use crate::agent::Agents;
use crate::bus::Bus;
use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::access::role::Role;
use crate::domain::access::scope::Scope;
use crate::domain::agents::assignment::ApprovalPolicy;
use crate::domain::contacts::opt_out::OptOutWords;
use crate::domain::flow::FlowList;
use crate::domain::ids::{ConnectionId, EntryId};
use crate::domain::numbers::connection::Environment;
use crate::domain::outbox::retry::RetryPolicy;
use crate::domain::refusal::Refusal;
use crate::domain::templates::template::TemplateList;
use crate::domain::time::{Clock, Rng, Timestamp};
use crate::domain::view::{Handed, Here};
use crate::provider::Registry;
use crate::store::Store;

type Result<T, E = OperationError> = std::result::Result<T, E>;

/// Who the engine works for.
#[derive(Debug, Clone)]
pub struct Identity {
    pub organization: String,
    pub environment: Environment,
    /// The address that providers reach us at, where it is known.
    pub public_url: Option<String>,
}

/// Lets a worker sleep until there is something to do.
#[derive(Debug, Default)]
pub struct Wakeups {
    pub apply: Notify,
    pub agent_runs: Notify,
    pub sender: Notify,
    pub reconcile: Notify,
    pub fetcher: Notify,
    pub uploader: Notify,
    pub setups: Notify,
    pub jobs: Notify,
    pub rehearser: Notify,
    /// An agent is to be asked what it would say to a test message.
    pub dry_runs: Notify,
    /// A template was refused: what is known of templates is fetched again.
    pub templates: Notify,
    /// When an assignment ends may have changed.
    pub expirer: Notify,
    /// There is something to tell other programs.
    pub event_delivery: Notify,
    /// Something was written: the log will want to be folded back.
    pub maintenance: Notify,
}

/// What the people at it have decided about files and alerts.
#[derive(Debug, Clone)]
pub struct OperationsConfig {
    /// Files are removed when they are older.
    pub keep: Duration,
    /// Bytes of files that are kept at most.
    pub most: u64,
    /// The program that opens a file, with its arguments.
    pub open: Vec<String>,
    /// The program that makes voice notes.
    pub converter: String,
    /// The program that is run for each new alert.
    pub alert_command: Vec<String>,
    pub alerts_per_hour: u32,
    /// A message that is due for longer than this is an alert.
    pub queue: Duration,
    /// Who waits for a person for longer than this is an alert.
    pub waiting: Option<Duration>,
    /// A window that closes within this while somebody waits is an alert.
    pub closing: Option<Duration>,
    /// Bytes on the disk below which there is an alert.
    pub least_free: u64,
    /// How often a canary is sent; none: only by key.
    pub canary: Option<Duration>,
    /// How often the provider's list is compared with what arrived.
    pub fill: Option<Duration>,
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
        }
    }
}

/// Looks up the role that a person has now.
pub type RoleOf = Arc<dyn Fn(&str) -> Option<Role> + Send + Sync>;

/// What a system is made of.
pub struct Parts {
    pub store: Store,
    pub bus: Bus,
    pub providers: Registry,
    pub agents: Agents,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Rng>,
    pub identity: Identity,
    pub retry: RetryPolicy,
    /// The last lines of the log.
    pub log: Arc<dyn Fn(usize) -> Vec<String> + Send + Sync>,
    /// Deliveries that may wait for the writer; more are told to come later.
    pub inbox: usize,
    /// What people say when they want no more messages.
    pub opt_out_words: OptOutWords,
    pub config: OperationsConfig,
    pub approvals: ApprovalPolicy,
    /// Other programs that want to know what happens.
    pub endpoints: Vec<EventEndpoint>,
    /// The role that a person has now, by name; none for somebody who is no user, or not any more.
    pub role_of: RoleOf,
    /// What local time is ahead of UTC at a time, in seconds: contracts have hours.
    pub offset: Arc<dyn Fn(Timestamp) -> i64 + Send + Sync>,
}

/// The system: everything that operations work with. Cheap to clone.
#[derive(Clone)]
pub struct System {
    parts: Arc<Parts>,
    shared: Arc<Shared>,
    /// The scope that is looked at, and a store that sees nothing else.
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
    /// What was handed last to whom.
    handed: Mutex<BTreeMap<String, Handed>>,
    /// Who is here, by a number of their own.
    here: Mutex<BTreeMap<u64, Here>>,
    /// Bytes sent of all, of files that are on their way up.
    uploads: Mutex<BTreeMap<EntryId, (u64, u64)>>,
    doorway: media::receive_upload::Doorway,
    /// What is being changed at a provider.
    hands: numbers::in_hand::Hands,
    /// Senders that wait for an entry.
    claims: Combiner<(), Option<outbox::claim::Dispatch>>,
    /// Answers of providers that wait to be written down.
    settlements: Combiner<outbox::settle::Settling, Result<()>>,
    /// Runners that wait for a run.
    run_claims: Combiner<(), Option<agents::run_agent::Claim>>,
    /// What agents said, and waits to be carried out.
    run_endings: Combiner<agents::run_agent::Ending, Result<()>>,
}

impl Wakeups {
    /// Everybody who sleeps until there is something to do.
    fn all(&self) -> [&Notify; 12] {
        [
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
    /// Builds the system, and the queue that its writer takes deliveries from.
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
            doorway: media::receive_upload::Doorway::default(),
            hands: numbers::in_hand::Hands::default(),
            claims: Combiner::default(),
            settlements: Combiner::default(),
            run_claims: Combiner::default(),
            run_endings: Combiner::default(),
        };
        (Self { parts: Arc::new(parts), shared: Arc::new(shared), seen: None }, waiting)
    }

    pub fn store(&self) -> &Store {
        self.seen.as_ref().map_or(&self.parts.store, |seen| &seen.1)
    }

    pub fn bus(&self) -> &Bus {
        &self.parts.bus
    }

    pub fn providers(&self) -> &Registry {
        &self.parts.providers
    }

    pub fn agents(&self) -> &Agents {
        &self.parts.agents
    }

    pub fn identity(&self) -> &Identity {
        &self.parts.identity
    }

    pub fn wakes(&self) -> &Wakeups {
        &self.shared.wakes
    }

    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    pub fn started_at(&self) -> Timestamp {
        self.shared.started_at
    }

    /// Says where webhooks are taken, for whoever asks.
    pub fn set_listening_on(&self, address: String) {
        *unpoisoned(&self.shared.listening_on) = address;
    }

    /// Says where providers reach us, where that is only known once we listen.
    pub fn set_public_url(&self, address: String) {
        self.providers().address().set(Some(address));
    }

    /// Nobody reaches us any more.
    pub fn forget_public_url(&self) {
        self.providers().address().set(None);
    }

    pub fn public_url(&self) -> Option<String> {
        self.providers().address().get()
    }

    pub fn listening_on(&self) -> String {
        unpoisoned(&self.shared.listening_on).clone()
    }

    /// A reference that nobody can guess and that never comes twice.
    fn reference(&self) -> String {
        let mut text = String::with_capacity(34);
        text.push_str("w:");
        for byte in self.parts.chance.token() {
            text.push_str(&format!("{byte:02x}"));
        }
        text
    }

    /// Random bytes for tokens and keys.
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

    fn doorway(&self) -> &media::receive_upload::Doorway {
        &self.shared.doorway
    }

    fn flows(&self) -> MutexGuard<'_, Vec<FlowList>> {
        unpoisoned(&self.shared.flows)
    }

    fn media_links(&self) -> MutexGuard<'_, Vec<MediaLink>> {
        unpoisoned(&self.shared.media_links)
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

/// A panic elsewhere does not make plain data wrong.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The rule that every operation begins with.
fn require(actor: &Actor, right: Permission) -> Result<(), Refusal> {
    actor.may(right)
}

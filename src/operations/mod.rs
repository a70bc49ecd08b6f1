//! Everything the system can do: one function and one file each. An operation checks the actor's
//! role, applies the rule, writes in one transaction with one audit row, and publishes what
//! changed. The single door for console, command line, API, workers and agents alike.

mod ack_alert;
mod apply;
mod apply_message;
mod check_connection;
mod decide_assignment;
mod declare;
mod discard_entry;
mod error;
mod look_up;
mod mark_read;
mod perform;
mod propose_assignment;
mod receive;
mod refresh_templates;
mod replay_delivery;
mod rescue;
mod retry_entry;
mod run_agent;
mod save_draft;
mod send_next;
mod send_template;
mod send_text;
mod settle;
mod settle_arrived;
mod take_thread;
mod tell;
mod tools;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

pub use self::apply::apply_pending;
pub use self::check_connection::{check_all, check_connection};
pub use self::declare::{Declared, declare};
pub use self::error::OperationError;
pub use self::look_up::look_up_due;
pub use self::perform::perform;
pub use self::receive::{Receipt, Waiting, receive, store_waiting};
pub use self::refresh_templates::refresh_templates;
pub use self::rescue::{rescue_abandoned, rescue_at_start};
pub use self::run_agent::run_next;
pub use self::send_next::send_next;
pub use self::tell::tell;

use crate::agent::Agents;
use crate::bus::Bus;
use crate::domain::connection::Environment;
use crate::domain::ids::ConnectionId;
use crate::domain::request::Refusal;
use crate::domain::retry::RetryPolicy;
use crate::domain::role::{Actor, Role};
use crate::domain::template::TemplateList;
use crate::domain::time::{Chance, Clock, Timestamp};
use crate::provider::Registry;
use crate::store::Store;

type Result<T, E = OperationError> = std::result::Result<T, E>;

/// Answer times that are kept for the gauge.
const ACKS: usize = 512;

/// Who the engine works for.
#[derive(Debug, Clone)]
pub struct Identity {
    pub organization: String,
    pub environment: Environment,
}

/// Lets a worker sleep until there is something to do.
#[derive(Debug, Default)]
pub struct Wakes {
    pub applier: Notify,
    pub runner: Notify,
    pub sender: Notify,
    pub looker: Notify,
    /// Something was written: the log will want to be folded back.
    pub keeper: Notify,
}

/// What a system is made of.
pub struct Parts {
    pub store: Store,
    pub bus: Bus,
    pub providers: Registry,
    pub agents: Agents,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    pub identity: Identity,
    pub retry: RetryPolicy,
    /// The last lines of the log.
    pub log: Arc<dyn Fn(usize) -> Vec<String> + Send + Sync>,
    /// Deliveries that may wait for the writer; more are told to come later.
    pub inbox: usize,
}

/// The system: everything that operations work with. Cheap to clone.
#[derive(Clone)]
pub struct System {
    parts: Arc<Parts>,
    shared: Arc<Shared>,
}

struct Shared {
    started_at: Timestamp,
    wakes: Wakes,
    inbox: mpsc::Sender<Waiting>,
    listening_on: Mutex<String>,
    templates: Mutex<BTreeMap<ConnectionId, TemplateList>>,
    acks: Mutex<VecDeque<u64>>,
    rejected_noted: Mutex<VecDeque<Timestamp>>,
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
    pub fn new(parts: Parts) -> (Self, mpsc::Receiver<Waiting>) {
        let (inbox, waiting) = mpsc::channel(parts.inbox);
        let shared = Shared {
            started_at: parts.clock.now(),
            wakes: Wakes::default(),
            inbox,
            listening_on: Mutex::new("not listening".to_owned()),
            templates: Mutex::default(),
            acks: Mutex::default(),
            rejected_noted: Mutex::default(),
        };
        (Self { parts: Arc::new(parts), shared: Arc::new(shared) }, waiting)
    }

    pub fn store(&self) -> &Store {
        &self.parts.store
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

    pub fn wakes(&self) -> &Wakes {
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

    fn chance(&self) -> f64 {
        self.parts.chance.unit()
    }

    fn retry(&self) -> &RetryPolicy {
        &self.parts.retry
    }

    fn log_tail(&self, lines: usize) -> Vec<String> {
        (self.parts.log)(lines)
    }

    fn note_ack(&self, took: Duration) {
        let mut acks = unpoisoned(&self.shared.acks);
        if acks.len() == ACKS {
            acks.pop_front();
        }
        acks.push_back(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    }

    fn ack_p95(&self) -> Option<u64> {
        let mut times: Vec<u64> = unpoisoned(&self.shared.acks).iter().copied().collect();
        times.sort_unstable();
        times.get((times.len() * 95 / 100).min(times.len().saturating_sub(1))).copied()
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
fn require(actor: &Actor, needed: Role, what: &str) -> Result<(), Refusal> {
    if actor.may(needed) {
        return Ok(());
    }
    let is = actor.role().map_or("no role", Role::name);
    let why = format!("{actor} may not {what}: that takes the role {}, and they have {is}.", needed.name());
    Err(Refusal::new("role", why, "Ask someone who has it."))
}

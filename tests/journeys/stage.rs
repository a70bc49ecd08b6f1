//! The stage: an engine on a temporary directory, a simulator, and a clock that stands still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wadeck::app::{EngineSetup, Logs, People, build_system, declared_connections};
use wadeck::config::{self, UserConfig};
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::agents::assignment::Mode;
use wadeck::domain::agents::assignment::Proposal;
use wadeck::domain::agents::contract::Contract;
use wadeck::domain::agents::requests::{AgentQuery, AgentRequest, AgentsAnswer, RunRecord};
use wadeck::domain::ids::{ConnectionId, RunId, ThreadId, UploadId};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::refusal::Done;
use wadeck::domain::request::{Request, SendContext};
use wadeck::domain::time::{Clock, Rng, Timestamp};
use wadeck::domain::view::{EntryRow, MessageView, Overview, ThreadRow};
use wadeck::operations::{self, OperationError, PendingDelivery, System};
use wadeck::simulator::{Number, Person, Saying, Simulator, SimulatorConfig};
use wadeck::webhook::{Limits, Listener, routes};

pub const SUPPORT: &str = "106540352242922";
pub const SECRET: &str = "stage-secret";

/// 2026-06-01T09:00:00Z.
pub const MORNING: i64 = 1_780_304_400_000;

/// A clock that moves when a test says so, and by how much it was set away from the true time.
#[derive(Clone)]
pub struct HandClock(pub Arc<AtomicI64>, Arc<AtomicI64>);

impl HandClock {
    /// The true time: what providers go by.
    fn true_time(&self) -> i64 {
        self.0.load(Ordering::SeqCst) - self.1.load(Ordering::SeqCst)
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Option<Duration> {
        Some(Duration::from_millis(u64::try_from(self.true_time()).expect("after 1970")))
    }
}

/// Counts instead of throwing dice.
pub struct Counting(AtomicU64);

impl Rng for Counting {
    fn unit(&self) -> f64 {
        0.5
    }

    fn token(&self) -> [u8; 16] {
        u128::from(self.0.fetch_add(1, Ordering::SeqCst)).to_be_bytes()
    }
}

pub struct Stage {
    pub system: System,
    pub simulator: Simulator,
    pub address: std::net::SocketAddr,
    pub inbox: tokio::sync::mpsc::Receiver<PendingDelivery>,
    clock: HandClock,
    chance: Arc<Counting>,
    /// Who may come; tests change it as the configuration would.
    pub people: Arc<People>,
    stop: CancellationToken,
    pub directory: tempfile::TempDir,
    /// Where people keep their own files.
    pub outside: tempfile::TempDir,
    /// What stands in the environment after the next restart, beside what the simulator gives.
    pub environment: Vec<(&'static str, String)>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub const CONFIG: &str = r#"
organization = "lumen"

[[connections]]
name = "support"
provider = "kapso"
phone_number = "+15550100001"
phone_number_id = "106540352242922"
business_account_id = "102290129340398"
agent = "helper"
debounce_seconds = 4

[[agents]]
name = "helper"
kind = "scripted"
rules = [
  { when = ["person"], reply = ["One moment."], hand_off = "asked for a person" },
  { when = ["price"], fail = "the price list could not be opened" },
  { when = ["quiet"] },
  { reply = ["You said it, {name}."] },
]
"#;

pub fn rosa() -> Person {
    Person::new("Rosa Field", "15550100002")
}

/// A proposal with the usual bounds.
pub fn proposal(connection: ConnectionId, agent: &str, mode: Mode) -> Request {
    Request::Agents(AgentRequest::Propose(Box::new(Proposal {
        connection,
        thread: None,
        agent: agent.into(),
        mode,
        contract: Contract::default(),
        expires_at: None,
    })))
}

/// Somebody whom the configuration names.
/// The request of a sender who confirms that the contact gets the same message again.
pub fn again(request: Request) -> Request {
    request.with_context(SendContext { despite_duplicate: true, ..SendContext::default() })
}

pub fn user(name: &str, role: Role) -> UserConfig {
    UserConfig { name: name.into(), role, os_user: None, ssh_keys: vec![] }
}

pub fn ada() -> Actor {
    Actor::Operator { name: "ada".into(), role: Role::Admin }
}

/// The signature that the provider would make over a body.
pub fn signature(body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

/// The same configuration with agents that answer by themselves, unless it says how they do.
fn by_itself(text: &str) -> String {
    match text.split_once("agent = \"helper\"\n").filter(|_| !text.contains("mode = ")) {
        Some((before, after)) => format!("{before}agent = \"helper\"\nmode = \"auto\"\n{after}"),
        None => text.to_owned(),
    }
}

/// A system on a directory, reached by nobody yet.
async fn system(
    text: &str,
    directory: &std::path::Path,
    simulator: &Simulator,
    (clock, chance, people): (&HandClock, &Arc<Counting>, &Arc<People>),
    inbox: usize,
    more: &[(&'static str, String)],
) -> (System, tokio::sync::mpsc::Receiver<PendingDelivery>) {
    let environment = [simulator.environment(), more.to_vec()].concat();
    let config =
        config::check(&by_itself(text), wadeck::provider::Registry::SHAPES).expect("the configuration is right");
    let setup = EngineSetup {
        config: config.clone(),
        directory: directory.to_owned(),
        secrets: Arc::new(move |name| {
            let known = environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
            let value = if name == "AGENT_SECRET" { "agent-secret" } else { known? };
            Some(SecretString::from(value.to_owned()))
        }),
        clock: Arc::new(clock.clone()),
        chance: chance.clone(),
        offset: Arc::new(|_| 0),
        logs: Logs::silent(),
        inbox,
        port: None,
        people: people.clone(),
        consoles: None,
    };
    let (system, inbox) = build_system(&setup).await.expect("the system builds");
    operations::declare(&system, &declared_connections(&config)).await.expect("declared");
    (system, inbox)
}

impl Stage {
    pub async fn set() -> Self {
        Self::with_config(CONFIG).await
    }

    pub async fn with_config(text: &str) -> Self {
        Self::with(text, 4_096).await
    }

    /// With room for so few deliveries in the queue.
    pub async fn with_inbox(inbox: usize) -> Self {
        Self::with(CONFIG, inbox).await
    }

    async fn with(text: &str, inbox: usize) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let chance = Arc::new(Counting(AtomicU64::new(1)));
        let clock = HandClock(Arc::new(AtomicI64::new(MORNING)), Arc::default());
        let people = Arc::new(People::new(vec![user("ada", Role::Admin), user("noor", Role::Admin)]));
        let simulator = Simulator::start(
            SimulatorConfig {
                api_key: "stage-key".into(),
                webhook_secret: SECRET.into(),
                seed: 7,
                speed: 1.0,
                latency: Duration::ZERO,
                now: {
                    let clock = clock.clone();
                    Arc::new(move || clock.true_time())
                },
            },
            ([127, 0, 0, 1], 0).into(),
        )
        .await
        .expect("the simulator starts");
        simulator.add_number(Number {
            phone_number_id: SUPPORT.into(),
            business_account_id: "102290129340398".into(),
            display: "+1 555-010-0001".into(),
            name: "Lumen".into(),
            kind: "production".into(),
            customer: None,
            direct: false,
        });
        let (system, inbox) = system(text, directory.path(), &simulator, (&clock, &chance, &people), inbox, &[]).await;
        let door = Listener::bind(([127, 0, 0, 1], 0).into(), Limits::new(64)).await.expect("a port");
        let address = door.address().expect("an address");
        let stop = CancellationToken::new();
        tokio::spawn(door.serve(routes(&system, Limits::new(512)), TaskTracker::new(), stop.clone()));
        system.set_public_url(format!("http://{address}"));
        simulator.subscribe(&format!("http://{address}"));
        Self {
            system,
            simulator,
            address,
            inbox,
            clock,
            chance,
            people,
            stop,
            directory,
            outside: tempfile::tempdir().expect("a directory"),
            environment: vec![],
        }
    }

    /// The same directory and the same simulator, with a configuration that says something else.
    pub async fn restart(&mut self, text: &str) {
        let (system, inbox) = system(
            text,
            self.directory.path(),
            &self.simulator,
            (&self.clock, &self.chance, &self.people),
            4_096,
            &self.environment,
        )
        .await;
        let routes = routes(&system, Limits::new(512));
        let door = Listener::bind(([127, 0, 0, 1], 0).into(), Limits::new(64)).await.expect("a port");
        self.address = door.address().expect("an address");
        self.stop.cancel();
        self.stop = CancellationToken::new();
        tokio::spawn(door.serve(routes, TaskTracker::new(), self.stop.clone()));
        system.set_public_url(format!("http://{}", self.address));
        self.simulator.subscribe(&format!("http://{}", self.address));
        (self.system, self.inbox) = (system, inbox);
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Time passes. Nothing happens by itself.
    pub fn pass(&self, span: Duration) {
        self.clock.0.fetch_add(i64::try_from(span.as_millis()).expect("a span"), Ordering::SeqCst);
    }

    /// Somebody sets the clock of this machine; the provider's goes on.
    pub fn set_clock(&self, by_seconds: i64) {
        self.clock.0.fetch_add(by_seconds * 1_000, Ordering::SeqCst);
        self.clock.1.fetch_add(by_seconds * 1_000, Ordering::SeqCst);
    }

    /// Webhooks that are due are delivered, stored and applied.
    pub async fn deliver(&mut self) -> usize {
        let answered = self.store_only().await;
        self.apply().await;
        answered
    }

    /// Webhooks that are due are delivered and stored.
    pub async fn store_only(&mut self) -> usize {
        let until = self.clock.true_time();
        let Self { system, simulator, inbox, .. } = self;
        let writer = async { while operations::commit_pending_deliveries(system, inbox).await {} };
        tokio::select! {
            answered = simulator.step(until) => answered,
            () = writer => unreachable!("the inbox stays open"),
        }
    }

    pub async fn apply(&self) {
        while operations::apply_pending(&self.system).await.expect("applied") > 0 {}
    }

    /// Every file that is due, in both directions.
    pub async fn carry_files(&self) -> usize {
        let mut carried = 0;
        while operations::fetch_next(&self.system).await.expect("a fetch") {
            carried += 1;
        }
        while operations::upload_next(&self.system).await.expect("an upload") {
            carried += 1;
        }
        carried
    }

    /// Every agent run that is due.
    pub async fn run_agents(&self) -> usize {
        let mut runs = 0;
        while operations::run_next(&self.system).await.expect("a run") {
            runs += 1;
        }
        runs
    }

    /// Every step of a setup that is due.
    pub async fn set_up(&self) -> usize {
        let mut steps = 0;
        while operations::step_setup(&self.system).await.expect("a step") {
            steps += 1;
        }
        steps
    }

    /// Every entry that is due and allowed.
    pub async fn send(&self) -> usize {
        let mut sent = 0;
        while operations::send_next(&self.system).await.expect("a send") {
            sent += 1;
        }
        sent
    }

    /// Somebody writes, and it is stored and applied.
    pub async fn says(&mut self, person: &Person, words: &str) -> String {
        let id = self.simulator.says(SUPPORT, person, &Saying::text(words));
        self.deliver().await;
        id
    }

    /// Debounce over, agent asked, reply sent.
    pub async fn answer(&self) {
        self.pass(Duration::from_secs(5));
        self.run_agents().await;
        self.send().await;
    }

    /// Hands a file over as a person's own process does: it opens the file, and the engine is given bytes.
    pub async fn upload(&self, path: &str) -> UploadId {
        self.uploads(path).await.expect("uploaded")
    }

    pub async fn uploads(&self, path: &str) -> Result<UploadId, String> {
        let (file, name) = wadeck::attach::files::open(path).await?;
        let pieces = wadeck::attach::files::pieces(file);
        let uploaded = operations::receive_upload(&self.system, &ada(), &name, pieces).await;
        uploaded.map(|uploaded| uploaded.upload).map_err(|error| error.to_string())
    }

    pub async fn ask(&self, query: Query) -> Answer {
        operations::run_query(&self.system, &ada(), query).await.expect("an answer")
    }

    pub async fn act(&self, request: Request) -> Result<Done, OperationError> {
        operations::perform(&self.system, &ada(), request).await
    }

    /// Everything about one run.
    pub async fn run(&self, id: i64) -> RunRecord {
        match self.ask(Query::Agent(AgentQuery::Run { run: RunId(id) })).await {
            Answer::Agent(told) => match *told {
                AgentsAnswer::Run(Some(record)) => *record,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    pub async fn agents(&self, request: AgentRequest) -> Result<Done, OperationError> {
        self.act(Request::Agents(request)).await
    }

    pub async fn threads(&self) -> Vec<ThreadRow> {
        match self.ask(Query::Threads { text: String::new(), limit: 50, before: None }).await {
            Answer::Threads(rows) => rows,
            other => panic!("{other:?}"),
        }
    }

    pub async fn thread(&self) -> ThreadRow {
        let mut threads = self.threads().await;
        assert_eq!(threads.len(), 1, "one thread");
        threads.remove(0)
    }

    /// The one thread that a filter finds.
    pub async fn thread_of(&self, text: &str) -> ThreadRow {
        match self.ask(Query::Threads { text: text.into(), limit: 2, before: None }).await {
            Answer::Threads(mut rows) if rows.len() == 1 => rows.remove(0),
            other => panic!("{other:?}"),
        }
    }

    /// Oldest first.
    pub async fn messages(&self, thread: ThreadId) -> Vec<MessageView> {
        match self.ask(Query::Messages { thread, limit: 100, before: None, around: None }).await {
            Answer::Messages(mut messages) => {
                messages.reverse();
                messages
            }
            other => panic!("{other:?}"),
        }
    }

    pub async fn outbox(&self) -> Vec<EntryRow> {
        match self.ask(Query::Outbox { text: String::new(), limit: 100, before: None }).await {
            Answer::Outbox(rows) => rows,
            other => panic!("{other:?}"),
        }
    }

    pub async fn overview(&self) -> Overview {
        match self.ask(Query::Overview).await {
            Answer::Overview(overview) => *overview,
            other => panic!("{other:?}"),
        }
    }
}

//! The simulated providers: Kapso with its platform API, its mirror of the Cloud API and its webhooks, Twilio
//! with its forms, and Meta's Graph API, over real HTTP on loopback. Used by the demo, for drills and in tests.
//! It knows the wire formats alone: no type of the program, no database, only requests and responses.

mod flows;
mod graph;
mod history;
mod media;
mod payload;
mod platform;
mod post;
mod routes;
mod rules;
mod scenario;
mod story;
mod subscriptions;
mod template_rules;
mod templates;
mod twilio;
mod watch;
mod world;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;

pub use self::media::{MediaFault, UploadFault};
pub use self::payload::{Person, Saying};
pub use self::scenario::Scenario;
pub use self::story::Story;
pub use self::twilio::ACCOUNT;
pub use self::world::{AcceptedSend, Number, SendFault};

use self::world::World;

/// Milliseconds between a question of before and its answer.
const ANSWERED_AFTER: i64 = 95_000;

/// The configuration of the business in the demo.
pub const DEMO_CONFIG: &str = include_str!("demo.toml");

/// Returns the time in milliseconds since 1970.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How the simulator behaves.
#[derive(Clone)]
pub struct SimulatorConfig {
    pub api_key: String,
    pub webhook_secret: String,
    pub seed: u64,
    /// Everything that takes time is divided by this.
    pub speed: f64,
    /// How long an accepted request takes at most; nothing in tests.
    pub latency: Duration,
    pub now: Now,
}

impl std::fmt::Debug for SimulatorConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatorConfig").field("seed", &self.seed).field("speed", &self.speed).finish_non_exhaustive()
    }
}

struct Shared {
    config: SimulatorConfig,
    address: SocketAddr,
    world: Mutex<World>,
    /// Something was put in the post.
    posted: Notify,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        (self.config.now)()
    }

    /// Where the simulator itself is reached.
    fn own_address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Converts a span of real time to simulated time, in milliseconds.
    fn scaled(&self, millis: i64) -> i64 {
        (millis as f64 / self.config.speed.max(0.01)) as i64
    }
}

/// A running simulator. It ends when this value and its server task are dropped.
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    server: tokio::task::JoinHandle<()>,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Simulator {
    /// Starts serving on `listen`; port 0 takes any.
    pub async fn start(config: SimulatorConfig, listen: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let world = World::new(config.seed, format!("http://{address}"));
        let shared = Arc::new(Shared { config, address, world: Mutex::new(world), posted: Notify::new() });
        let routes = routes::routes(shared.clone());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "the simulator's server ended");
            }
        });
        Ok(Self { shared, address, server })
    }

    /// What `KAPSO_API_BASE_URL` is to be.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the environment variables that make a client use the simulator instead of the real providers.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("KAPSO_API_KEY", self.shared.config.api_key.clone()),
            ("KAPSO_API_BASE_URL", self.base_url()),
            ("KAPSO_WEBHOOK_SECRET", self.shared.config.webhook_secret.clone()),
            ("META_ACCESS_TOKEN", self.shared.config.api_key.clone()),
            ("META_APP_SECRET", self.shared.config.webhook_secret.clone()),
            ("META_VERIFY_TOKEN", "simulator-verify".to_owned()),
            ("META_GRAPH_BASE_URL", self.base_url()),
            ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
            ("TWILIO_AUTH_TOKEN", self.shared.config.webhook_secret.clone()),
            ("TWILIO_API_BASE_URL", self.base_url()),
        ]
    }

    pub fn add_number(&self, number: Number) {
        self.shared.world().numbers.push(number);
    }

    /// Puts a webhook on file for every number that is there, and one for the project.
    pub fn subscribe(&self, base: &str) {
        let (now, secret) = (self.shared.now(), self.shared.config.webhook_secret.clone());
        let mut world = self.shared.world();
        let numbers: Vec<(String, bool)> =
            world.numbers.iter().map(|number| (number.phone_number_id.clone(), number.direct)).collect();
        for (number, direct) in numbers {
            if direct {
                let account = world.numbers.iter().find(|one| one.phone_number_id == number);
                let account = account.map(|one| one.business_account_id.clone());
                world.subscriptions.accounts.extend(account);
                world.records.point(
                    Some(&number),
                    &format!("{base}/webhook/meta"),
                    &secret,
                    &platform::NUMBER_EVENTS,
                    now,
                );
                for webhook in world.records.webhooks.iter_mut().filter(|one| one["phone_number_id"] == number.as_str())
                {
                    webhook["kind"] = "meta".into();
                }
                continue;
            }
            let url = format!("{base}/webhook/kapso/messages");
            world.records.point(Some(&number), &url, &secret, &platform::NUMBER_EVENTS, now);
        }
        let url = format!("{base}/webhook/kapso/project");
        world.records.point(None, &url, &secret, &platform::PROJECT_EVENTS[..2], now);
        for sender in &mut world.forms.senders {
            sender.inbound = Some(format!("{base}/webhook/twilio/messages"));
        }
        drop(world);
        self.shared.posted.notify_one();
    }

    /// Webhooks as they are on file, oldest first.
    pub fn webhooks(&self) -> Vec<serde_json::Value> {
        self.shared.world().records.webhooks.clone()
    }

    /// Takes every webhook off the file.
    pub fn forget_webhooks(&self) {
        self.shared.world().records.webhooks.clear();
    }

    pub fn customers(&self) -> Vec<serde_json::Value> {
        self.shared.world().records.customers.clone()
    }

    /// Setup links, oldest first.
    pub fn links(&self) -> Vec<serde_json::Value> {
        self.shared.world().records.links.clone()
    }

    /// Whoever has the newest link follows it: the id of the number that is connected then.
    pub fn follow_link(&self) -> Option<String> {
        let now = self.shared.now();
        let mut world = self.shared.world();
        let token = world.records.links.last()?["token"].as_str()?.to_owned();
        let done = world.complete(&token, now);
        drop(world);
        self.shared.posted.notify_one();
        done.map(|(id, _)| id)
    }

    /// A number's health is told so from now on.
    pub fn ails(&self, phone_number_id: &str, health: serde_json::Value) {
        self.shared.world().records.health.push((phone_number_id.to_owned(), health));
    }

    /// The next request for this method and path (its end) is answered so.
    pub fn next_call(&self, call: &str, status: u16, body: serde_json::Value) {
        self.shared.world().records.faults.push((call.to_owned(), status, body));
    }

    /// What was asked of the platform, as `METHOD path`.
    pub fn calls(&self) -> Vec<String> {
        self.shared.world().records.calls.clone()
    }

    /// What was asked of the platform with its queries, as `METHOD path?query`.
    pub fn queries(&self) -> Vec<String> {
        self.shared.world().records.queries.clone()
    }

    /// The review of a template has come to an end, or it is paused, or well again.
    pub fn review(&self, name: &str, status: &str, reason: &str) {
        for template in self.shared.world().templates.iter_mut().filter(|one| one["name"] == name) {
            template["status"] = status.into();
            template["rejected_reason"] = reason.into();
        }
    }

    /// Somebody has filled a Flow in, and its endpoint was called.
    pub fn answers_flow(&self, name: &str, response: serde_json::Value, invocation: serde_json::Value) {
        if let Some(flow) = self.shared.world().flows.iter_mut().find(|one| one.head["name"] == name) {
            flow.responses.push(response);
            flow.invocations.push(invocation);
        }
    }

    /// Flows as the platform has them, with how many versions each.
    pub fn flows(&self) -> Vec<(serde_json::Value, usize)> {
        self.shared.world().flows.iter().map(|one| (one.head.clone(), one.versions.len())).collect()
    }

    /// Templates as the platform has them.
    pub fn templates(&self) -> Vec<serde_json::Value> {
        self.shared.world().templates.clone()
    }

    pub fn add_template(&self, template: serde_json::Value) {
        self.shared.world().templates.push(template);
    }

    /// A template that one account has; without this, every account has it.
    pub fn add_template_of(&self, account: &str, mut template: serde_json::Value) {
        template[templates::ACCOUNT] = account.into();
        self.shared.world().templates.push(template);
    }

    /// A person writes to a number. Returns the message's id; its webhook is in the post.
    pub fn says(&self, phone_number_id: &str, person: &Person, saying: &Saying) -> String {
        self.says_at(phone_number_id, person, saying, self.shared.now())
    }

    /// The same, with a time of its own: what was written while nobody listened.
    pub fn says_at(&self, phone_number_id: &str, person: &Person, saying: &Saying, at: i64) -> String {
        let now = self.shared.now();
        let mut world = self.shared.world();
        let id = world.person_says(phone_number_id, person, saying, at, now);
        drop(world);
        self.shared.posted.notify_one();
        id
    }

    /// What was said over a number before it was connected, as the platform hands it on: a question and its answer.
    pub fn was_said(&self, phone_number_id: &str, person: &Person, (asked, answered): (&str, &str), at: i64) {
        let now = self.shared.now();
        let mut world = self.shared.world();
        world.person_says(phone_number_id, person, &Saying::History(asked.to_owned()), at, now);
        world.was_answered(phone_number_id, person, answered, at + ANSWERED_AFTER, now);
        drop(world);
        self.shared.posted.notify_one();
    }

    /// Puts any body into the post, signed like everything else: for shapes that nobody sends often.
    pub fn post_raw(&self, event: &str, body: &serde_json::Value) {
        let now = self.shared.now();
        self.shared.world().put_in_post(event, body.clone(), now);
        self.shared.posted.notify_one();
    }

    /// The platform has heard somebody: their window is open, whatever it posted of it.
    pub fn heard(&self, phone_number_id: &str, phone: &str) {
        let now = self.shared.now();
        self.shared.world().heard(phone_number_id, phone, now);
    }

    /// The next request to send meets this.
    pub fn next_send(&self, fault: SendFault) {
        self.shared.world().faults.push_back(fault);
    }

    /// The platform's clock goes before ours by so many milliseconds.
    pub fn skew(&self, millis: i64) {
        self.shared.world().skew = millis;
    }

    /// The number's quality, as the platform rates it.
    pub fn rate(&self, quality: &str) {
        quality.clone_into(&mut self.shared.world().quality);
    }

    /// The platform has switched our webhook off, or on again: nothing is delivered meanwhile, and
    /// nothing of it comes later.
    pub fn switch_webhook(&self, on: bool) {
        for webhook in &mut self.shared.world().records.webhooks {
            webhook["active"] = on.into();
        }
    }

    /// Tests name this number from now on, whichever number they were asked for.
    pub fn name_in_tests(&self, phone_number_id: &str) {
        self.shared.world().test_number = Some(phone_number_id.to_owned());
    }

    /// The next request for a file meets this.
    pub fn next_media(&self, fault: MediaFault) {
        self.shared.world().files.fault.insert(0, fault);
    }

    /// The next upload meets this.
    pub fn next_upload(&self, fault: UploadFault) {
        self.shared.world().files.upload_fault.insert(0, fault);
    }

    /// How many uploads came, and type, name and bytes of the file with this id.
    pub fn uploads(&self) -> usize {
        self.shared.world().files.uploads
    }

    pub fn file(&self, id: &str) -> Option<(String, Option<String>, Vec<u8>)> {
        let world = self.shared.world();
        world.files.stored.get(id).map(|file| (file.mime_type.clone(), file.name.clone(), file.bytes.clone()))
    }

    /// This number is not on WhatsApp: what is sent there is accepted, and fails later.
    pub fn unreachable(&self, phone: &str, code: u32) {
        self.shared.world().unreachable.insert(phone.to_owned(), code);
    }

    /// This phone can be reached again.
    pub fn reachable(&self, phone: &str) {
        self.shared.world().unreachable.remove(phone);
    }

    /// This phone is switched off: what is sent there is delivered after so long.
    pub fn switched_off(&self, phone: &str, span: Duration) {
        self.shared.world().switched_off.insert(phone.to_owned(), span.as_millis() as i64);
    }

    /// Whether inbound messages are collected into batches, and for how long.
    pub fn buffer(&self, window: Option<Duration>) {
        self.shared.world().buffer = window.map(|window| window.as_millis() as i64);
    }

    /// Everything that was really sent to people.
    pub fn accepted(&self) -> Vec<AcceptedSend> {
        self.shared.world().accepted.clone()
    }

    /// Requests to send that came in, accepted or not.
    pub fn send_requests(&self) -> usize {
        self.shared.world().send_requests
    }

    /// Read marks that came in, with whether a typing indicator came along.
    pub fn read_marks(&self) -> Vec<(String, bool)> {
        self.shared.world().read_marks.clone()
    }

    /// Delivers what is in the post and due by `until`, retries included. Returns how many requests
    /// were answered 200.
    pub async fn step(&self, until: i64) -> usize {
        post::deliver_due(&self.shared, until).await + twilio::deliver_due(&self.shared, until).await
    }

    /// How many webhooks wait in the post.
    pub fn in_post(&self) -> usize {
        let world = self.shared.world();
        world.post.len() + world.forms.post.len()
    }

    /// Delivers for ever, each webhook when it is due.
    pub async fn run(&self) {
        loop {
            let due = self.shared.world().next_due();
            let wait = due.map_or(Duration::from_secs(3_600), |due| {
                Duration::from_millis(u64::try_from(due - self.shared.now()).unwrap_or(0))
            });
            tokio::select! {
                () = tokio::time::sleep(wait) => {
                    self.step(self.shared.now()).await;
                }
                () = self.shared.posted.notified() => {}
            }
        }
    }
}

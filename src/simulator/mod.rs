//! The simulated providers: Kapso with its platform API, its mirror of the Cloud API and its webhooks, Twilio with
//! its forms, and Meta's Graph API, over real HTTP on loopback. The demo, drills and tests use them. The simulator
//! knows only the wire formats: no types of the program and no database.

mod billing;
mod faults;
mod fetch;
mod files;
mod flows;
mod graph;
mod history;
mod media;
mod payload;
mod platform;
mod post;
mod records;
mod responses;
mod routes;
mod rules;
mod scenario;
mod send;
mod shared;
mod story;
mod subscriptions;
mod templates;
mod twilio;
mod watch;
mod world;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;

pub use self::billing::{Bill, CATEGORIES, PRICES};
pub use self::faults::{MediaFault, SendFault, UploadFault};
pub use self::payload::{Person, Saying};
pub use self::scenario::Scenario;
pub use self::shared::{Now, Simulator, SimulatorConfig};
pub use self::story::Story;
pub use self::twilio::ACCOUNT;
pub use self::world::{AcceptedSend, Number};

use self::shared::Shared;
use self::world::World;

/// Milliseconds between a question of the history and its answer.
const ANSWER_DELAY_MS: i64 = 95_000;

/// The configuration of the business in the demo.
pub const DEMO_CONFIG: &str = include_str!("demo.toml");

impl Simulator {
    /// Starts serving on `listen`; port 0 takes any free port. Fails where the address cannot be bound.
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

    /// Returns the base URL, the value for `KAPSO_API_BASE_URL`.
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
            ("META_APP_ID", templates::uploads::APP_ID.to_owned()),
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

    /// Registers webhooks below `base` for every existing number, and one for the project.
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
                    &records::NUMBER_EVENTS,
                    now,
                );
                for webhook in world.records.webhooks.iter_mut().filter(|one| one["phone_number_id"] == number.as_str())
                {
                    webhook["kind"] = "meta".into();
                }
                continue;
            }
            let url = format!("{base}/webhook/kapso/messages");
            world.records.point(Some(&number), &url, &secret, &records::NUMBER_EVENTS, now);
        }
        let url = format!("{base}/webhook/kapso/project");
        world.records.point(None, &url, &secret, &records::PROJECT_EVENTS[..2], now);
        for sender in &mut world.forms.senders {
            sender.inbound = Some(format!("{base}/webhook/twilio/messages"));
        }
        drop(world);
        self.shared.posted.notify_one();
    }

    /// Returns the registered webhooks, oldest first.
    pub fn webhooks(&self) -> Vec<serde_json::Value> {
        self.shared.world().records.webhooks.clone()
    }

    /// Removes all registered webhooks.
    pub fn forget_webhooks(&self) {
        self.shared.world().records.webhooks.clear();
    }

    /// Returns the customers of the platform, oldest first.
    pub fn customers(&self) -> Vec<serde_json::Value> {
        self.shared.world().records.customers.clone()
    }

    /// Returns the setup links, oldest first.
    pub fn links(&self) -> Vec<serde_json::Value> {
        self.shared.world().records.links.clone()
    }

    /// Completes the newest setup link as its recipient would. Returns the id of the connected number; `None` without
    /// an active link.
    pub fn follow_link(&self) -> Option<String> {
        let now = self.shared.now();
        let mut world = self.shared.world();
        let token = world.records.links.last()?["token"].as_str()?.to_owned();
        let done = world.complete_setup(&token, now);
        drop(world);
        self.shared.posted.notify_one();
        done.map(|(id, _)| id)
    }

    /// Sets the health report of a number.
    pub fn set_health(&self, phone_number_id: &str, health: serde_json::Value) {
        self.shared.world().records.health.push((phone_number_id.to_owned(), health));
    }

    /// Answers the next request of this method and path, which may be the end of one, with this response.
    pub fn next_call(&self, call: &str, status: u16, body: serde_json::Value) {
        self.shared.world().records.faults.push((call.to_owned(), status, body));
    }

    /// Returns all requests to the platform API, as `METHOD path`.
    pub fn calls(&self) -> Vec<String> {
        self.shared.world().records.calls.clone()
    }

    /// Returns all requests to the platform API with their queries, as `METHOD path?query`.
    pub fn queries(&self) -> Vec<String> {
        self.shared.world().records.queries.clone()
    }

    /// Sets the review status of a template, and the reason of a rejection.
    pub fn review(&self, name: &str, status: &str, reason: &str) {
        for template in self.shared.world().templates.iter_mut().filter(|one| one["name"] == name) {
            template["status"] = status.into();
            template["rejected_reason"] = reason.into();
        }
    }

    /// Adds a submitted form to a Flow, and the call of its endpoint.
    pub fn add_flow_response(&self, name: &str, response: serde_json::Value, invocation: serde_json::Value) {
        if let Some(flow) = self.shared.world().flows.iter_mut().find(|one| one.head["name"] == name) {
            flow.responses.push(response);
            flow.invocations.push(invocation);
        }
    }

    /// Returns the stored Flows, each with its number of versions.
    pub fn flows(&self) -> Vec<(serde_json::Value, usize)> {
        self.shared.world().flows.iter().map(|one| (one.head.clone(), one.versions.len())).collect()
    }

    /// Returns the stored templates.
    pub fn templates(&self) -> Vec<serde_json::Value> {
        self.shared.world().templates.clone()
    }

    pub fn add_template(&self, template: serde_json::Value) {
        self.shared.world().templates.push(template);
    }

    /// Adds a template of one account. Templates from `add_template` belong to every account.
    pub fn add_template_of(&self, account: &str, mut template: serde_json::Value) {
        template[templates::ACCOUNT] = account.into();
        self.shared.world().templates.push(template);
    }

    /// Sends a message of a person to a number and queues its webhook. Returns the message's id.
    pub fn says(&self, phone_number_id: &str, person: &Person, saying: &Saying) -> String {
        self.says_at(phone_number_id, person, saying, self.shared.now())
    }

    /// Sends a message of a person as `says` does, written at a given time.
    pub fn says_at(&self, phone_number_id: &str, person: &Person, saying: &Saying, at: i64) -> String {
        let now = self.shared.now();
        let mut world = self.shared.world();
        let id = world.receive_message(phone_number_id, person, saying, at, now);
        drop(world);
        self.shared.posted.notify_one();
        id
    }

    /// Adds a question of a person and our answer to the history from before the number was connected.
    pub fn add_history(&self, phone_number_id: &str, person: &Person, (question, answer): (&str, &str), at: i64) {
        let now = self.shared.now();
        let mut world = self.shared.world();
        world.receive_message(phone_number_id, person, &Saying::History(question.to_owned()), at, now);
        world.add_history_answer(phone_number_id, person, answer, at + ANSWER_DELAY_MS, now);
        drop(world);
        self.shared.posted.notify_one();
    }

    /// Queues a webhook with any body, signed like the others, for rare shapes.
    pub fn post_raw(&self, event: &str, body: &serde_json::Value) {
        let now = self.shared.now();
        self.shared.world().enqueue(event, body.clone(), now);
        self.shared.posted.notify_one();
    }

    /// Opens the service window of a contact without sending a webhook.
    pub fn heard(&self, phone_number_id: &str, phone: &str) {
        let now = self.shared.now();
        self.shared.world().open_window(phone_number_id, phone, now);
    }

    /// Sets the fault of the next send request.
    pub fn next_send(&self, fault: SendFault) {
        self.shared.world().faults.push_back(fault);
    }

    /// Sets how many milliseconds the simulator's clock is ahead of ours.
    pub fn skew(&self, millis: i64) {
        self.shared.world().skew = millis;
    }

    /// Sets the quality rating of all numbers.
    pub fn rate(&self, quality: &str) {
        quality.clone_into(&mut self.shared.world().quality);
    }

    /// Switches all webhooks off or on. While off, nothing is delivered, and nothing is delivered later.
    pub fn switch_webhook(&self, on: bool) {
        for webhook in &mut self.shared.world().records.webhooks {
            webhook["active"] = on.into();
        }
    }

    /// Sets the number that test deliveries name, whatever number they were requested for.
    pub fn set_test_number(&self, phone_number_id: &str) {
        self.shared.world().test_number = Some(phone_number_id.to_owned());
    }

    /// Sets the fault of the next file request.
    pub fn next_media(&self, fault: MediaFault) {
        self.shared.world().files.fault.insert(0, fault);
    }

    /// Sets the fault of the next upload.
    pub fn next_upload(&self, fault: UploadFault) {
        self.shared.world().files.upload_fault.insert(0, fault);
    }

    /// Returns how many uploads arrived.
    pub fn uploads(&self) -> usize {
        self.shared.world().files.uploads
    }

    /// Returns MIME type, name and bytes of a file. `None` for an unknown id.
    pub fn file(&self, id: &str) -> Option<(String, Option<String>, Vec<u8>)> {
        let world = self.shared.world();
        world.files.stored.get(id).map(|file| (file.mime_type.clone(), file.name.clone(), file.bytes.clone()))
    }

    /// Makes messages to this phone fail with this error code after they are accepted.
    pub fn unreachable(&self, phone: &str, code: u32) {
        self.shared.world().unreachable.insert(phone.to_owned(), code);
    }

    /// Makes this phone reachable again.
    pub fn reachable(&self, phone: &str) {
        self.shared.world().unreachable.remove(phone);
    }

    /// Delays the delivery to this phone by `span`, as if it were switched off.
    pub fn switched_off(&self, phone: &str, span: Duration) {
        self.shared.world().switched_off.insert(phone.to_owned(), span.as_millis() as i64);
    }

    /// Collects inbound messages into batches within this window. `None` turns batches off.
    pub fn buffer(&self, window: Option<Duration>) {
        self.shared.world().buffer = window.map(|window| window.as_millis() as i64);
    }

    /// Returns all messages that went out to contacts.
    pub fn accepted(&self) -> Vec<AcceptedSend> {
        self.shared.world().accepted.clone()
    }

    /// Returns the number of send requests, accepted or not.
    pub fn send_requests(&self) -> usize {
        self.shared.world().send_requests
    }

    /// Returns the read marks, each with whether it shows the typing indicator.
    pub fn read_marks(&self) -> Vec<(String, bool)> {
        self.shared.world().read_marks.clone()
    }

    /// Delivers the queued webhooks that are due by `until`, with retries. Returns how many requests got a 200
    /// response.
    pub async fn step(&self, until: i64) -> usize {
        post::deliver_due(&self.shared, until).await + twilio::deliver_due(&self.shared, until).await
    }

    /// Returns how many webhooks are queued.
    pub fn queued_webhooks(&self) -> usize {
        let world = self.shared.world();
        world.post.len() + world.forms.post.len()
    }

    /// Delivers each webhook when it is due. Never returns.
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

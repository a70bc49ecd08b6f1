//! The demo: a regular engine connected to the simulated providers on the loopback interface, where simulated
//! contacts write to it. It needs no account and no network, and its data directory is deleted at the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::{AppError, Engine, EngineSetup, INBOX_CAPACITY, Logs, People, SystemChance, SystemClock, zone_offset};
use crate::api;
use crate::config::{self, Config};
use crate::domain::access::actor::Actor;
use crate::domain::access::role::Role;
use crate::domain::agents::assignment::Mode;
use crate::domain::agents::assignment::Proposal;
use crate::domain::agents::contract::Contract;
use crate::domain::agents::requests::AgentRequest;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::flow::FlowRequest;
use crate::domain::request::Request;
use crate::domain::templates::starter;
use crate::domain::time::{Clock, Timestamp};
use crate::operations::{perform, refresh_templates};
use crate::provider::{Registry, SecretSource};
use crate::simulator::{DEMO_CONFIG, Simulator, SimulatorConfig, Story};

const KEY: &str = "demo-key";
const SECRET: &str = "demo-webhook-secret";
/// Maximum time that the start waits until the earlier messages of the demo have arrived.
const HISTORY_TIMEOUT: Duration = Duration::from_secs(3);
/// Interval at which the start checks whether they have arrived.
const HISTORY_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A running demo. [`Demo::stop`] deletes its directory.
#[derive(Debug)]
pub struct Demo {
    pub engine: Engine,
    pub config: Config,
    directory: PathBuf,
    story_tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Demo {
    /// Starts the simulator, the engine and the story. The same seed produces the same story.
    pub async fn start(
        seed: u64,
        speed: f64,
        directory: PathBuf,
        consoles: impl FnOnce(&Config) -> Option<api::Consoles>,
    ) -> Result<Self, AppError> {
        let clock = SystemClock;
        let simulator = SimulatorConfig {
            api_key: KEY.into(),
            webhook_secret: SECRET.into(),
            seed,
            speed,
            latency: Duration::from_millis(350).div_f64(speed.max(0.1)),
            now: Arc::new(move || clock.now().millis()),
        };
        let any_port = ([127, 0, 0, 1], 0).into();
        let simulator = Simulator::start(simulator, any_port).await.map_err(|error| AppError::Other {
            what: format!("The simulated provider cannot listen on 127.0.0.1: {error}."),
            remedy: "The demo needs the loopback network.".into(),
        })?;
        let environment = simulator.environment();
        let secrets: SecretSource = Arc::new(move |name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| SecretString::from(value.clone()))
        });
        let config = config::check(DEMO_CONFIG, Registry::SHAPES)
            .map_err(|faults| AppError::Config(config::ConfigError::Faulty { path: "demo.toml".into(), faults }))?;
        std::fs::create_dir_all(&directory)
            .map_err(|source| AppError::Directory { path: directory.clone(), source })?;
        let logs = Logs::start(&directory, "info", 2, false)?;
        let setup = EngineSetup {
            config: config.clone(),
            directory: directory.clone(),
            secrets,
            clock: Arc::new(SystemClock),
            chance: Arc::new(SystemChance),
            offset: Arc::new(zone_offset),
            logs,
            inbox: INBOX_CAPACITY,
            port: None,
            people: Arc::new(People::new(vec![])),
            consoles: consoles(&config),
        };
        let story = Story::new(seed);
        story.set_up(&simulator);
        let engine = Engine::start(setup).await?;
        let address = format!("http://{}", engine.address);
        engine.system.set_public_url(address.clone());
        simulator.subscribe(&address);
        let simulator = Arc::new(simulator);
        let system = engine.system.clone();
        let delivering = tokio::spawn({
            let simulator = simulator.clone();
            async move { simulator.run().await }
        });
        wait_for_history(&simulator, &engine).await;
        let story_tasks = vec![
            delivering,
            tokio::spawn(Story::follow_setup_links(simulator.clone())),
            tokio::spawn(story.play(simulator)),
            tokio::spawn(async move {
                if let Err(error) = act_as_colleagues(&system).await {
                    tracing::warn!(%error, "A simulated colleague of the demo failed");
                }
            }),
        ];
        Ok(Self { engine, config, directory, story_tasks })
    }

    /// Ends everything and removes the directory.
    pub async fn stop(self) {
        for task in &self.story_tasks {
            task.abort();
        }
        self.engine.stop().await;
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Waits until the earlier messages of the demo have arrived as webhooks, so that the console opens with them.
/// Continues after [`HISTORY_TIMEOUT`] in any case.
async fn wait_for_history(simulator: &Simulator, engine: &Engine) {
    let arrived = async {
        let mut poll = tokio::time::interval(HISTORY_POLL_INTERVAL);
        loop {
            poll.tick().await;
            let counts = engine.system.store().counts().await;
            if simulator.queued_webhooks() == 0 && counts.is_ok_and(|counts| counts.oldest_pending_at.is_none()) {
                return;
            }
        }
    };
    if tokio::time::timeout(HISTORY_TIMEOUT, arrived).await.is_err() {
        tracing::warn!("what was said before the demo began is still on its way");
    }
}

/// Does what simulated colleagues have done: a pending proposal, two Flows, sent reminders and a scheduled one.
async fn act_as_colleagues(system: &crate::operations::System) -> Result<(), crate::operations::OperationError> {
    let noor = Actor::Operator { name: "noor".into(), role: Role::Operator };
    let connections = system.store().connections().await?;
    let find = |name: &str| connections.iter().find(|connection| connection.name == name).map(|one| one.id);
    let (Some(support), Some(billing)) = (find("support"), find("billing")) else { return Ok(()) };
    let proposal = Request::Agents(AgentRequest::Propose(Box::new(Proposal {
        connection: billing,
        thread: None,
        agent: "collector".into(),
        mode: Mode::Auto,
        contract: Contract::default(),
        expires_at: None,
    })));
    perform(system, &noor, proposal).await?;
    refresh_templates(system).await?;
    for (name, publish) in [("sign_up", true), ("booking", false)] {
        let json = starter::flow(name).map(|starter| starter.text.to_owned()).unwrap_or_default();
        let create = FlowRequest::Create { connection: support, name: name.into(), json, accepted: None };
        let created = perform(system, &Actor::System, Request::Flow(create)).await?.created_id;
        if let (Some(id), true) = (created, publish) {
            perform(system, &Actor::System, Request::Flow(FlowRequest::Publish { connection: support, id })).await?;
        }
    }
    let reminder = |to: &str, parameters: &[(&str, &str)]| Request::SendTemplate {
        connection: support,
        to: PhoneNumber::parse(to).unwrap_or_else(|_| unreachable!("the demo's numbers are numbers")),
        name: "appointment_reminder".into(),
        language: "en_US".into(),
        parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        header: None,
        at: None,
    };
    perform(system, &noor, reminder("+15550100027", &[("1", "Sofia"), ("2", "Friday 10:30")])).await?;
    perform(system, &noor, reminder("+15550100027", &[("1", "Sofia"), ("2", "Friday 11:00")])).await?;
    perform(system, &noor, reminder("+15550100028", &[("1", "Viktor"), ("2", "Friday 11:30")])).await?;
    if let Some(clinic) = find("clinic") {
        let session = |to: &str, who: &str, at: Option<Timestamp>| Request::SendTemplate {
            connection: clinic,
            to: PhoneNumber::parse(to).unwrap_or_else(|_| unreachable!("the demo's numbers are numbers")),
            name: "session_reminder".into(),
            language: "en".into(),
            parameters: vec![("first_name".into(), who.into()), ("time".into(), "17:00".into())],
            header: None,
            at,
        };
        perform(system, &noor, session("+919820000032", "Ravi", None)).await?;
        // A message for tomorrow, which the provider schedules.
        let tomorrow = system.now().plus(Duration::from_secs(20 * 3_600));
        perform(system, &noor, session("+919820000035", "Meera", Some(tomorrow))).await?;
    }
    Ok(())
}

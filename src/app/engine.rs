//! The engine: the system with its workers, its webhook listener and its socket. Starts and stops them in order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{AppError, Lock, Logs, People};
use crate::agent::{AgentConfig, AgentError, AgentKind, Agents, Transcriber, TranscriptionConfig};
use crate::api;
use crate::bus::Bus;
use crate::config::{AgentDeclaration, Config, DeclaredKind, EndpointConfig, TranscriptionSettings};
use crate::domain::outbox::retry::RetryPolicy;
use crate::domain::time::{Clock, Rng, Timestamp};
use crate::operations::{self, Declared, EventEndpoint, Identity, OperationsConfig, Parts, PendingDelivery, System};
use crate::provider::{Registry, SecretSource};
use crate::store::Store;
use crate::webhook::{Limits, Listener, routes};
use crate::workers;

/// Time for tasks to finish at shutdown; after it the process ends anyway.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Interval at which the number of suppressed log lines is logged.
const SUPPRESSED_REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// Capacity of the queue of received deliveries; when it is full, new ones are rejected with 503.
pub const INBOX_CAPACITY: usize = 4_096;

/// Everything that is needed to start an engine.
pub struct EngineSetup {
    pub config: Config,
    pub directory: PathBuf,
    pub secrets: SecretSource,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Rng>,
    /// Returns the offset of local time from UTC at a time, in seconds.
    pub offset: Arc<dyn Fn(Timestamp) -> i64 + Send + Sync>,
    pub logs: Logs,
    /// Capacity of the queue of received deliveries; when it is full, new ones are rejected with 503.
    pub inbox: usize,
    /// An already bound socket. `None`: the address of the configuration is bound.
    pub port: Option<std::net::TcpListener>,
    /// The users, which can be replaced while the engine runs.
    pub people: Arc<People>,
    /// Runs the consoles of clients that attach. `None`: clients cannot attach.
    pub consoles: Option<api::Consoles>,
}

impl std::fmt::Debug for EngineSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineSetup").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    pub system: System,
    pub address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
    _lock: Lock,
    _logs: Logs,
}

impl Engine {
    /// Starts the engine. Fails with the first problem that prevents it; nothing keeps running then.
    pub async fn start(mut setup: EngineSetup) -> Result<Self, AppError> {
        super::private::set_private_umask();
        let group = setup.config.socket_group.as_deref();
        let group = group.map(|name| super::private::group_id(name).map(|number| (name, number))).transpose()?;
        let lock = Lock::acquire(&setup.directory)?;
        let closed = super::private::restrict_access(&setup.directory, group.is_some())
            .map_err(|source| AppError::Directory { path: setup.directory.clone(), source })?;
        if let Some(mode) = closed {
            tracing::warn!(
                directory = %setup.directory.display(),
                mode = format!("{mode:04o}"),
                "Other users could enter the data directory; access is now restricted"
            );
        }
        let listen: SocketAddr = setup.config.listen.parse().map_err(|_| AppError::Other {
            what: format!("`{}` is no address to listen on.", setup.config.listen),
            remedy: "Write [http] listen like 127.0.0.1:8787.".into(),
        })?;
        let limits = Limits { max_buffered: setup.config.max_buffered, ..Limits::new(setup.config.max_connections) };
        let listener = match setup.port.take() {
            Some(port) => Listener::from_std(port, limits),
            None => Listener::bind(listen, limits).await,
        };
        let listener = listener.map_err(|error| AppError::Port { address: listen, why: error.to_string() })?;
        let address = listener.address().unwrap_or(listen);

        let (system, inbox) = build_system(&setup).await?;
        system.set_listening_on(format!("http://{address}"));
        operations::compare_audit_head(&system).await?;
        operations::rescue_at_start(&system).await?;
        operations::declare(&system, &declared_connections(&setup.config)).await?;

        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let people = setup.people.clone();
        let users: api::Users = Arc::new(move |uid| people.by_uid(uid));
        if let Some((name, number)) = group {
            super::private::grant_group_access(&setup.directory, number, name)?;
        }
        let place = api::SocketPlace { directory: setup.directory.clone(), group: group.map(|(_, number)| number) };
        api::serve(system.clone(), place, users, setup.consoles.clone(), tasks.clone(), stop.clone())
            .await
            .map_err(|source| AppError::Socket { path: setup.directory.join(api::SOCKET_FILE), source })?;
        workers::start(&system, inbox, &tasks, &stop);
        let routes = routes(&system, limits).merge(api::for_programs(&system));
        tasks.spawn(listener.serve(routes, tasks.clone(), stop.clone()));
        tasks.spawn(report_suppressed_lines(setup.logs.suppressed_lines(), stop.clone()));
        tracing::info!(%address, directory = %setup.directory.display(), "Engine started");
        Ok(Self { system, address, stop, tasks, _lock: lock, _logs: setup.logs })
    }

    /// Returns the task tracker and the stop signal for other servers that run with the engine, such as SSH.
    pub fn tasks_and_stop(&self) -> (TaskTracker, CancellationToken) {
        (self.tasks.clone(), self.stop.clone())
    }

    /// Stops in order: rejects new deliveries, stores received ones, waits for sends in progress and closes the
    /// database. A send that takes longer than [`SHUTDOWN_TIMEOUT`] is marked uncertain at the next start.
    pub async fn stop(self) {
        tracing::info!("Engine stopping");
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, self.tasks.wait()).await.is_err() {
            tracing::warn!("A task did not finish in time; it resumes at the next start");
        }
        operations::keep_audit_head(&self.system, true);
        self.system.store().close().await;
    }
}

/// Logs from time to time how many log lines were suppressed.
async fn report_suppressed_lines(suppressed_lines: impl Fn() -> u64, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(SUPPRESSED_REPORT_INTERVAL) => {}
            () = stop.cancelled() => return,
        }
        let lines = suppressed_lines();
        if lines > 0 {
            tracing::warn!(lines, "Repeated log lines suppressed");
        }
    }
}

/// Builds the system on its database, without workers. Tests run the workers' steps themselves.
pub async fn build_system(
    setup: &EngineSetup,
) -> Result<(System, tokio::sync::mpsc::Receiver<PendingDelivery>), AppError> {
    let store = Store::open(&setup.directory).await?;
    let mut warn = |warning: String| tracing::warn!(warning);
    let providers = Registry::new(setup.secrets.clone(), &mut warn).map_err(AppError::Provider)?;
    let agents = setup.config.agents.iter().map(|agent| declared_agent(agent, &setup.secrets)).collect();
    Ok(System::new(Parts {
        store,
        bus: Bus::default(),
        providers,
        agents: Agents::new(agents)?,
        transcriber: setup.config.transcription.as_ref().map(|one| transcriber(one, &setup.secrets)).transpose()?,
        clock: setup.clock.clone(),
        chance: setup.chance.clone(),
        identity: Identity {
            organization: setup.config.organization.clone(),
            environment: setup.config.environment,
            public_url: setup.config.public_url.clone(),
        },
        retry: RetryPolicy { attempts: setup.config.attempts, ..RetryPolicy::default() },
        log: setup.logs.tail(),
        inbox: setup.inbox,
        config: OperationsConfig {
            keep: setup.config.media.retention,
            most: setup.config.media.max_bytes,
            open: setup.config.media.open.clone(),
            converter: setup.config.media.converter.clone(),
            alert_command: setup.config.alerts.command.clone(),
            alerts_per_hour: setup.config.alerts.max_per_hour,
            queue: setup.config.alerts.max_queue_delay,
            waiting: setup.config.alerts.max_waiting,
            closing: setup.config.alerts.closing_warning,
            least_free: setup.config.alerts.min_free_bytes,
            canary: setup.config.watch.canary_interval,
            fill: setup.config.watch.backfill_interval,
            rates: setup.config.rates.clone(),
            replies: setup.config.replies.clone(),
            commands: setup.config.commands.clone(),
        },
        opt_out_words: setup.config.opt_out_words.clone(),
        approvals: setup.config.approvals,
        endpoints: setup.config.endpoints.iter().map(|one| endpoint(one, &setup.secrets)).collect(),
        role_of: {
            let people = setup.people.clone();
            Arc::new(move |name: &str| people.role_of(name))
        },
        colleagues: {
            let people = setup.people.clone();
            Arc::new(move || people.who_may_answer())
        },
        offset: setup.offset.clone(),
    }))
}

/// Returns the connections of the configuration with their agents, for `operations::declare`.
pub fn declared_connections(config: &Config) -> Vec<Declared> {
    let declared = config.connections.iter().map(|one| Declared {
        connection: one.connection(&config.organization, config.environment),
        agent: one.agent.clone(),
        contract: one.contract.clone(),
        routes: one.routes.clone(),
    });
    declared.collect()
}

/// Builds the client of the transcription endpoint; its key comes from the environment.
fn transcriber(one: &TranscriptionSettings, secrets: &SecretSource) -> Result<Transcriber, AgentError> {
    Transcriber::new(TranscriptionConfig {
        url: one.url.clone(),
        model: one.model.clone(),
        key: Some(one.api_key_env.as_str()).filter(|name| !name.is_empty()).and_then(|name| secrets(name)),
        max_duration: one.max_duration,
        max_bytes: one.max_bytes,
    })
}

/// Resolves the secret of an event endpoint.
fn endpoint(one: &EndpointConfig, secrets: &SecretSource) -> EventEndpoint {
    EventEndpoint {
        name: one.name.clone(),
        url: one.url.clone(),
        secret: one.secret_env.as_deref().and_then(|name| secrets(name)),
        events: one.events.clone(),
    }
}

/// Builds an agent from its declaration; keys and base URLs come from the environment.
fn declared_agent(agent: &AgentDeclaration, secrets: &SecretSource) -> AgentConfig {
    let secret_or_default = |name: &Option<String>, usual: &str| secrets(name.as_deref().unwrap_or(usual));
    let kind = match &agent.kind {
        DeclaredKind::Http { url, secret_env, workflow } => {
            let secret = secret_env.as_deref().and_then(|name| secrets(name));
            let url = url.clone();
            if *workflow { AgentKind::Workflow { url, secret } } else { AgentKind::Http { url, secret } }
        }
        DeclaredKind::Command { command } => AgentKind::Command {
            program: command.first().cloned().unwrap_or_default(),
            arguments: command.iter().skip(1).cloned().collect(),
        },
        DeclaredKind::Model { anthropic, model, prompt, max_tokens, base_url, api_key_env } => {
            let (key, base, usual) = if *anthropic {
                ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "https://api.anthropic.com")
            } else {
                ("OPENAI_API_KEY", "OPENAI_BASE_URL", "https://api.openai.com/v1")
            };
            let from_environment = || secrets(base).map(|value: SecretString| value.expose_secret().to_owned());
            let base_url = base_url.clone().or_else(from_environment).unwrap_or_else(|| usual.to_owned());
            let (model, prompt, max_tokens) = (model.clone(), prompt.clone(), *max_tokens);
            let key = secret_or_default(api_key_env, key);
            if *anthropic {
                AgentKind::Anthropic { base_url, model, key, prompt, max_tokens }
            } else {
                AgentKind::OpenAi { base_url, model, key, prompt, max_tokens }
            }
        }
        DeclaredKind::Scripted { rules } => AgentKind::Scripted { rules: rules.clone() },
    };
    AgentConfig {
        name: agent.name.clone(),
        kind,
        timeout: agent.timeout,
        introduction: agent.introduction.clone(),
        media_input: agent.media_input.clone(),
        prices: agent.prices,
        guard: agent.guard,
    }
}

/// Returns `true` if the directory has a database, which can be read without an engine.
pub fn has_database(directory: &Path) -> bool {
    directory.join(crate::store::DATABASE_FILE).exists()
}

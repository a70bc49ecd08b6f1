//! Client of the running engine. Queries fall back to the database if no engine runs.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::error::CliError;
use super::input::Files;
use super::scope::ScopeOptions;
use crate::agent::Agents;
use crate::api;
use crate::app::{AppError, SystemChance, SystemClock, has_database, is_engine_running};
use crate::bus::Bus;
use crate::domain::access::actor::Actor;
use crate::domain::access::role::Role;
use crate::domain::code::Code;
use crate::domain::ids::EventId;
use crate::domain::numbers::connection::Environment;
use crate::domain::outbox::retry::RetryPolicy;
use crate::domain::query::{Answer, Query};
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::request_error::RequestError;
use crate::operations::{Identity, Parts, System, perform, run_query};
use crate::provider::Registry;
use crate::store::Store;

/// Interval and number of retries while the engine's socket does not exist yet.
const CONNECT_RETRY_INTERVAL: Duration = Duration::from_millis(100);
const LOOKS: u32 = 30;

/// Where queries and requests go.
pub(in crate::cli) struct Source {
    pub directory: PathBuf,
    pub read_only: bool,
    /// The engine in this process and the user who calls it; `None` to use the socket.
    pub here: Option<(System, Actor)>,
    /// Organization and environment given on the command line.
    pub scope: ScopeOptions,
    /// Where files and standard input are read.
    pub files: Files,
}

impl Source {
    /// Runs a query at the engine, or on the database if no engine runs.
    pub async fn ask(&self, query: &Query) -> Result<Answer, CliError> {
        if self.read_only && matches!(query, Query::Export { .. }) {
            return Err(CliError::read_only("An export writes an audit row, which --read-only forbids."));
        }
        let query = &self.scope.query(query);
        if let Some((system, actor)) = &self.here {
            return run_query(system, actor, query.clone()).await.map_err(CliError::from);
        }
        match self.call::<Query, Answer>("/query", query).await {
            Ok(answer) => answer.map_err(CliError::from),
            Err(error) => {
                ensure_no_engine(&self.directory, &error)?;
                self.query_database(query.clone()).await
            }
        }
    }

    /// Sends a call over the socket. Retries while an engine is starting or its socket was removed.
    async fn call<Q: serde::Serialize, A: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        question: &Q,
    ) -> std::io::Result<Result<A, RequestError>> {
        let mut left = LOOKS;
        loop {
            let error = match api::send_request(&self.directory, path, question).await {
                Err(error) if left > 0 => error,
                answer => return answer,
            };
            // Both occur before anything was sent, so that a retry is safe.
            let absent = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused);
            if !absent || !matches!(is_engine_running(&self.directory), Ok(true)) {
                return Err(error);
            }
            left -= 1;
            tokio::time::sleep(CONNECT_RETRY_INTERVAL).await;
        }
    }

    /// Returns the error of a request that needs an engine when none runs.
    fn no_engine_error(&self, error: &std::io::Error, so: &str) -> CliError {
        if let Err(unseen) = ensure_no_engine(&self.directory, error) {
            return unseen;
        }
        let reason = format!("No engine runs on {} ({error}): {so}.", self.directory.display());
        CliError::new(Code::NoEngine, reason, "Start one with `wadeck serve`.")
    }

    /// Returns whether an engine runs. Fails if the data directory is not accessible, or if an engine holds the lock but
    /// does not answer.
    pub async fn engine_runs(&self) -> Result<bool, CliError> {
        if self.here.is_some() {
            return Ok(true);
        }
        match api::send_request::<Query, Answer>(&self.directory, "/query", &Query::Overview).await {
            Ok(answer) => answer.map(|_| true).map_err(CliError::from),
            Err(error) => ensure_no_engine(&self.directory, &error).map(|()| false),
        }
    }

    pub async fn act(&self, request: &Request) -> Result<Done, CliError> {
        if self.read_only {
            return Err(CliError::read_only("--read-only forbids changes."));
        }
        let request = &self.scope.request(request);
        if let Some((system, actor)) = &self.here {
            return perform(system, actor, request.clone()).await.map_err(CliError::from);
        }
        match self.call::<Request, Done>("/perform", request).await {
            Ok(done) => done.map_err(CliError::from),
            Err(error) => Err(self.no_engine_error(&error, "nothing was changed")),
        }
    }

    /// Prints events as JSON lines until the engine stops.
    pub async fn follow(&self, after: Option<EventId>) -> Result<(), CliError> {
        self.for_each_event((after, false), |event| println!("{}", crate::cli::print::layout::escaped(event))).await
    }

    /// Passes events to a function until the engine stops or standard output is closed.
    pub async fn for_each_event(
        &self,
        (after, console): (Option<EventId>, bool),
        each: impl FnMut(&str),
    ) -> Result<(), CliError> {
        let scope = self.scope.choice();
        let followed = tokio::select! {
            followed = api::follow_events(&self.directory, (after, console), &scope, each) => followed,
            () = crate::cli::out::reader_left() => return Ok(()),
        };
        match followed {
            Ok(followed) => followed.map_err(CliError::from),
            Err(error) => Err(self.no_engine_error(&error, "there is nothing to follow")),
        }
    }

    /// Runs a query on the database.
    async fn query_database(&self, query: Query) -> Result<Answer, CliError> {
        if !has_database(&self.directory) {
            let place = self.directory.display();
            let reason = format!("No engine runs on {place}, and there is no database in it.");
            return Err(CliError::new(Code::NoEngine, reason, "Start one with `wadeck serve`, or try `wadeck demo`."));
        }
        let system = offline(&self.directory).await.map_err(CliError::from)?;
        run_query(&system, &Actor::System, query).await.map_err(CliError::from)
    }
}

/// Fails unless no engine can be running, after its socket did not answer. The database is never read while an engine
/// runs, or without access to the data directory, since the engine enforces permissions.
pub(in crate::cli) fn ensure_no_engine(directory: &Path, error: &std::io::Error) -> Result<(), CliError> {
    let place = directory.display();
    if error.kind() == ErrorKind::PermissionDenied {
        return Err(CliError::new(
            Code::Closed,
            format!("You may not use the engine's socket in {place}."),
            "Run it as the engine's user, or ask an admin to allow your group with [attach] group.",
        ));
    }
    match is_engine_running(directory) {
        Ok(false) => Ok(()),
        Ok(true) => Err(CliError::new(
            Code::NoAnswer,
            format!("The engine on {place} does not answer on its socket ({error})."),
            "Retry in a moment: the engine recreates a socket that was removed.",
        )),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(CliError::new(
            Code::Closed,
            format!("You may not use the data directory {place} ({error})."),
            "Run it as the engine's user.",
        )),
        Err(error) => Err(CliError::new(
            Code::Directory,
            format!("Cannot determine whether an engine runs on {place} ({error})."),
            "Check the data directory.",
        )),
    }
}

/// Returns a system on the database without an engine; it answers queries only.
async fn offline(directory: &Path) -> Result<System, AppError> {
    let store = Store::open_read_only(directory).await?;
    let providers = Registry::new(Arc::new(|_| None), &mut |_| {}).map_err(AppError::Provider)?;
    let (system, _) = System::new(Parts {
        store,
        bus: Bus::default(),
        providers,
        agents: Agents::new(vec![])?,
        transcriber: None,
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        identity: Identity { organization: String::new(), environment: Environment::Development, public_url: None },
        retry: RetryPolicy::default(),
        log: Arc::new(|_| vec![]),
        inbox: 1,
        config: crate::operations::OperationsConfig::default(),
        approvals: crate::domain::agents::assignment::ApprovalPolicy::default(),
        endpoints: vec![],
        // Access to the file implies every permission.
        role_of: Arc::new(|_| Some(Role::Admin)),
        colleagues: Arc::new(Vec::new),
        offset: Arc::new(|_| 0),
        opt_out_words: crate::domain::contacts::opt_out::OptOutWords::default(),
    });
    Ok(system)
}

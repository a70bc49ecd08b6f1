//! Asks the running engine; for questions, else the database behind it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::files::Files;
use super::no_answer::NoAnswer;
use super::scoped::Asked;
use crate::agent::Agents;
use crate::api::{self, ApiError};
use crate::app::{AppError, SystemChance, SystemClock, engine_holds, has_database};
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
use crate::operations::{Identity, Parts, System, perform, run_query};
use crate::provider::Registry;
use crate::store::Store;

/// How often, and how many times, an engine's socket is looked for that is not there yet.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const LOOKS: u32 = 30;

/// Who is asked.
pub(super) struct Source {
    pub directory: PathBuf,
    pub read_only: bool,
    /// The engine itself, for somebody whom it knows: then nothing else is asked.
    pub here: Option<(System, Actor)>,
    /// Which organization and environment it is asked about.
    pub scope: Asked,
    /// Where the files are that a verb names.
    pub files: Files,
}

impl Source {
    /// Whether an engine answers, and what it says.
    pub async fn ask(&self, query: &Query) -> Result<Answer, NoAnswer> {
        if self.read_only && matches!(query, Query::Export { .. }) {
            return Err(NoAnswer::read_only("An export writes an audit row, which --read-only forbids."));
        }
        let query = &self.scope.of(query);
        if let Some((system, actor)) = &self.here {
            return run_query(system, actor, query.clone()).await.map_err(NoAnswer::from);
        }
        match self.asked::<Query, Answer>("/query", query).await {
            Ok(answer) => answer.map_err(NoAnswer::from),
            Err(error) => {
                no_engine(&self.directory, &error)?;
                self.look(query.clone()).await
            }
        }
    }

    /// Asks over the socket. An engine that is about to start, or whose socket was removed, is waited for.
    async fn asked<Q: serde::Serialize, A: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        question: &Q,
    ) -> std::io::Result<Result<A, ApiError>> {
        let mut left = LOOKS;
        loop {
            let error = match api::ask(&self.directory, path, question).await {
                Err(error) if left > 0 => error,
                answer => return answer,
            };
            // These two come before anything was asked.
            let absent = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused);
            if !absent || !matches!(engine_holds(&self.directory), Ok(true)) {
                return Err(error);
            }
            left -= 1;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// No engine runs, and what was asked for needs one.
    fn none_runs(&self, error: &std::io::Error, so: &str) -> NoAnswer {
        if let Err(unseen) = no_engine(&self.directory, error) {
            return unseen;
        }
        let reason = format!("No engine runs on {} ({error}): {so}.", self.directory.display());
        NoAnswer::new(Code::NoEngine, reason, "Start one with `wadeck serve`.")
    }

    /// Whether an engine answers. Fails where that cannot be seen: the directory is closed to whoever asks, or an engine
    /// runs and does not answer.
    pub async fn engine_runs(&self) -> Result<bool, NoAnswer> {
        if self.here.is_some() {
            return Ok(true);
        }
        match api::ask::<Query, Answer>(&self.directory, "/query", &Query::Overview).await {
            Ok(answer) => answer.map(|_| true).map_err(NoAnswer::from),
            Err(error) => no_engine(&self.directory, &error).map(|()| false),
        }
    }

    pub async fn act(&self, request: &Request) -> Result<Done, NoAnswer> {
        if self.read_only {
            return Err(NoAnswer::read_only("--read-only forbids changes."));
        }
        let request = &self.scope.to(request);
        if let Some((system, actor)) = &self.here {
            return perform(system, actor, request.clone()).await.map_err(NoAnswer::from);
        }
        match self.asked::<Request, Done>("/perform", request).await {
            Ok(done) => done.map_err(NoAnswer::from),
            Err(error) => Err(self.none_runs(&error, "nothing was changed")),
        }
    }

    /// Prints what happens, one JSON object a line, until the engine ends.
    pub async fn follow(&self, after: Option<EventId>) -> Result<(), NoAnswer> {
        self.hear((after, false), |event| println!("{}", super::layout::escaped(event))).await
    }

    /// Tells what happens until the engine ends.
    pub async fn hear(
        &self,
        (after, console): (Option<EventId>, bool),
        each: impl FnMut(&str),
    ) -> Result<(), NoAnswer> {
        let scope = self.scope.choice();
        let followed = tokio::select! {
            followed = api::follow(&self.directory, (after, console), &scope, each) => followed,
            // Nobody waits for what happens next.
            () = super::out::reader_left() => return Ok(()),
        };
        match followed {
            Ok(followed) => followed.map_err(NoAnswer::from),
            Err(error) => Err(self.none_runs(&error, "there is nothing to follow")),
        }
    }

    /// Looks into the database itself.
    async fn look(&self, query: Query) -> Result<Answer, NoAnswer> {
        if !has_database(&self.directory) {
            let place = self.directory.display();
            let reason = format!("No engine runs on {place}, and there is no database in it.");
            return Err(NoAnswer::new(Code::NoEngine, reason, "Start one with `wadeck serve`, or try `wadeck demo`."));
        }
        let system = offline(&self.directory).await.map_err(NoAnswer::from)?;
        run_query(&system, &Actor::System, query).await.map_err(NoAnswer::from)
    }
}

/// Whether there is certainly no engine, after its socket did not answer. The database is never looked into behind an
/// engine that runs, nor by somebody whom the data directory is closed to: an engine says who may see what.
pub(super) fn no_engine(directory: &Path, error: &std::io::Error) -> Result<(), NoAnswer> {
    let place = directory.display();
    if error.kind() == ErrorKind::PermissionDenied {
        return Err(NoAnswer::new(
            Code::Closed,
            format!("You may not use the engine's socket in {place}."),
            "Run it as the engine's user, or ask an admin to allow your group with [attach] group.",
        ));
    }
    match engine_holds(directory) {
        Ok(false) => Ok(()),
        Ok(true) => Err(NoAnswer::new(
            Code::NoAnswer,
            format!("The engine on {place} does not answer on its socket ({error})."),
            "Retry in a moment: the engine recreates a socket that was removed.",
        )),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(NoAnswer::new(
            Code::Closed,
            format!("You may not use the data directory {place} ({error})."),
            "Run it as the engine's user.",
        )),
        Err(error) => Err(NoAnswer::new(
            Code::Directory,
            format!("Cannot determine whether an engine runs on {place} ({error})."),
            "Check the data directory.",
        )),
    }
}

/// A system that can only look.
async fn offline(directory: &Path) -> Result<System, AppError> {
    let store = Store::open_read_only(directory).await?;
    let providers = Registry::new(Arc::new(|_| None), &mut |_| {}).map_err(AppError::Provider)?;
    let (system, _) = System::new(Parts {
        store,
        bus: Bus::default(),
        providers,
        agents: Agents::new(vec![])?,
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        identity: Identity { organization: String::new(), environment: Environment::Development, public_url: None },
        retry: RetryPolicy::default(),
        log: Arc::new(|_| vec![]),
        inbox: 1,
        config: crate::operations::OperationsConfig::default(),
        approvals: crate::domain::agents::assignment::ApprovalPolicy::default(),
        endpoints: vec![],
        // Whoever reads the file is asked for no role.
        role_of: Arc::new(|_| Some(Role::Admin)),
        offset: Arc::new(|_| 0),
        opt_out_words: crate::domain::contacts::opt_out::OptOutWords::default(),
    });
    Ok(system)
}

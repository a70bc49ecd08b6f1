//! Runs consoles: the one in the engine's process, those attached to it, and this terminal attached to a running engine.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::options::Common;
use crate::api::{self, ConsoleClient, Consoles, TerminalSpec};
use crate::app::{AppError, Engine, People, current_actor};
use crate::attach::{
    End, Left, RingSignals, SurfaceCommand, SurfaceOptions, Tty, carry, drive, host, pair, size, theme,
};
use crate::cli::client::scope::ScopeOptions;
use crate::config::Config;
use crate::console::{CustomCommands, FilePlace, Keymap, Settings, Theme};
use crate::domain::access::actor::Actor;
use crate::domain::access::role::Role;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::code::Code;
use crate::domain::request_error::RequestError;
use crate::domain::time::Timestamp;

/// Notice for the next console that attaches: the engine continued after its own terminal closed.
pub(super) type Greeting = Arc<Mutex<Option<String>>>;

const BROKE: &str = "The console failed. Accepted webhooks and queued messages are safe. See the log for the cause.";

/// Returns the settings that all consoles of this engine share.
fn settings(config: &Config, actor: Actor, theme: Theme) -> Result<Settings, AppError> {
    let other = |faults: Vec<String>| AppError::Other { what: faults.join(" "), remedy: String::new() };
    let mut keymap = Keymap::with(&config.keys).map_err(other)?;
    let commands = CustomCommands::read(&config.commands, &mut keymap).map_err(other)?;
    Ok(Settings {
        theme,
        zone: jiff::tz::TimeZone::system(),
        actor,
        enter_sends: config.console.enter_sends,
        mark_read_on_open: config.console.mark_read_on_open,
        typing: config.console.typing,
        pictures: config.console.pictures,
        files: FilePlace::Attached,
        editor: false,
        keymap,
        commands,
        scope: ScopeChoice::default(),
        quitting_ends: None,
        greeting: None,
    })
}

fn trouble(error: std::io::Error) -> AppError {
    AppError::Other {
        what: format!("Cannot use the terminal: {error}."),
        remedy: "Try another terminal, or `wadeck serve`.".into(),
    }
}

/// Returns whether this terminal is an SSH session.
fn over_ssh() -> bool {
    ["SSH_CONNECTION", "SSH_TTY", "MOSH_IP"].iter().any(|name| std::env::var(name).is_ok_and(|set| !set.is_empty()))
}

fn has_editor() -> bool {
    ["VISUAL", "EDITOR"].iter().any(|name| std::env::var(name).is_ok_and(|value| !value.trim().is_empty()))
}

fn restricted(actor: Actor, read_only: bool) -> Actor {
    match actor {
        Actor::Operator { name, .. } if read_only => Actor::Operator { name, role: Role::Viewer },
        actor => actor,
    }
}

/// Returns the factory of attached consoles. A panic in one console does not affect the others.
pub(super) fn for_clients(config: &Config, people: Arc<People>, greeting: Greeting) -> Consoles {
    let config = Arc::new(config.clone());
    Arc::new(move |guest: ConsoleClient| {
        let (config, people, greeting) = (config.clone(), people.clone(), greeting.clone());
        async move {
            let ConsoleClient { system, actor, terminal: wanted, transport: line, stop } = guest;
            let actor = restricted(actor, wanted.read_only);
            let surface = host(line);
            let commands = surface.commands.clone();
            let look = Theme { colour: wanted.colour, ascii: wanted.ascii };
            let Ok(mut settings) = settings(&config, actor.clone(), look) else { return };
            settings.editor = wanted.editor;
            settings.files = if wanted.shell { FilePlace::Attached } else { FilePlace::Ssh };
            settings.scope = wanted.scope();
            settings.greeting = greeting.lock().unwrap_or_else(PoisonError::into_inner).take();
            let manner = SurfaceOptions {
                columns: wanted.columns,
                rows: wanted.rows,
                ring: RingSignals { bell: config.alerts.bell, desktop_notice: config.alerts.osc9 },
                is_remote: wanted.is_remote,
                suspends: wanted.shell,
                files: false,
                uploads: wanted.shell,
                how: if wanted.shell { "socket" } else { "ssh" },
                read_only: wanted.read_only,
            };
            let changes = people.changes();
            tracing::info!(%actor, "Console attached");
            let mut console =
                tokio::spawn(async move { drive(&system, settings, surface, manner, (&stop, changes)).await });
            let driven = tokio::select! {
                driven = &mut console => driven,
                () = access_removed(&people, &actor) => {
                    tracing::warn!(%actor, "Console closed: its user was removed or has a lower role now");
                    end(&commands, less(&people, &actor)).await;
                    console.abort();
                    return;
                }
            };
            match driven {
                Ok(end) => tracing::info!(%actor, ?end, "Console detached"),
                Err(error) => {
                    tracing::error!(%actor, %error, "Console failed");
                    end(&commands, BROKE.to_owned()).await;
                }
            }
        }
        .boxed()
    })
}

/// Completes when a user is removed from the configuration or loses permissions.
async fn access_removed(people: &People, actor: &Actor) {
    let mut changes = people.changes();
    while people.still(actor) {
        if changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Returns the reason that a user's console is closed with.
fn less(people: &People, actor: &Actor) -> String {
    match actor.person().and_then(|name| people.role_of(name)) {
        Some(role) => format!("Your role is now {}. Open the console again to continue.", role.name()),
        None => "You are no longer a user of this engine.".to_owned(),
    }
}

/// Runs the console in this process. Returns `Left::Gone` if its terminal closed.
pub(super) async fn own(
    common: &Common,
    config: &Config,
    engine: &Engine,
    ends: &str,
) -> Result<Result<Exit, Left>, AppError> {
    let nobody = Actor::Operator { name: "guest".into(), role: Role::Viewer };
    let actor = restricted(current_actor(&config.users).unwrap_or(nobody), common.read_only);
    let mut settings = settings(config, actor, theme(Theme { colour: !common.no_color, ascii: config.console.ascii }))?;
    settings.editor = has_editor();
    settings.files = FilePlace::Here;
    settings.scope = ScopeOptions::by(common).choice();
    settings.quitting_ends = Some(ends.to_owned());
    let (columns, rows) = size().map_err(trouble)?;
    let manner = SurfaceOptions {
        columns,
        rows,
        ring: RingSignals { bell: config.alerts.bell, desktop_notice: config.alerts.osc9 },
        is_remote: over_ssh(),
        suspends: true,
        files: true,
        uploads: false,
        how: "engine",
        read_only: common.read_only,
    };
    let mut tty = Tty::enter().map_err(trouble)?;
    let (surface, seat) = pair();
    let (system, stop) = (engine.system.clone(), CancellationToken::new());
    // In a task of its own: after a panic in the console the engine still shuts down in order.
    let driven = tokio::spawn({
        let stop = stop.clone();
        crate::attach::run_owning_terminal(async move {
            drive(&system, settings, surface, manner, (&stop, watch::channel(()).1)).await
        })
    });
    let left = tty.run(seat).await.map_err(trouble);
    if matches!(left, Ok(Left::Terminated)) {
        stop.cancel();
    }
    let driven = driven.await;
    drop(tty);
    let end = match (left?, driven) {
        (_, Err(_)) => return Err(AppError::Other { what: BROKE.into(), remedy: "Report the problem.".into() }),
        (Left::Gone, Ok(_)) => return Ok(Err(Left::Gone)),
        (_, Ok(end)) => end.map_err(trouble)?,
    };
    tracing::info!(?end, "Console ended");
    Ok(Ok(match end {
        End::Quit | End::Terminated => Exit::Done,
        End::Gone => Exit::Failed,
    }))
}

/// Keeps the engine running after its terminal closed, until a signal ends it.
pub(super) async fn go_on(greeting: &Greeting, now: Timestamp) {
    tracing::warn!("The console's terminal closed; the engine keeps running");
    let said = format!("The terminal of the first console closed at {now}. The engine kept running.");
    *greeting.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
    let (Ok(mut terminate), Ok(mut hangup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) else {
        return;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = hangup.recv() => {}
        }
    }
}

/// Attaches this terminal to the running engine.
pub(super) async fn attach(common: &Common, directory: &Path) -> Result<Exit, AppError> {
    let look = theme(Theme { colour: !common.no_color, ascii: false });
    let (columns, rows) = size().map_err(trouble)?;
    let wanted = TerminalSpec {
        columns,
        rows,
        colour: look.colour,
        ascii: look.ascii,
        editor: has_editor(),
        is_remote: over_ssh(),
        read_only: common.read_only,
        shell: true,
        organization: common.organization.clone(),
        environment: common.environment,
        everywhere: common.everywhere,
    };
    let line = match api::open_terminal(directory, &wanted).await {
        Ok(Ok(line)) => line,
        Ok(Err(RequestError::Refused(refusal))) => return Err(AppError::Operation(refusal.into())),
        Ok(Err(RequestError::Failed { message: said, .. })) => {
            return Err(AppError::Other { what: said, remedy: Code::Failed.remedy().into() });
        }
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            let what = format!("You may not use the engine's socket in {} ({error}).", directory.display());
            let remedy = "Attach as the engine's user, or ask an admin to allow your group with [attach] group.";
            return Err(AppError::Other { what, remedy: remedy.into() });
        }
        Err(error) => {
            let what = format!("No engine runs on {} ({error}).", directory.display());
            let remedy = if common.read_only {
                "Start one with `wadeck serve`, or read the database with commands such as `wadeck threads list`."
            } else {
                "Start one with `wadeck` or `wadeck serve`."
            };
            return Err(AppError::Other { what, remedy: remedy.into() });
        }
    };
    let mut tty = Tty::enter().map_err(trouble)?;
    let (surface, seat) = pair();
    let carried = tokio::spawn(carry(
        line,
        surface,
        Some(crate::cli::client::files::upload_handler(directory, common.read_only)),
    ));
    let left = tty.run(seat).await;
    drop(tty);
    match left.map_err(trouble)? {
        Left::Gone | Left::Terminated => Ok(Exit::Failed),
        Left::Console(_) => match carried.await {
            Ok(Some(why)) if why.is_empty() => Ok(Exit::Done),
            Ok(Some(why)) => {
                eprintln!("{why}");
                Ok(Exit::Done)
            }
            _ => {
                eprintln!("The engine ended unexpectedly. Accepted webhooks and queued messages are safe.");
                Ok(Exit::Failed)
            }
        },
    }
}

/// Tells a surface that its console has ended, and waits a short time until it takes that.
async fn end(commands: &mpsc::Sender<SurfaceCommand>, message: String) {
    let _ = tokio::time::timeout(Duration::from_secs(1), commands.send(SurfaceCommand::End(message))).await;
}

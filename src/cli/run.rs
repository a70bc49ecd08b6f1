//! Entry point of the command line: dispatches a parsed command.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::arguments::{Cli, Command};
use super::consoles::{self, Greeting};
use super::execute::{execute, source};
use super::exit::Exit;
use super::options::Common;
#[cfg(feature = "ssh")]
use super::remote;
#[cfg(not(feature = "ssh"))]
use super::without_ssh as remote;
use crate::api::Consoles;
use crate::app::{
    AppError, Demo, Engine, EngineSetup, INBOX_CAPACITY, Logs, People, SystemChance, SystemClock, random_seed,
    zone_offset,
};
use crate::attach::{Left, is_terminal};
use crate::cli::client::error::CliError;
use crate::cli::client::input::Files;
use crate::cli::client::scope::ScopeOptions;
use crate::cli::client::source::Source;
use crate::cli::doctor;
use crate::cli::options::OutputFormat;
use crate::cli::print::layout;
use crate::cli::print::selected_columns::only_for_lists;
use crate::cli::verbs::Alerts;
use crate::config::{self, Config, ConfigError};
use crate::domain::code::Code;
use crate::domain::time::Clock;
use crate::provider::Registry;

/// Runs a command and returns its exit code. Errors are printed to standard error.
pub async fn run(mut cli: Cli) -> Exit {
    // With a JSON format, errors and everything that is not a list are JSON, too.
    cli.common.json |= matches!(cli.common.output, Some(OutputFormat::Json | OutputFormat::Ndjson));
    if cli.common.is_for_lists() && !cli.command.as_ref().is_some_and(Command::queries_the_engine) {
        return only_for_lists(&cli.common).map_or_else(|none| none.report(cli.common.json), |()| Exit::Done);
    }
    // Manual pages are public; all other files can contain messages and are created with mode 0600.
    if !matches!(cli.command, Some(Command::Man { .. })) {
        crate::app::set_private_umask();
    }
    if let Some((reason, remedy)) = cli.common.read_only.then(|| read_only_refusal(cli.command.as_ref())).flatten() {
        return CliError::new(Code::ReadOnly, reason, remedy).report(cli.common.json);
    }
    let exit = Box::pin(dispatch(cli)).await;
    if exit == Exit::Done && super::out::is_lost() { Exit::Failed } else { exit }
}

/// Returns reason and remedy for a command that writes or sends without asking the engine, which `--read-only` refuses
/// here. Requests to the engine are refused where they are sent.
fn read_only_refusal(command: Option<&Command>) -> Option<(&'static str, &'static str)> {
    Some(match command? {
        Command::Serve => (
            "`wadeck serve` takes webhooks, runs agents and sends: --read-only cannot hold for it.",
            "Look at an engine that runs with `wadeck attach --read-only`.",
        ),
        Command::Simulator(_) => {
            ("The simulated provider sends webhooks: --read-only cannot hold for it.", "Start it without --read-only.")
        }
        Command::Backup { .. } => {
            ("A backup writes files: with --read-only nothing is written.", "Run it without --read-only.")
        }
        Command::Man { to: Some(_) } => {
            ("With --read-only nothing is written.", "Leave --to out: then the page is printed.")
        }
        Command::Doctor { webhook: true } => {
            ("`--webhook` has tests sent: with --read-only nothing is.", "Leave --webhook out.")
        }
        _ => return None,
    })
}

async fn dispatch(cli: Cli) -> Exit {
    let result = match cli.command {
        None => console(&cli.common).await,
        Some(Command::Demo { seed, speed }) => demo(&cli.common, seed, speed).await,
        Some(Command::Serve) => serve(&cli.common).await,
        Some(Command::Attach) => attach(&cli.common).await,
        Some(Command::Simulator(arguments)) => crate::cli::verbs::simulator::run(arguments).await,
        Some(Command::Mcp) => return crate::cli::verbs::mcp::serve(&cli.common).await,
        Some(Command::Config(verb)) => return crate::cli::verbs::config_file::run(&cli.common, &verb),
        Some(Command::Backup { to, media }) => {
            return crate::cli::verbs::offline::backup(&cli.common, &to, media.as_deref()).await;
        }
        Some(Command::Completions { shell }) => return crate::cli::verbs::offline::completions(shell),
        Some(Command::Man { to }) => return crate::cli::verbs::offline::man(&cli.common, to.as_deref()),
        Some(Command::Doctor { webhook }) => return examine(&cli.common, webhook).await,
        Some(Command::Keys { markdown }) => return crate::cli::print::reference_tables::keys(&cli.common, markdown),
        Some(Command::Alerts(Alerts::Kinds { markdown })) => {
            return crate::cli::print::reference_tables::alerts(&cli.common, markdown);
        }
        Some(Command::OpenApi(verb)) => return crate::cli::verbs::openapi::run(&cli.common, &verb),
        Some(Command::Codes { providers: true, markdown }) => {
            return crate::cli::print::reference_tables::provider_codes(&cli.common, markdown);
        }
        Some(Command::Codes { providers: false, markdown }) => {
            return crate::cli::print::reference_tables::codes(&cli.common, markdown);
        }
        Some(Command::Roles { markdown }) => return crate::cli::print::reference_tables::roles(&cli.common, markdown),
        Some(command) => return execute(&cli.common, command).await,
    };
    result.unwrap_or_else(|error| CliError::from(error).report(cli.common.json))
}

/// Prints a line to standard error; errors are ignored.
fn print_notice(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn load(common: &Common) -> Result<Config, ConfigError> {
    config::load(&config::config_file(common.config.as_deref()), Registry::SHAPES)
}

fn setup(
    common: &Common,
    config: &Config,
    on_stderr: bool,
    (people, consoles): (&Arc<People>, &Consoles),
) -> Result<EngineSetup, AppError> {
    let directory = config::data_directory(common.data_dir.as_deref());
    // Checked first: a second engine must not touch logs or database.
    drop(crate::app::Lock::acquire(&directory)?);
    let logs = Logs::start(&directory, &config.log.level, config.log.files, on_stderr)?;
    for warning in &config.warnings {
        tracing::warn!(line = warning.line, column = warning.column, "configuration: {}", warning.what);
    }
    Ok(EngineSetup {
        config: config.clone(),
        directory,
        secrets: Arc::new(config::secret),
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        offset: Arc::new(zone_offset),
        logs,
        inbox: INBOX_CAPACITY,
        port: super::service::port(),
        people: people.clone(),
        consoles: Some(consoles.clone()),
    })
}

async fn serve(common: &Common) -> Result<Exit, AppError> {
    let config = load(common)?;
    // Installed before the engine starts, so that a signal during startup is not lost.
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| no_signals(&error))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| no_signals(&error))?;
    let mut hangup = signal(SignalKind::hangup()).map_err(|error| no_signals(&error))?;
    let people = Arc::new(People::new(config.users.clone()));
    let guests = consoles::for_clients(&config, people.clone(), Greeting::default());
    let engine = start(common, &config, true, (&people, &guests)).await?;
    let watched = tokio::spawn(super::service::watchdog(engine.system.clone()));
    super::service::ready();
    print_notice(&format!(
        "wadeck receives webhooks at http://{}. Query it with `wadeck status`; stop it with SIGTERM.",
        engine.address
    ));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => match load(common) {
                Ok(config) => {
                    super::service::reloading();
                    people.replace(config.users);
                    tracing::info!("Users reloaded from the configuration; other settings need a restart");
                }
                Err(error) => tracing::error!(%error, "Cannot reload the configuration; the previous users stay"),
            },
        }
    }
    watched.abort();
    super::service::stopping();
    engine.stop().await;
    Ok(Exit::Done)
}

/// Starts the engine with its SSH server.
async fn start(
    common: &Common,
    config: &Config,
    on_stderr: bool,
    (people, guests): (&Arc<People>, &Consoles),
) -> Result<Engine, AppError> {
    let setup = setup(common, config, on_stderr, (people, guests))?;
    let directory = setup.directory.clone();
    let engine = Engine::start(setup).await?;
    if let Err(error) = remote::listen(&engine, config, people, &directory, guests.clone()).await {
        engine.stop().await;
        return Err(error);
    }
    Ok(engine)
}

fn no_signals(error: &std::io::Error) -> AppError {
    AppError::Other {
        what: format!("Cannot listen for signals: {error}."),
        remedy: "Start it on another system.".into(),
    }
}

async fn console(common: &Common) -> Result<Exit, AppError> {
    if common.read_only {
        // An engine receives webhooks, runs agents and sends, so none is started.
        return attach(common).await;
    }
    let config = load(common)?;
    if !common.plain {
        need_terminal("Run `wadeck serve` without one, or `wadeck --plain` line by line.")?;
    }
    let greeting = Greeting::default();
    let people = Arc::new(People::new(config.users.clone()));
    let guests = consoles::for_clients(&config, people.clone(), greeting.clone());
    let engine = match start(common, &config, false, (&people, &guests)).await {
        // An engine is running already: attach to it.
        Err(AppError::Locked { path, .. }) if common.plain => return Ok(attach_line_console(common, path).await),
        Err(AppError::Locked { path, .. }) => return consoles::attach(common, &path).await,
        engine => engine?,
    };
    if common.plain {
        let exit = super::line_console::run(
            common,
            Source { files: Files::WithoutInput, ..source(common) },
            "The engine runs in this process and ends when you quit.",
        )
        .await;
        engine.stop().await;
        return Ok(exit);
    }
    let ends = "This also stops the engine and all its consoles. Webhooks wait at the provider until it runs again.";
    let shown = consoles::own(common, &config, &engine, ends).await;
    if matches!(shown, Ok(Err(Left::Gone))) {
        consoles::go_on(&greeting, SystemClock.now()).await;
    }
    engine.stop().await;
    Ok(shown?.unwrap_or(Exit::Done))
}

/// Runs the line console of an engine in another process.
async fn attach_line_console(common: &Common, directory: std::path::PathBuf) -> Exit {
    let source = Source {
        directory,
        read_only: common.read_only,
        here: None,
        scope: ScopeOptions::by(common),
        files: Files::WithoutInput,
    };
    super::line_console::run(common, source, "The engine runs in another process and keeps running when you quit.")
        .await
}

async fn attach(common: &Common) -> Result<Exit, AppError> {
    if common.plain {
        return Ok(attach_line_console(common, config::data_directory(common.data_dir.as_deref())).await);
    }
    need_terminal("`wadeck status` needs none.")?;
    consoles::attach(common, &config::data_directory(common.data_dir.as_deref())).await
}

async fn demo(common: &Common, seed: Option<u64>, speed: f64) -> Result<Exit, AppError> {
    if !common.plain {
        need_terminal("`wadeck demo --plain` runs it line by line.")?;
    }
    let seed = seed.unwrap_or_else(random_seed);
    let directory = std::env::temp_dir().join(format!("wadeck-demo-{}", std::process::id()));
    let people = Arc::new(People::new(vec![]));
    let guests = |config: &Config| Some(consoles::for_clients(config, people, Greeting::default()));
    let demo = Demo::start(seed, speed.clamp(0.1, 50.0), directory.clone(), guests).await?;
    if common.plain {
        let source = Source {
            directory,
            read_only: common.read_only,
            here: None,
            scope: ScopeOptions::by(common),
            files: Files::WithoutInput,
        };
        let exit = super::line_console::run(common, source, "This is the demo. It ends when you quit.").await;
        demo.stop().await;
        return Ok(exit);
    }
    let ends = format!("The demo ends. `wadeck demo --seed {seed}` repeats the same traffic.");
    let shown = consoles::own(common, &demo.config, &demo.engine, &ends).await;
    demo.stop().await;
    Ok(shown?.unwrap_or(Exit::Failed))
}

fn need_terminal(remedy: &str) -> Result<(), AppError> {
    if is_terminal() {
        return Ok(());
    }
    Err(AppError::Other { what: "The console needs a terminal.".into(), remedy: remedy.into() })
}

async fn examine(common: &Common, webhook: bool) -> Exit {
    let path = config::config_file(common.config.as_deref());
    let loaded = config::load(&path, Registry::SHAPES);
    let source = source(common);
    let mut found = doctor::examine(&source, &loaded, &path).await;
    if webhook {
        found.extend(doctor::webhooks(&source).await);
    }
    let works = found.iter().all(|finding| finding.level != doctor::finding::Level::Fail);
    if common.json {
        println!("{}", layout::json(&found));
    } else {
        for finding in &found {
            println!("{:<4} {:<15} {}", finding.level.word(), finding.what, finding.said);
            if !finding.remedy.is_empty() {
                println!("{:21}{}", "", finding.remedy);
            }
        }
    }
    if works { Exit::Done } else { Exit::Failed }
}

//! Runs what the command line says.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::ask::{NoAnswer, Source};
use super::consoles::{self, Greeting};
use super::templates::{self, Templates};
use super::verbs::ConfigVerb;
use super::wanted::{Wanted, wanted};
use super::{Cli, Command, Common, Exit, doctor, print};
use crate::app::{
    AppError, Demo, Engine, EngineSetup, INBOX, Logs, SystemChance, SystemClock, random_seed, zone_offset,
};
use crate::attach::{Left, is_terminal};
use crate::config::{self, Config, ConfigError};
use crate::console::{Keymap, keys_markdown};
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::right::Right;
use crate::domain::time::Clock;
use crate::provider::Registry;

/// Runs a command to its end. What went wrong is said on standard error, in one sentence.
pub async fn run(cli: Cli) -> Exit {
    let result = match cli.command {
        None => console(&cli.common).await,
        Some(Command::Demo { seed, speed }) => demo(&cli.common, seed, speed).await,
        Some(Command::Serve) => serve(&cli.common).await,
        Some(Command::Attach) => attach(&cli.common).await,
        Some(Command::Config(ConfigVerb::Check)) => return check(&cli.common),
        Some(Command::Doctor) => return examine(&cli.common).await,
        Some(Command::Keys { markdown }) => return keys(markdown),
        Some(Command::Roles { markdown }) => return roles(markdown),
        Some(command) => return verb(&cli.common, command).await,
    };
    match result {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("{error}");
            Exit::Failed
        }
    }
}

fn load(common: &Common) -> Result<Config, ConfigError> {
    config::load(&config::config_file(common.config.as_deref()), Registry::NAMES)
}

fn setup(common: &Common, config: &Config, on_stderr: bool, greeting: &Greeting) -> Result<EngineSetup, AppError> {
    let directory = config::data_directory(common.data_dir.as_deref());
    // The lock says who has it, before anything else is touched.
    drop(crate::app::Lock::take(&directory)?);
    let logs = Logs::start(&directory, &config.log.level, config.log.files, on_stderr)?;
    Ok(EngineSetup {
        config: config.clone(),
        directory,
        secrets: Arc::new(config::secret),
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        offset: Arc::new(zone_offset),
        logs,
        inbox: INBOX,
        consoles: Some(consoles::for_guests(config, greeting.clone())),
    })
}

async fn serve(common: &Common) -> Result<Exit, AppError> {
    let config = load(common)?;
    // Handlers first: a signal that comes while starting is not lost.
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| no_signals(&error))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| no_signals(&error))?;
    let engine = Engine::start(setup(common, &config, true, &Greeting::default())?).await?;
    eprintln!(
        "wadeck takes webhooks at http://{}. Ask it with `wadeck status`; SIGTERM stops it in order.",
        engine.address
    );
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    engine.stop().await;
    Ok(Exit::Done)
}

fn no_signals(error: &std::io::Error) -> AppError {
    AppError::Other { what: format!("Signals cannot be listened for: {error}."), remedy: String::new() }
}

async fn console(common: &Common) -> Result<Exit, AppError> {
    let config = load(common)?;
    need_terminal("`wadeck serve` runs without one.")?;
    let greeting = Greeting::default();
    let setup = match setup(common, &config, false, &greeting) {
        // Somebody's engine runs already: this is one more console of it.
        Err(AppError::Locked { path, .. }) => return consoles::attach(common, &path).await,
        setup => setup?,
    };
    let engine = Engine::start(setup).await?;
    let ends = "The engine in this process stops too, and with it everybody's console: webhooks wait at the provider until it runs again.";
    let shown = consoles::own(common, &config, &engine, ends).await;
    if matches!(shown, Ok(Err(Left::Gone))) {
        consoles::go_on(&greeting, SystemClock.now()).await;
    }
    engine.stop().await;
    Ok(shown?.unwrap_or(Exit::Done))
}

async fn attach(common: &Common) -> Result<Exit, AppError> {
    need_terminal("`wadeck status` asks without one.")?;
    consoles::attach(common, &config::data_directory(common.data_dir.as_deref())).await
}

async fn demo(common: &Common, seed: Option<u64>, speed: f64) -> Result<Exit, AppError> {
    need_terminal("The demo is something to look at.")?;
    let seed = seed.unwrap_or_else(random_seed);
    let directory = std::env::temp_dir().join(format!("wadeck-demo-{}", std::process::id()));
    let guests = |config: &Config| Some(consoles::for_guests(config, Greeting::default()));
    let demo = Demo::start(seed, speed.clamp(0.1, 50.0), directory, guests).await?;
    let ends = format!("The demo ends; `wadeck demo --seed {seed}` tells the same story again.");
    let shown = consoles::own(common, &demo.config, &demo.engine, &ends).await;
    demo.stop().await;
    Ok(shown?.unwrap_or(Exit::Failed))
}

fn need_terminal(remedy: &str) -> Result<(), AppError> {
    if is_terminal() {
        return Ok(());
    }
    Err(AppError::Other { what: "The console needs a terminal at both ends.".into(), remedy: remedy.into() })
}

fn check(common: &Common) -> Exit {
    let path = config::config_file(common.config.as_deref());
    let loaded = config::load(&path, Registry::NAMES);
    let keys = loaded.as_ref().ok().and_then(|config| Keymap::with(&config.keys).err());
    let (exit, faults, text) = match (&loaded, keys) {
        (Ok(_), None) => (Exit::Done, vec![], format!("{} is right.", path.display())),
        (Ok(_), Some(faults)) => (Exit::Failed, vec![], faults.join("\n")),
        (Err(ConfigError::Faulty { faults, .. }), _) => {
            (Exit::Failed, faults.clone(), loaded.as_ref().err().map(ToString::to_string).unwrap_or_default())
        }
        (Err(error), _) => (Exit::Failed, vec![], error.to_string()),
    };
    if common.json {
        println!(
            "{}",
            print::json(&serde_json::json!({ "file": path, "right": exit == Exit::Done, "faults": faults }))
        );
    } else if exit == Exit::Done {
        println!("{text}");
    } else {
        eprintln!("{text}");
    }
    exit
}

async fn examine(common: &Common) -> Exit {
    let path = config::config_file(common.config.as_deref());
    let loaded = config::load(&path, Registry::NAMES).map_err(|error| error.to_string());
    let source = source(common);
    let found = doctor::examine(&source, &loaded, &path).await;
    let fine = found.iter().all(|finding| finding.fine);
    if common.json {
        println!("{}", print::json(&found));
    } else {
        for finding in &found {
            println!("{} {:<15} {}", if finding.fine { "ok  " } else { "MEND" }, finding.what, finding.said);
            if !finding.remedy.is_empty() {
                println!("{:21}{}", "", finding.remedy);
            }
        }
    }
    if fine { Exit::Done } else { Exit::Failed }
}

fn roles(markdown: bool) -> Exit {
    if markdown {
        print!("{}", crate::domain::right::markdown());
        return Exit::Done;
    }
    for right in Right::ALL {
        println!("{:<10}{}", right.role().name(), right.what());
    }
    Exit::Done
}

fn keys(markdown: bool) -> Exit {
    if markdown {
        print!("{}", keys_markdown());
        return Exit::Done;
    }
    let map = Keymap::default();
    for spec in crate::console::table() {
        println!("{:<24} {:<18} {}", spec.id, map.shown(spec), spec.help);
    }
    Exit::Done
}

fn source(common: &Common) -> Source {
    Source { directory: config::data_directory(common.data_dir.as_deref()), read_only: common.read_only }
}

async fn verb(common: &Common, command: Command) -> Exit {
    if let Command::Flows(verb) = &command
        && let Some(exit) = super::flows::alone(verb, common)
    {
        return exit;
    }
    if let Command::Templates(verb) = &command
        && let Some(exit) = templates::alone(verb, common)
    {
        return exit;
    }
    let source = source(common);
    let status = matches!(command, Command::Status);
    let flows = matches!(command, Command::Flows(super::flows::Flows::List { refresh: true }));
    let refreshed = matches!(command, Command::Templates(Templates::List { refresh: true, .. }));
    let wanted = match command {
        Command::Send(send) => super::send::request(&source, *send).await.map(|request| Some(Wanted::Act(request))),
        command => wanted(command).map_err(NoAnswer::Failed),
    };
    let wanted = match wanted {
        Ok(Some(wanted)) => follow(&source, wanted).await,
        Ok(None) => return Exit::Failed,
        Err(none) => Err(none),
    };
    let said = match wanted {
        Err(none) => Err(none),
        Ok(Wanted::Told(answer)) => Ok((Exit::Done, printed(&answer, common.json))),
        Ok(Wanted::Said(text)) => Ok((Exit::Done, text)),
        Ok(Wanted::Then(..)) => return Exit::Failed,
        Ok(Wanted::Follow(after)) => match source.follow(after).await {
            Ok(()) => return Exit::Done,
            Err(none) => Err(none),
        },
        Ok(Wanted::Look(query)) => look(&source, &query, common.json).await,
        Ok(Wanted::Act(request)) => match source.act(&request).await {
            Ok(_) if flows => look(&source, &Query::Flow(crate::domain::flow::FlowQuery::List), common.json).await,
            Ok(_) if refreshed => look(&source, &Query::Templates, common.json).await,
            Ok(done) if common.json => Ok((Exit::Done, print::json(&done))),
            Ok(done) => {
                let revealed = matches!(request, Request::RevealDelivery { .. }).then_some(done.made).flatten();
                let lines = done.said.lines().chain(revealed.iter().flat_map(|body| body.lines()));
                Ok((Exit::Done, lines.map(crate::domain::text::clean_line).collect::<Vec<_>>().join("\n")))
            }
            Err(none) => Err(none),
        },
    };
    match said {
        Ok((exit, text)) => {
            println!("{text}");
            if status && !source.engine_runs().await {
                eprintln!("No engine runs on {}: this is what its database holds.", source.directory.display());
                return Exit::Failed;
            }
            exit
        }
        Err(NoAnswer::Refused(why)) => {
            eprintln!("{}", crate::domain::text::clean_line(&why));
            Exit::Refused
        }
        Err(NoAnswer::Failed(why)) => {
            eprintln!("{}", crate::domain::text::clean_line(&why));
            Exit::Failed
        }
    }
}

/// Asks as long as what follows depends on an answer.
async fn follow(source: &Source, mut wanted: Wanted) -> Result<Wanted, NoAnswer> {
    while let Wanted::Then(query, next) = wanted {
        wanted = next(source.ask(&query).await?).map_err(NoAnswer::Failed)?;
    }
    Ok(wanted)
}

fn printed(answer: &Answer, json: bool) -> String {
    if json { print::answer_json(answer) } else { print::answer_text(answer) }
}

async fn look(source: &Source, query: &Query, json: bool) -> Result<(Exit, String), NoAnswer> {
    let answer = source.ask(query).await?;
    let absent =
        matches!(&answer, Answer::Thread(None) | Answer::Message(None) | Answer::Entry(None) | Answer::Delivery(None));
    if absent {
        return Err(NoAnswer::Failed("There is nothing with this id.".into()));
    }
    let uncertain = matches!(&answer, Answer::Entry(Some(entry)) if entry.row.state.name() == "uncertain");
    let exit = match &answer {
        _ if uncertain => Exit::Uncertain,
        Answer::Template(told) if told.value.refuses() => Exit::Refused,
        Answer::Desk(told) if super::agents::is_trouble(told) => Exit::Failed,
        _ => Exit::Done,
    };
    Ok((exit, printed(&answer, json)))
}

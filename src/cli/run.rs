//! Runs what the command line says.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::ask::{NoAnswer, Source};
use super::consoles::{self, Greeting};
use super::events_of::{about, named};
use super::files::{self, Files};
use super::reference::Reading;
use super::scoped::Asked;
use super::templates::{self, Templates};
use super::verbs::{ConfigVerb, Messages};
use super::wanted::{Wanted, wanted};
use super::{Cli, Command, Common, Exit, doctor, print};
use crate::api::Consoles;
use crate::app::{
    AppError, Demo, Engine, EngineSetup, INBOX, Logs, People, SystemChance, SystemClock, random_seed, zone_offset,
};
use crate::attach::{Left, is_terminal};
use crate::config::{self, Config, ConfigError};
use crate::console::{Keymap, keys_markdown};
use crate::domain::access::permission::Right;
use crate::domain::agents::requests::{AgentQuery, AgentTold};
use crate::domain::ids::EventId;
use crate::domain::query::{Answer, Query};
use crate::domain::request::{Done, Request};
use crate::domain::time::Clock;
use crate::provider::Registry;

/// Runs a command to its end. What went wrong is said on standard error, in one sentence.
pub async fn run(cli: Cli) -> Exit {
    // Manual pages are for everybody; whatever else is written holds what people wrote.
    if !matches!(cli.command, Some(Command::Man { .. })) {
        crate::app::keep_private();
    }
    if let Some(why) = cli.common.read_only.then(|| writes(cli.command.as_ref())).flatten() {
        eprintln!("{why}");
        return Exit::Refused;
    }
    let exit = Box::pin(carry_out(cli)).await;
    if exit == Exit::Done && super::out::is_lost() { Exit::Failed } else { exit }
}

/// Why a command that writes or sends by itself does not go with `--read-only`; what asks the engine to change
/// something is refused where it asks.
fn writes(command: Option<&Command>) -> Option<&'static str> {
    Some(match command? {
        Command::Serve => {
            "`wadeck serve` takes webhooks, runs agents and sends: --read-only cannot hold for it. Look at an engine that runs with `wadeck attach --read-only`."
        }
        Command::Twin(_) => "The simulated provider sends webhooks: --read-only cannot hold for it.",
        Command::Backup { .. } => "A backup writes files: with --read-only nothing is written.",
        Command::Man { to: Some(_) } => "With --read-only nothing is written; without --to, the page is printed.",
        Command::Doctor { webhook: true } => "`--webhook` has tests sent: with --read-only nothing is.",
        _ => return None,
    })
}

async fn carry_out(cli: Cli) -> Exit {
    let result = match cli.command {
        None => console(&cli.common).await,
        Some(Command::Demo { seed, speed }) => demo(&cli.common, seed, speed).await,
        Some(Command::Serve) => serve(&cli.common).await,
        Some(Command::Attach) => attach(&cli.common).await,
        Some(Command::Twin(arguments)) => super::twin::run(arguments).await,
        Some(Command::Mcp) => return super::tools::serve(&cli.common).await,
        Some(Command::Config(ConfigVerb::Check)) => return check(&cli.common),
        Some(Command::Config(ConfigVerb::Show)) => return super::shell::show(&cli.common),
        Some(Command::Backup { to, media }) => {
            return super::shell::backup(&cli.common, &to, media.as_deref()).await;
        }
        Some(Command::Completions { shell }) => return super::shell::completions(shell),
        Some(Command::Man { to }) => return super::shell::man(to.as_deref()),
        Some(Command::Doctor { webhook }) => return examine(&cli.common, webhook).await,
        Some(Command::Keys { markdown }) => return keys(markdown),
        Some(Command::Roles { markdown }) => return roles(markdown),
        Some(command) => return verb(&cli.common, command).await,
    };
    match result {
        Ok(exit) => exit,
        Err(error) => {
            said(&error.to_string());
            Exit::Failed
        }
    }
}

/// Says a line on standard error. Where that is closed or on a full disk, nobody is told, and nothing ends.
fn said(line: &str) {
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
        port: super::service::port(),
        people: people.clone(),
        consoles: Some(consoles.clone()),
    })
}

async fn serve(common: &Common) -> Result<Exit, AppError> {
    let config = load(common)?;
    // Handlers first: a signal that comes while starting is not lost.
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| no_signals(&error))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| no_signals(&error))?;
    let mut hangup = signal(SignalKind::hangup()).map_err(|error| no_signals(&error))?;
    let people = Arc::new(People::new(config.users.clone()));
    let guests = consoles::for_guests(&config, people.clone(), Greeting::default());
    let engine = start(common, &config, true, (&people, &guests)).await?;
    let watched = tokio::spawn(super::service::watchdog(engine.system.clone()));
    super::service::ready();
    said(&format!(
        "wadeck takes webhooks at http://{}. Ask it with `wadeck status`; SIGTERM stops it in order.",
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
                    tracing::info!("the users of the configuration were read anew; the rest is as at the start");
                }
                Err(error) => tracing::error!(%error, "the configuration cannot be read anew; who was known still is"),
            },
        }
    }
    watched.abort();
    super::service::stopping();
    engine.stop().await;
    Ok(Exit::Done)
}

/// An engine, with everybody let in who may come.
async fn start(
    common: &Common,
    config: &Config,
    on_stderr: bool,
    (people, guests): (&Arc<People>, &Consoles),
) -> Result<Engine, AppError> {
    let setup = setup(common, config, on_stderr, (people, guests))?;
    let directory = setup.directory.clone();
    let engine = Engine::start(setup).await?;
    if let Err(error) = super::remote::listen(&engine, config, people, &directory, guests.clone()).await {
        engine.stop().await;
        return Err(error);
    }
    Ok(engine)
}

fn no_signals(error: &std::io::Error) -> AppError {
    AppError::Other { what: format!("Signals cannot be listened for: {error}."), remedy: String::new() }
}

async fn console(common: &Common) -> Result<Exit, AppError> {
    if common.read_only {
        // An engine takes webhooks, runs agents and sends: none is started here, only looked at.
        return attach(common).await;
    }
    let config = load(common)?;
    if !common.plain {
        need_terminal("`wadeck serve` runs without one, and `wadeck --plain` speaks in lines.")?;
    }
    let greeting = Greeting::default();
    let people = Arc::new(People::new(config.users.clone()));
    let guests = consoles::for_guests(&config, people.clone(), greeting.clone());
    let engine = match start(common, &config, false, (&people, &guests)).await {
        // Somebody's engine runs already: this is one more console of it.
        Err(AppError::Locked { path, .. }) if common.plain => return Ok(guest_in_lines(common, path).await),
        Err(AppError::Locked { path, .. }) => return consoles::attach(common, &path).await,
        engine => engine?,
    };
    if common.plain {
        let exit = super::plain::sit(
            common,
            Source { files: Files::WithoutInput, ..source(common) },
            "The engine runs here, and ends when you leave.",
        )
        .await;
        engine.stop().await;
        return Ok(exit);
    }
    let ends = "The engine in this process stops too, and with it everybody's console: webhooks wait at the provider until it runs again.";
    let shown = consoles::own(common, &config, &engine, ends).await;
    if matches!(shown, Ok(Err(Left::Gone))) {
        consoles::go_on(&greeting, SystemClock.now()).await;
    }
    engine.stop().await;
    Ok(shown?.unwrap_or(Exit::Done))
}

/// A console in lines of an engine that runs elsewhere.
async fn guest_in_lines(common: &Common, directory: std::path::PathBuf) -> Exit {
    let source = Source {
        directory,
        read_only: common.read_only,
        here: None,
        scope: Asked::by(common),
        files: Files::WithoutInput,
    };
    super::plain::sit(common, source, "The engine runs elsewhere, and goes on when you leave.").await
}

async fn attach(common: &Common) -> Result<Exit, AppError> {
    if common.plain {
        return Ok(guest_in_lines(common, config::data_directory(common.data_dir.as_deref())).await);
    }
    need_terminal("`wadeck status` asks without one.")?;
    consoles::attach(common, &config::data_directory(common.data_dir.as_deref())).await
}

async fn demo(common: &Common, seed: Option<u64>, speed: f64) -> Result<Exit, AppError> {
    if !common.plain {
        need_terminal("The demo is something to look at; `wadeck demo --plain` speaks in lines.")?;
    }
    let seed = seed.unwrap_or_else(random_seed);
    let directory = std::env::temp_dir().join(format!("wadeck-demo-{}", std::process::id()));
    let people = Arc::new(People::new(vec![]));
    let guests = |config: &Config| Some(consoles::for_guests(config, people, Greeting::default()));
    let demo = Demo::start(seed, speed.clamp(0.1, 50.0), directory.clone(), guests).await?;
    if common.plain {
        let source = Source {
            directory,
            read_only: common.read_only,
            here: None,
            scope: Asked::by(common),
            files: Files::WithoutInput,
        };
        let exit = super::plain::sit(common, source, "This is the demo: it ends when you leave.").await;
        demo.stop().await;
        return Ok(exit);
    }
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
    let loaded = config::load(&path, Registry::SHAPES);
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

async fn examine(common: &Common, webhook: bool) -> Exit {
    let path = config::config_file(common.config.as_deref());
    let loaded = config::load(&path, Registry::SHAPES).map_err(|error| error.to_string());
    let source = source(common);
    let mut found = doctor::examine(&source, &loaded, &path).await;
    if webhook {
        found.extend(doctor::webhooks(&source).await);
    }
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
        print!("{}", crate::api::roles_markdown());
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
    let directory = config::data_directory(common.data_dir.as_deref());
    Source { directory, read_only: common.read_only, here: None, scope: Asked::by(common), files: Files::Own }
}

async fn verb(common: &Common, command: Command) -> Exit {
    let names = Reading::end();
    let source = source(common);
    let command = match names.resolve(&source, std::env::args_os().collect()).await {
        Ok(None) => command,
        Ok(Some(cli)) => cli.command.unwrap_or(command),
        Err(none) => return not_answered(none, common.json),
    };
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
    if let Command::Events(super::agents::Events::Follow { after }) = &command {
        return match source.follow(*after).await {
            Ok(()) => Exit::Done,
            Err(none) => not_answered(none, common.json),
        };
    }
    if let Command::Connections(super::numbers::Connections::Setup(wish)) = &command
        && let Some((of, wait)) = wish.walks()
    {
        return super::walk::walk(&source, of, wait, common.json)
            .await
            .unwrap_or_else(|none| not_answered(none, common.json));
    }
    let status = matches!(command, Command::Status);
    let about = about(&command);
    // The file itself went to standard output.
    let bytes = matches!(&command, Command::Messages(Messages::Save { to, .. }) if to == "-");
    // What happens while the answer is made is told too.
    let last = if common.follow { last_event(&source).await } else { None };
    match answered(&source, common, command).await {
        Ok((exit, text)) => {
            if !bytes {
                println!("{text}");
            }
            if common.follow {
                let ended = source.hear((last, false), |event| {
                    if about.is_empty() || about.iter().any(|name| named(event, name)) {
                        println!("{}", print::escaped(event));
                    }
                });
                return ended.await.map_or_else(|none| not_answered(none, common.json), |()| Exit::Done);
            }
            if status && !source.engine_runs().await {
                eprintln!("No engine runs on {}: this is what its database holds.", source.directory.display());
                return Exit::Failed;
            }
            exit
        }
        Err(none) => not_answered(none, common.json),
    }
}

async fn last_event(source: &Source) -> Option<EventId> {
    match source.ask(&Query::Desk(AgentQuery::LastEvent)).await {
        Ok(Answer::Desk(told)) => match *told {
            AgentTold::LastEvent(event) => Some(event),
            _ => None,
        },
        _ => None,
    }
}

fn not_answered(none: NoAnswer, json: bool) -> Exit {
    let (why, exit, code) = match none {
        NoAnswer::Refused(why) => (why, Exit::Refused, "refused"),
        NoAnswer::Failed(why) => (why, Exit::Failed, "failed"),
    };
    let why = crate::domain::text::clean_line(&why);
    eprintln!("{}", if json { print::error_json(code, &why) } else { why });
    exit
}

/// What a verb has to say, and how it ended; for whoever asked, wherever they are.
pub(super) async fn answered(source: &Source, common: &Common, command: Command) -> Result<(Exit, String), NoAnswer> {
    let flows = matches!(command, Command::Flows(super::flows::Flows::List { refresh: true }));
    let refreshed = matches!(command, Command::Templates(Templates::List { refresh: true, .. }));
    let wanted = match command {
        Command::Messages(Messages::Save { message, to }) => {
            let path = source.save(message, &to).await?;
            let done = Done { said: format!("Saved as {path}."), made: Some(path) };
            return Ok((Exit::Done, if common.json { print::json(&done) } else { done.said }));
        }
        Command::Templates(Templates::Sample { connection, source: from }) => {
            Some(Wanted::Act(files::sample(source, connection, from).await?))
        }
        Command::Send(send) => Some(Wanted::Act(super::send::request(source, *send).await?)),
        command => wanted(command).map_err(NoAnswer::Failed)?,
    };
    let nothing = || NoAnswer::Failed("This is no verb that answers.".into());
    match follow(source, wanted.ok_or_else(nothing)?).await? {
        Wanted::Told(answer) => Ok((Exit::Done, printed(&answer, common.json))),
        Wanted::Said(text) => Ok((Exit::Done, text)),
        Wanted::Then(..) => Err(nothing()),
        Wanted::Look(query) => look(source, &query, common.json).await,
        Wanted::Act(request) => {
            let done = source.act(&request).await?;
            if flows {
                return look(source, &Query::Flow(crate::domain::flow::FlowQuery::List), common.json).await;
            }
            if refreshed {
                return look(source, &Query::Templates, common.json).await;
            }
            if common.json {
                return Ok((Exit::Done, print::json(&done)));
            }
            let shown = matches!(request, Request::RevealDelivery { .. } | Request::Token(_));
            let revealed = shown.then_some(done.made).flatten();
            let lines = done.said.lines().chain(revealed.iter().flat_map(|body| body.lines()));
            Ok((Exit::Done, lines.map(crate::domain::text::clean_line).collect::<Vec<_>>().join("\n")))
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
    let answer = source.ask(&source.scope.of_usual(query)).await?;
    let absent = match &answer {
        Answer::Thread(None) | Answer::Message(None) | Answer::Entry(None) | Answer::Delivery(None) => true,
        Answer::Desk(told) => {
            matches!(**told, AgentTold::Run(None) | AgentTold::Assignment(None) | AgentTold::Waiting(None))
        }
        _ => false,
    };
    if absent {
        return Err(NoAnswer::Refused("There is nothing with this id.".into()));
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

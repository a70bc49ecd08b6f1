//! The command line over SSH: the same commands, run in the engine's process with the role of the connected user.
//! Commands that would read or write the engine's files are not available.

use std::sync::Arc;

use clap::Parser;
use futures::FutureExt;

use super::arguments::{Cli, Command};
use super::execute::output_of;
use crate::app::{AppError, Engine, People, SystemChance};
use crate::attach::ssh::{self, KeyOwner, Ran, SshSetup, Verbs, known_keys};
use crate::cli::client::error::{CliError, usage_json};
use crate::cli::client::input::Files;
use crate::cli::client::source::Source;
use crate::cli::verbs::agents::Events;
use crate::cli::verbs::connections::Connections;
use crate::cli::verbs::reference::NameResolver;
use crate::cli::verbs::templates::Templates;
use crate::cli::verbs::{Deliveries, Messages};
use crate::config::Config;
use crate::domain::code::Code;
use crate::domain::text::clean_line;
use crate::domain::time::Rng;
use crate::operations::{System, media_file};

/// Returns whether a command is available over SSH.
fn is_available(command: &Command) -> bool {
    matches!(
        command,
        Command::Status
            | Command::Why { .. }
            | Command::Radar { .. }
            | Command::Marks { .. }
            | Command::Contacts(_)
            | Command::Alerts(_)
            | Command::Threads(_)
            | Command::Replies(_)
            | Command::Messages(_)
            | Command::Send(_)
            | Command::Outbox(_)
            | Command::Agents(_)
            | Command::Assignments(_)
            | Command::Audit(_)
            | Command::Connections(Connections::List { .. } | Connections::Show { .. } | Connections::Operation(_))
            | Command::Deliveries(Deliveries::List { .. } | Deliveries::Show { .. } | Deliveries::Operation(_))
            | Command::Templates(Templates::List { .. } | Templates::Show { .. })
            | Command::Events(Events::List { .. })
    )
}

fn verbs(system: System) -> Verbs {
    Arc::new(move |words, actor, input| {
        let system = system.clone();
        async move {
            let given = std::iter::once("wadeck".to_owned()).chain(words);
            let given: Vec<std::ffi::OsString> = given.map(Into::into).collect();
            NameResolver::start();
            let read = Cli::try_parse_from(&given);
            let names = NameResolver::end();
            let cli = match read {
                Ok(cli) => cli,
                Err(error) => {
                    let asked = !error.use_stderr();
                    let text = if !asked && given.iter().any(|word| word == "--json") {
                        format!("{}\n", usage_json(&error))
                    } else {
                        error.render().to_string()
                    };
                    let (out, err) = if asked { (text, String::new()) } else { (String::new(), text) };
                    return Ran { out, err, status: u32::from(!asked) * 2, file: None };
                }
            };
            let Some(command) = cli.command else {
                let remedy = "Use ssh -t without a command.";
                let none = CliError::new(Code::Usage, "The console needs a terminal.", remedy);
                return failed_output(&none, cli.common.json);
            };
            if !is_available(&command) {
                let reason = "This command is not available over SSH.";
                let none = CliError::new(Code::OwnMachineOnly, reason, "Run it on the engine's machine.");
                return failed_output(&none, cli.common.json);
            }
            let source = Source {
                directory: std::path::PathBuf::new(),
                read_only: cli.common.read_only,
                here: Some((system.clone(), actor.clone())),
                scope: crate::cli::client::scope::ScopeOptions::by(&cli.common),
                files: Files::remote(input),
            };
            let command = match names.resolve::<Cli>(&source, given).await {
                Ok(None) => command,
                Ok(Some(cli)) => cli.command.unwrap_or(command),
                Err(none) => return failed_output(&none, cli.common.json),
            };
            if let Command::Messages(Messages::Save { message, to }) = &command
                && to == "-"
            {
                return match media_file(&system, &actor, *message).await.map_err(CliError::from) {
                    Ok(opened) => Ran { file: Some(opened.file), ..Ran::default() },
                    Err(none) => failed_output(&none, cli.common.json),
                };
            }
            match output_of(&source, &cli.common, command).await {
                Ok((exit, text)) => Ran { out: format!("{text}\n"), status: exit as u32, ..Ran::default() },
                Err(none) => failed_output(&none, cli.common.json),
            }
        }
        .boxed()
    })
}

fn failed_output(none: &CliError, json: bool) -> Ran {
    Ran { err: format!("{}\n", none.text(json)), status: none.exit as u32, ..Ran::default() }
}

/// Starts the SSH server if the configuration enables it.
pub(super) async fn listen(
    engine: &Engine,
    config: &Config,
    people: &Arc<People>,
    directory: &std::path::Path,
    consoles: crate::api::Consoles,
) -> Result<(), AppError> {
    let Some(listen) = &config.ssh.listen else { return Ok(()) };
    let listen = listen.parse().map_err(|_| AppError::Other {
        what: format!("`{}` is no address to listen on.", clean_line(listen)),
        remedy: "Write [ssh] listen like 0.0.0.0:2222.".into(),
    })?;
    let mut seed = [0; 32];
    for half in seed.chunks_mut(16) {
        half.copy_from_slice(&SystemChance.token());
    }
    let setup = SshSetup {
        listen,
        host_key: config.ssh.host_key.clone().unwrap_or_else(|| directory.join("ssh_host_ed25519_key")),
        seed,
        whose: key_lookup(people.clone(), config.ssh.authorized_keys.clone()),
        consoles,
        verbs: verbs(engine.system.clone()),
        allow_classical_key_exchange: config.ssh.allow_classical_key_exchange,
        max_connections: config.ssh.max_connections,
        max_connections_per_address: config.ssh.max_connections_per_address,
    };
    let (tasks, stop) = engine.tasks_and_stop();
    let (address, fingerprint) = ssh::serve(engine.system.clone(), setup, &tasks, stop)
        .await
        .map_err(|error| AppError::Other { what: error.to_string(), remedy: String::new() })?;
    tracing::info!(%address, fingerprint, "SSH consoles enabled");
    Ok(())
}

/// Returns the lookup from a public key to its user. The key file is read on each login, so that removing a key takes
/// effect at once.
fn key_lookup(people: Arc<People>, file: Option<std::path::PathBuf>) -> KeyOwner {
    Arc::new(move |offered| {
        let same = |text: &str| known_keys(text).0.iter().any(|known| known.key.key_data() == offered.key_data());
        if let Some(actor) = people.by_key(same) {
            return Some(actor);
        }
        let text = std::fs::read_to_string(file.as_ref()?).ok()?;
        let (known, faults) = known_keys(&text);
        for fault in faults {
            tracing::warn!(fault, "in the authorized keys file");
        }
        let found = known.into_iter().find(|known| known.key.key_data() == offered.key_data())?;
        people.named(&found.name)
    })
}

//! Runs custom commands: checks who may, writes the audit row, and starts the program with bounded time and output.

use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::agent::ProcessGroup;
use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::code::Code;
use crate::domain::custom_command::{CommandOutput, CustomCommand, OutputTarget, Values, fill_in};
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;
use crate::operations::{Result, System};

/// Output beyond this is discarded.
const MAX_OUTPUT_BYTES: u64 = 256 * 1024;
/// Environment variables that programs get. Others, such as keys of providers, stay in this process.
const ENVIRONMENT: [&str; 17] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TERM",
    "BROWSER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "XDG_CURRENT_DESKTOP",
    "DBUS_SESSION_BUS_ADDRESS",
];

/// The console in which a custom command was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsolePlace {
    /// The console of the engine's own process.
    Local,
    /// An attached console, or one over SSH.
    Remote,
    /// A console that refuses every change: nobody knows what a program changes.
    ReadOnly,
}

/// Runs the custom command with this title and returns its output. Fails if there is none, if the actor's role or the
/// console's place does not allow it, if a value is missing, and if the program fails. The audit row is written before
/// the program starts.
pub async fn run_custom_command(
    system: &System,
    actor: &Actor,
    title: &str,
    values: &Values,
    place: ConsolePlace,
) -> Result<CommandOutput> {
    let declared = system.config().commands.iter().find(|command| command.title == title);
    let Some(command) = declared else {
        let why = format!("There is no command `{}`.", clean_line(title));
        return Err(Refusal::new(Code::NotFound, why, "Open the console again to see the current commands.").into());
    };
    if actor.role().is_none_or(|role| role < command.role) {
        let why = format!("`{}` needs the role {}.", command.title, command.role.name());
        return Err(Refusal::new(Code::Role, why, "Ask someone who has the role.").into());
    }
    if place == ConsolePlace::ReadOnly {
        let why = format!("This console was opened with --read-only: `{}` is not run.", command.title);
        return Err(Refusal::new(Code::ReadOnly, why, "Open the console without --read-only.").into());
    }
    if place == ConsolePlace::Remote && !command.remote {
        let why = format!("`{}` runs only in the console of the engine's own process.", command.title);
        let remedy = "An admin allows it with `remote = true`; it then runs on the engine's machine.";
        return Err(Refusal::new(Code::OwnTerminalOnly, why, remedy).into());
    }
    let arguments = fill_in(&command.command, values).map_err(|error| failed(command, &error.to_string()))?;
    let subject = values.get("id").map(|id| clean_line(id)).unwrap_or_default();
    let mut write = system.store().write().await?;
    write.audit(actor, AuditAction::RunCommand, &subject, &command.title, system.now()).await?;
    write.commit().await?;
    Ok(run(command, &arguments).await?)
}

fn failed(command: &CustomCommand, why: &str) -> Refusal {
    let why = format!("`{}` failed: {why}", command.title);
    Refusal::new(Code::CustomCommand, why, "Check the command in the configuration.")
}

/// Runs the program to its end.
async fn run(command: &CustomCommand, arguments: &[String]) -> std::result::Result<CommandOutput, Refusal> {
    let Some((program, arguments)) = arguments.split_first() else { return Err(failed(command, "it is empty.")) };
    let is_read = command.output != OutputTarget::Nowhere;
    let pipe = || if is_read { Stdio::piped() } else { Stdio::null() };
    let mut process = Command::new(program);
    process.args(arguments).env_clear();
    process.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    process.stdin(Stdio::null()).stdout(pipe()).stderr(pipe()).process_group(0).kill_on_drop(true);
    let started = crate::agent::start(&mut process);
    let mut child = started.map_err(|error| failed(command, &format!("cannot start {program}: {error}.")))?;
    let group = ProcessGroup::of(&child);
    if let Ok(ended) = tokio::time::timeout(command.timeout, end(&mut child)).await {
        group.keep();
        let (text, error, is_truncated, status) = ended.map_err(|error| failed(command, &format!("{error}.")))?;
        if !status.success() {
            let last = error.lines().rfind(|line| !line.trim().is_empty()).map(clean_line).unwrap_or_default();
            return Err(failed(command, format!("{program} ended with {status}. {last}").trim()));
        }
        return Ok(CommandOutput { text: if text.trim().is_empty() { error } else { text }, is_truncated });
    }
    Err(failed(command, &format!("{program} did not end within {} s and was killed.", command.timeout.as_secs())))
}

/// Waits for the end of a program. Returns its output, its error output, whether either was cut, and its status.
async fn end(child: &mut Child) -> std::io::Result<(String, String, bool, std::process::ExitStatus)> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let ((out, cut), (err, error_cut)) = tokio::try_join!(read(out), read(err))?;
    Ok((out, err, cut || error_cut, child.wait().await?))
}

/// Reads a pipe to its end. Returns the text within the limit, and whether there was more.
async fn read(pipe: Option<impl AsyncRead + Unpin>) -> std::io::Result<(String, bool)> {
    let Some(mut pipe) = pipe else { return Ok((String::new(), false)) };
    let mut bytes = vec![];
    (&mut pipe).take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes).await?;
    // The rest is discarded, so that the program does not wait for a reader.
    let rest = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), rest > 0))
}

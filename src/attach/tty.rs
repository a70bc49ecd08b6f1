//! The local terminal. It is switched to full-screen mode, and restored however the console ends. A separate thread
//! writes the output, so that a terminal that does not read blocks nothing else.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use super::keyboard::Keyboard;
use super::surface::{SurfaceCommand, SurfaceEndpoint, SurfaceEvent};
use crate::console::EditorError;
use crate::console::Theme;
use crate::operations::start_program;

/// Interval at which the terminal is checked for being closed.
const TERMINAL_CHECK_INTERVAL: std::time::Duration = std::time::Duration::from_secs(2);

tokio::task_local! {
    /// Set in the task of the console that owns this process's terminal.
    static OWNS_TERMINAL: ();
}

/// Runs the console that owns this process's terminal: if it panics, the terminal is restored first.
pub async fn run_owning_terminal<F: Future>(console: F) -> F::Output {
    OWNS_TERMINAL.scope((), console).await
}

/// Returns `true` if standard input and output are terminals.
pub fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Returns columns and rows of this process's terminal.
pub fn size() -> std::io::Result<(u16, u16)> {
    crossterm::terminal::size()
}

/// Returns what the terminal can show according to its environment.
///
/// `requested` is the user's choice; features that the terminal lacks are left out anyway.
pub fn theme(requested: Theme) -> Theme {
    let set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let term = std::env::var("TERM").unwrap_or_default();
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let plain_locale = locale.is_some_and(|locale| matches!(locale.as_str(), "C" | "POSIX"));
    Theme {
        colour: requested.colour
            && !set("NO_COLOR")
            && term != "dumb"
            && std::env::var("CLICOLOR").map_or(true, |value| value != "0"),
        ascii: requested.ascii || plain_locale || term == "dumb",
    }
}

/// The local terminal while a console uses it. Dropping it restores the terminal.
pub struct Tty {
    writer: SyncSender<Vec<u8>>,
    is_closed: Arc<AtomicBool>,
    /// Notified when a frame was written.
    written: Arc<Notify>,
}

impl std::fmt::Debug for Tty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tty")
    }
}

/// How a console on the local terminal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// The console ended; the reason, empty if it is obvious.
    Console(String),
    /// The terminal was closed.
    Gone,
    /// The process received SIGTERM.
    Terminated,
}

impl Tty {
    /// Switches the terminal to full-screen mode. A panic restores it before its message is printed.
    pub fn enter() -> std::io::Result<Self> {
        let (writer, frames) = sync_channel::<Vec<u8>>(1);
        let (is_closed, written) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        {
            let (is_closed, written) = (is_closed.clone(), written.clone());
            std::thread::Builder::new().name("screen".into()).spawn(move || {
                for frame in frames {
                    let mut out = std::io::stdout().lock();
                    if out.write_all(&frame).and_then(|()| out.flush()).is_err() {
                        is_closed.store(true, Ordering::SeqCst);
                    }
                    written.notify_one();
                }
            })?;
        }
        let previous_hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // Other tasks may panic, too: only the console that owns the terminal restores it.
            if OWNS_TERMINAL.try_with(|()| ()).is_ok() {
                restore_terminal();
            }
            tracing::error!(%panic, "Console failed");
            previous_hook(panic);
        }));
        activate_terminal()?;
        Ok(Self { writer, is_closed, written })
    }

    /// Passes input to the console and its output to the terminal, until either ends.
    pub async fn run(&mut self, endpoint: SurfaceEndpoint) -> std::io::Result<Left> {
        let SurfaceEndpoint { events, mut commands } = endpoint;
        let mut keyboard = Keyboard::start()?;
        let mut resized = signal(SignalKind::window_change())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut terminal_check = tokio::time::interval(TERMINAL_CHECK_INTERVAL);
        terminal_check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let event = tokio::select! {
                biased;
                _ = hangup.recv() => return Ok(Left::Gone),
                _ = terminate.recv() => return Ok(Left::Terminated),
                bytes = keyboard.next() => match bytes {
                    Some(bytes) => SurfaceEvent::Bytes(bytes),
                    // End of input or a read error: the terminal was closed.
                    None => return Ok(Left::Gone),
                },
                _ = resized.recv() => {
                    let (columns, rows) = crossterm::terminal::size()?;
                    SurfaceEvent::Size { columns, rows }
                }
                () = self.written.notified() => SurfaceEvent::Ready,
                command = commands.recv() => match command {
                    Some(SurfaceCommand::Frame(bytes)) => {
                        if self.writer.try_send(bytes).is_err() {
                            self.is_closed.store(true, Ordering::SeqCst);
                        }
                        continue;
                    }
                    Some(SurfaceCommand::Suspend) => {
                        suspend()?;
                        let (columns, rows) = crossterm::terminal::size()?;
                        let _ = events.send(SurfaceEvent::Size { columns, rows }).await;
                        SurfaceEvent::Back
                    }
                    Some(SurfaceCommand::Edit(text)) => {
                        // The editor must be the only reader of the terminal.
                        drop(keyboard);
                        let text = edit(&text).await;
                        keyboard = Keyboard::start()?;
                        let (columns, rows) = crossterm::terminal::size()?;
                        let _ = events.send(SurfaceEvent::Size { columns, rows }).await;
                        SurfaceEvent::Edited(text)
                    }
                    // Uploads are handled by the client's side of the connection.
                    Some(SurfaceCommand::Upload(_)) => continue,
                    Some(SurfaceCommand::End(why)) => return Ok(Left::Console(why)),
                    None => return Ok(Left::Console(String::new())),
                },
                _ = terminal_check.tick() => {
                    if self.is_gone() {
                        return Ok(Left::Gone);
                    }
                    continue;
                }
            };
            // Fails if the console has just ended; its end command follows.
            let _ = events.send(event).await;
        }
    }

    /// Returns `true` if the terminal was closed. Some terminals close without a signal, so it is polled.
    fn is_gone(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, poll};
        if self.is_closed.load(Ordering::SeqCst) {
            return true;
        }
        let stdin = std::io::stdin();
        let mut poll_fds = [PollFd::new(&stdin, PollFlags::empty())];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut poll_fds, Some(&now)).is_ok()
            && poll_fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        restore_terminal();
    }
}

/// Opens a text in the user's editor. Returns the edited text.
async fn edit(text: &str) -> Result<String, EditorError> {
    let editor =
        ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let mut editor_command = editor.split_whitespace();
    let program = editor_command.next().unwrap_or("vi").to_owned();
    let file = tempfile::Builder::new().prefix("wadeck-").suffix(".txt").tempfile();
    let file = file.map_err(|error| EditorError::NoFile(error.to_string()))?;
    let path = file.path().to_owned();
    std::fs::write(&path, text).map_err(|error| EditorError::NotWritten(error.to_string()))?;
    restore_terminal();
    let mut command = tokio::process::Command::new(&program);
    command.args(editor_command).arg(&path);
    let status = async { start_program(&mut command)?.wait().await }.await;
    activate_terminal().map_err(|error| EditorError::Terminal(error.to_string()))?;
    match status {
        Ok(status) if status.success() => {
            std::fs::read_to_string(&path).map_err(|error| EditorError::NotRead(error.to_string()))
        }
        Ok(status) => Err(EditorError::Exit { program, status: status.to_string() }),
        Err(error) => Err(EditorError::NotStarted { program, cause: error.to_string() }),
    }
}

/// Restores the terminal, stops this process until the shell resumes it, and switches to full-screen mode again.
fn suspend() -> std::io::Result<()> {
    restore_terminal();
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
    activate_terminal()
}

/// `true` while the terminal is in full-screen mode, so that it is restored only once.
static IS_ACTIVE: AtomicBool = AtomicBool::new(false);

/// Switches the terminal to full-screen mode.
fn activate_terminal() -> std::io::Result<()> {
    IS_ACTIVE.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(std::io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)
}

/// Restores the terminal. Errors are ignored: a closed terminal needs no restoring.
fn restore_terminal() {
    if !IS_ACTIVE.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = execute!(std::io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}

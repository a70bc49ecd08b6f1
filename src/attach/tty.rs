//! The local terminal: entered once, and given back whatever happens. Writing is done by a thread
//! of its own, so that a terminal that does not read stalls nobody.

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
use crate::console::Theme;
use crate::operations::start_program;

/// How often it is asked whether the terminal is still there.
const WATCH: std::time::Duration = std::time::Duration::from_secs(2);

tokio::task_local! {
    /// Set where the console of this process's own terminal runs.
    static HOME: ();
}

/// Runs the console of this process's own terminal: when it breaks, the terminal is given back first.
pub async fn at_home<F: Future>(console: F) -> F::Output {
    HOME.scope((), console).await
}

/// Whether both ends are a terminal.
pub fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Columns and rows of this process's own terminal.
pub fn size() -> std::io::Result<(u16, u16)> {
    crossterm::terminal::size()
}

/// What the terminal can show, as far as its environment tells.
///
/// `wanted` is what the user asks for: what the terminal lacks is left out all the same.
pub fn theme(wanted: Theme) -> Theme {
    let set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let term = std::env::var("TERM").unwrap_or_default();
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let plain_locale = locale.is_some_and(|locale| matches!(locale.as_str(), "C" | "POSIX"));
    Theme {
        colour: wanted.colour
            && !set("NO_COLOR")
            && term != "dumb"
            && std::env::var("CLICOLOR").map_or(true, |value| value != "0"),
        ascii: wanted.ascii || plain_locale || term == "dumb",
    }
}

/// Somebody's own terminal while a console has it: here is where they sit.
pub struct Tty {
    writer: SyncSender<Vec<u8>>,
    gone: Arc<AtomicBool>,
    /// Rings when a frame was written.
    written: Arc<Notify>,
}

impl std::fmt::Debug for Tty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tty")
    }
}

/// How sitting at a terminal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// The console ended; why, where that is not plain.
    Console(String),
    /// The terminal went away.
    Gone,
    /// The process was asked to end.
    Terminated,
}

impl Tty {
    /// Takes the terminal. A panic gives it back before its message is printed.
    pub fn enter() -> std::io::Result<Self> {
        let (writer, frames) = sync_channel::<Vec<u8>>(1);
        let (gone, written) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        {
            let (gone, written) = (gone.clone(), written.clone());
            std::thread::Builder::new().name("screen".into()).spawn(move || {
                for frame in frames {
                    let mut out = std::io::stdout().lock();
                    if out.write_all(&frame).and_then(|()| out.flush()).is_err() {
                        gone.store(true, Ordering::SeqCst);
                    }
                    written.notify_one();
                }
            })?;
        }
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // Others may break, too: only what has this terminal gives it back.
            if HOME.try_with(|()| ()).is_ok() {
                give_back();
            }
            tracing::error!(%panic, "Console failed");
            before(panic);
        }));
        take()?;
        Ok(Self { writer, gone, written })
    }

    /// Carries what is done here to the console, and what it says onto the screen, until either ends.
    pub async fn sit(&mut self, seat: SurfaceEndpoint) -> std::io::Result<Left> {
        let SurfaceEndpoint { heard, mut told } = seat;
        let mut keyboard = Keyboard::start()?;
        let mut resized = signal(SignalKind::window_change())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut watch = tokio::time::interval(WATCH);
        watch.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                biased;
                _ = hangup.recv() => return Ok(Left::Gone),
                _ = terminate.recv() => return Ok(Left::Terminated),
                bytes = keyboard.next() => match bytes {
                    Some(bytes) => SurfaceEvent::Bytes(bytes),
                    // The end of input, or an input that cannot be read: nobody is there.
                    None => return Ok(Left::Gone),
                },
                _ = resized.recv() => {
                    let (columns, rows) = crossterm::terminal::size()?;
                    SurfaceEvent::Size { columns, rows }
                }
                () = self.written.notified() => SurfaceEvent::Ready,
                said = told.recv() => match said {
                    Some(SurfaceCommand::Frame(bytes)) => {
                        if self.writer.try_send(bytes).is_err() {
                            self.gone.store(true, Ordering::SeqCst);
                        }
                        continue;
                    }
                    Some(SurfaceCommand::Suspend) => {
                        suspend()?;
                        let (columns, rows) = crossterm::terminal::size()?;
                        let _ = heard.send(SurfaceEvent::Size { columns, rows }).await;
                        SurfaceEvent::Back
                    }
                    Some(SurfaceCommand::Edit(text)) => {
                        // Nobody else may read the keys meanwhile.
                        drop(keyboard);
                        let text = edit(&text).await;
                        keyboard = Keyboard::start()?;
                        let (columns, rows) = crossterm::terminal::size()?;
                        let _ = heard.send(SurfaceEvent::Size { columns, rows }).await;
                        SurfaceEvent::Edited(text)
                    }
                    // Whoever carries the line has answered that already.
                    Some(SurfaceCommand::Upload(_)) => continue,
                    Some(SurfaceCommand::End(why)) => return Ok(Left::Console(why)),
                    None => return Ok(Left::Console(String::new())),
                },
                _ = watch.tick() => {
                    if self.is_gone() {
                        return Ok(Left::Gone);
                    }
                    continue;
                }
            };
            // A console that has just ended says so next.
            let _ = heard.send(done).await;
        }
    }

    /// Whether nobody is there any more. Some terminals go without a signal: it has to be asked.
    fn is_gone(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, poll};
        if self.gone.load(Ordering::SeqCst) {
            return true;
        }
        let stdin = std::io::stdin();
        let mut asked = [PollFd::new(&stdin, PollFlags::empty())];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut asked, Some(&now)).is_ok()
            && asked[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal to the person's editor, and takes it again. Says what was written.
async fn edit(text: &str) -> Result<String, String> {
    let editor =
        ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi").to_owned();
    let file = tempfile::Builder::new().prefix("wadeck-").suffix(".txt").tempfile();
    let file = file.map_err(|error| format!("Cannot create a file for the editor: {error}."))?;
    let path = file.path().to_owned();
    std::fs::write(&path, text).map_err(|error| format!("Cannot write the text for the editor: {error}."))?;
    give_back();
    let mut command = tokio::process::Command::new(&program);
    command.args(words).arg(&path);
    let ended = async { start_program(&mut command)?.wait().await }.await;
    take().map_err(|error| format!("Cannot restore the terminal: {error}."))?;
    match ended {
        Ok(status) if status.success() => {
            std::fs::read_to_string(&path).map_err(|error| format!("Cannot read the edited text: {error}."))
        }
        Ok(status) => Err(format!("{program} exited with {status}; the text is unchanged.")),
        Err(error) => Err(format!("Cannot start {program}: {error}. Set $EDITOR.")),
    }
}

/// Gives the terminal back, sleeps until somebody says `fg`, and takes it again.
fn suspend() -> std::io::Result<()> {
    give_back();
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
    take()
}

/// Whether the terminal is ours: it is given back once, however many ways lead there.
static TAKEN: AtomicBool = AtomicBool::new(false);

fn take() -> std::io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(std::io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)
}

/// Never fails: a terminal that is gone needs nothing.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = execute!(std::io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}

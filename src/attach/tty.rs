//! The local terminal: entered once, and given back whatever happens. Writing is done by a thread
//! of its own, so that a terminal that does not read stalls nobody.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use tokio::sync::Notify;

use super::backend::ByteScreen;
use crate::console::{Console, Theme};

/// Whether both ends are a terminal.
pub fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// What the terminal can show, as far as its environment tells.
pub fn theme(no_color: bool, ascii: bool) -> Theme {
    let set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let term = std::env::var("TERM").unwrap_or_default();
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let plain_locale = locale.is_some_and(|locale| matches!(locale.as_str(), "C" | "POSIX"));
    Theme {
        colour: !(no_color
            || set("NO_COLOR")
            || term == "dumb"
            || std::env::var("CLICOLOR").is_ok_and(|value| value == "0")),
        ascii: ascii || plain_locale || term == "dumb",
    }
}

/// The terminal while the console has it.
pub struct Tty {
    screen: ByteScreen,
    writer: SyncSender<Vec<u8>>,
    busy: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
    /// Rings when a frame was written.
    pub(super) written: Arc<Notify>,
}

impl std::fmt::Debug for Tty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tty")
    }
}

impl Tty {
    /// Takes the terminal. A panic gives it back before its message is printed.
    pub fn enter() -> std::io::Result<Self> {
        let (columns, rows) = crossterm::terminal::size()?;
        let screen = ByteScreen::new(columns, rows)?;
        let (writer, frames) = sync_channel::<Vec<u8>>(1);
        let (busy, gone, written) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        {
            let (busy, gone, written) = (busy.clone(), gone.clone(), written.clone());
            std::thread::Builder::new().name("screen".into()).spawn(move || {
                for frame in frames {
                    let mut out = std::io::stdout().lock();
                    if out.write_all(&frame).and_then(|()| out.flush()).is_err() {
                        gone.store(true, Ordering::SeqCst);
                    }
                    busy.store(false, Ordering::SeqCst);
                    written.notify_one();
                }
            })?;
        }
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            tracing::error!(%panic, "the console broke");
            before(panic);
        }));
        take()?;
        Ok(Self { screen, writer, busy, gone, written })
    }

    /// Whether the last frame is still on its way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::SeqCst)
    }

    /// Draws, and hands the bytes to the writer. Only called when it is idle.
    pub(super) fn draw(&mut self, console: &Console) -> std::io::Result<()> {
        let frame = self.screen.draw(console)?;
        if frame.is_empty() {
            return Ok(());
        }
        self.busy.store(true, Ordering::SeqCst);
        if self.writer.try_send(frame).is_err() {
            self.gone.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    pub(super) fn copy(&mut self, text: &str) {
        let _ = execute!(self.screen.writer(), CopyToClipboard::to_clipboard_from(text));
    }

    /// Rings; and says why in a desktop notice where the terminal knows how.
    pub(super) fn ring(&mut self, text: &str, bell: bool, osc9: bool) {
        use std::io::Write as _;
        let writer = self.screen.writer();
        if osc9 {
            let _ = write!(writer, "\x1b]9;{}\x07", crate::domain::text::clean_line(text));
        }
        if bell {
            let _ = writer.write_all(b"\x07");
        }
    }

    /// Gives the terminal to the person's editor, and takes it again. Says what was written.
    pub(super) async fn edit(&mut self, text: &str) -> Result<String, String> {
        let editor = ["VISUAL", "EDITOR"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()));
        let editor = editor.unwrap_or_else(|| "vi".to_owned());
        let mut words = editor.split_whitespace();
        let program = words.next().unwrap_or("vi").to_owned();
        let file = tempfile::Builder::new().prefix("wadeck-").suffix(".txt").tempfile();
        let file = file.map_err(|error| format!("There is no room for the editor: {error}."))?;
        let path = file.path().to_owned();
        std::fs::write(&path, text).map_err(|error| format!("The editor cannot be given the text: {error}."))?;
        give_back();
        let ended = tokio::process::Command::new(&program).args(words).arg(&path).status().await;
        take().map_err(|error| format!("The terminal cannot be taken back: {error}."))?;
        if let Ok((columns, rows)) = crossterm::terminal::size() {
            self.resize(columns, rows);
        }
        let _ = self.redraw();
        match ended {
            Ok(status) if status.success() => {
                std::fs::read_to_string(&path).map_err(|error| format!("What was written cannot be read: {error}."))
            }
            Ok(status) => Err(format!("{program} ended with {status}; nothing was changed.")),
            Err(error) => Err(format!("{program} cannot be started: {error}. Set $EDITOR.")),
        }
    }

    pub(super) fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.resize(columns, rows);
    }

    /// Whether nobody is there any more. Some terminals go without a signal: it has to be asked.
    pub(super) fn is_gone(&self) -> bool {
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

    /// Gives the terminal back, sleeps until somebody says `fg`, and takes it again.
    pub(super) fn suspend(&mut self) -> std::io::Result<()> {
        give_back();
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
        take()?;
        let (columns, rows) = crossterm::terminal::size()?;
        self.resize(columns, rows);
        self.redraw()
    }

    /// Everything is drawn anew with the next frame.
    pub(super) fn redraw(&mut self) -> std::io::Result<()> {
        self.screen.redraw()
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
    }
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

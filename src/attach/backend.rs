//! Renders a console to terminal output. Produces only the bytes that change the screen, and none if nothing changed.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::links::{self, Links};
use crate::console::Console;

/// Frames from this size, in bytes, are sent as synchronized output; shorter ones are displayed at once anyway.
const MIN_SYNCHRONIZED_BYTES: usize = 256;
/// Start and end of a synchronized frame (DEC private mode 2026).
const BEGIN_SYNCHRONIZED: &[u8] = b"\x1b[?2026h";
const END_SYNCHRONIZED: &[u8] = b"\x1b[?2026l";

/// Terminal output that is not yet written. Clones share one buffer.
#[derive(Debug, Clone, Default)]
pub(super) struct OutputBuffer(Arc<Mutex<Vec<u8>>>);

impl OutputBuffer {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for OutputBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal screen in memory. Its output is written by the caller.
pub struct ByteScreen {
    terminal: Terminal<DiffBackend>,
    bytes: OutputBuffer,
    /// The terminal supports synchronized output: it displays a frame only when it is complete.
    supports_synchronized: bool,
}

impl std::fmt::Debug for ByteScreen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ByteScreen")
    }
}

impl ByteScreen {
    /// Creates an empty screen. Its first output asks the terminal whether it supports synchronized output.
    pub fn new(columns: u16, rows: u16) -> io::Result<Self> {
        let bytes = OutputBuffer::default();
        let terminal = Terminal::new(DiffBackend::new(bytes.clone(), Size::new(columns, rows)))?;
        // A terminal that does not know the request may print its last characters; the line is cleared again.
        bytes.clone().write_all(b"\x1b[H\x1b[?2026$p\x1b[H\x1b[K")?;
        Ok(Self { terminal, bytes, supports_synchronized: false })
    }

    /// Draws the console, and returns the bytes for the terminal; empty if nothing changed.
    pub fn draw(&mut self, console: &Console) -> io::Result<Vec<u8>> {
        let previous_output = self.bytes.take();
        let urls = console.links();
        let mut links_found = Links::new();
        self.terminal.draw(|frame| {
            console.draw(frame);
            if !urls.is_empty() {
                links_found = links::find(frame.buffer_mut(), &urls);
            }
        })?;
        // This frame was drawn with the previous links: if they changed, it is drawn again with the new ones.
        if self.terminal.backend_mut().set_links(links_found) {
            self.bytes.take();
            self.redraw()?;
            self.terminal.draw(|frame| console.draw(frame))?;
        }
        let output = [previous_output, self.bytes.take()].concat();
        if self.supports_synchronized && output.len() >= MIN_SYNCHRONIZED_BYTES {
            return Ok([BEGIN_SYNCHRONIZED, &output, END_SYNCHRONIZED].concat());
        }
        Ok(output)
    }

    /// Records that the terminal supports synchronized output.
    pub(super) fn enable_synchronized(&mut self) {
        self.supports_synchronized = true;
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.terminal.backend_mut().resize(Size::new(columns, rows));
    }

    /// Draws everything with the next frame, because another program has written to the terminal.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().invalidate();
        self.terminal.clear()
    }

    /// Copies text to the user's clipboard before the next frame (OSC 52).
    pub(super) fn copy(&mut self, text: &str) {
        let _ = execute!(self.bytes, CopyToClipboard::to_clipboard_from(text));
    }

    /// Rings the bell and shows a desktop notification, as far as `signals` allows.
    pub(super) fn ring(&mut self, text: &str, signals: RingSignals) {
        if signals.desktop_notice {
            let _ = write!(self.bytes, "\x1b]9;{}\x07", crate::domain::text::clean_line(text));
        }
        if signals.bell {
            let _ = self.bytes.write_all(b"\x07");
        }
    }
}

/// How a terminal gets the user's attention.
#[derive(Debug, Clone, Copy)]
pub struct RingSignals {
    pub bell: bool,
    /// A desktop notification (OSC 9), for terminals that support it.
    pub desktop_notice: bool,
}

/// A backend that writes only changes, and the cursor's position and visibility only when they change.
struct DiffBackend {
    inner: CrosstermBackend<OutputBuffer>,
    size: Size,
    /// The last written position; `None` if it is unknown.
    cursor: Option<Position>,
    is_cursor_shown: Option<bool>,
    /// Positions of cells with several characters, and their widths.
    multi_character_cells: HashMap<(u16, u16), u16>,
    /// Cells that are drawn as links.
    links: Links,
}

impl DiffBackend {
    fn new(bytes: OutputBuffer, size: Size) -> Self {
        Self {
            inner: CrosstermBackend::new(bytes),
            size,
            cursor: None,
            is_cursor_shown: None,
            multi_character_cells: HashMap::new(),
            links: Links::new(),
        }
    }

    fn resize(&mut self, size: Size) {
        self.size = size;
    }

    /// Sets the links. Returns `true` if they changed.
    fn set_links(&mut self, links: Links) -> bool {
        if self.links == links {
            return false;
        }
        self.links = links;
        true
    }

    /// Draws cells, with links around the cells of URLs.
    fn draw_cells(&mut self, cells: &[(u16, u16, &Cell)]) -> io::Result<()> {
        if self.links.is_empty() {
            return self.inner.draw(cells.iter().copied());
        }
        for part in cells.chunk_by(|a, b| self.links.get(&(a.0, a.1)) == self.links.get(&(b.0, b.1))) {
            let Some((x, y, _)) = part.first() else { continue };
            match self.links.get(&(*x, *y)) {
                Some(url) => {
                    self.inner.write_all(links::link_start(url).as_bytes())?;
                    self.inner.draw(part.iter().copied())?;
                    self.inner.write_all(links::LINK_END.as_bytes())?;
                }
                None => self.inner.draw(part.iter().copied())?,
            }
        }
        Ok(())
    }

    /// Writes spaces, within the screen.
    fn blank(&mut self, x: u16, y: u16, width: u16) -> io::Result<()> {
        let blank = Cell::new(" ");
        let cells = (x..x.saturating_add(width)).take_while(|x| *x < self.size.width);
        self.inner.draw(cells.map(|x| (x, y, &blank)))
    }

    /// Forgets what is on the screen, because another program has written to it.
    fn invalidate(&mut self) {
        self.multi_character_cells.clear();
        self.cursor = None;
        self.is_cursor_shown = None;
    }
}

/// Returns `true` if a cell's symbol consists of several characters.
fn is_multi_character(cell: &Cell) -> bool {
    cell.symbol().chars().nth(1).is_some()
}

impl Backend for DiffBackend {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let cells: Vec<(u16, u16, &Cell)> = content.collect();
        if cells.is_empty() {
            return Ok(());
        }
        self.cursor = None;
        // Terminals disagree about the width of symbols of several characters (Indic vowels, joined emoji): some use
        // a cell for each. Such a cell is therefore blanked over its whole width before it is drawn and before
        // another symbol replaces it, and the cursor is set again after it. A disagreement then stays within the
        // cell: it shifts no row and leaves no remains.
        for (x, y, _) in &cells {
            if let Some(width) = self.multi_character_cells.remove(&(*x, *y)) {
                self.blank(*x, *y, width)?;
            }
        }
        for part in cells.chunk_by(|before, after| !is_multi_character(before.2) && !is_multi_character(after.2)) {
            if let [(x, y, cell)] = part
                && is_multi_character(cell)
            {
                let width = unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1) as u16;
                self.blank(*x, *y, width)?;
                self.multi_character_cells.insert((*x, *y), width);
            }
            self.draw_cells(part)?;
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.is_cursor_shown == Some(false) {
            return Ok(());
        }
        self.is_cursor_shown = Some(false);
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.is_cursor_shown == Some(true) {
            return Ok(());
        }
        self.is_cursor_shown = Some(true);
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor == Some(position) {
            return Ok(());
        }
        self.cursor = Some(position);
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.cursor = None;
        self.multi_character_cells.clear();
        self.inner.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.cursor = None;
        self.inner.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(backend: &mut DiffBackend, bytes: &OutputBuffer, cells: &[(u16, &str)]) -> String {
        let cells: Vec<(u16, Cell)> = cells
            .iter()
            .map(|(x, symbol)| {
                let mut cell = Cell::default();
                cell.set_symbol(symbol);
                (*x, cell)
            })
            .collect();
        backend.draw(cells.iter().map(|(x, cell)| (*x, 0, cell))).expect("drawn");
        String::from_utf8(bytes.take()).expect("UTF-8")
    }

    #[test]
    fn multi_character_symbols_shift_nothing_and_leave_no_remains() {
        let bytes = OutputBuffer::default();
        let mut backend = DiffBackend::new(bytes.clone(), Size::new(20, 1));
        let first = output(&mut backend, &bytes, &[(0, "मी"), (2, "x")]);
        assert!(first.contains("\u{1b}[1;3H"), "what follows is placed anew: {first:?}");
        let after = output(&mut backend, &bytes, &[(0, "a")]);
        let blanked = after.find("  ").expect("both cells are blanked");
        assert!(blanked < after.find('a').expect("drawn"), "{after:?}");
        assert_eq!(output(&mut backend, &bytes, &[]), "", "and nothing costs nothing");
    }
}

//! A screen as bytes: draws into a buffer, and says nothing when nothing changed. The cursor is
//! moved, shown and hidden only when that is a change.

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

/// A shorter frame is never seen half.
const TEARS: usize = 256;
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Bytes that wait to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A screen that is bytes: whoever has a surface writes them there.
pub struct ByteScreen {
    terminal: Terminal<Quiet>,
    bytes: Bytes,
    /// Whether the terminal holds a frame back until it is whole.
    synchronizes: bool,
}

impl std::fmt::Debug for ByteScreen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ByteScreen")
    }
}

impl ByteScreen {
    pub fn new(columns: u16, rows: u16) -> io::Result<Self> {
        let bytes = Bytes::default();
        let terminal = Terminal::new(Quiet::new(bytes.clone(), Size::new(columns, rows)))?;
        // What does not know the question may write a letter of it: the line is emptied again.
        bytes.clone().write_all(b"\x1b[H\x1b[?2026$p\x1b[H\x1b[K")?;
        Ok(Self { terminal, bytes, synchronizes: false })
    }

    /// Draws the console, and returns what the surface has to be told; nothing when nothing changed.
    pub fn draw(&mut self, console: &Console) -> io::Result<Vec<u8>> {
        let before = self.bytes.take();
        let addresses = console.links();
        let mut found = Links::new();
        self.terminal.draw(|frame| {
            console.draw(frame);
            if !addresses.is_empty() {
                found = links::find(frame.buffer_mut(), &addresses);
            }
        })?;
        // What the frame drew is not yet linked: where links changed, everything is drawn once more with them.
        if self.terminal.backend_mut().link(found) {
            self.bytes.take();
            self.redraw()?;
            self.terminal.draw(|frame| console.draw(frame))?;
        }
        let drawn = [before, self.bytes.take()].concat();
        if self.synchronizes && drawn.len() >= TEARS {
            return Ok([BEGIN, &drawn, END].concat());
        }
        Ok(drawn)
    }

    /// The terminal said that it holds frames back.
    pub(super) fn synchronize(&mut self) {
        self.synchronizes = true;
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.terminal.backend_mut().resize(Size::new(columns, rows));
    }

    /// Everything is drawn anew with the next frame: the screen was touched by somebody else.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().forget();
        self.terminal.clear()
    }

    /// Puts text on the clipboard of whoever sits there, before the next frame.
    pub(super) fn copy(&mut self, text: &str) {
        let _ = execute!(self.bytes, CopyToClipboard::to_clipboard_from(text));
    }

    /// Rings the bell or shows a desktop notice with the text, as the surface has it.
    pub(super) fn ring(&mut self, text: &str, signals: RingSignals) {
        if signals.desktop_notice {
            let _ = write!(self.bytes, "\x1b]9;{}\x07", crate::domain::text::clean_line(text));
        }
        if signals.bell {
            let _ = self.bytes.write_all(b"\x07");
        }
    }
}

/// How a terminal calls for attention.
#[derive(Debug, Clone, Copy)]
pub struct RingSignals {
    pub bell: bool,
    /// A desktop notice (the sequence OSC 9), for terminals that know it.
    pub desktop_notice: bool,
}

/// Passes on what changes.
struct Quiet {
    inner: CrosstermBackend<Bytes>,
    size: Size,
    cursor: Option<Position>,
    shown: Option<bool>,
    /// Where a cell stands that is put together, and how wide it is.
    joined: HashMap<(u16, u16), u16>,
    /// Where addresses stand that are drawn as links.
    links: Links,
}

impl Quiet {
    fn new(bytes: Bytes, size: Size) -> Self {
        Self {
            inner: CrosstermBackend::new(bytes),
            size,
            cursor: None,
            shown: None,
            joined: HashMap::new(),
            links: Links::new(),
        }
    }

    fn resize(&mut self, size: Size) {
        self.size = size;
    }

    /// Takes where addresses stand now. Returns whether that differs from before.
    fn link(&mut self, links: Links) -> bool {
        if self.links == links {
            return false;
        }
        self.links = links;
        true
    }

    /// Draws cells, each address among them as a link.
    fn draw_cells(&mut self, cells: &[(u16, u16, &Cell)]) -> io::Result<()> {
        if self.links.is_empty() {
            return self.inner.draw(cells.iter().copied());
        }
        for part in cells.chunk_by(|a, b| self.links.get(&(a.0, a.1)) == self.links.get(&(b.0, b.1))) {
            let Some((x, y, _)) = part.first() else { continue };
            match self.links.get(&(*x, *y)) {
                Some(address) => {
                    self.inner.write_all(links::begin(address).as_bytes())?;
                    self.inner.draw(part.iter().copied())?;
                    self.inner.write_all(links::END.as_bytes())?;
                }
                None => self.inner.draw(part.iter().copied())?,
            }
        }
        Ok(())
    }

    fn blank(&mut self, x: u16, y: u16, width: u16) -> io::Result<()> {
        let blank = Cell::new(" ");
        let cells = (x..x.saturating_add(width)).take_while(|x| *x < self.size.width);
        self.inner.draw(cells.map(|x| (x, y, &blank)))
    }

    /// The screen was touched by somebody else: nothing is known about it any more.
    fn forget(&mut self) {
        self.joined.clear();
        self.cursor = None;
        self.shown = None;
    }
}

/// Whether a cell's symbol is put together from several characters.
fn is_joined(cell: &Cell) -> bool {
    cell.symbol().chars().nth(1).is_some()
}

impl Backend for Quiet {
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
        // Terminals disagree about what is put together from several characters (Indic vowels, joined
        // emoji): some give each part a cell of its own. So such a cell is blanked over its whole width
        // before it is drawn, and again before something else takes its place; and whatever follows it
        // is placed anew. A disagreement then stays within the cell, shifts no row and leaves no ghost.
        for (x, y, _) in &cells {
            if let Some(width) = self.joined.remove(&(*x, *y)) {
                self.blank(*x, *y, width)?;
            }
        }
        for part in cells.chunk_by(|before, after| !is_joined(before.2) && !is_joined(after.2)) {
            if let [(x, y, cell)] = part
                && is_joined(cell)
            {
                let width = unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1) as u16;
                self.blank(*x, *y, width)?;
                self.joined.insert((*x, *y), width);
            }
            self.draw_cells(part)?;
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.shown == Some(false) {
            return Ok(());
        }
        self.shown = Some(false);
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.shown == Some(true) {
            return Ok(());
        }
        self.shown = Some(true);
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
        self.joined.clear();
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

    fn drawn(quiet: &mut Quiet, bytes: &Bytes, cells: &[(u16, &str)]) -> String {
        let cells: Vec<(u16, Cell)> = cells
            .iter()
            .map(|(x, symbol)| {
                let mut cell = Cell::default();
                cell.set_symbol(symbol);
                (*x, cell)
            })
            .collect();
        quiet.draw(cells.iter().map(|(x, cell)| (*x, 0, cell))).expect("drawn");
        String::from_utf8(bytes.take()).expect("UTF-8")
    }

    #[test]
    fn what_is_put_together_shifts_nothing_and_leaves_no_ghost() {
        let bytes = Bytes::default();
        let mut quiet = Quiet::new(bytes.clone(), Size::new(20, 1));
        let first = drawn(&mut quiet, &bytes, &[(0, "मी"), (2, "x")]);
        assert!(first.contains("\u{1b}[1;3H"), "what follows is placed anew: {first:?}");
        let after = drawn(&mut quiet, &bytes, &[(0, "a")]);
        let blanked = after.find("  ").expect("both cells are blanked");
        assert!(blanked < after.find('a').expect("drawn"), "{after:?}");
        assert_eq!(drawn(&mut quiet, &bytes, &[]), "", "and nothing costs nothing");
    }
}

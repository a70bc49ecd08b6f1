//! Lays out the messages of a thread with day lines, notes and suggested replies, and computes the visible part.

use ratatui::text::Line;

use super::bubble::{bubble, centred, note_lines, proposal_lines};
use super::open::MESSAGES;
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::layout::{detail_room, detail_width};
use crate::console::panes::threads::state::ThreadsPane;
use crate::console::words;
use crate::domain::ids::MessageId;
use crate::domain::view::MessageView;

/// The lines of a message, a day line, a note or a suggested reply.
pub(in crate::console) struct Block {
    pub message: Option<MessageId>,
    pub lines: Vec<Line<'static>>,
}

/// The visible part of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) struct View {
    pub first: usize,
    pub below: usize,
}

impl ThreadsPane {
    /// Returns the blocks of all loaded messages.
    pub fn blocks(&self, cx: &Cx, width: usize) -> Vec<Block> {
        self.blocks_from(cx, 0, width)
    }

    /// Returns the blocks that can be visible in `room` rows, and perhaps more above them. At the end of a thread,
    /// older messages are not laid out.
    pub fn blocks_in(&self, cx: &Cx, room: usize, width: usize) -> Vec<Block> {
        let Some(open) = self.open.as_ref().filter(|open| open.cursor.is_none()) else { return self.blocks(cx, width) };
        // Every block has at least three lines: text, status, and a blank line.
        self.blocks_from(cx, open.messages.len().saturating_sub(room / 3 + 1), width)
    }

    /// Returns the blocks from one of the messages on.
    fn blocks_from(&self, cx: &Cx, from: usize, width: usize) -> Vec<Block> {
        let Some(open) = &self.open else { return vec![] };
        let messages = &open.messages[from..];
        let theme = cx.settings.theme;
        let mut blocks = vec![];
        if open.older && from == 0 {
            let line = Line::styled(centred("older messages above", width), theme.dim());
            blocks.push(Block { message: None, lines: vec![line] });
        }
        let mut day = None;
        let mut notes = open.notes.iter().peekable();
        // Notes older than the first shown message belong to the older messages.
        let begins = messages.first().filter(|_| open.older || from > 0).map(|message| message.created_at);
        while notes.next_if(|note| begins.is_some_and(|begins| note.at < begins)).is_some() {}
        for message in messages {
            while let Some(note) = notes.next_if(|note| note.at < message.created_at) {
                blocks.push(Block { message: None, lines: note_lines(cx, note, width) });
            }
            let its_day = words::date(message.created_at, cx.zone());
            if day.replace(its_day) != Some(its_day) {
                let rule = theme.rule().repeat(2);
                let its_day = words::day(message.created_at, cx.now, cx.zone());
                let line = Line::styled(centred(&format!("{rule} {its_day} {rule}"), width), theme.dim());
                blocks.push(Block { message: None, lines: vec![line, Line::default()] });
            }
            if let Some(line) = self.forgotten_line(cx, message, width) {
                blocks.push(Block { message: None, lines: vec![line, Line::default()] });
            }
            blocks.push(Block { message: Some(message.id), lines: bubble(cx, message, width) });
        }
        if open.around.is_none() {
            blocks.extend(notes.map(|note| Block { message: None, lines: note_lines(cx, note, width) }));
            if let Some(record) = &open.proposal {
                blocks.push(Block { message: None, lines: proposal_lines(cx, record, width) });
            }
        } else {
            let line = Line::styled(centred("newer messages below: G goes to the newest", width), theme.dim());
            blocks.push(Block { message: None, lines: vec![line] });
        }
        blocks
    }

    /// Returns the line that marks where the agent's memory was cleared, if this is the first message after it.
    fn forgotten_line(&self, cx: &Cx, message: &MessageView, width: usize) -> Option<Line<'static>> {
        let open = self.open.as_ref()?;
        let from = open.row.as_ref()?.context_from?;
        let before = open.messages.iter().rfind(|one| one.created_at <= from);
        let first = open.messages.iter().find(|one| one.created_at > from)?;
        (first.id == message.id && (before.is_some() || open.older)).then(|| {
            let rule = cx.settings.theme.rule().repeat(2);
            Line::styled(centred(&format!("{rule} agent memory cleared here {rule}"), width), cx.settings.theme.warn())
        })
    }

    /// Returns the visible part of the blocks in `room` rows.
    pub fn view(&self, blocks: &[Block], room: usize) -> View {
        let total: usize = blocks.iter().map(|block| block.lines.len()).sum();
        let bottom = total.saturating_sub(room);
        let first = match self.open.as_ref().and_then(|open| open.cursor.map(|cursor| (cursor, open.anchor))) {
            Some((cursor, anchor)) => {
                start_of(blocks, cursor).map_or(bottom, |start| start.saturating_add_signed(-anchor).min(bottom))
            }
            None => bottom,
        };
        let mut line = 0;
        let below = blocks.iter().filter(|block| {
            let begins = line;
            line += block.lines.len();
            block.message.is_some() && begins >= first + room
        });
        View { first, below: below.count() }
    }

    /// Moves the cursor among the messages, and queries older ones at the top.
    pub fn move_message(&mut self, cx: &Cx, by: isize) -> Vec<Intent> {
        let (room, width) = (detail_room(cx, self), detail_width(cx, self));
        let blocks = self.blocks(cx, width);
        let before = self.view(&blocks, room);
        let Some(open) = &mut self.open else { return vec![] };
        if open.messages.is_empty() {
            return vec![];
        }
        let last = open.messages.len() - 1;
        let from = open.index();
        let to = match from {
            // Moving up from no selection starts at the newest message.
            None if by < 0 => (last + 1).saturating_add_signed(by),
            None => last,
            Some(from) => from.saturating_add_signed(by).min(last),
        };
        let id = open.messages[to].id;
        open.cursor = Some(id);
        let start = start_of(&blocks, id).unwrap_or(0);
        let height = blocks.iter().find(|block| block.message == Some(id)).map_or(1, |block| block.lines.len());
        // The view moves only as far as needed to show the whole message.
        let lowest = room.saturating_sub(height).cast_signed();
        open.anchor = (start.cast_signed() - before.first.cast_signed()).clamp(0, lowest.max(0));
        if to == 0 && open.older && from.is_some() {
            open.wanted += MESSAGES;
            let thread = open.thread;
            return vec![Intent::Ask(self.query_of_messages(thread))];
        }
        vec![]
    }
}

/// Returns the first line of a message; `None` if it is not among the blocks.
fn start_of(blocks: &[Block], message: MessageId) -> Option<usize> {
    let mut line = 0;
    for block in blocks {
        if block.message == Some(message) {
            return Some(line);
        }
        line += block.lines.len();
    }
    None
}

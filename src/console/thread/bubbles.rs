//! The messages of a thread as lines: bubbles, ticks with letters, day lines, failures with their
//! reason and remedy. And where the view stands in them.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::console::{Console, Effect, words};
use crate::domain::agents::requests::RunRecord;
use crate::domain::failure::FailureClass;
use crate::domain::ids::MessageId;
use crate::domain::inbound::event::{Direction, Origin};
use crate::domain::message::media::MediaState;
use crate::domain::message::media::size;
use crate::domain::message::note::Note;
use crate::domain::outbox::entry::EntryState;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::view::MessageView;

/// The lines of one message, or of one day's beginning.
pub(in crate::console) struct Block {
    pub message: Option<MessageId>,
    pub lines: Vec<Line<'static>>,
}

/// What of the lines is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) struct View {
    pub first: usize,
    pub below: usize,
}

impl Console {
    pub(in crate::console) fn blocks(&self, width: usize) -> Vec<Block> {
        self.blocks_from(0, width)
    }

    /// What can be seen in so many rows, and perhaps more above: at the end of a thread not all of it is made.
    pub(in crate::console) fn blocks_in(&self, room: usize, width: usize) -> Vec<Block> {
        let Some(open) = self.open.as_ref().filter(|open| open.cursor.is_none()) else { return self.blocks(width) };
        // None has less than three lines: its words, what became of it, and a blank one.
        self.blocks_from(open.messages.len().saturating_sub(room / 3 + 1), width)
    }

    /// Beginning with one of the messages.
    fn blocks_from(&self, from: usize, width: usize) -> Vec<Block> {
        let Some(open) = &self.open else { return vec![] };
        let messages = &open.messages[from..];
        let theme = self.settings.theme;
        let mut blocks = vec![];
        if open.older && from == 0 {
            let line = Line::styled(centred("older messages above", width), theme.dim());
            blocks.push(Block { message: None, lines: vec![line] });
        }
        let mut day = None;
        let mut notes = open.notes.iter().peekable();
        // Notes older than what is shown stand with what is older.
        let begins = messages.first().filter(|_| open.older || from > 0).map(|message| message.created_at);
        while notes.next_if(|note| begins.is_some_and(|begins| note.at < begins)).is_some() {}
        for message in messages {
            while let Some(note) = notes.next_if(|note| note.at < message.created_at) {
                blocks.push(Block { message: None, lines: self.note_lines(note, width) });
            }
            let its_day = words::date(message.created_at, self.zone());
            if day.replace(its_day) != Some(its_day) {
                let rule = theme.rule().repeat(2);
                let its_day = words::day(message.created_at, self.now, self.zone());
                let line = Line::styled(centred(&format!("{rule} {its_day} {rule}"), width), theme.dim());
                blocks.push(Block { message: None, lines: vec![line, Line::default()] });
            }
            if let Some(line) = self.forgotten_line(message, width) {
                blocks.push(Block { message: None, lines: vec![line, Line::default()] });
            }
            blocks.push(Block { message: Some(message.id), lines: self.bubble(message, width) });
        }
        if open.around.is_none() {
            blocks.extend(notes.map(|note| Block { message: None, lines: self.note_lines(note, width) }));
            if let Some(record) = &open.proposal {
                blocks.push(Block { message: None, lines: self.proposal_lines(record, width) });
            }
        } else {
            let line = Line::styled(centred("newer messages below: G goes to the newest", width), theme.dim());
            blocks.push(Block { message: None, lines: vec![line] });
        }
        blocks
    }

    /// Where what the agent is told begins, above the first message after it.
    fn forgotten_line(&self, message: &MessageView, width: usize) -> Option<Line<'static>> {
        let open = self.open.as_ref()?;
        let from = open.row.as_ref()?.context_from?;
        let before = open.messages.iter().rfind(|one| one.created_at <= from);
        let first = open.messages.iter().find(|one| one.created_at > from)?;
        (first.id == message.id && (before.is_some() || open.older)).then(|| {
            let rule = self.settings.theme.rule().repeat(2);
            Line::styled(
                centred(&format!("{rule} agent memory cleared here {rule}"), width),
                self.settings.theme.warn(),
            )
        })
    }

    /// What the agent would say, on our side but not yet said: with its age, and what decides about it.
    fn proposal_lines(&self, record: &RunRecord, width: usize) -> Vec<Line<'static>> {
        let theme = self.settings.theme;
        let inner = (width * 7 / 10).clamp(20.min(width.saturating_sub(3)), 84).max(8);
        let at = record.run.finished_at.unwrap_or(record.run.due_at);
        let who = clean_line(&record.run.agent);
        let age = words::age(at, self.now);
        let age = if age == "now" { age } else { format!("{age} ago") };
        let mut rows = vec![(format!("{} {who} suggests{}{age}", theme.pick("◇", "?"), theme.dot()), theme.warn())];
        for (number, one) in record.words.iter().enumerate() {
            if number > 0 {
                rows.push((theme.rule().repeat(3), theme.dim()));
            }
            for line in Untrusted::new(one.text.as_str()).lines() {
                rows.extend(words::wrap(&line, inner).into_iter().map(|line| (line, theme.plain())));
            }
        }
        for act in &record.acts {
            rows.extend(
                words::wrap(&format!("+ {}", act.words()), inner).into_iter().map(|line| (line, theme.plain())),
            );
        }
        for breach in &record.run.breaches {
            let text = format!("! held: {}", clean_line(breach));
            rows.extend(words::wrap(&text, inner).into_iter().map(|line| (line, theme.warn())));
        }
        let keys = ["Y send", "E edit", "X dismiss", "I run"].join(theme.dot());
        rows.push((words::fit(&keys, inner, theme.ellipsis()), theme.accent()));
        let bar = theme.pick("┊", ":");
        let mut lines: Vec<Line<'static>> =
            rows.into_iter().map(|(text, style)| row(text, style, true, width, bar, theme.warn())).collect();
        lines.push(Line::default());
        lines
    }

    /// A note stands in the middle, in a colour of its own, and says whom it is for.
    fn note_lines(&self, note: &Note, width: usize) -> Vec<Line<'static>> {
        let theme = self.settings.theme;
        let inner = (width * 7 / 10).max(8);
        let who = crate::domain::text::clean_line(&note.author);
        let head = format!(
            "{} internal note by {who} {} {}",
            theme.pick("✎", "*"),
            theme.pick("·", "-"),
            words::clock(note.at, self.zone())
        );
        let mut rows = vec![head];
        for line in note.words.lines() {
            rows.extend(words::wrap(&line, inner));
        }
        let mut lines: Vec<Line<'static>> =
            rows.into_iter().map(|row| Line::styled(centred(&row, width), theme.warn())).collect();
        lines.push(Line::default());
        lines
    }

    /// Where the message's file is, and what can be done with it.
    fn file_line(&self, message: &MessageView) -> Option<(String, Style)> {
        let theme = self.settings.theme;
        let media = message.media.as_ref()?;
        let kind = crate::domain::text::clean_line(&media.mime_type);
        if let Some((sent, all)) = media.upload {
            let bar = crate::domain::monitoring::gauge::bar(sent as f64, all as f64, 12, theme.ascii);
            return Some((format!("{bar} {} of {}", size(sent), size(all)), theme.accent()));
        }
        let bytes = media.bytes.map(|bytes| format!("{} ", size(bytes))).unwrap_or_default();
        let said = || {
            media.said.as_deref().map(|said| format!(": {}", crate::domain::text::clean_line(said))).unwrap_or_default()
        };
        Some(match media.state {
            MediaState::Kept => {
                let view = if kind.starts_with("image/") { format!("{}v view", theme.dot()) } else { String::new() };
                (
                    format!("{} {bytes}{kind}{dot}o open{dot}s save{view}", theme.pick("▣", "#"), dot = theme.dot()),
                    theme.dim(),
                )
            }
            MediaState::Wanted => (format!("{} {kind} downloading{}", theme.pick("▢", "="), said()), theme.dim()),
            MediaState::Lost | MediaState::Refused => (
                format!("{} {kind} {}{}  F downloads again", theme.pick("✗", "x"), media.state.name(), said()),
                theme.warn(),
            ),
            MediaState::Pruned => (format!("{kind}{}", said()), theme.dim()),
        })
    }

    fn bubble(&self, message: &MessageView, width: usize) -> Vec<Line<'static>> {
        let theme = self.settings.theme;
        let ours = message.direction == Direction::Outbound;
        let inner = (width * 7 / 10).clamp(20.min(width.saturating_sub(3)), 84).max(8);
        let bar_style = if ours { theme.accent() } else { theme.dim() };
        let mut rows: Vec<(String, Style)> = vec![];
        if let Some(quoted) = &message.quotes {
            let text = format!("{} {}", theme.pick("❝", "\""), quoted.line());
            rows.push((words::fit(&text, inner, theme.ellipsis()), theme.dim()));
        }
        for line in message.text.lines() {
            rows.extend(words::wrap(&line, inner).into_iter().map(|line| (line, theme.plain())));
        }
        if let Some((text, style)) = self.file_line(message) {
            rows.extend(words::wrap(&text, inner).into_iter().map(|line| (line, style)));
        }
        if !message.reactions.is_empty() {
            let told = message.reactions.iter().map(|one| {
                format!("{} {}", one.emoji.line(), if one.from == Direction::Inbound { "them" } else { "us" })
            });
            rows.push((told.collect::<Vec<_>>().join("  "), theme.dim()));
        }
        if let Some(dry) = &message.dry_run {
            let text = format!("{} {}", theme.pick("◇", "?"), dry.words());
            rows.extend(words::wrap(&text, inner).into_iter().map(|line| (line, theme.warn())));
        }
        let (meta, style) = self.meta(message);
        rows.extend(words::wrap(&meta, inner).into_iter().map(|line| (line, style)));
        rows.extend(self.trouble(message, inner));
        // A block of its own: its lines begin below each other, on whichever side it stands.
        let block = rows.iter().map(|(text, _)| words::width(text)).max().unwrap_or(0);
        let place = |(text, style): (String, Style)| {
            let text = if ours { words::pad(&text, block, theme.ellipsis()) } else { text };
            row(text, style, ours, width, theme.bar(), bar_style)
        };
        let mut lines: Vec<Line<'static>> = rows.into_iter().map(place).collect();
        lines.push(Line::default());
        lines
    }

    /// When, by whom, and what became of it.
    fn meta(&self, message: &MessageView) -> (String, Style) {
        let theme = self.settings.theme;
        let mut parts = vec![words::clock(message.created_at, self.zone())];
        if message.test {
            parts.push("TEST".into());
        }
        if message.repeats > 0 {
            parts.push(format!("DUP {}{}", theme.pick("×", "x"), message.repeats));
        }
        match (&message.origin, message.direction) {
            (Origin::Api, _) => {}
            (origin, _) => parts.push(crate::domain::text::clean_line(origin.name())),
        }
        if message.direction == Direction::Inbound {
            return (parts.join(theme.dot()), theme.dim());
        }
        if let Some(author) = &message.author {
            parts.insert(0, crate::domain::text::clean_line(author));
        }
        let (fate, style) = theme.fate(message);
        parts.push(fate.to_owned());
        if let Some(entry) = &message.entry
            && entry.state == EntryState::Queued
        {
            match entry.hold {
                Some(hold) => {
                    parts.push(format!(
                        "held until {}: {}",
                        words::moment(entry.due_at, self.now, self.zone()),
                        hold.words()
                    ));
                }
                None if entry.not_before.is_some_and(|at| at > self.now) => {
                    parts.push(format!(
                        "sends {}{}u undoes it",
                        words::moment(entry.not_before.unwrap_or(entry.due_at), self.now, self.zone()),
                        theme.dot()
                    ));
                }
                None if let Some(behind) = entry.behind => parts.push(format!("waits for {behind} before it")),
                None if message.attempts > 0 => {
                    parts.push(format!(
                        "tried {}, again {}",
                        message.attempts,
                        words::moment(entry.due_at, self.now, self.zone())
                    ));
                }
                None => {}
            }
        }
        if let Some(entry) = &message.entry
            && entry.state == EntryState::Scheduled
        {
            let at = entry.not_before.map(|at| words::moment(at, self.now, self.zone())).unwrap_or_default();
            parts.push(match &entry.recalled_by {
                Some(by) => format!("being canceled for {}", crate::domain::text::clean_line(by)),
                None => format!("scheduled at the provider {at}{}u cancels it", theme.dot()),
            });
        }
        (parts.join(theme.dot()), if style == theme.plain() { theme.dim() } else { style })
    }

    /// Why it did not arrive, and what to do.
    fn trouble(&self, message: &MessageView, inner: usize) -> Vec<(String, Style)> {
        let theme = self.settings.theme;
        let state = message.entry.as_ref().map(|entry| entry.state);
        let uncertain = state == Some(EntryState::Uncertain);
        let open = matches!(state, None | Some(EntryState::Failed | EntryState::Dead)) || message.contradictory;
        let Some(error) = message.error.as_ref().filter(|_| uncertain || open) else { return vec![] };
        let style = if uncertain { theme.warn() } else { theme.bad() };
        let sign = if uncertain { "?" } else { theme.pick("✗", "x") };
        let mut rows = vec![(format!("{sign} {}", error.line()), style)];
        rows.extend(words::wrap(&error.explanation, inner).into_iter().map(|line| (line, theme.plain())));
        let next = format!("{} {}", theme.pick("→", ">"), error.remedy);
        rows.extend(words::wrap(&next, inner).into_iter().map(|line| (line, theme.plain())));
        let mut keys = vec![];
        match error.class {
            FailureClass::Window | FailureClass::Template => keys.push("T template"),
            FailureClass::Authorization | FailureClass::Account | FailureClass::Endpoint | FailureClass::Setup => {
                keys.push("1 connections");
            }
            _ => {}
        }
        if state.is_some_and(EntryState::can_retry) {
            keys.push("R retry");
        }
        keys.extend(["w why", "i details"]);
        rows.push((keys.join(theme.dot()), theme.accent()));
        rows.into_iter().map(|(text, style)| (words::fit(&text, inner, theme.ellipsis()), style)).collect()
    }

    /// What of the blocks is seen in so many rows.
    pub(in crate::console) fn view(&self, blocks: &[Block], room: usize) -> View {
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

    /// Moves the cursor among the messages, and asks for older ones at the top.
    pub(in crate::console) fn move_message(&mut self, by: isize) -> Vec<Effect> {
        let (room, width) = (self.detail_room(), self.detail_width());
        let blocks = self.blocks(width);
        let before = self.view(&blocks, room);
        let Some(open) = &mut self.open else { return vec![] };
        if open.messages.is_empty() {
            return vec![];
        }
        let last = open.messages.len() - 1;
        let from = open.index();
        let to = match from {
            // The first step up begins at the newest.
            None if by < 0 => (last + 1).saturating_add_signed(by),
            None => last,
            Some(from) => from.saturating_add_signed(by).min(last),
        };
        let id = open.messages[to].id;
        open.cursor = Some(id);
        let start = start_of(&blocks, id).unwrap_or(0);
        let height = blocks.iter().find(|block| block.message == Some(id)).map_or(1, |block| block.lines.len());
        // Seen where it stands, if it can be; else the view moves just far enough.
        let lowest = room.saturating_sub(height).cast_signed();
        open.anchor = (start.cast_signed() - before.first.cast_signed()).clamp(0, lowest.max(0));
        if to == 0 && open.older && from.is_some() {
            open.wanted += crate::console::data::MESSAGES;
            let thread = open.thread;
            return self.ask(self.query_of_messages(thread));
        }
        vec![]
    }
}

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

fn centred(text: &str, width: usize) -> String {
    let left = width.saturating_sub(words::width(text)) / 2;
    format!("{}{text}", " ".repeat(left))
}

/// Theirs stand left, ours right, each with a bar on its side: the side alone says who spoke.
fn row(text: String, style: Style, ours: bool, width: usize, bar: &'static str, bar_style: Style) -> Line<'static> {
    if ours {
        let left = width.saturating_sub(words::width(&text) + 3);
        Line::from(vec![
            Span::raw(" ".repeat(left)),
            Span::styled(text, style),
            Span::raw(" "),
            Span::styled(bar, bar_style),
        ])
    } else {
        Line::from(vec![Span::raw(" "), Span::styled(bar, bar_style), Span::raw(" "), Span::styled(text, style)])
    }
}

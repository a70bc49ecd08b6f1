//! Draws one message as a bubble: its text, status, failure with reason and remedy; and the notes and suggested
//! replies between messages.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::console::cx::Cx;
use crate::console::words;
use crate::domain::agents::requests::RunRecord;
use crate::domain::failure::FailureClass;
use crate::domain::inbound::event::{Direction, Origin};
use crate::domain::message::media::{MediaState, size};
use crate::domain::message::note::Note;
use crate::domain::monitoring::gauge::bar as bar_of;
use crate::domain::outbox::entry::EntryState;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::view::MessageView;

/// Returns the lines of a suggested reply: on our side, with its age and the keys that decide about it.
pub(super) fn proposal_lines(cx: &Cx, record: &RunRecord, width: usize) -> Vec<Line<'static>> {
    let theme = cx.settings.theme;
    let inner = (width * 7 / 10).clamp(20.min(width.saturating_sub(3)), 84).max(8);
    let at = record.run.finished_at.unwrap_or(record.run.due_at);
    let who = clean_line(&record.run.agent);
    let age = words::ago(at, cx.now);
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
        rows.extend(words::wrap(&format!("+ {}", act.words()), inner).into_iter().map(|line| (line, theme.plain())));
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

/// Returns the lines of an internal note: centered, in a separate color, and labeled as internal.
pub(super) fn note_lines(cx: &Cx, note: &Note, width: usize) -> Vec<Line<'static>> {
    let theme = cx.settings.theme;
    let inner = (width * 7 / 10).max(8);
    let who = clean_line(&note.author);
    let head = format!(
        "{} internal note by {who} {} {}",
        theme.pick("✎", "*"),
        theme.pick("·", "-"),
        words::clock(note.at, cx.zone())
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

/// Returns the state of the message's file and the keys for it; `None` if the message has no file.
fn file_line(cx: &Cx, message: &MessageView) -> Option<(String, Style)> {
    let theme = cx.settings.theme;
    let media = message.media.as_ref()?;
    let kind = clean_line(&media.mime_type);
    if let Some((sent, all)) = media.upload {
        let bar = bar_of(sent as f64, all as f64, 12, theme.ascii);
        return Some((format!("{bar} {} of {}", size(sent), size(all)), theme.accent()));
    }
    let bytes = media.bytes.map(|bytes| format!("{} ", size(bytes))).unwrap_or_default();
    let said = || media.said.as_deref().map(|said| format!(": {}", clean_line(said))).unwrap_or_default();
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

/// Returns the lines of a message's bubble.
pub(super) fn bubble(cx: &Cx, message: &MessageView, width: usize) -> Vec<Line<'static>> {
    let theme = cx.settings.theme;
    let ours = message.direction == Direction::Outbound;
    let inner = (width * 7 / 10).clamp(20.min(width.saturating_sub(3)), 84).max(8);
    let bar_style = if ours { theme.accent() } else { theme.dim() };
    let mut rows: Vec<(String, Style)> = vec![];
    if let Some(quoted) = &message.quotes {
        let text = format!("{} {}", theme.pick("❝", "\""), quoted.line());
        rows.push((words::fit(&text, inner, theme.ellipsis()), theme.dim()));
    }
    // The text of a template as the contact sees it comes below the template's name.
    let texts = [(Some(&message.text), message.rendered.is_some()), (message.rendered.as_ref(), false)];
    for (text, is_name) in texts {
        let style = if is_name { theme.dim() } else { theme.plain() };
        for line in text.into_iter().flat_map(Untrusted::lines) {
            rows.extend(words::wrap(&line, inner).into_iter().map(|line| (line, style)));
        }
    }
    if let Some((text, style)) = file_line(cx, message) {
        rows.extend(words::wrap(&text, inner).into_iter().map(|line| (line, style)));
    }
    if !message.reactions.is_empty() {
        let told = message
            .reactions
            .iter()
            .map(|one| format!("{} {}", one.emoji.line(), if one.from == Direction::Inbound { "them" } else { "us" }));
        rows.push((told.collect::<Vec<_>>().join("  "), theme.dim()));
    }
    if let Some(dry) = &message.dry_run {
        let text = format!("{} {}", theme.pick("◇", "?"), dry.words());
        rows.extend(words::wrap(&text, inner).into_iter().map(|line| (line, theme.warn())));
    }
    let (meta, style) = meta(cx, message);
    rows.extend(words::wrap(&meta, inner).into_iter().map(|line| (line, style)));
    rows.extend(trouble(cx, message, inner));
    // The lines of a bubble are aligned as one block, also on the right side.
    let block = rows.iter().map(|(text, _)| words::width(text)).max().unwrap_or(0);
    let place = |(text, style): (String, Style)| {
        let text = if ours { words::pad(&text, block, theme.ellipsis()) } else { text };
        row(text, style, ours, width, theme.bar(), bar_style)
    };
    let mut lines: Vec<Line<'static>> = rows.into_iter().map(place).collect();
    lines.push(Line::default());
    lines
}

/// Returns the line with the time, the author and the delivery status.
fn meta(cx: &Cx, message: &MessageView) -> (String, Style) {
    let theme = cx.settings.theme;
    let mut parts = vec![words::clock(message.created_at, cx.zone())];
    if message.test {
        parts.push("TEST".into());
    }
    if message.repeats > 0 {
        parts.push(format!("DUP {}{}", theme.pick("×", "x"), message.repeats));
    }
    match (&message.origin, message.direction) {
        (Origin::Api, _) => {}
        (origin, _) => parts.push(clean_line(origin.name())),
    }
    if message.direction == Direction::Inbound {
        return (parts.join(theme.dot()), theme.dim());
    }
    if let Some(author) = &message.author {
        parts.insert(0, clean_line(author));
    }
    let (fate, style) = theme.delivery_symbol(message);
    parts.push(fate.to_owned());
    if let Some(entry) = &message.entry
        && entry.state == EntryState::Queued
    {
        match entry.hold {
            Some(hold) => {
                parts.push(format!("held until {}: {}", words::moment(entry.due_at, cx.now, cx.zone()), hold.words()));
            }
            None if entry.not_before.is_some_and(|at| at > cx.now) => {
                parts.push(format!(
                    "sends {}{}u undoes it",
                    words::moment(entry.not_before.unwrap_or(entry.due_at), cx.now, cx.zone()),
                    theme.dot()
                ));
            }
            None if let Some(behind) = entry.behind => parts.push(format!("waits for {behind} before it")),
            None if message.attempts > 0 => {
                parts.push(format!(
                    "tried {}, again {}",
                    message.attempts,
                    words::moment(entry.due_at, cx.now, cx.zone())
                ));
            }
            None => {}
        }
    }
    if let Some(entry) = &message.entry
        && entry.state == EntryState::Scheduled
    {
        let at = entry.not_before.map(|at| words::moment(at, cx.now, cx.zone())).unwrap_or_default();
        parts.push(match &entry.recalled_by {
            Some(by) => format!("being canceled for {}", clean_line(by)),
            None => format!("scheduled at the provider {at}{}u cancels it", theme.dot()),
        });
    }
    (parts.join(theme.dot()), if style == theme.plain() { theme.dim() } else { style })
}

/// Returns the lines with the failure's reason, remedy and keys; empty if the message did not fail.
fn trouble(cx: &Cx, message: &MessageView, inner: usize) -> Vec<(String, Style)> {
    let theme = cx.settings.theme;
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

pub(super) fn centred(text: &str, width: usize) -> String {
    let left = width.saturating_sub(words::width(text)) / 2;
    format!("{}{text}", " ".repeat(left))
}

/// Returns a line with its bar: the contact's messages are on the left, ours on the right.
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

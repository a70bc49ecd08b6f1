//! Draws the open thread.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::console::cx::Cx;
use crate::console::draw::put::{put, put_lines};
use crate::console::panes::pane::Pane;
use crate::console::panes::threads::state::ThreadsPane;
use crate::console::settings::Focus;
use crate::console::words;
use crate::domain::message::window;

/// Minimum cells for a phone number in the title; a shorter beginning would not identify it.
const LEAST_OF_NUMBER: usize = 9;

impl ThreadsPane {
    /// Draws the title, the warning and the messages of the open thread.
    pub fn draw_thread(&self, cx: &Cx, buffer: &mut Buffer, area: Rect) {
        let theme = cx.settings.theme;
        let Some(open) = &self.open else {
            let text = "Select a thread: j and k move, enter opens.";
            put(buffer, area.x + 2, area.y + area.height / 3, area.width.saturating_sub(2), text, theme.dim());
            return;
        };
        self.draw_thread_title(cx, buffer, Rect { height: 1, ..area });
        let mut body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        if let Some(banner) = self.banner(cx) {
            let banner = words::fit(&banner, usize::from(area.width).saturating_sub(2), theme.ellipsis());
            put(buffer, body.x + 2, body.y, body.width.saturating_sub(2), &banner, theme.warn());
            body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
        }
        if open.is_loaded() && open.messages.is_empty() {
            put(
                buffer,
                body.x + 2,
                body.y + body.height / 3,
                body.width.saturating_sub(2),
                "No messages.",
                theme.dim(),
            );
            return;
        }
        let room = usize::from(body.height);
        let blocks = self.blocks_in(cx, room, usize::from(body.width));
        let view = self.view(&blocks, room);
        let cursor = open.cursor.filter(|_| cx.focus == Focus::Detail);
        let mut lines: Vec<Line<'static>> = vec![];
        for block in blocks {
            let marked = cursor.is_some() && block.message == cursor;
            let last = block.lines.len().saturating_sub(1);
            for (number, mut line) in block.lines.into_iter().enumerate() {
                if marked && number < last {
                    mark(&mut line, theme.pick("▌", ">"), theme.accent());
                }
                lines.push(line);
            }
        }
        let seen: Vec<Line<'static>> = lines.into_iter().skip(view.first).take(room).collect();
        // A short thread is aligned to the top.
        put_lines(buffer, body, &seen);
        if view.below > 0 {
            let text = format!(" {} {} below ", theme.pick("▼", "v"), view.below);
            let wide = words::width(&text) as u16;
            let x = (body.x + body.width).saturating_sub(wide + 2);
            put(buffer, x, body.y + body.height - 1, wide, &text, theme.accent());
        }
    }

    fn draw_thread_title(&self, cx: &Cx, buffer: &mut Buffer, area: Rect) {
        let theme = cx.settings.theme;
        let Some(row) = self.open.as_ref().and_then(|open| open.row.as_ref()) else { return };
        let connections = cx.connections.iter().flat_map(|list| &list.connected);
        let kind = connections.map(|one| &one.connection).find(|one| one.id == row.connection_id).map(|one| one.kind);
        let mark = kind.and_then(crate::domain::numbers::number_kind::NumberKind::mark).map(|mark| format!(" {mark}"));
        let name = format!("{} {}", mark.unwrap_or_default(), row.contact.display_name());
        let style = if cx.focus == Focus::Detail { theme.accent() } else { theme.bold() };
        let named = row.contact.name.is_some();
        let number =
            row.contact.phone_number.as_ref().filter(|_| named).map(|number| format!("  {number}")).unwrap_or_default();
        let who = match (&row.taken_by, &row.assignment) {
            _ if row.held_by_other(cx.now).is_some() => "owned by another app".to_owned(),
            _ if let Some(snoozed) = &row.snoozed => {
                format!("{} snoozed, {} left", theme.pick("☾", "z"), snoozed.left(cx.now))
            }
            (Some(operator), _) if row.is_abandoned(cx.now) => {
                format!("{} {operator} left: C takes the thread", theme.pick("◇", "-"))
            }
            (Some(operator), _) => format!("{} {operator} owns it", theme.pick("◆", "@")),
            (None, _) if let Some(resolved) = &row.resolved => {
                format!("{} resolved by {}", theme.pick("✓", "v"), crate::domain::text::clean_line(&resolved.by))
            }
            (None, _) if row.handed_off_at.is_some() => "escalated: C takes the thread".to_owned(),
            (None, Some(agent)) if agent.stopped || agent.stale => agent.words(),
            (None, Some(agent)) if let Some(until) = row.paused_until(cx.now) => {
                format!("{} silent {}, a person wrote", agent.agent, words::left(until, cx.now))
            }
            (None, Some(agent)) => agent.words(),
            (None, None) => "no agent".to_owned(),
        };
        let present: Vec<String> = row
            .present
            .iter()
            .map(|one| {
                format!("{} {}", crate::domain::text::clean_line(&one.who), if one.writes { "writes" } else { "looks" })
            })
            .collect();
        let present = if present.is_empty() { String::new() } else { format!("{}{}", present.join(", "), theme.dot()) };
        let out = match (row.opted_out, row.no_marketing) {
            (true, _) => format!("opted out{}", theme.dot()),
            (false, true) => format!("no marketing{}", theme.dot()),
            (false, false) => String::new(),
        };
        let waits = row
            .waiting
            .as_ref()
            .filter(|_| row.snoozed.is_none())
            .map(|waiting| format!("! {}{}", words::waits(waiting.since, cx.now), theme.dot()));
        let left = row.window_closes_at.filter(|at| *at > cx.now).map(|at| words::left(at, cx.now));
        let left = format!("{}{} {}", theme.dot(), theme.pick("◷", "w"), left.as_deref().unwrap_or("closed"));
        let cost = row.costs.as_ref().filter(|costs| costs.sent.charged > 0);
        let cost = cost.map(|costs| format!("{}{}", costs.sent.amounts, theme.dot())).unwrap_or_default();
        let right = format!("{out}{}{present}{cost}{who}{left} ", waits.clone().unwrap_or_default());
        let room = usize::from(area.width).saturating_sub(words::width(&right) + 1);
        let name = words::fit(&name, room, theme.ellipsis());
        put(buffer, area.x, area.y, area.width, &name, style);
        let labels = words::fit(&row.label_marks(), room.saturating_sub(words::width(&name)), theme.ellipsis());
        put(buffer, area.x + words::width(&name) as u16, area.y, area.width, &labels, theme.accent());
        let used = words::width(&name) + words::width(&labels);
        // A phone number that is cut short could be mistaken for another, so it is left out if there is little room.
        let left_over = room.saturating_sub(used);
        let number =
            if left_over < LEAST_OF_NUMBER { String::new() } else { words::fit(&number, left_over, theme.ellipsis()) };
        put(buffer, area.x + used as u16, area.y, left_over as u16, &number, theme.dim());
        let x = (area.x + area.width).saturating_sub(words::width(&right) as u16);
        put(
            buffer,
            x,
            area.y,
            area.width,
            &right,
            if waits.is_some() || row.opted_out { theme.warn() } else { theme.dim() },
        );
    }

    /// Returns the state of the service window for the composer's title, and `true` if it is open.
    pub fn window_words(&self, cx: &Cx) -> (String, bool) {
        let closes_at = self.open.as_ref().and_then(|open| open.row.as_ref()).and_then(|row| row.window_closes_at);
        match closes_at {
            Some(closes_at) if window::is_open(Some(closes_at), cx.now) => {
                (format!("window open for {}", words::left(closes_at, cx.now)), true)
            }
            Some(closed) => (format!("window closed {}", words::ago(closed, cx.now)), false),
            None => ("window closed".to_owned(), false),
        }
    }
}

/// Puts the cursor's symbol at the start of a line.
fn mark(line: &mut Line<'static>, sign: &'static str, style: ratatui::style::Style) {
    match line.spans.first_mut() {
        Some(first) if first.content.starts_with(' ') => {
            let rest = first.content[1..].to_owned();
            *first = Span::styled(rest, first.style);
            line.spans.insert(0, Span::styled(sign, style));
        }
        _ => line.spans.insert(0, Span::styled(sign, style)),
    }
}

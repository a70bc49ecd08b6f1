//! The open pane's list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::console::draw::put;
use crate::console::{Console, Focus, Pane, words};
use crate::domain::agents::run::RunState;
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::inbound::event::Direction;
use crate::domain::message::window;
use crate::domain::monitoring::activity::{ActivityKind, ActivityRow};
use crate::domain::outbox::entry::EntryState;
use crate::domain::view::{EntryRow, ThreadRow};

/// A row: text at the left that may be cut, text at the right that is not.
pub(in crate::console) struct Row {
    pub left: Vec<(String, Style)>,
    pub right: Vec<(String, Style)>,
}

impl Console {
    pub(in crate::console) fn draw_list(&self, buffer: &mut Buffer, area: Rect) {
        let ids = self.ids();
        if ids.is_empty() {
            self.draw_empty(buffer, area);
            return;
        }
        let height = self.row_height();
        let room = (usize::from(area.height) / height).max(1);
        let seen = self.list().seen(&ids, room);
        for (place, index) in (seen.first..ids.len()).take(room).enumerate() {
            let y = area.y + (place * height) as u16;
            let rows = self.rows_of(index, height);
            let cursor = seen.cursor == Some(index);
            for (line, row) in rows.iter().enumerate() {
                let line_area = Rect { y: y + line as u16, height: 1, ..area };
                if line_area.y < area.y + area.height {
                    self.draw_row(buffer, line_area, row, cursor, line == 0);
                }
            }
        }
        self.draw_trouble(buffer, area);
    }

    /// Why the list is not what was asked for, at its end: what is shown is older.
    fn draw_trouble(&self, buffer: &mut Buffer, area: Rect) {
        let Some(trouble) = &self.data.trouble else { return };
        let theme = self.settings.theme;
        let lines = words::wrap(&crate::domain::text::clean_line(trouble), usize::from(area.width.saturating_sub(3)));
        let first = area.bottom().saturating_sub(lines.len() as u16).max(area.y);
        for (row, line) in lines.iter().enumerate() {
            let y = first + row as u16;
            if y < area.bottom() {
                let blank = " ".repeat(usize::from(area.width.saturating_sub(1)));
                put(buffer, area.x, y, area.width.saturating_sub(1), &blank, theme.plain());
                put(buffer, area.x + 2, y, area.width.saturating_sub(3), line, theme.bad());
            }
        }
    }

    fn draw_row(&self, buffer: &mut Buffer, area: Rect, row: &Row, cursor: bool, first: bool) {
        let theme = self.settings.theme;
        let right_wide: usize = row.right.iter().map(|(text, _)| words::width(text)).sum();
        let room = usize::from(area.width).saturating_sub(right_wide + 3);
        if cursor && first {
            let style = if self.focus == Focus::List { theme.accent() } else { theme.dim() };
            put(buffer, area.x, area.y, 1, theme.pick("▌", ">"), style);
        }
        let mut x = area.x + 1;
        let mut left = room;
        for (text, style) in &row.left {
            let text = words::fit(text, left, theme.ellipsis());
            let wide = words::width(&text);
            put(buffer, x, area.y, wide as u16, &text, *style);
            x += wide as u16;
            left -= wide.min(left);
        }
        let mut x = (area.x + area.width).saturating_sub(right_wide as u16 + 1);
        for (text, style) in &row.right {
            put(buffer, x, area.y, words::width(text) as u16, text, *style);
            x += words::width(text) as u16;
        }
        if cursor {
            let whole = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
            if first {
                buffer.set_style(whole, theme.selected(self.focus == Focus::List));
            }
        }
    }

    fn rows_of(&self, index: usize, height: usize) -> Vec<Row> {
        match self.pane {
            Pane::Connections => self.number_rows().get(index).map(|row| self.number_row(*row)).into_iter().collect(),
            Pane::Threads => match self.data.threads.as_ref().and_then(|rows| rows.get(index)) {
                Some(row) if height == 2 => vec![self.thread_head(row), self.thread_tail(row)],
                Some(row) => vec![self.thread_head(row)],
                None => vec![],
            },
            Pane::Delivery => self
                .data
                .outbox
                .as_ref()
                .and_then(|rows| rows.get(index))
                .map(|row| self.entry_row(row))
                .into_iter()
                .collect(),
            Pane::Templates => self.templates().get(index).map(|(_, one)| self.template_row(one)).into_iter().collect(),
            Pane::Agents => self.agent_rows().get(index).map(|row| self.agent_row(*row)).into_iter().collect(),
            Pane::Flows => self.flows().get(index).map(|(_, flow)| self.flow_row(flow)).into_iter().collect(),
            Pane::Activity => self.activity().get(index).map(|row| self.activity_row(row)).into_iter().collect(),
        }
    }

    fn thread_head(&self, row: &ThreadRow) -> Row {
        let theme = self.settings.theme;
        let unread = match row.unread {
            0 => ("  ".to_owned(), theme.plain()),
            count if count < 10 => (format!("{count} "), theme.accent()),
            _ => ("9+".to_owned(), theme.accent()),
        };
        let name_style = if row.unread > 0 { theme.bold() } else { theme.plain() };
        let mut right = vec![];
        if let Some(operator) = &row.taken_by {
            let (mark, style) = if row.is_left(self.now) {
                (theme.pick("◇", "-"), theme.dim())
            } else {
                (theme.pick("◆", "@"), theme.accent())
            };
            right.push((format!("{mark} {operator} "), style));
        }
        if row.held_by_other(self.now).is_some() {
            right.push((format!("{} other app ", theme.pick("◇", "-")), theme.dim()));
        }
        right.push((format!("{} ", row.connection), theme.dim()));
        right.push((format!("{:>4}", words::age(row.last_message_at, self.now)), theme.dim()));
        let mut left = vec![unread];
        if row.new {
            left.push(("NEW ".to_owned(), theme.accent()));
        }
        left.push((row.contact.shown(), name_style));
        Row { left, right }
    }

    fn thread_tail(&self, row: &ThreadRow) -> Row {
        let theme = self.settings.theme;
        let window = if row.opted_out {
            ("opted out".to_owned(), theme.warn())
        } else if window::is_open(row.window_closes_at, self.now) {
            let closes = row.window_closes_at.unwrap_or(self.now);
            let soon = closes.since(self.now) < std::time::Duration::from_secs(3_600);
            (
                format!("{} {:>5}", theme.pick("◷", "w"), words::left(closes, self.now)),
                if soon { theme.warn() } else { theme.dim() },
            )
        } else {
            (format!("{} closed", theme.pick("◷", "w")), theme.dim())
        };
        let left = if let Some(waiting) = &row.waiting {
            let text = format!(
                "  ! {}: {}",
                words::waits(waiting.since, self.now),
                crate::domain::text::clean_line(&waiting.reason)
            );
            vec![(text, theme.warn())]
        } else if let Some(run) = row.run {
            let doing = if run == RunState::Running { "answers" } else { "collects" };
            let who = row.assignment.as_ref().map_or("an agent", |assignment| assignment.agent.as_str());
            vec![(format!("  {} {who} {doing}{}", theme.pick("✎", "~"), theme.ellipsis()), theme.accent())]
        } else {
            let (sign, style) = theme.status(row.last_status);
            let style = if row.last_direction == Direction::Inbound { theme.dim() } else { style };
            vec![(format!("  {sign} "), style), (row.last_text.line(), theme.dim())]
        };
        Row { left, right: vec![window] }
    }

    fn entry_row(&self, row: &EntryRow) -> Row {
        let theme = self.settings.theme;
        let failed = row.status.name() == "failed";
        let (state, style) = match theme.entry(row.state, row.hold.is_some()) {
            (_, _) if failed && row.state.name() == "accepted" => (theme.pick("✗ failed", "x failed"), theme.bad()),
            (_, _) if row.state.name() == "accepted" => theme.status(row.status),
            known => known,
        };
        let later = row.not_before.filter(|at| *at > self.now);
        let what = match (&row.error, row.hold) {
            (_, None) if row.state == EntryState::Scheduled && row.recalled_by.is_some() => {
                format!("being canceled: {}", row.text.line())
            }
            (_, None) if let Some(at) = later => {
                format!("{} {}", words::moment(at, self.now, self.zone()), row.text.line())
            }
            (_, Some(hold)) => format!("until {}: {}", words::moment(row.due_at, self.now, self.zone()), hold.words()),
            _ if let Some(behind) = row.behind => format!("waits for {behind} before it: {}", row.text.line()),
            (Some(error), None) if row.state == EntryState::Queued => {
                format!("retry {}: {}", words::moment(row.due_at, self.now, self.zone()), error.line())
            }
            (Some(error), None) => error.line(),
            (None, None) => row.text.line(),
        };
        Row {
            left: vec![
                (words::pad(state, 12, theme.ellipsis()), style),
                (words::pad(&row.contact.shown(), 16, theme.ellipsis()), theme.plain()),
                (format!(" {what}"), theme.dim()),
            ],
            right: vec![(format!("{:>4}", words::age(row.created_at, self.now)), theme.dim())],
        }
    }

    fn template_row(&self, template: &crate::domain::templates::template::Template) -> Row {
        let theme = self.settings.theme;
        let status = template.status.name();
        let (sign, style) = match () {
            () if template.status.can_send() => (theme.pick("✓ ", "+ "), theme.good()),
            () if template.status.wants_attention() => (theme.pick("✗ ", "x "), theme.bad()),
            () => (theme.pick("… ", ". "), theme.warn()),
        };
        let status = crate::domain::text::clean_line(status).to_lowercase();
        Row {
            left: vec![
                (sign.into(), style),
                (template.name.line(), theme.plain()),
                (format!("  {}", template.language.line()), theme.dim()),
            ],
            right: vec![
                (format!("{} ", template.category.line().to_lowercase()), theme.dim()),
                (format!("{status:>9}"), style),
            ],
        }
    }

    fn activity_row(&self, row: &ActivityRow) -> Row {
        let theme = self.settings.theme;
        let (sign, style) = match &row.kind {
            ActivityKind::Alert { acknowledged_by: None, .. } => (theme.pick("▲", "!"), theme.warn()),
            ActivityKind::Alert { .. } => (theme.pick("△", "."), theme.dim()),
            ActivityKind::Delivery { state: DeliveryState::Rejected | DeliveryState::Unreadable, .. } => {
                (theme.pick("✗", "x"), theme.bad())
            }
            ActivityKind::Delivery { state: DeliveryState::Quarantined, .. } => ("?", theme.warn()),
            ActivityKind::Delivery { .. } => (theme.pick("←", "<"), theme.dim()),
            ActivityKind::Audit { .. } => (theme.pick("•", "*"), theme.plain()),
        };
        let who = match &row.kind {
            ActivityKind::Alert { count, .. } if *count > 1 => format!("{count} times: "),
            ActivityKind::Audit { actor, .. } => format!("{} ", crate::domain::text::clean_line(actor)),
            ActivityKind::Delivery { duplicate_of: Some(first), .. } => format!("DUP {first} "),
            ActivityKind::Delivery { repeats, .. } if *repeats > 0 => format!("DUP {}{repeats} ", theme.pick("×", "x")),
            _ => String::new(),
        };
        let text_style = if matches!(row.kind, ActivityKind::Delivery { state: DeliveryState::Applied, .. }) {
            theme.dim()
        } else {
            theme.plain()
        };
        Row {
            left: vec![
                (format!("{} ", words::stamp(row.at, self.now, self.zone())), theme.dim()),
                (format!("{sign} "), style),
                (who, theme.bold()),
                (row.text.line(), text_style),
            ],
            right: vec![],
        }
    }

    /// An empty list says what to do next.
    fn draw_empty(&self, buffer: &mut Buffer, area: Rect) {
        let theme = self.settings.theme;
        let filtered = !self.list().filter.is_empty();
        let loaded = match self.pane {
            Pane::Connections => self.data.connections.is_some(),
            Pane::Threads => self.data.threads.is_some(),
            Pane::Delivery => self.data.outbox.is_some(),
            Pane::Templates => self.data.templates.is_some(),
            Pane::Agents => self.data.agents.is_some(),
            Pane::Flows => self.data.flows.is_some(),
            Pane::Activity => self.data.activity.is_some(),
        };
        let listening = self.data.overview.as_ref().map(|told| told.listening_on.clone()).unwrap_or_default();
        let text = match self.pane {
            _ if !loaded => "Loading …".to_owned(),
            _ if filtered => format!("No matches for \"{}\". Press esc to show everything.", self.list().filter),
            Pane::Connections => {
                "No numbers. Press n to set up a new one or a to adopt one from the provider, or declare it in the configuration under [[connections]]."
                    .into()
            }
            Pane::Threads => format!(
                "No threads. Webhooks are received at {listening}; `wadeck doctor` checks the connection."
            ),
            Pane::Delivery => {
                "No outgoing messages. Messages from you and your agents are listed here until they arrive.".into()
            }
            Pane::Templates => "No templates. Press ctrl-r to fetch them from the provider.".into(),
            Pane::Agents => "No agents. Declare one in the configuration under [[agents]].".into(),
            Pane::Flows => "No Flows. Press n to create one from a starter, or ctrl-r to fetch them from the provider.".into(),
            Pane::Activity => "No activity. Webhooks, alerts and changes are listed here.".into(),
        };
        let wide = usize::from(area.width.saturating_sub(4)).min(60);
        let top = area.y + area.height / 3;
        for (row, line) in words::wrap(&text, wide).into_iter().enumerate() {
            let y = top + row as u16;
            if y < area.y + area.height {
                put(buffer, area.x + 2, y, area.width.saturating_sub(2), &line, theme.dim());
            }
        }
    }
}

//! What is selected, in full: a connection with its proofs, the life of a message, a template as the
//! contact sees it, a run, a raw delivery.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::console::draw::put_lines;
use crate::console::{Console, Focus, Pane, words};
use crate::domain::message::status_view::impossible;
use crate::domain::monitoring::activity::ActivityKind;
use crate::domain::outbox::entry::EntryState;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::view::{AttemptView, DeliveryDetail, EntryDetail};

/// Lines of a detail, being written.
pub(in crate::console) struct Sheet<'c> {
    console: &'c Console,
    pub width: usize,
    pub lines: Vec<Line<'static>>,
}

impl Sheet<'_> {
    pub fn heading(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.lines.push(Line::styled(format!(" {text}"), self.console.settings.theme.bold()));
    }

    pub fn field(&mut self, label: &str, text: &str) {
        self.styled(label, text, self.console.settings.theme.plain());
    }

    pub fn styled(&mut self, label: &str, text: &str, style: Style) {
        let indent = 14;
        let wrapped = words::wrap(text, self.width.saturating_sub(indent + 2));
        for (number, line) in wrapped.into_iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            self.lines.push(Line::from(vec![
                Span::styled(format!(" {label:<13}"), self.console.settings.theme.dim()),
                Span::styled(line, style),
            ]));
        }
    }

    pub fn text(&mut self, text: &str, style: Style) {
        for line in words::wrap(text, self.width.saturating_sub(3)) {
            self.lines.push(Line::styled(format!("  {line}"), style));
        }
    }

    pub fn raw(&mut self, text: &Untrusted) {
        for line in text.lines() {
            self.text(&line, self.console.settings.theme.dim());
        }
    }
}

impl Console {
    pub(in crate::console) fn draw_detail(&self, buffer: &mut Buffer, area: Rect) {
        let theme = self.settings.theme;
        let lines = self.sheet(usize::from(area.width));
        let title = format!(" {}", self.detail_title());
        let style = if self.focus == Focus::Detail { theme.accent() } else { theme.bold() };
        crate::console::draw::put(
            buffer,
            area.x,
            area.y,
            area.width,
            &words::fit(&title, area.width.into(), theme.ellipsis()),
            style,
        );
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let total = lines.len();
        let seen: Vec<Line<'static>> = lines.into_iter().skip(self.scroll.into()).take(body.height.into()).collect();
        put_lines(buffer, body, &seen);
        let below = total.saturating_sub(usize::from(self.scroll) + usize::from(body.height));
        if below > 0 {
            let text = format!(" {} {below} more lines ", theme.pick("▼", "v"));
            let wide = words::width(&text) as u16;
            let x = (body.x + body.width).saturating_sub(wide + 1);
            crate::console::draw::put(buffer, x, body.y + body.height - 1, wide, &text, theme.accent());
        }
    }

    pub(in crate::console) fn detail_lines(&self) -> usize {
        self.sheet(self.detail_width()).len()
    }

    fn detail_title(&self) -> String {
        match self.pane {
            Pane::Connections => self.selected_number().map(|row| row.name().to_owned()),
            Pane::Delivery => self.selected_entry().map(|row| format!("{} to {}", row.id, row.contact.shown())),
            Pane::Templates => self.selected_template().map(|(_, one)| one.name.line()),
            Pane::Agents => self.selected_agent_row().map(|row| row.title()),
            Pane::Flows => self.selected_flow().map(|(_, flow)| flow.name.line()),
            Pane::Activity => self.selected_activity().map(|row| match &row.kind {
                ActivityKind::Alert { id, .. } => format!("Alert {id}"),
                ActivityKind::Delivery { id, .. } => format!("Webhook delivery {id}"),
                ActivityKind::Audit { id, .. } => format!("Audit {id}"),
            }),
            Pane::Threads => None,
        }
        .unwrap_or_default()
    }

    fn sheet(&self, width: usize) -> Vec<Line<'static>> {
        let mut sheet = Sheet { console: self, width, lines: vec![] };
        match self.pane {
            Pane::Connections => {
                self.number_sheet(&mut sheet);
            }
            Pane::Delivery => {
                let wanted = self.selected_entry().map(|row| row.id);
                if let Some(entry) = self.data.entry.as_ref().filter(|entry| Some(entry.row.id) == wanted) {
                    self.entry_sheet(&mut sheet, entry);
                }
            }
            Pane::Templates => self.template_sheet(&mut sheet),
            Pane::Agents => self.agent_sheet(&mut sheet),
            Pane::Flows => self.flow_sheet(&mut sheet),
            Pane::Activity => self.activity_sheet(&mut sheet),
            Pane::Threads => {}
        }
        sheet.lines
    }

    fn entry_sheet(&self, sheet: &mut Sheet<'_>, entry: &EntryDetail) {
        let theme = self.settings.theme;
        let row = &entry.row;
        let (state, style) = theme.entry(row.state, row.hold.is_some());
        sheet.lines.push(Line::default());
        sheet.styled("state", state, style);
        if let Some(hold) = row.hold {
            sheet.styled(
                "held",
                &format!("{} until {}", hold.words(), words::exact(row.due_at, self.zone())),
                theme.warn(),
            );
        }
        if let Some(behind) = row.behind {
            sheet.styled("waits for", &format!("{behind}, an earlier message of the same thread"), theme.warn());
        }
        if let Some(at) = row.not_before.filter(|at| *at > self.now) {
            sheet.styled("scheduled for", &words::exact(at, self.zone()), theme.warn());
        }
        if let Some(by) = &row.recalled_by {
            let verb = if row.state == EntryState::Scheduled { "being canceled" } else { "canceled" };
            sheet.styled("at provider", &format!("{verb} for {}", clean_line(by)), theme.warn());
        } else if row.state == EntryState::Scheduled {
            sheet.field("at provider", "the provider sends it at its time; X cancels it");
        }
        let (fate, style) = theme.status(row.status);
        sheet.styled("delivery", &format!("{fate} {}", row.status.name()), style);
        if entry.contradictory {
            let text = "the provider reported both a failure and an arrival";
            sheet.styled("contradiction", text, theme.warn());
        }
        if let Some(by) = row.failed_by {
            sheet.styled("failed by", by.words(), theme.bad());
        }
        if let Some(by) = row.settled_by {
            sheet.field("settled by", by.name());
        }
        if let Some(author) = &row.author {
            sheet.field("written by", &clean_line(author));
        }
        sheet.field("via", &row.connection);
        sheet.field("written at", &words::exact(row.created_at, self.zone()));
        sheet.field("provider id", &entry.provider_message_id.as_deref().map_or_else(|| "none".to_owned(), clean_line));
        sheet.field("reference", &entry.reference);
        sheet.heading("Text");
        sheet.raw(&row.text);
        if let Some(error) = &row.error {
            sheet.heading("Why");
            sheet.text(&error.line(), theme.bad());
            sheet.text(&error.explanation, theme.plain());
            sheet.text(&format!("{} {}", theme.pick("→", ">"), error.remedy), theme.plain());
            if !error.said.is_empty() {
                sheet.text("Provider response:", theme.dim());
                sheet.raw(&error.said);
            }
        }
        if let Some(evidence) = &entry.evidence {
            sheet.heading("Provider's message list");
            let asked =
                format!("queried {}: {}", words::exact(evidence.asked_at, self.zone()), clean_line(&evidence.said));
            sheet.text(&asked, theme.plain());
            for line in &evidence.listed {
                let at = words::clock_to_the_second(line.at, self.zone());
                sheet.text(&format!("{at} {}", line.words.line()), theme.dim());
                sheet.text(&format!("         {}", clean_line(&line.because)), theme.warn());
            }
        }
        if !entry.tries.is_empty() {
            sheet.heading("Attempts");
            for attempt in &entry.tries {
                self.attempt(sheet, attempt);
            }
        }
        for attempt in entry.tries.iter().filter(|one| one.provider_message_id != entry.provider_message_id) {
            if !attempt.statuses.is_empty() {
                sheet.heading(&format!("Statuses of attempt {}.{}", attempt.series, attempt.number));
                for status in &attempt.statuses {
                    let (fate, style) = theme.status(status.status);
                    let at = words::exact(status.at, self.zone());
                    let why =
                        status.failure.as_ref().map(|failure| format!(": {}", failure.line())).unwrap_or_default();
                    let odd = impossible(status.told_at);
                    sheet.text(&format!("{fate} {} at {at}{odd}{why}", status.status.name()), style);
                }
            }
        }
        if !entry.statuses.is_empty() {
            sheet.heading("Statuses, in order of arrival");
            for status in &entry.statuses {
                let (fate, style) = theme.status(status.status);
                let at = words::exact(status.at, self.zone());
                let text = format!("{fate} {} at {at}{}", status.status.name(), impossible(status.told_at));
                sheet.text(&text, style);
                sheet.raw(&status.raw);
            }
        }
    }

    fn attempt(&self, sheet: &mut Sheet<'_>, attempt: &AttemptView) {
        let theme = self.settings.theme;
        let outcome = attempt.outcome.as_deref().unwrap_or("in flight");
        let style = match outcome {
            "accepted" => theme.good(),
            "refused" => theme.bad(),
            "uncertain" | "retry" => theme.warn(),
            _ => theme.dim(),
        };
        let http = attempt.http_status.map(|status| format!(" HTTP {status}")).unwrap_or_default();
        let took = attempt.finished_at.map(|end| format!(" after {} ms", end.since(attempt.started_at).as_millis()));
        let text = format!(
            "{}.{} {} {outcome}{http}{}",
            attempt.series,
            attempt.number,
            words::exact(attempt.started_at, self.zone()),
            took.unwrap_or_default()
        );
        sheet.text(&text, style);
        if let Some(failure) = &attempt.failure {
            sheet.text(&failure.line(), theme.plain());
        }
        sheet.raw(&attempt.request);
        if !attempt.response.is_empty() {
            sheet.raw(&attempt.response);
        }
    }

    fn template_sheet(&self, sheet: &mut Sheet<'_>) {
        let theme = self.settings.theme;
        for list in self.data.templates.iter().flatten() {
            if let Some(trouble) = &list.trouble {
                sheet.styled(&clean_line(&list.connection_name), &clean_line(trouble), theme.bad());
            }
        }
        let Some((list, template)) = self.selected_template() else { return };
        sheet.lines.push(Line::default());
        let fetched = list.fetched_at.map_or_else(|| "never".to_owned(), |at| words::exact(at, self.zone()));
        sheet.field("as of", &fetched);
        sheet.field("account of", &clean_line(&list.connection_name));
        let style = if template.status.can_send() { theme.good() } else { theme.warn() };
        sheet.styled("status", &clean_line(template.status.name()).to_lowercase(), style);
        if let Some(quality) = &template.quality {
            let style = if quality == "GREEN" { theme.good() } else { theme.warn() };
            sheet.styled("quality", &quality.to_lowercase(), style);
        }
        if let Some(reason) = &template.rejected_reason {
            sheet.styled("reason", &reason.line(), theme.bad());
        }
        sheet.field("category", &template.category.line().to_lowercase());
        sheet.field("language", &template.language.line());
        sheet.field("id", &clean_line(&template.id));
        sheet.heading("Preview");
        if let Some(header) = &template.header {
            sheet.text(&header.line(), theme.bold());
        }
        sheet.raw(&template.body);
        if let Some(footer) = &template.footer {
            sheet.text(&footer.line(), theme.dim());
        }
        for button in &template.buttons {
            sheet.text(&format!("[ {} ]", button.text.line()), theme.accent());
        }
        self.template_record(sheet, template);
    }

    fn activity_sheet(&self, sheet: &mut Sheet<'_>) {
        let Some(row) = self.selected_activity() else { return };
        sheet.lines.push(Line::default());
        sheet.field("at", &words::exact(row.at, self.zone()));
        match &row.kind {
            ActivityKind::Alert { acknowledged_by, count, .. } => {
                sheet.field("times", &count.to_string());
                sheet.field("acknowledged", acknowledged_by.as_deref().unwrap_or("not yet: a acknowledges it"));
                sheet.heading("What");
                sheet.raw(&row.text);
            }
            ActivityKind::Audit { actor, .. } => {
                sheet.field("by", &clean_line(actor));
                sheet.field("what", &row.text.line());
            }
            ActivityKind::Delivery { id, .. } => {
                if let Some(delivery) = self.data.delivery.as_ref().filter(|one| one.row.id == *id) {
                    self.delivery_sheet(sheet, delivery);
                }
            }
        }
    }

    fn delivery_sheet(&self, sheet: &mut Sheet<'_>, delivery: &DeliveryDetail) {
        let theme = self.settings.theme;
        let row = &delivery.row;
        let style = match row.state.name() {
            "applied" => theme.good(),
            "pending" => theme.dim(),
            _ => theme.bad(),
        };
        sheet.styled("state", row.state.name(), style);
        if let Some(note) = &row.note {
            sheet.styled("why", &note.line(), theme.bad());
        }
        if !delivery.verdict.is_empty() {
            sheet.field("signature", &clean_line(&delivery.verdict));
        }
        sheet.field("event", &clean_line(&row.event));
        sheet.field("path", &clean_line(&row.path));
        sheet.field("size", &format!("{} bytes", row.bytes));
        sheet.field("duplicates", &format!("{} times", row.repeats));
        sheet.heading("Headers");
        for (name, value) in &delivery.headers {
            sheet.text(&format!("{}: {}", clean_line(name), value.line()), theme.dim());
        }
        sheet.heading("Body structure: v shows the body");
        sheet.raw(&delivery.body);
    }
}

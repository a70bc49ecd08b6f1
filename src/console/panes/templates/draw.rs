//! Draws templates as rows, and the details of one: a preview, its delivery rates, and its state history.

use super::state::TemplatesPane;
use crate::console::cx::Cx;
use crate::console::draw::row::Row;
use crate::console::draw::sheet::Sheet;
use crate::console::words;
use crate::domain::monitoring::gauge::bar as bar_of;
use crate::domain::templates::template::Template;
use crate::domain::text::clean_line;

impl TemplatesPane {
    pub fn template_row(cx: &Cx, template: &Template) -> Row {
        let theme = cx.settings.theme;
        let status = template.status.name();
        let (sign, style) = match () {
            () if template.status.can_send() => (theme.pick("✓ ", "+ "), theme.good()),
            () if template.status.wants_attention() => (theme.pick("✗ ", "x "), theme.bad()),
            () => (theme.pick("… ", ". "), theme.warn()),
        };
        let mut status = clean_line(status).to_lowercase();
        if let Some(since) = template.since.filter(|_| template.status.is_pending()) {
            status = format!("{status} {}", words::age(since, cx.now));
        }
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

    pub fn template_sheet(&self, cx: &Cx, sheet: &mut Sheet) {
        let theme = cx.settings.theme;
        for list in self.lists.iter().flatten() {
            if let Some(trouble) = &list.trouble {
                sheet.styled(&clean_line(&list.connection_name), &clean_line(trouble), theme.bad());
            }
        }
        let Some((list, template)) = self.selected(cx) else { return };
        sheet.blank();
        let fetched = list.fetched_at.map_or_else(|| "never".to_owned(), |at| words::exact(at, cx.zone()));
        sheet.field("as of", &fetched);
        sheet.field("account of", &clean_line(&list.connection_name));
        let style = if template.status.can_send() { theme.good() } else { theme.warn() };
        sheet.styled("status", &clean_line(template.status.name()).to_lowercase(), style);
        if let Some(since) = template.since {
            let age = words::age(since, cx.now);
            sheet.field("seen since", &format!("{} ({age})", words::exact(since, cx.zone())));
        }
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
        if let Some(offer) = &template.offer {
            sheet.text(&format!("[{}]", offer.text.line()), theme.accent());
        }
        for (index, card) in template.cards.iter().enumerate() {
            let format = card.header_format.as_deref().unwrap_or_default();
            let format =
                if format.is_empty() { String::new() } else { format!(" [{}]", clean_line(format).to_lowercase()) };
            sheet.text(&format!("Card {}{format}", index + 1), theme.bold());
            sheet.raw(&card.body);
            for button in &card.buttons {
                sheet.text(&format!("[ {} ]", button.text.line()), theme.accent());
            }
        }
        self.template_record(cx, sheet, template);
    }

    fn template_record(&self, cx: &Cx, sheet: &mut Sheet, template: &Template) {
        let theme = cx.settings.theme;
        let of = (template.name.as_received(), template.language.as_received());
        let record = self.record.as_ref().filter(|record| (record.name.as_str(), record.language.as_str()) == of);
        let Some(record) = record else { return };
        sheet.heading("Delivery");
        if record.sent == 0 {
            sheet.text("No messages sent with it.", theme.dim());
        } else {
            let bar = |label: &str, count: u32| {
                let share = f64::from(count) * 100.0 / f64::from(record.sent);
                let bar = bar_of(f64::from(count), f64::from(record.sent), 16, theme.ascii);
                (label.to_owned(), format!("{bar} {count} of {} ({share:.0} %)", record.sent))
            };
            for (label, text) in
                [bar("delivered", record.delivered), bar("read", record.read), bar("replied", record.replied)]
            {
                sheet.field(&label, &text);
            }
            for (code, count) in &record.failed {
                let code = if code.is_empty() { "no code" } else { code };
                sheet.styled("failed", &format!("{count} with {}", clean_line(code)), theme.bad());
            }
        }
        if record.scheduled > 0 {
            let style = if template.status.can_send() { theme.plain() } else { theme.bad() };
            sheet.styled("queued", &format!("{} queued", record.scheduled), style);
        }
        if !record.states.is_empty() {
            sheet.heading("State history");
            for (at, status, note) in record.states.iter().rev() {
                let note = if note.is_empty() { String::new() } else { format!(": {}", clean_line(note)) };
                let text = format!("{}  {}{note}", words::exact(*at, cx.zone()), clean_line(status).to_lowercase());
                sheet.text(&text, theme.plain());
            }
        }
    }
}

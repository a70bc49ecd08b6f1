//! How a template fares, beside what it says.

use crate::console::draw::details::Sheet;
use crate::console::{Console, words};
use crate::domain::templates::template::Template;
use crate::domain::text::clean_line;

impl Console {
    pub(in crate::console) fn template_record(&self, sheet: &mut Sheet<'_>, template: &Template) {
        let theme = self.settings.theme;
        let of = (template.name.as_received(), template.language.as_received());
        let record = self.data.record.as_ref().filter(|record| (record.name.as_str(), record.language.as_str()) == of);
        let Some(record) = record else { return };
        sheet.heading("Delivery");
        if record.sent == 0 {
            sheet.text("No messages sent with it.", theme.dim());
        } else {
            let bar = |label: &str, count: u32| {
                let share = f64::from(count) * 100.0 / f64::from(record.sent);
                let bar =
                    crate::domain::monitoring::gauge::bar(f64::from(count), f64::from(record.sent), 16, theme.ascii);
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
                let text = format!("{}  {}{note}", words::exact(*at, self.zone()), clean_line(status).to_lowercase());
                sheet.text(&text, theme.plain());
            }
        }
    }
}

//! Draws alerts, webhook deliveries and audit log entries as rows and as details.

use super::state::ActivityPane;
use crate::console::cx::Cx;
use crate::console::draw::row::Row;
use crate::console::draw::sheet::Sheet;
use crate::console::words;
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::monitoring::activity::{ActivityKind, ActivityRow};
use crate::domain::text::clean_line;
use crate::domain::view::DeliveryDetail;

impl ActivityPane {
    pub fn activity_row(cx: &Cx, row: &ActivityRow) -> Row {
        let theme = cx.settings.theme;
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
            ActivityKind::Audit { actor, .. } => format!("{} ", clean_line(actor)),
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
                (format!("{} ", words::stamp(row.at, cx.now, cx.zone())), theme.dim()),
                (format!("{sign} "), style),
                (who, theme.bold()),
                (row.text.line(), text_style),
            ],
            right: vec![],
        }
    }

    pub fn activity_sheet(&self, cx: &Cx, sheet: &mut Sheet) {
        let Some(row) = self.selected() else { return };
        sheet.blank();
        sheet.field("at", &words::exact(row.at, cx.zone()));
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
                if let Some(delivery) = self.delivery.as_ref().filter(|one| one.row.id == *id) {
                    Self::delivery_sheet(cx, sheet, delivery);
                }
            }
        }
    }

    fn delivery_sheet(cx: &Cx, sheet: &mut Sheet, delivery: &DeliveryDetail) {
        let theme = cx.settings.theme;
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

//! Prints costs as text.

use super::columns::table;
use crate::domain::costs::sums::{CostRow, CostsView};
use crate::domain::text::clean_line;

pub(super) fn costs_text(view: &CostsView) -> String {
    let row = |row: &CostRow| {
        vec![
            clean_line(&row.name),
            row.messages.to_string(),
            row.charged.to_string(),
            row.sum(),
            CostRow::reasons(&row.free),
            CostRow::reasons(&row.not_known),
            row.deviations.to_string(),
        ]
    };
    let rows = view.rows.iter().chain([&view.total]).map(row).collect();
    let heads = ["name", "messages", "charged", "sum", "free", "not known", "deviations"];
    let mut lines = vec![format!("costs from {} to {}", view.from, view.to), table("messages", &heads, rows)];
    if !view.has_card {
        lines.push("No rate card is configured. Add [[rates]] to the configuration; see docs/costs.md.".to_owned());
    }
    if view.total.deviations > 0 {
        let listed = view.deviations.len();
        lines.push(format!("{} messages deviate from the rate card, {listed} of them listed:", view.total.deviations));
    }
    for one in &view.deviations {
        let number = clean_line(&one.number);
        lines.push(format!("{}  {}  {number}  {}", one.message, one.sent_at, clean_line(&one.differs.join("; "))));
    }
    lines.join("\n")
}

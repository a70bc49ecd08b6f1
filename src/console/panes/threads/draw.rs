//! Draws threads as rows.

use super::state::ThreadsPane;
use crate::console::cx::Cx;
use crate::console::draw::row::Row;
use crate::console::words;
use crate::domain::agents::run::RunState;
use crate::domain::inbound::event::Direction;
use crate::domain::message::window;
use crate::domain::text::clean_line;
use crate::domain::view::ThreadRow;

impl ThreadsPane {
    /// Returns the first line of a thread: unread messages, contact, owner, number, and age.
    pub fn thread_head(cx: &Cx, row: &ThreadRow) -> Row {
        let theme = cx.settings.theme;
        let unread = match row.unread {
            0 => ("  ".to_owned(), theme.plain()),
            count if count < 10 => (format!("{count} "), theme.accent()),
            _ => ("9+".to_owned(), theme.accent()),
        };
        let name_style = if row.unread > 0 { theme.bold() } else { theme.plain() };
        let mut right = vec![];
        if let Some(operator) = &row.taken_by {
            let (mark, style) = if row.is_abandoned(cx.now) {
                (theme.pick("◇", "-"), theme.dim())
            } else {
                (theme.pick("◆", "@"), theme.accent())
            };
            right.push((format!("{mark} {operator} "), style));
        }
        if row.held_by_other(cx.now).is_some() {
            right.push((format!("{} other app ", theme.pick("◇", "-")), theme.dim()));
        }
        right.push((format!("{} ", row.connection), theme.dim()));
        right.push((format!("{:>4}", words::age(row.last_message_at, cx.now)), theme.dim()));
        let mut left = vec![unread];
        if row.new {
            left.push(("NEW ".to_owned(), theme.accent()));
        }
        left.push((row.contact.display_name(), name_style));
        left.push((row.label_marks(), theme.accent()));
        Row { left, right }
    }

    /// Returns the second line of a thread: its state or last message, and its service window.
    pub fn thread_tail(cx: &Cx, row: &ThreadRow) -> Row {
        let theme = cx.settings.theme;
        let window = if row.opted_out {
            ("opted out".to_owned(), theme.warn())
        } else if window::is_open(row.window_closes_at, cx.now) {
            let closes = row.window_closes_at.unwrap_or(cx.now);
            let soon = closes.since(cx.now) < std::time::Duration::from_secs(3_600);
            (
                format!("{} {:>5}", theme.pick("◷", "w"), words::left(closes, cx.now)),
                if soon { theme.warn() } else { theme.dim() },
            )
        } else {
            (format!("{} closed", theme.pick("◷", "w")), theme.dim())
        };
        let left = if let Some(snoozed) = &row.snoozed {
            vec![(format!("  {} {}", theme.pick("☾", "z"), snoozed.line(cx.now)), theme.dim())]
        } else if let Some(waiting) = &row.waiting {
            let text = format!("  ! {}: {}", words::waits(waiting.since, cx.now), clean_line(&waiting.reason));
            vec![(text, theme.warn())]
        } else if let Some(resolved) = &row.resolved {
            vec![(format!("  {} {}", theme.pick("✓", "v"), resolved.line()), theme.dim())]
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
}

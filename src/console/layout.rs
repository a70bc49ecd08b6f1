//! Where everything stands, for a size and a focus. Pure: drawing and moving ask the same plan.

use ratatui::layout::Rect;

use crate::console::{Console, Focus, Pane};

/// Two columns from here on.
const WIDE: u16 = 100;
/// Below this there is no room for folded titles: the panes become one line of tabs.
const TALL: u16 = 16;
/// Below this there is room for a summary only.
pub(super) const SMALLEST: (u16, u16) = (40, 10);
const COMPOSER_LINES: u16 = 6;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub header: Rect,
    pub footer: Rect,
    /// Title line of every pane, in order; none where the panes are tabs.
    pub titles: Vec<(Pane, Rect)>,
    pub tabs: Option<Rect>,
    pub list: Option<Rect>,
    /// The line between list and detail.
    pub divider: Option<Rect>,
    pub detail: Option<Rect>,
    pub composer: Option<Rect>,
}

impl Console {
    pub(super) fn plan(&self) -> Plan {
        let (columns, rows) = (self.columns, self.rows);
        let header = Rect::new(0, 0, columns, 1.min(rows));
        let footer = Rect::new(0, rows.saturating_sub(1), columns, u16::from(rows > 1));
        let body = Rect::new(0, 1, columns, rows.saturating_sub(2));
        let wide = columns >= WIDE;
        let left = if wide { (columns * 38 / 100).clamp(38, 72) } else { columns };
        let list_shown = wide || self.focus == Focus::List;
        let detail_shown = wide || self.focus != Focus::List;
        let mut plan = Plan {
            header,
            footer,
            titles: vec![],
            tabs: None,
            list: None,
            divider: None,
            detail: None,
            composer: None,
        };
        if list_shown {
            self.place_stack(&mut plan, Rect { width: left, ..body });
        }
        if detail_shown {
            let x = if wide { left + 1 } else { 0 };
            let area = Rect { x, width: columns.saturating_sub(x), ..body };
            if wide {
                plan.divider = Some(Rect { x: left, width: 1, ..body });
            }
            self.place_detail(&mut plan, area);
        }
        plan
    }

    fn place_stack(&self, plan: &mut Plan, area: Rect) {
        if area.height < TALL - 2 {
            plan.tabs = Some(Rect { height: 1.min(area.height), ..area });
            plan.list = Some(Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area });
            return;
        }
        let room = area.height.saturating_sub(Pane::ALL.len() as u16);
        let mut y = area.y;
        for pane in Pane::ALL {
            plan.titles.push((pane, Rect { y, height: 1, ..area }));
            y += 1;
            if pane == self.pane {
                plan.list = Some(Rect { y, height: room, ..area });
                y += room;
            }
        }
    }

    fn place_detail(&self, plan: &mut Plan, area: Rect) {
        let writes = self.pane == Pane::Threads && self.open.is_some();
        if !writes || area.height < 6 {
            plan.detail = Some(area);
            return;
        }
        let quote = u16::from(self.composer().is_some_and(|composer| composer.quote.is_some()));
        let lines =
            self.composer().map_or(1, |composer| composer.wrapped(usize::from(area.width) - 2).lines.len() as u16);
        let height = 1 + quote + lines.clamp(1, COMPOSER_LINES).min(area.height / 3);
        plan.detail = Some(Rect { height: area.height - height, ..area });
        plan.composer = Some(Rect { y: area.y + area.height - height, height, ..area });
    }

    /// Rows of the open pane that fit on the screen.
    pub(super) fn list_room(&self) -> usize {
        let rows = self.plan().list.map_or(1, |area| usize::from(area.height));
        (rows / self.row_height()).max(1)
    }

    /// Threads take two lines where there is room for some of them.
    pub(super) fn row_height(&self) -> usize {
        let tall = self.rows >= TALL;
        if self.pane == Pane::Threads && tall { 2 } else { 1 }
    }

    pub(super) fn detail_room(&self) -> usize {
        // One line is the detail's title.
        let above = 1 + u16::from(self.banner().is_some());
        self.plan().detail.map_or(1, |area| usize::from(area.height.saturating_sub(above))).max(1)
    }

    /// What is to be known of the open thread before anything in it is read.
    pub(super) fn banner(&self) -> Option<String> {
        let row = self.open.as_ref().filter(|_| self.pane == Pane::Threads)?.row.as_ref()?;
        if let Some(other) = row.held_by_other(self.now) {
            return Some(format!(
                "{} owns this thread. Sending takes it over.",
                other.who().replacen("another", "Another", 1)
            ));
        }
        let missing =
            row.conversation.as_ref().map_or(0, crate::domain::message::conversation::ConversationRecord::missing);
        let messages = if missing == 1 { "message" } else { "messages" };
        (missing > 0).then(|| {
            format!(
                "The provider has {missing} {messages} that are missing here. Backfill {} in Connections.",
                row.connection
            )
        })
    }

    pub(super) fn detail_width(&self) -> usize {
        self.plan().detail.map_or(usize::from(self.columns), |area| usize::from(area.width))
    }
}

//! Computes the layout for a terminal size and a focus. Pure: drawing and cursor movement use the same plan.

use ratatui::layout::Rect;

use super::cx::Cx;
use super::pane_id::PaneId;
use super::panes::pane::Pane;
use super::settings::Focus;

/// Minimum columns for list and detail side by side.
const WIDE: u16 = 100;
/// Minimum rows for the stack of pane titles; below it, the panes are one line of tabs.
pub(super) const TALL: u16 = 16;
/// Minimum columns and rows; below them, only a summary is shown.
pub(super) const SMALLEST: (u16, u16) = (40, 10);
/// Lines of a list that leave room for a line of tabs.
const LEAST_UNDER_TABS: u16 = 6;
/// Height of the composer, in lines.
pub(super) const COMPOSER_LINES: u16 = 6;

/// Areas of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub header: Rect,
    pub footer: Rect,
    /// Title lines of all panes, in order; empty if the panes are tabs.
    pub titles: Vec<(PaneId, Rect)>,
    pub tabs: Option<Rect>,
    /// The line of filters above the list, where the open pane has one.
    pub filters: Option<Rect>,
    pub list: Option<Rect>,
    /// The line between list and detail.
    pub divider: Option<Rect>,
    pub detail: Option<Rect>,
    pub composer: Option<Rect>,
}

impl Plan {
    /// Returns the plan for the open pane.
    pub fn new(cx: &Cx, pane: &dyn Pane) -> Self {
        let (columns, rows) = (cx.columns, cx.rows);
        let body = Rect::new(0, 1, columns, rows.saturating_sub(2));
        let wide = columns >= WIDE;
        let left = if wide { (columns * 38 / 100).clamp(38, 72) } else { columns };
        let mut plan = Self {
            header: Rect::new(0, 0, columns, 1.min(rows)),
            footer: Rect::new(0, rows.saturating_sub(1), columns, u16::from(rows > 1)),
            titles: vec![],
            tabs: None,
            filters: None,
            list: None,
            divider: None,
            detail: None,
            composer: None,
        };
        if wide || cx.focus == Focus::List {
            plan.place_stack(cx.pane, Rect { width: left, ..body });
            plan.place_filters(pane);
        }
        if wide || cx.focus != Focus::List {
            let x = if wide { left + 1 } else { 0 };
            if wide {
                plan.divider = Some(Rect { x: left, width: 1, ..body });
            }
            plan.place_detail(pane, Rect { x, width: columns.saturating_sub(x), ..body });
        }
        plan
    }

    fn place_stack(&mut self, open: PaneId, area: Rect) {
        if area.height < TALL - 2 {
            self.tabs = Some(Rect { height: 1.min(area.height), ..area });
            self.list = Some(Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area });
            return;
        }
        let room = area.height.saturating_sub(PaneId::ALL.len() as u16);
        let mut y = area.y;
        for pane in PaneId::ALL {
            self.titles.push((pane, Rect { y, height: 1, ..area }));
            y += 1;
            if pane == open {
                self.list = Some(Rect { y, height: room, ..area });
                y += room;
            }
        }
    }

    /// Takes a line off the list where there is room for it.
    fn place_filters(&mut self, pane: &dyn Pane) {
        let Some(list) = self.list.filter(|list| pane.has_tabs() && list.height >= LEAST_UNDER_TABS) else { return };
        self.filters = Some(Rect { height: 1, ..list });
        self.list = Some(Rect { y: list.y + 1, height: list.height - 1, ..list });
    }

    fn place_detail(&mut self, pane: &dyn Pane, area: Rect) {
        let height = pane.below(area);
        self.detail = Some(Rect { height: area.height - height, ..area });
        if height > 0 {
            self.composer = Some(Rect { y: area.y + area.height - height, height, ..area });
        }
    }
}

/// Returns how many rows of the open pane fit on the screen.
pub(super) fn list_room(cx: &Cx, pane: &dyn Pane) -> usize {
    let rows = Plan::new(cx, pane).list.map_or(1, |area| usize::from(area.height));
    (rows / pane.row_height(cx)).max(1)
}

/// Returns how many lines of the detail fit on the screen.
pub(super) fn detail_room(cx: &Cx, pane: &dyn Pane) -> usize {
    // One line is the detail's title.
    let above = 1 + u16::from(pane.banner(cx).is_some());
    Plan::new(cx, pane).detail.map_or(1, |area| usize::from(area.height.saturating_sub(above))).max(1)
}

/// Returns the width of the detail, in cells.
pub(super) fn detail_width(cx: &Cx, pane: &dyn Pane) -> usize {
    Plan::new(cx, pane).detail.map_or(usize::from(cx.columns), |area| usize::from(area.width))
}

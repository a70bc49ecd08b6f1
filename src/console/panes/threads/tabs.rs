//! Filters with their counts as tabs above the list, and the thread that waits next.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::state::ThreadsPane;
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::draw::put::put;
use crate::console::intent::Intent;
use crate::console::pane_id::PaneId;
use crate::console::panes::row::Command;
use crate::console::settings::Focus;
use crate::console::words;
use crate::domain::query::Query;
use crate::domain::text::clean_line;
use crate::domain::view::SavedView;

const THREADS: Scope = Scope::Pane(PaneId::Threads);

pub(in crate::console) const ROWS: &[Command<ThreadsPane>] = &[
    Command {
        id: "threads.next_waiting",
        title: "Next waiting thread",
        short: "next",
        help: "Opens the thread that waits for a person next, the longest wait first.",
        scope: THREADS,
        keys: &["ctrl-n"],
        run: |pane, _| {
            let after = pane.open.as_ref().map(|open| open.thread);
            vec![Intent::Await(Query::NextWaiting { after }, None)]
        },
        ..Command::ROW
    },
    Command {
        id: "threads.next_tab",
        title: "Next filter",
        help: "Shows the next of the filters above the list, and after the last one all threads.",
        scope: THREADS,
        keys: &["}"],
        run: |pane, _| pane.step_tab(1),
        ..Command::ROW
    },
    Command {
        id: "threads.previous_tab",
        title: "Previous filter",
        help: "Shows the previous of the filters above the list, and before the first one all threads.",
        scope: THREADS,
        keys: &["{"],
        run: |pane, _| pane.step_tab(-1),
        ..Command::ROW
    },
];

impl ThreadsPane {
    /// The tab of the filter that stands in the list; 0 is all threads, `None` is a filter that is no tab.
    fn tab(&self) -> Option<usize> {
        let filter = self.list.filter.trim();
        if filter.is_empty() {
            return Some(0);
        }
        self.views.iter().position(|view| view.terms.trim() == filter).map(|at| at + 1)
    }

    fn step_tab(&mut self, by: isize) -> Vec<Intent> {
        let count = self.views.len() + 1;
        let at = self.tab().unwrap_or(0).checked_add_signed(by).unwrap_or(count - 1) % count;
        self.list.filter = at.checked_sub(1).map(|at| self.views[at].terms.clone()).unwrap_or_default();
        vec![Intent::Focus(Focus::List), Intent::Narrow]
    }

    /// Draws as many tabs as have room, with the one that is shown among them.
    pub(super) fn draw_filter_tabs(&self, cx: &Cx, buffer: &mut Buffer, area: Rect) {
        let theme = cx.settings.theme;
        let count = |view: &SavedView| if view.count >= 1_000 { "999+".to_owned() } else { view.count.to_string() };
        let tabs: Vec<String> = std::iter::once("all".to_owned())
            .chain(self.views.iter().map(|view| format!("{} {}", clean_line(&view.name), count(view))))
            .collect();
        let shown = self.tab();
        let room = usize::from(area.width.saturating_sub(2));
        let wide = |from: usize| -> usize {
            tabs[from..=shown.unwrap_or(0).max(from)].iter().map(|tab| words::width(tab) + 3).sum()
        };
        let first = (0..tabs.len()).find(|from| wide(*from) <= room || shown.is_none_or(|shown| *from >= shown));
        let mut x = area.x + 1;
        for (at, tab) in tabs.iter().enumerate().skip(first.unwrap_or(0)) {
            let cells = words::width(tab) as u16;
            if x + cells > area.right() {
                break;
            }
            let style = if shown == Some(at) { theme.accent() } else { theme.dim() };
            put(buffer, x, area.y, cells, tab, style);
            put(buffer, x + cells, area.y, area.right().saturating_sub(x + cells).min(3), theme.dot(), theme.dim());
            x += cells + 3;
        }
    }
}

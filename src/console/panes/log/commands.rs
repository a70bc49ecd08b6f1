//! Commands about the log.

use crate::console::command::{CommandSpec, ROW, Scope};
use crate::console::event::Effect;
use crate::console::pane_id::PaneId;
use crate::console::panes::pane::Pane;

const LOG: Scope = Scope::Pane(PaneId::Log);

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "pane.log",
        title: "Log",
        help: "Opens Log: the last lines of the engine's log.",
        keys: &["8", "L"],
        run: |console| console.open_pane(PaneId::Log),
        ..ROW
    },
    CommandSpec {
        id: "log.level",
        title: "Level",
        help: "Narrows the list to warnings, then to errors, or shows all levels.",
        scope: LOG,
        keys: &["v"],
        hint: true,
        run: |console| {
            console.panes.log.next_level();
            vec![]
        },
        ..ROW
    },
    CommandSpec {
        id: "log.follow",
        title: "Follow or pause",
        help: "Pauses the log while you read, or follows new lines.",
        scope: LOG,
        keys: &["F"],
        hint: true,
        run: |console| {
            let log = &mut console.panes.log;
            log.paused = !log.paused;
            if log.paused {
                console.cx.notice("The log is paused. Press F to follow new lines.", false);
                return vec![];
            }
            log.list.go_top();
            let query = log.query();
            console.ask(query)
        },
        ..ROW
    },
    CommandSpec {
        id: "log.copy",
        title: "Copy line",
        help: "Copies the selected line as it was logged.",
        scope: LOG,
        keys: &["y"],
        hint: true,
        ready: |console| console.panes.log.selected().map(|_| ()).ok_or_else(|| "The list is empty.".into()),
        run: |console| {
            let line = console.panes.log.selected().map(|line| line.whole.clone());
            console.cx.notice("Copied the line.", false);
            line.map(Effect::Copy).into_iter().collect()
        },
        ..ROW
    },
];

//! Commands for the log.

use super::state::LogPane;
use crate::console::command::Scope;
use crate::console::event::Effect;
use crate::console::intent::Intent;
use crate::console::pane_id::PaneId;
use crate::console::panes::pane::Pane;
use crate::console::panes::row::Command;

const LOG: Scope = Scope::Pane(PaneId::Log);

pub(in crate::console) const ROWS: &[Command<LogPane>] = &[
    Command {
        id: "pane.log",
        title: "Log",
        help: "Opens Log: the last lines of the engine's log.",
        keys: &["8", "L"],
        run: |_, _| vec![Intent::ShowPane(PaneId::Log)],
        ..Command::ROW
    },
    Command {
        id: "log.level",
        title: "Level",
        help: "Narrows the list to warnings, then to errors, or shows all levels.",
        scope: LOG,
        keys: &["v"],
        hint: true,
        run: |pane, _| {
            pane.next_level();
            vec![]
        },
        ..Command::ROW
    },
    Command {
        id: "log.follow",
        title: "Follow or pause",
        help: "Pauses the log while you read, or follows new lines.",
        scope: LOG,
        keys: &["F"],
        hint: true,
        run: |pane, _| {
            pane.paused = !pane.paused;
            if pane.paused {
                return vec![Intent::Notice("The log is paused. Press F to follow new lines.".to_owned())];
            }
            pane.list.go_top();
            vec![Intent::Ask(pane.query())]
        },
        ..Command::ROW
    },
    Command {
        id: "log.copy",
        title: "Copy line",
        help: "Copies the selected line as it was logged.",
        scope: LOG,
        keys: &["y"],
        hint: true,
        ready: |pane, _| pane.selected().map(|_| ()).ok_or_else(|| "The list is empty.".into()),
        run: |pane, _| {
            let Some(line) = pane.selected().map(|line| line.whole.clone()) else { return vec![] };
            vec![Intent::Notice("Copied the line.".to_owned()), Intent::Effect(Effect::Copy(line))]
        },
        ..Command::ROW
    },
];

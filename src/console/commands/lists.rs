//! Commands that move the cursor in lists and scroll details.

use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::event::Effect;
use crate::console::intent::Intent;
use crate::console::layout::{detail_room, list_room};
use crate::console::panes::pane::Pane;
use crate::console::panes::row::Command;
use crate::console::settings::Focus;

/// Commands for lists and details.
pub(in crate::console) const ROWS: &[Command<dyn Pane>] = &[
    Command {
        id: "list.down",
        title: "Down",
        help: "Moves the cursor down.",
        scope: Scope::List,
        keys: &["j", "down"],
        run: |pane, cx| move_list(pane, cx, 1),
        ..Command::ROW
    },
    Command {
        id: "list.up",
        title: "Up",
        help: "Moves the cursor up.",
        scope: Scope::List,
        keys: &["k", "up"],
        run: |pane, cx| move_list(pane, cx, -1),
        ..Command::ROW
    },
    Command {
        id: "list.half_down",
        title: "Half a page down",
        help: "Moves the cursor down by half a page.",
        scope: Scope::List,
        keys: &["ctrl-d", "pgdn"],
        run: |pane, cx| {
            let half = half(cx, pane);
            move_list(pane, cx, half)
        },
        ..Command::ROW
    },
    Command {
        id: "list.half_up",
        title: "Half a page up",
        help: "Moves the cursor up by half a page.",
        scope: Scope::List,
        keys: &["ctrl-u", "pgup"],
        run: |pane, cx| {
            let half = half(cx, pane);
            move_list(pane, cx, -half)
        },
        ..Command::ROW
    },
    Command {
        id: "list.top",
        title: "Top",
        help: "Goes to the top and follows new items.",
        scope: Scope::List,
        keys: &["g g", "home"],
        run: |pane, _| {
            pane.list_mut().go_top();
            vec![Intent::Follow]
        },
        ..Command::ROW
    },
    Command {
        id: "list.end",
        title: "End",
        help: "Goes to the end of the list.",
        scope: Scope::List,
        keys: &["G", "end"],
        run: |pane, cx| {
            let (ids, room) = (pane.ids(cx), list_room(cx, pane));
            pane.list_mut().go_end(&ids, room);
            vec![Intent::Follow]
        },
        ..Command::ROW
    },
    Command {
        id: "list.open",
        title: "Open",
        help: "Opens the selected item.",
        scope: Scope::List,
        keys: &["enter", "right", "l"],
        hint: true,
        ready: |pane, cx| {
            if pane.ids(cx).is_empty() { Err("The list is empty.".into()) } else { Ok(()) }
        },
        run: |_, _| vec![Intent::OpenSelected],
        ..Command::ROW
    },
    Command {
        id: "list.filter",
        title: "Filter",
        help: "Filters the list by words and filter terms.",
        scope: Scope::List,
        keys: &["/"],
        hint: true,
        run: |_, _| vec![Intent::Filter],
        ..Command::ROW
    },
    Command {
        id: "list.copy",
        title: "Copy id",
        help: "Copies the id of the selected item.",
        scope: Scope::List,
        keys: &["y"],
        ready: |pane, cx| {
            if pane.ids(cx).is_empty() { Err("The list is empty.".into()) } else { Ok(()) }
        },
        run: |pane, cx| {
            let ids = pane.ids(cx);
            let id = pane.list().current(&ids).cloned().unwrap_or_default();
            vec![Intent::Notice(format!("Copied {id}.")), Intent::Effect(Effect::Copy(id))]
        },
        ..Command::ROW
    },
    detail("detail.down", "Down", "Scrolls down.", &["j", "down"], |_, _| scroll(1)),
    detail("detail.up", "Up", "Scrolls up.", &["k", "up"], |_, _| scroll(-1)),
    detail(
        "detail.half_down",
        "Half a page down",
        "Scrolls down by half a page.",
        &["ctrl-d", "pgdn", "space"],
        |pane, cx| {
            let half = half_detail(cx, pane);
            scroll(half)
        },
    ),
    detail("detail.half_up", "Half a page up", "Scrolls up by half a page.", &["ctrl-u", "pgup"], |pane, cx| {
        let half = half_detail(cx, pane);
        scroll(-half)
    }),
    detail("detail.top", "Top", "Scrolls to the beginning.", &["g g", "home"], |_, _| vec![Intent::ScrollTop]),
    detail("detail.back", "Back to the list", "Goes back to the list.", &["left", "h"], |_, _| {
        vec![Intent::Focus(Focus::List), Intent::ScrollTop]
    }),
];

/// Returns the row of a command for details.
const fn detail(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    keys: &'static [&'static str],
    run: fn(&mut (dyn Pane + 'static), &Cx) -> Vec<Intent>,
) -> Command<dyn Pane> {
    Command { id, title, help, scope: Scope::Detail, keys, run, ..Command::ROW }
}

/// Returns half of the detail's visible lines, at least one.
fn half_detail(cx: &Cx, pane: &dyn Pane) -> isize {
    (detail_room(cx, pane) / 2).max(1).cast_signed()
}

/// Returns half of the list's visible rows, at least one.
fn half(cx: &Cx, pane: &dyn Pane) -> isize {
    (list_room(cx, pane) / 2).max(1).cast_signed()
}

fn move_list(pane: &mut dyn Pane, cx: &Cx, rows: isize) -> Vec<Intent> {
    let (ids, room) = (pane.ids(cx), list_room(cx, pane));
    pane.list_mut().move_by(&ids, rows, room);
    vec![Intent::ScrollTop, Intent::Follow]
}

fn scroll(lines: isize) -> Vec<Intent> {
    vec![Intent::Scroll(lines)]
}

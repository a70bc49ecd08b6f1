//! Moving in lists, messages and details.

use crate::console::command::{CommandSpec, ROW, Scope};
use crate::console::draw::details::detail_lines;
use crate::console::layout::{detail_room, list_room};
use crate::console::overlays::Overlay;
use crate::console::{Console, Effect, Focus};

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "list.down",
        title: "Down",
        help: "Moves the cursor down.",
        scope: Scope::List,
        keys: &["j", "down"],
        run: |console| move_list(console, 1),
        ..ROW
    },
    CommandSpec {
        id: "list.up",
        title: "Up",
        help: "Moves the cursor up.",
        scope: Scope::List,
        keys: &["k", "up"],
        run: |console| move_list(console, -1),
        ..ROW
    },
    CommandSpec {
        id: "list.half_down",
        title: "Half a page down",
        help: "Moves the cursor down by half a page.",
        scope: Scope::List,
        keys: &["ctrl-d", "pgdn"],
        run: |console| {
            let half = half(console);
            move_list(console, half)
        },
        ..ROW
    },
    CommandSpec {
        id: "list.half_up",
        title: "Half a page up",
        help: "Moves the cursor up by half a page.",
        scope: Scope::List,
        keys: &["ctrl-u", "pgup"],
        run: |console| {
            let half = half(console);
            move_list(console, -half)
        },
        ..ROW
    },
    CommandSpec {
        id: "list.top",
        title: "Top",
        help: "Goes to the top and follows new items.",
        scope: Scope::List,
        keys: &["g g", "home"],
        run: |console| {
            console.list_mut().go_top();
            console.follow_selection()
        },
        ..ROW
    },
    CommandSpec {
        id: "list.end",
        title: "End",
        help: "Goes to the end of the list.",
        scope: Scope::List,
        keys: &["G", "end"],
        run: |console| {
            let (ids, room) = (console.pane().ids(&console.cx), list_room(&console.cx, console.pane()));
            console.list_mut().go_end(&ids, room);
            console.follow_selection()
        },
        ..ROW
    },
    CommandSpec {
        id: "list.open",
        title: "Open",
        help: "Opens the selected item.",
        scope: Scope::List,
        keys: &["enter", "right", "l"],
        hint: true,
        ready: |console| {
            if console.pane().ids(&console.cx).is_empty() { Err("The list is empty.".into()) } else { Ok(()) }
        },
        run: open,
        ..ROW
    },
    CommandSpec {
        id: "list.filter",
        title: "Filter",
        help: "Filters the list by words and filter terms.",
        scope: Scope::List,
        keys: &["/"],
        hint: true,
        run: |console| {
            console.overlay = Some(Overlay::filter(&console.pane().list().filter, &console.filters));
            vec![]
        },
        ..ROW
    },
    CommandSpec {
        id: "list.copy",
        title: "Copy id",
        help: "Copies the id of the selected item.",
        scope: Scope::List,
        keys: &["y"],
        ready: |console| {
            if console.pane().ids(&console.cx).is_empty() { Err("The list is empty.".into()) } else { Ok(()) }
        },
        run: |console| {
            let ids = console.pane().ids(&console.cx);
            let id = console.pane().list().current(&ids).cloned().unwrap_or_default();
            console.cx.notice(format!("Copied {id}."), false);
            vec![Effect::Copy(id)]
        },
        ..ROW
    },
    detail("detail.down", "Down", "Scrolls down.", &["j", "down"], |console| scroll(console, 1)),
    detail("detail.up", "Up", "Scrolls up.", &["k", "up"], |console| scroll(console, -1)),
    detail(
        "detail.half_down",
        "Half a page down",
        "Scrolls down by half a page.",
        &["ctrl-d", "pgdn", "space"],
        |console| {
            let half = half_detail(console);
            scroll(console, half)
        },
    ),
    detail("detail.half_up", "Half a page up", "Scrolls up by half a page.", &["ctrl-u", "pgup"], |console| {
        let half = half_detail(console);
        scroll(console, -half)
    }),
    detail("detail.top", "Top", "Scrolls to the beginning.", &["g g", "home"], |console| {
        console.scroll = 0;
        vec![]
    }),
    detail("detail.back", "Back to the list", "Goes back to the list.", &["left", "h"], |console| {
        console.cx.focus = Focus::List;
        console.scroll = 0;
        vec![]
    }),
];

const fn detail(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    keys: &'static [&'static str],
    run: fn(&mut Console) -> Vec<Effect>,
) -> CommandSpec {
    CommandSpec { id, title, help, scope: Scope::Detail, keys, run, ..ROW }
}

fn half_detail(console: &Console) -> isize {
    (detail_room(&console.cx, console.pane()) / 2).max(1).cast_signed()
}

fn half(console: &Console) -> isize {
    (list_room(&console.cx, console.pane()) / 2).max(1).cast_signed()
}

fn move_list(console: &mut Console, rows: isize) -> Vec<Effect> {
    let (ids, room) = (console.pane().ids(&console.cx), list_room(&console.cx, console.pane()));
    console.list_mut().move_by(&ids, rows, room);
    console.scroll = 0;
    console.follow_selection()
}

fn scroll(console: &mut Console, rows: isize) -> Vec<Effect> {
    let lines = detail_lines(&console.cx, console.pane());
    let most = lines.saturating_sub(detail_room(&console.cx, console.pane()));
    let to = usize::from(console.scroll).saturating_add_signed(rows).min(most);
    console.scroll = u16::try_from(to).unwrap_or(u16::MAX);
    vec![]
}

fn open(console: &mut Console) -> Vec<Effect> {
    // From here on the cursor stays on what was opened.
    let ids = console.pane().ids(&console.cx);
    if console.pane().list().index(&ids).is_none() {
        console.list_mut().selected = ids.first().cloned();
    }
    console.scroll = 0;
    let mut effects = console.follow_selection();
    console.cx.focus = Focus::Detail;
    let intents = console.panes.get_mut(console.cx.pane).opened(&console.cx);
    effects.extend(console.carry(intents));
    effects
}

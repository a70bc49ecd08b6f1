//! Moving in lists, messages and details.

use crate::console::command::{CommandSpec, ROW, Scope};
use crate::console::overlays::Overlay;
use crate::console::{Console, Effect, Focus, Pane};
use crate::domain::access::permission::Permission;
use crate::domain::request::Request;

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
            let (ids, room) = (console.ids(), console.list_room());
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
        ready: |console| if console.ids().is_empty() { Err("The list is empty.".into()) } else { Ok(()) },
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
            console.overlay = Some(Overlay::filter(&console.list().filter, &console.filters));
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
        ready: |console| if console.ids().is_empty() { Err("The list is empty.".into()) } else { Ok(()) },
        run: |console| {
            let ids = console.ids();
            let id = console.list().current(&ids).cloned().unwrap_or_default();
            console.notice(format!("Copied {id}."), false);
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
        console.focus = Focus::List;
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
    (console.detail_room() / 2).max(1).cast_signed()
}

fn half(console: &Console) -> isize {
    (console.list_room() / 2).max(1).cast_signed()
}

fn move_list(console: &mut Console, rows: isize) -> Vec<Effect> {
    let (ids, room) = (console.ids(), console.list_room());
    console.list_mut().move_by(&ids, rows, room);
    console.scroll = 0;
    console.follow_selection()
}

fn scroll(console: &mut Console, rows: isize) -> Vec<Effect> {
    let lines = console.detail_lines();
    let most = lines.saturating_sub(console.detail_room());
    let to = usize::from(console.scroll).saturating_add_signed(rows).min(most);
    console.scroll = u16::try_from(to).unwrap_or(u16::MAX);
    vec![]
}

fn open(console: &mut Console) -> Vec<Effect> {
    // From here on the cursor stays on what was opened.
    let ids = console.ids();
    if console.list().index(&ids).is_none() {
        console.list_mut().selected = ids.first().cloned();
    }
    console.scroll = 0;
    let mut effects = console.follow_selection();
    console.focus = Focus::Detail;
    if console.pane == Pane::Flows {
        effects.extend(console.ask_flow_detail());
    }
    if console.pane == Pane::Threads
        && let Some(row) = console.selected_thread()
        && row.unread > 0
        && console.settings.mark_read_on_open
        && console.settings.actor.has(Permission::MarkThreadsAsRead)
    {
        effects.push(Effect::Perform(Request::MarkRead { thread: row.id }));
    }
    effects
}

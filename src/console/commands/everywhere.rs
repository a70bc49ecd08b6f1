//! Commands that are valid everywhere.

use crate::console::command::{CommandSpec, Danger, ROW, Scope};
use crate::console::overlays::Overlay;
use crate::console::{Console, Effect, Focus, PaneId};

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "help",
        title: "Help",
        help: "Lists the commands of the current pane with their keys.",
        keys: &["?"],
        hint: true,
        run: |console| {
            console.overlay = Some(Overlay::help());
            vec![]
        },
        ..ROW
    },
    CommandSpec {
        id: "palette",
        title: "Commands",
        help: "Finds a command by name and runs it.",
        keys: &[":", "ctrl-p"],
        hint: true,
        run: |console| {
            console.overlay = Some(Overlay::palette());
            vec![]
        },
        ..ROW
    },
    pane("pane.connections", "Connections", "Opens Connections.", &["1"], |console| {
        console.open_pane(PaneId::Connections)
    }),
    pane("pane.threads", "Threads", "Opens Threads.", &["2"], |console| console.open_pane(PaneId::Threads)),
    pane("pane.delivery", "Delivery", "Opens Delivery.", &["3"], |console| console.open_pane(PaneId::Delivery)),
    pane("pane.templates", "Templates", "Opens Templates.", &["4"], |console| console.open_pane(PaneId::Templates)),
    pane("pane.agents", "Agents", "Opens Agents.", &["5"], |console| console.open_pane(PaneId::Agents)),
    pane("pane.flows", "Flows", "Opens Flows.", &["6"], |console| console.open_pane(PaneId::Flows)),
    pane("pane.activity", "Activity", "Opens Activity: alerts, webhooks and the audit log.", &["7"], |console| {
        console.open_pane(PaneId::Activity)
    }),
    pane("pane.next", "Next pane", "Opens the next pane.", &["tab"], |console| step(console, 1)),
    pane("pane.previous", "Previous pane", "Opens the previous pane.", &["shift-tab"], |console| {
        step(console, PaneId::ALL.len() - 1)
    }),
    CommandSpec {
        id: "back",
        title: "Back",
        help: "Goes back one level and clears the filter.",
        keys: &["esc"],
        run: back,
        ..ROW
    },
    CommandSpec {
        id: "refresh",
        title: "Refresh",
        help: "Refreshes the list; templates and connections are fetched from the provider.",
        keys: &["ctrl-r"],
        run: refresh,
        ..ROW
    },
    CommandSpec {
        id: "notices",
        title: "Notices",
        help: "Shows the last notices in full.",
        keys: &["N"],
        run: |console| {
            console.overlay = Some(Overlay::notices());
            vec![]
        },
        ..ROW
    },
    CommandSpec {
        id: "zone",
        title: "Time zone",
        help: "Switches times between the local time zone and UTC.",
        keys: &["z"],
        run: |console| {
            console.cx.utc = !console.cx.utc;
            let zone = if console.cx.utc { "UTC" } else { "the local time zone" };
            console.cx.notice(format!("Times are shown in {zone}."), false);
            vec![]
        },
        ..ROW
    },
    CommandSpec {
        id: "redraw",
        title: "Redraw",
        help: "Redraws the screen.",
        keys: &["ctrl-l"],
        run: |_| vec![Effect::Redraw],
        ..ROW
    },
    CommandSpec {
        id: "suspend",
        title: "Suspend",
        help: "Suspends the console; `fg` resumes it.",
        keys: &["ctrl-z"],
        danger: Danger::Asks(|console| match &console.cx.settings.quitting_ends {
            Some(_) => "Suspend? The engine in this process stops too, and webhooks wait at the provider.".into(),
            None => "Suspend the console? The engine keeps running.".into(),
        }),
        run: |console| {
            let mut effects = console.keep_drafts();
            effects.push(Effect::Suspend);
            effects
        },
        ..ROW
    },
    CommandSpec {
        id: "quit",
        title: "Quit",
        help: "Quits the console. Drafts are saved.",
        keys: &["q"],
        danger: Danger::Asks(|console| match &console.cx.settings.quitting_ends {
            Some(ends) => format!("Quit? {ends}"),
            None => "Quit the console? The engine keeps running.".to_owned(),
        }),
        run: |console| {
            let mut effects = console.keep_drafts();
            effects.push(Effect::Quit);
            effects
        },
        ..ROW
    },
];

const fn pane(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    keys: &'static [&'static str],
    run: fn(&mut Console) -> Vec<Effect>,
) -> CommandSpec {
    CommandSpec { id, title, help, scope: Scope::Everywhere, keys, run, ..ROW }
}

fn step(console: &mut Console, by: usize) -> Vec<Effect> {
    let next = PaneId::ALL[(console.cx.pane as usize + by) % PaneId::ALL.len()];
    console.open_pane(next)
}

fn back(console: &mut Console) -> Vec<Effect> {
    match console.cx.focus {
        Focus::Composer => {
            console.cx.focus = Focus::Detail;
            console.keep_drafts()
        }
        Focus::Detail => {
            console.cx.focus = Focus::List;
            console.scroll = 0;
            if let Some(open) = &mut console.panes.threads.open {
                open.cursor = None;
            }
            vec![]
        }
        Focus::List if !console.pane().list().filter.is_empty() => {
            console.list_mut().filter.clear();
            console.ask_rows(console.cx.pane)
        }
        Focus::List => {
            console.list_mut().go_top();
            console.follow_selection()
        }
    }
}

fn refresh(console: &mut Console) -> Vec<Effect> {
    let mut effects = console.ask_for_everything();
    let intents = console.pane().refresh(&console.cx);
    effects.extend(console.carry(intents));
    effects
}

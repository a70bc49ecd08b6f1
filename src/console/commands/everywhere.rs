//! Commands that are valid everywhere.

use crate::console::command::{CommandSpec, Danger, ROW, Scope};
use crate::console::overlays::Overlay;
use crate::console::{Console, Effect, Focus, Pane};
use crate::domain::query::Query;
use crate::domain::request::Request;

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
    pane("pane.connections", "Connections", "Opens Connections.", &["1"], |console| open(console, Pane::Connections)),
    pane("pane.threads", "Threads", "Opens Threads.", &["2"], |console| open(console, Pane::Threads)),
    pane("pane.delivery", "Delivery", "Opens Delivery.", &["3"], |console| open(console, Pane::Delivery)),
    pane("pane.templates", "Templates", "Opens Templates.", &["4"], |console| open(console, Pane::Templates)),
    pane("pane.agents", "Agents", "Opens Agents.", &["5"], |console| open(console, Pane::Agents)),
    pane("pane.flows", "Flows", "Opens Flows.", &["6"], |console| open(console, Pane::Flows)),
    pane("pane.activity", "Activity", "Opens Activity: alerts, webhooks and the audit log.", &["7"], |console| {
        open(console, Pane::Activity)
    }),
    pane("pane.next", "Next pane", "Opens the next pane.", &["tab"], |console| step(console, 1)),
    pane("pane.previous", "Previous pane", "Opens the previous pane.", &["shift-tab"], |console| {
        step(console, Pane::ALL.len() - 1)
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
        id: "log",
        title: "Log",
        help: "Shows the last lines of the engine's log.",
        keys: &["L"],
        run: |console| {
            console.overlay = Some(Overlay::log());
            console.ask(Query::Log { limit: 300 })
        },
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
            console.utc = !console.utc;
            let zone = if console.utc { "UTC" } else { "the local time zone" };
            console.notice(format!("Times are shown in {zone}."), false);
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
        danger: Danger::Asks(|console| match &console.settings.quitting_ends {
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
        danger: Danger::Asks(|console| match &console.settings.quitting_ends {
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

pub(in crate::console) fn open(console: &mut Console, pane: Pane) -> Vec<Effect> {
    console.pane = pane;
    console.focus = Focus::List;
    console.scroll = 0;
    let mut effects = console.keep_drafts();
    effects.extend(console.ask(console.query_of(pane)));
    effects.extend(console.follow_selection());
    effects
}

fn step(console: &mut Console, by: usize) -> Vec<Effect> {
    let next = Pane::ALL[(console.pane as usize + by) % Pane::ALL.len()];
    open(console, next)
}

fn back(console: &mut Console) -> Vec<Effect> {
    match console.focus {
        Focus::Composer => {
            console.focus = Focus::Detail;
            console.keep_drafts()
        }
        Focus::Detail => {
            console.focus = Focus::List;
            console.scroll = 0;
            if let Some(open) = &mut console.open {
                open.cursor = None;
            }
            vec![]
        }
        Focus::List if !console.list().filter.is_empty() => {
            console.list_mut().filter.clear();
            console.ask(console.query_of(console.pane))
        }
        Focus::List => {
            console.list_mut().go_top();
            console.follow_selection()
        }
    }
}

fn refresh(console: &mut Console) -> Vec<Effect> {
    let mut effects = console.ask_for_everything();
    match console.pane {
        Pane::Templates => effects.push(Effect::Perform(Request::RefreshTemplates)),
        Pane::Flows => effects.push(Effect::Perform(Request::Flow(crate::domain::flow::FlowRequest::Refresh))),
        Pane::Connections => {
            if let Some(connection) = console.selected_connection().map(|row| row.connection.id) {
                effects.push(Effect::Perform(Request::CheckConnection { connection }));
            }
        }
        _ => {}
    }
    effects
}

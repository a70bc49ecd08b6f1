//! Commands that are valid everywhere.

use crate::console::command::{CommandSpec, Danger, ROW, Scope};
use crate::console::overlay::Overlay;
use crate::console::{Console, Effect, Focus, Pane};
use crate::domain::query::Query;
use crate::domain::request::Request;

pub(super) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "help",
        title: "Help",
        help: "Shows what can be done here, with its keys.",
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
        help: "Finds a command by its name, and runs it.",
        keys: &[":", "ctrl-p"],
        hint: true,
        run: |console| {
            console.overlay = Some(Overlay::palette());
            vec![]
        },
        ..ROW
    },
    pane("pane.connections", "Connections", "Opens the connections.", &["1"], |console| {
        open(console, Pane::Connections)
    }),
    pane("pane.threads", "Threads", "Opens the threads.", &["2"], |console| open(console, Pane::Threads)),
    pane("pane.delivery", "Delivery", "Opens the delivery of what is sent.", &["3"], |console| {
        open(console, Pane::Delivery)
    }),
    pane("pane.templates", "Templates", "Opens the templates.", &["4"], |console| open(console, Pane::Templates)),
    pane("pane.agents", "Agents", "Opens agents and approvals.", &["5"], |console| open(console, Pane::Agents)),
    pane("pane.flows", "Flows", "Opens the Flows.", &["6"], |console| open(console, Pane::Flows)),
    pane("pane.activity", "Activity", "Opens alerts, webhooks and the audit.", &["7"], |console| {
        open(console, Pane::Activity)
    }),
    pane("pane.next", "Next pane", "Opens the next pane.", &["tab"], |console| step(console, 1)),
    pane("pane.previous", "Previous pane", "Opens the pane before.", &["shift-tab"], |console| {
        step(console, Pane::ALL.len() - 1)
    }),
    CommandSpec {
        id: "back",
        title: "Back",
        help: "Goes back one level, and ends a filter.",
        keys: &["esc"],
        run: back,
        ..ROW
    },
    CommandSpec {
        id: "refresh",
        title: "Refresh",
        help: "Asks again; templates and connections are asked for at the provider.",
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
        help: "Shows everything that was told in the last line.",
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
        help: "Shows times in UTC, or in the local zone again.",
        keys: &["z"],
        run: |console| {
            console.utc = !console.utc;
            let zone = if console.utc { "UTC" } else { "the local zone" };
            console.notice(format!("Times are shown in {zone}."), false);
            vec![]
        },
        ..ROW
    },
    CommandSpec {
        id: "redraw",
        title: "Redraw",
        help: "Draws the whole screen anew.",
        keys: &["ctrl-l"],
        run: |_| vec![Effect::Redraw],
        ..ROW
    },
    CommandSpec {
        id: "suspend",
        title: "Suspend",
        help: "Puts the console to sleep; `fg` brings it back.",
        keys: &["ctrl-z"],
        danger: Danger::Asks(|console| match &console.settings.quitting_ends {
            Some(_) => {
                "Suspend? The engine in this process sleeps too: webhooks wait at the provider meanwhile.".into()
            }
            None => "Suspend the console? The engine goes on.".into(),
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
        help: "Leaves the console; what is being written is kept.",
        keys: &["q"],
        danger: Danger::Asks(|console| match &console.settings.quitting_ends {
            Some(ends) => format!("Leave? {ends}"),
            None => "Leave the console? The engine goes on.".to_owned(),
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

//! Commands that are valid everywhere.

use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::event::Effect;
use crate::console::intent::Intent;
use crate::console::overlays::reading::Reading;
use crate::console::overlays::readings::notices::Notices;
use crate::console::pane_id::PaneId;
use crate::console::panes::pane::Pane;
use crate::console::panes::row::{Command, Danger};

/// Commands that are valid everywhere.
pub(in crate::console) const ROWS: &[Command<dyn Pane>] = &[
    Command {
        id: "help",
        title: "Help",
        help: "Lists the commands of the current pane with their keys.",
        keys: &["?"],
        hint: true,
        run: |_, _| vec![Intent::Palette { all: false }],
        ..Command::ROW
    },
    Command {
        id: "palette",
        title: "Commands",
        help: "Finds a command by name and runs it.",
        keys: &[":", "ctrl-p"],
        hint: true,
        run: |_, _| vec![Intent::Palette { all: true }],
        ..Command::ROW
    },
    pane("pane.connections", "Connections", "Opens Connections.", &["1"], |_, _| {
        vec![Intent::ShowPane(PaneId::Connections)]
    }),
    pane("pane.threads", "Threads", "Opens Threads.", &["2"], |_, _| vec![Intent::ShowPane(PaneId::Threads)]),
    pane("pane.delivery", "Delivery", "Opens Delivery.", &["3"], |_, _| vec![Intent::ShowPane(PaneId::Delivery)]),
    pane("pane.templates", "Templates", "Opens Templates.", &["4"], |_, _| vec![Intent::ShowPane(PaneId::Templates)]),
    pane("pane.agents", "Agents", "Opens Agents.", &["5"], |_, _| vec![Intent::ShowPane(PaneId::Agents)]),
    pane("pane.flows", "Flows", "Opens Flows.", &["6"], |_, _| vec![Intent::ShowPane(PaneId::Flows)]),
    pane("pane.activity", "Activity", "Opens Activity: alerts, webhooks and the audit log.", &["7"], |_, _| {
        vec![Intent::ShowPane(PaneId::Activity)]
    }),
    pane("pane.next", "Next pane", "Opens the next pane.", &["tab"], |_, cx| step(cx, 1)),
    pane("pane.previous", "Previous pane", "Opens the previous pane.", &["shift-tab"], |_, cx| {
        step(cx, PaneId::ALL.len() - 1)
    }),
    Command {
        id: "back",
        title: "Back",
        help: "Goes back one level and clears the filter.",
        keys: &["esc"],
        run: |_, _| vec![Intent::Back],
        ..Command::ROW
    },
    Command {
        id: "refresh",
        title: "Refresh",
        help: "Refreshes the list; templates and connections are fetched from the provider.",
        keys: &["ctrl-r"],
        run: |_, _| vec![Intent::Refresh],
        ..Command::ROW
    },
    Command {
        id: "notices",
        title: "Notices",
        help: "Shows the last notices in full.",
        keys: &["N"],
        run: |_, _| vec![Reading::open(Notices)],
        ..Command::ROW
    },
    Command {
        id: "zone",
        title: "Time zone",
        help: "Switches times between the local time zone and UTC.",
        keys: &["z"],
        run: |_, _| vec![Intent::SwitchZone],
        ..Command::ROW
    },
    Command {
        id: "redraw",
        title: "Redraw",
        help: "Redraws the screen.",
        keys: &["ctrl-l"],
        run: |_, _| vec![Intent::Effect(Effect::Redraw)],
        ..Command::ROW
    },
    Command {
        id: "suspend",
        title: "Suspend",
        help: "Suspends the console; `fg` resumes it.",
        keys: &["ctrl-z"],
        danger: Danger::Asks(|_, cx| match &cx.settings.quitting_ends {
            Some(_) => "Suspend? The engine in this process stops too, and webhooks wait at the provider.".into(),
            None => "Suspend the console? The engine keeps running.".into(),
        }),
        run: |_, _| vec![Intent::KeepDrafts, Intent::Effect(Effect::Suspend)],
        ..Command::ROW
    },
    Command {
        id: "quit",
        title: "Quit",
        help: "Quits the console. Drafts are saved.",
        keys: &["q"],
        danger: Danger::Asks(|_, cx| match &cx.settings.quitting_ends {
            Some(ends) => format!("Quit? {ends}"),
            None => "Quit the console? The engine keeps running.".to_owned(),
        }),
        run: |_, _| vec![Intent::KeepDrafts, Intent::Effect(Effect::Quit)],
        ..Command::ROW
    },
];

/// Returns the row of a command that switches panes.
const fn pane(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    keys: &'static [&'static str],
    run: fn(&mut (dyn Pane + 'static), &Cx) -> Vec<Intent>,
) -> Command<dyn Pane> {
    Command { id, title, help, scope: Scope::Everywhere, keys, run, ..Command::ROW }
}

/// Opens the pane that is `by` places further in the stack, with wraparound.
fn step(cx: &Cx, by: usize) -> Vec<Intent> {
    vec![Intent::ShowPane(PaneId::ALL[(cx.pane as usize + by) % PaneId::ALL.len()])]
}

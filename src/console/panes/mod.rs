//! The panes, one folder each, and the set of them.

pub(super) mod activity;
pub(super) mod agents;
pub(super) mod connections;
pub(super) mod delivery;
pub(super) mod flows;
pub(super) mod log;
pub(super) mod pane;
mod retry;
pub(super) mod row;
pub(super) mod templates;
pub(super) mod threads;

use self::activity::state::ActivityPane;
use self::agents::state::AgentsPane;
use self::connections::state::ConnectionsPane;
use self::delivery::state::DeliveryPane;
use self::flows::state::FlowsPane;
use self::log::state::LogPane;
use self::pane::Pane;
use self::row::specs;
use self::templates::state::TemplatesPane;
use self::threads::state::ThreadsPane;
use super::command::CommandSpec;
use super::cx::Cx;
use super::intent::Intent;
use super::pane_id::PaneId;
use super::settings::Focus;

macro_rules! listed {
    ($($rows:path),+ $(,)?) => {
        &[$(&specs::<{ $rows.len() }, _>($rows)),+]
    };
}

/// The commands of every pane, in the order in which they are printed.
pub(super) static COMMANDS: &[&[CommandSpec]] = listed![
    threads::commands::ROWS,
    threads::handling::ROWS,
    threads::tabs::ROWS,
    threads::sending::ROWS,
    threads::messages::ROWS,
    delivery::commands::ROWS,
    threads::RETRY,
    activity::commands::ROWS,
    connections::commands::ROWS,
    connections::life::ROWS,
    templates::commands::ROWS,
    flows::commands::ROWS,
    threads::agents::ROWS,
    agents::commands::ROWS,
    threads::writing::ROWS,
    log::commands::ROWS,
];

/// State of all panes.
#[derive(Debug, Default)]
pub(super) struct Panes {
    pub connections: ConnectionsPane,
    pub threads: ThreadsPane,
    pub delivery: DeliveryPane,
    pub templates: TemplatesPane,
    pub agents: AgentsPane,
    pub flows: FlowsPane,
    pub activity: ActivityPane,
    pub log: LogPane,
}

impl Panes {
    pub fn get(&self, id: PaneId) -> &(dyn Pane + 'static) {
        match id {
            PaneId::Connections => &self.connections,
            PaneId::Threads => &self.threads,
            PaneId::Delivery => &self.delivery,
            PaneId::Templates => &self.templates,
            PaneId::Agents => &self.agents,
            PaneId::Flows => &self.flows,
            PaneId::Activity => &self.activity,
            PaneId::Log => &self.log,
        }
    }

    /// Queries the open thread, and the detail of the open pane.
    pub fn detail(&self, cx: &Cx) -> Vec<Intent> {
        let mut intents = self.threads.detail(cx);
        if cx.pane != PaneId::Threads {
            intents.extend(self.get(cx.pane).detail(cx));
        }
        intents
    }

    /// Goes back one level; in the list, clears the filter first, then the selection.
    pub fn back(&mut self, cx: &Cx) -> Vec<Intent> {
        let list = self.get_mut(cx.pane).list_mut();
        match cx.focus {
            Focus::Composer => vec![Intent::Focus(Focus::Detail), Intent::KeepDrafts],
            Focus::Detail => {
                if let Some(open) = &mut self.threads.open {
                    open.cursor = None;
                }
                vec![Intent::Focus(Focus::List), Intent::ScrollTop]
            }
            Focus::List if !list.filter.is_empty() => vec![Intent::ClearFilter],
            Focus::List => {
                list.go_top();
                vec![Intent::Follow]
            }
        }
    }

    pub fn get_mut(&mut self, id: PaneId) -> &mut (dyn Pane + 'static) {
        match id {
            PaneId::Connections => &mut self.connections,
            PaneId::Threads => &mut self.threads,
            PaneId::Delivery => &mut self.delivery,
            PaneId::Templates => &mut self.templates,
            PaneId::Agents => &mut self.agents,
            PaneId::Flows => &mut self.flows,
            PaneId::Activity => &mut self.activity,
            PaneId::Log => &mut self.log,
        }
    }
}

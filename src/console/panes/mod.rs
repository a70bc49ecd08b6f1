//! The panes, a folder each, and the set of them.

pub(super) mod activity;
pub(super) mod agents;
pub(super) mod connections;
pub(super) mod delivery;
pub(super) mod flows;
pub(super) mod pane;
pub(super) mod templates;
pub(super) mod threads;

use self::activity::state::ActivityPane;
use self::agents::state::AgentsPane;
use self::connections::state::ConnectionsPane;
use self::delivery::state::DeliveryPane;
use self::flows::state::FlowsPane;
use self::pane::Pane;
use self::templates::state::TemplatesPane;
use self::threads::state::ThreadsPane;
use super::pane_id::PaneId;

/// Every pane.
#[derive(Debug, Default)]
pub(super) struct Panes {
    pub connections: ConnectionsPane,
    pub threads: ThreadsPane,
    pub delivery: DeliveryPane,
    pub templates: TemplatesPane,
    pub agents: AgentsPane,
    pub flows: FlowsPane,
    pub activity: ActivityPane,
}

impl Panes {
    pub fn get(&self, id: PaneId) -> &dyn Pane {
        match id {
            PaneId::Connections => &self.connections,
            PaneId::Threads => &self.threads,
            PaneId::Delivery => &self.delivery,
            PaneId::Templates => &self.templates,
            PaneId::Agents => &self.agents,
            PaneId::Flows => &self.flows,
            PaneId::Activity => &self.activity,
        }
    }

    pub fn get_mut(&mut self, id: PaneId) -> &mut dyn Pane {
        match id {
            PaneId::Connections => &mut self.connections,
            PaneId::Threads => &mut self.threads,
            PaneId::Delivery => &mut self.delivery,
            PaneId::Templates => &mut self.templates,
            PaneId::Agents => &mut self.agents,
            PaneId::Flows => &mut self.flows,
            PaneId::Activity => &mut self.activity,
        }
    }
}

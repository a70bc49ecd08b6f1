//! State of the Flows pane: the fetched Flows, and the details of one.

use super::pickers::OneFlow;
use crate::console::cx::Cx;
use crate::console::list::ListState;
use crate::domain::flow::{Flow, FlowDetail, FlowList};
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::registration::Fetched;

/// State of the Flows pane.
#[derive(Debug, Default)]
pub(in crate::console) struct FlowsPane {
    pub list: ListState,
    pub lists: Option<Vec<FlowList>>,
    /// The details that were fetched last.
    pub detail: Option<Fetched<FlowDetail>>,
}

impl FlowsPane {
    /// Returns the Flows of the shown scope that match the filter.
    pub fn visible_rows(&self, cx: &Cx) -> Vec<(&FlowList, &Flow)> {
        let filter = self.list.filter.to_lowercase();
        let lists = self.lists.iter().flatten().filter(|list| cx.shows_connection(list.connection));
        let all = lists.flat_map(|list| list.flows.iter().map(move |flow| (list, flow)));
        all.filter(|(_, flow)| {
            let text = format!("{} {}", flow.name.line(), flow.status).to_lowercase();
            filter.split_whitespace().all(|word| text.contains(word.trim_start_matches("status:")))
        })
        .collect()
    }

    pub fn row_ids(&self, cx: &Cx) -> Vec<String> {
        self.visible_rows(cx).iter().map(|(_, flow)| flow.id.clone()).collect()
    }

    pub fn selected(&self, cx: &Cx) -> Option<(&FlowList, &Flow)> {
        let rows = self.visible_rows(cx);
        let ids: Vec<String> = rows.iter().map(|(_, flow)| flow.id.clone()).collect();
        rows.get(self.list.index(&ids).unwrap_or(0)).copied()
    }

    /// Returns the selected Flow's connection and id.
    pub fn at_hand(&self, cx: &Cx) -> Option<(ConnectionId, String)> {
        self.selected(cx).map(|(list, flow)| (list.connection, flow.id.clone()))
    }

    /// Returns the selected Flow with its details, if they were fetched.
    pub(super) fn one(&self, cx: &Cx) -> Option<OneFlow> {
        let (connection, id) = self.at_hand(cx)?;
        Some(OneFlow { connection, id, detail: self.known(cx).map(|known| known.value.clone()) })
    }

    /// Returns the details of the selected Flow with their time; `None` if they were not fetched.
    pub fn known(&self, cx: &Cx) -> Option<&Fetched<FlowDetail>> {
        let (_, flow) = self.selected(cx)?;
        self.detail.as_ref().filter(|detail| detail.value.flow.id == flow.id)
    }
}

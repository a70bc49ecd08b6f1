//! State of the Activity pane: its rows, and the selected webhook delivery.

use crate::console::list::ListState;
use crate::domain::ids::{AlertId, DeliveryId};
use crate::domain::monitoring::activity::{ActivityKind, ActivityRow};
use crate::domain::view::DeliveryDetail;

/// State of the Activity pane.
#[derive(Debug, Default)]
pub(in crate::console) struct ActivityPane {
    pub list: ListState,
    pub rows: Option<Vec<ActivityRow>>,
    pub delivery: Option<DeliveryDetail>,
    /// Whether the list is paused, so that new rows do not move it.
    pub paused: bool,
    /// The webhook delivery whose body opens in the editor when it arrives.
    pub edits: Option<DeliveryId>,
}

fn row_id(row: &ActivityRow) -> String {
    match &row.kind {
        ActivityKind::Alert { id, .. } => id.to_string(),
        ActivityKind::Delivery { id, .. } => id.to_string(),
        ActivityKind::Audit { id, .. } => id.to_string(),
    }
}

impl ActivityPane {
    pub fn row_ids(&self) -> Vec<String> {
        self.rows.iter().flatten().map(row_id).collect()
    }

    pub fn selected(&self) -> Option<&ActivityRow> {
        let rows = self.rows.as_ref()?;
        rows.get(self.list.index(&self.row_ids()).unwrap_or(0))
    }

    pub fn selected_delivery(&self) -> Option<DeliveryId> {
        match self.selected()?.kind {
            ActivityKind::Delivery { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Returns the alerts that nobody has acknowledged.
    pub fn open_alerts(&self) -> Vec<AlertId> {
        let rows = self.rows.iter().flatten();
        let open = rows.filter_map(|row| match row.kind {
            ActivityKind::Alert { id, acknowledged_by: None, .. } => Some(id),
            _ => None,
        });
        open.collect()
    }
}

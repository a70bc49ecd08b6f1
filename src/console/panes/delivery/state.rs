//! State of the Delivery pane: outbox entries, and the details of the selected one.

use crate::console::list::ListState;
use crate::domain::ids::EntryId;
use crate::domain::outbox::entry::EntryState;
use crate::domain::view::{EntryDetail, EntryRow};

/// State of the Delivery pane.
#[derive(Debug, Default)]
pub(in crate::console) struct DeliveryPane {
    pub list: ListState,
    pub rows: Option<Vec<EntryRow>>,
    /// The selected entry with its attempts and statuses.
    pub detail: Option<EntryDetail>,
}

impl DeliveryPane {
    pub fn row_ids(&self) -> Vec<String> {
        self.rows.iter().flatten().map(|row| row.id.to_string()).collect()
    }

    pub fn selected(&self) -> Option<&EntryRow> {
        let rows = self.rows.as_ref()?;
        let ids = self.row_ids();
        rows.get(self.list.index(&ids).unwrap_or(0))
    }

    /// Returns the entry that commands act on, with its state.
    pub fn selected_entry(&self) -> Option<(EntryId, EntryState)> {
        self.selected().map(|row| (row.id, row.state))
    }

    /// Returns the last request of the selected entry as a curl command, without the API key.
    pub fn curl(&self) -> Option<String> {
        let id = self.selected().map(|row| row.id)?;
        self.detail.as_ref().filter(|detail| detail.row.id == id)?.curl.clone()
    }
}

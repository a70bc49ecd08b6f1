//! Bulk actions for all messages that match the filter.

use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::picker::{PickerKind, Row};
use crate::domain::outbox::job::BulkAction;
use crate::domain::query::Query;

/// Lists the bulk actions.
#[derive(Debug)]
pub(super) struct BulkPicker {
    /// The filter that selects the messages.
    pub text: String,
}

const fn what(action: BulkAction) -> &'static str {
    match action {
        BulkAction::Retry => "sends failed and discarded messages again, in order",
        BulkAction::Discard => "discards messages that have not been sent",
        BulkAction::Hold => "holds queued messages",
        BulkAction::Release => "releases held messages",
        BulkAction::Reconcile => "queries the provider about uncertain messages",
        BulkAction::Arrived => "marks uncertain messages as arrived",
    }
}

impl PickerKind for BulkPicker {
    fn title(&self) -> &'static str {
        "Bulk action for all matching messages"
    }

    fn empty_text(&self) -> &'static str {
        ""
    }

    fn rows(&self, _: &Cx) -> Vec<Row> {
        BulkAction::ALL.iter().map(|action| Row::new(action.name(), action.name(), what(*action))).collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let action = BulkAction::from_name(&row.id);
        action.map(|action| Intent::Ask(Query::Bulk { action, text: self.text.clone() })).into_iter().collect()
    }
}

//! Bulk actions on the matches of a filter: preview.

use serde::{Deserialize, Serialize};

use crate::domain::costs::sums::CostRow;
use crate::domain::outbox::job::BulkAction;

/// Preview of a bulk action, counted before it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkPreview {
    /// Entries that match the filter.
    pub found: u32,
    /// Matches that the action would change.
    pub will: u32,
    /// Free-form messages whose service window has closed; only a template can be sent to these contacts.
    pub need_template: u32,
    pub opted_out: u32,
    /// Entries delayed by the limit of one business-initiated message per contact and hour.
    pub held_hourly: u32,
    /// Uncertain entries that are excluded, because the filter does not contain `status:uncertain`.
    pub uncertain: u32,
    /// Uncertain entries that are included: the contact may have received them.
    #[serde(default)]
    pub may_have_arrived: u32,
    /// Of these, entries that are not in the provider's message list, as far as it was queried.
    #[serde(default)]
    pub not_listed: u32,
    /// Entries in a state in which the action has no effect.
    pub not_fitting: u32,
    /// What the action would cost by the rate card; `None` for an action that sends nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostRow>,
}

impl BulkPreview {
    /// Describes the preview in one sentence, for the confirmation of an action.
    pub fn words(&self, action: BulkAction) -> String {
        self.sentence(format!("Of {} found {} will be {}", self.found, self.will, past(action)))
    }

    /// Describes the counts without an action's name, and says that nothing was changed.
    pub fn counts(&self) -> String {
        let found = self.sentence(format!("{} found, {} of them match", self.found, self.will));
        format!("{found} Nothing was changed; repeat with --yes to start.")
    }

    /// Appends the counts that are not zero to the beginning of a sentence.
    fn sentence(&self, beginning: String) -> String {
        let mut parts = vec![beginning];
        for (count, why) in [
            (self.held_hourly, "of them wait for the hourly limit"),
            (self.need_template, "need a template (window closed)"),
            (self.opted_out, "opted out"),
            (self.uncertain, "are uncertain and not included (select them with status:uncertain)"),
            (self.may_have_arrived, "may already have arrived"),
            (self.not_listed, "of these are not in the provider's list, which may lag"),
            (self.not_fitting, "are in another state"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {why}"));
            }
        }
        let cost = self.cost.as_ref().filter(|cost| cost.messages > 0);
        let cost = cost.map(|cost| format!(" Predicted cost: {}.", cost.sum_with_reasons())).unwrap_or_default();
        format!("{}.{cost}", parts.join(", "))
    }
}

/// Returns the past participle of an action.
const fn past(action: BulkAction) -> &'static str {
    match action {
        BulkAction::Retry => "sent again",
        BulkAction::Discard => "discarded",
        BulkAction::Hold => "held",
        BulkAction::Release => "released",
        BulkAction::Reconcile => "reconciled",
        BulkAction::Arrived => "marked as arrived",
    }
}

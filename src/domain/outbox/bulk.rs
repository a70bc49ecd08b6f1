//! One action over everything that a filter finds: what would happen, and how far it is.

use serde::{Deserialize, Serialize};

use crate::domain::outbox::job::BulkAction;

/// What an action over a filter would do, counted before it is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkPreview {
    /// Entries that the filter finds.
    pub found: u32,
    /// Of those, the ones that the action would touch.
    pub will: u32,
    /// Freeform after the window closed: only a template reaches them.
    pub need_template: u32,
    pub opted_out: u32,
    /// One business-initiated message per contact and hour: they go, one after the other.
    pub held_hourly: u32,
    /// Their answer was lost, and the filter does not ask for them by `status:uncertain`: they are left alone.
    pub uncertain: u32,
    /// Of those that the action would touch, uncertain ones: the contact may have them.
    #[serde(default)]
    pub may_have_arrived: u32,
    /// Of those, the ones that are not in the provider's list, as far as it was asked.
    #[serde(default)]
    pub not_listed: u32,
    /// In a state in which the action means nothing.
    pub not_fitting: u32,
}

impl BulkPreview {
    /// In one sentence, for whoever is about to say yes.
    pub fn words(&self, action: BulkAction) -> String {
        self.sentence(format!("Of {} found {} will be {}", self.found, self.will, past(action)))
    }

    /// In one sentence, without the action's name; nothing was done.
    pub fn counts(&self) -> String {
        let found = self.sentence(format!("{} found, {} of them match", self.found, self.will));
        format!("{found} Nothing was changed; repeat with --yes to start.")
    }

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
        format!("{}.", parts.join(", "))
    }
}

const fn past(action: BulkAction) -> &'static str {
    match action {
        BulkAction::Retry => "sent again",
        BulkAction::Discard => "discarded",
        BulkAction::Hold => "held",
        BulkAction::Release => "released",
        BulkAction::LookUp => "reconciled",
        BulkAction::Arrived => "marked as arrived",
    }
}

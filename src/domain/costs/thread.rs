//! What a thread has cost, and what its next message would cost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::costs::category::Category;
use crate::domain::costs::charge::Charge;
use crate::domain::costs::sums::CostRow;
use crate::domain::time::Timestamp;

/// Costs of one thread by the configured rate card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadCosts {
    /// The newest messages that were sent, up to 500.
    pub sent: CostRow,
    /// What one more message would cost now, by category; `service` is everything but templates.
    pub next: BTreeMap<Category, Charge>,
    /// Until when the provider reported a free entry point window; `None` where it reported none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_until: Option<Timestamp>,
}

impl ThreadCosts {
    /// What one more message of a category would cost. A category that is not known has no price.
    pub fn next_of(&self, category: Option<Category>) -> Charge {
        let known = category.and_then(|category| self.next.get(&category).cloned());
        known.unwrap_or_else(|| Charge::NotKnown { why: "the template's category is not known".to_owned() })
    }
}

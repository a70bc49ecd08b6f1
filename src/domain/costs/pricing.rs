//! How reports about the charge of one message are merged.
//!
//! Statuses arrive late, twice and in any order. Each part of a report is therefore ranked by the status it came with, and
//! the highest rank is kept: any order and repetition of the same statuses gives the same record.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::domain::costs::amount::Amount;
use crate::domain::costs::statement::{PricedConversation, Statement, bounded};
use crate::domain::message::status::{DeliveryStatus, StatusReport};
use crate::domain::time::Timestamp;

/// A part of a report with the status that it came with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated<T> {
    pub status: DeliveryStatus,
    /// When the status happened, by the provider's clock.
    pub at: Timestamp,
    #[serde(flatten)]
    pub value: T,
}

impl<T: Serialize> Dated<T> {
    /// The earliest status that proves arrival ranks highest, since messages are charged when they are delivered. Equal
    /// times are ranked by the text of the value, as the database ranks them.
    fn outranks(&self, other: &Self) -> bool {
        let rank = |one: &Self| (one.status.proves_arrival(), Reverse(one.at), one.status);
        let text = |one: &Self| serde_json::to_string(&one.value).unwrap_or_default();
        rank(self).cmp(&rank(other)).then_with(|| text(self).cmp(&text(other))).is_gt()
    }

    fn keep(known: &mut Option<Self>, next: Self) {
        if known.as_ref().is_none_or(|known| next.outranks(known)) {
            *known = Some(next);
        }
    }
}

/// Everything that was reported about the charge of one message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricingRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Dated<Statement>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Dated<PricedConversation>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Dated<Amount>>,
}

impl PricingRecord {
    /// Merges the report of one status. Reports that rank lower change nothing.
    #[must_use]
    pub fn merge(mut self, report: &StatusReport) -> Self {
        let StatusReport { status, at, pricing, .. } = report;
        let (status, at) = (*status, *at);
        if let Some(value) = pricing.statement.clone() {
            Dated::keep(&mut self.statement, Dated { status, at, value });
        }
        if let Some(value) = pricing.conversation.clone() {
            Dated::keep(&mut self.conversation, Dated { status, at, value });
        }
        if let Some(value) = pricing.price {
            Dated::keep(&mut self.price, Dated { status, at, value });
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Label and value of each reported part, for details of a message.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![];
        if let Some(told) = &self.statement {
            let statement = &told.value;
            let billable = match statement.billable {
                Some(true) => Some("billable".to_owned()),
                Some(false) => Some("not billable".to_owned()),
                None => None,
            };
            let names = [&statement.category, &statement.kind, &statement.model];
            let names = names.into_iter().flatten().map(|name| bounded(name));
            let parts: Vec<String> = billable.into_iter().chain(names).collect();
            rows.push(("pricing", format!("{} (status {})", parts.join(", "), told.status.name())));
        }
        if let Some(told) = &self.conversation {
            let until = told.value.expires_at.map(|at| format!(", until {at}")).unwrap_or_default();
            let origin = told.value.origin.as_deref().map_or_else(|| "of unknown origin".to_owned(), bounded);
            rows.push(("charge window", format!("{origin}{until}")));
        }
        if let Some(told) = &self.price {
            rows.push(("price", format!("{}, by the provider", told.value)));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::costs::amount::Currency;
    use crate::domain::costs::statement::PricingReport;

    fn report_at(status: DeliveryStatus, at: i64, pricing: PricingReport) -> StatusReport {
        StatusReport { status, at: Timestamp::from_seconds(at), failure: None, pricing }
    }

    fn part<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Option<T>> {
        proptest::option::of(proptest::sample::select(values))
    }

    fn report() -> impl Strategy<Value = StatusReport> {
        let statement = |billable, category: &str| Statement {
            billable: Some(billable),
            category: Some(category.to_owned()),
            ..Statement::default()
        };
        let statements = vec![statement(true, "marketing"), statement(true, "utility"), statement(false, "service")];
        let expires = |at| PricedConversation { expires_at: Some(Timestamp::from_seconds(at)), ..Default::default() };
        let price = |micros| Amount { micros, currency: Currency::parse("USD").expect("a currency") };
        let parts = (part(statements), part(vec![expires(7), expires(8)]), part(vec![price(5), price(6)]));
        let statuses =
            vec![DeliveryStatus::Sent, DeliveryStatus::Delivered, DeliveryStatus::Read, DeliveryStatus::Failed];
        (proptest::sample::select(statuses), 0_i64..4, parts).prop_map(
            |(status, at, (statement, conversation, price))| {
                report_at(status, at, PricingReport { statement, conversation, price })
            },
        )
    }

    fn merged(reports: &[StatusReport]) -> PricingRecord {
        reports.iter().fold(PricingRecord::default(), PricingRecord::merge)
    }

    proptest! {
        #[test]
        fn any_order_and_repetition_gives_the_same_record(
            reports in proptest::collection::vec(report(), 0..8),
            swaps in proptest::collection::vec((0_usize..8, 0_usize..8), 0..12),
        ) {
            let mut shuffled = reports.clone();
            for (one, other) in swaps {
                if one < shuffled.len() && other < shuffled.len() {
                    shuffled.swap(one, other);
                }
            }
            let twice: Vec<StatusReport> = shuffled.iter().chain(&reports).cloned().collect();
            prop_assert_eq!(merged(&reports), merged(&shuffled));
            prop_assert_eq!(merged(&reports), merged(&twice));
        }
    }

    #[test]
    fn the_first_status_that_proves_arrival_counts() {
        let stated = |category: &str| PricingReport {
            statement: Some(Statement { category: Some(category.to_owned()), ..Statement::default() }),
            ..PricingReport::default()
        };
        let record = merged(&[
            report_at(DeliveryStatus::Read, 9, stated("read")),
            report_at(DeliveryStatus::Sent, 1, stated("sent")),
            report_at(DeliveryStatus::Delivered, 5, stated("delivered")),
        ]);
        let kept = record.statement.expect("a statement");
        assert_eq!((kept.status, kept.value.category.as_deref()), (DeliveryStatus::Delivered, Some("delivered")));
    }
}

//! What one message costs: by what the provider reported and the rate card, or before it is sent by the card alone.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::costs::amount::Amount;
use crate::domain::costs::card::{Day, NoRate, RateCard};
use crate::domain::costs::category::Category;
use crate::domain::costs::pricing::PricingRecord;
use crate::domain::costs::statement::{Statement, bounded};
use crate::domain::message::status::DeliveryStatus;
use crate::domain::numbers::connection::ProviderName;
use crate::domain::time::Timestamp;

/// Why a message is free. Nothing is called free without one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FreeReason {
    /// The provider reports a free customer service window.
    ServiceWindow,
    /// The provider reports a free entry point window, which an advertisement or a page button opens for 72 hours.
    FreeEntryPoint,
    /// The provider reports that the message is not billable, without a known type.
    NotBillable,
    /// The message failed: only delivered messages are charged. Source: Meta, pricing.
    NotDelivered,
}

impl FreeReason {
    pub const fn words(self) -> &'static str {
        match self {
            Self::ServiceWindow => "customer service window, by the provider",
            Self::FreeEntryPoint => "free entry point window, by the provider",
            Self::NotBillable => "not billable, by the provider",
            Self::NotDelivered => "not delivered",
        }
    }
}

/// What a message costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Charge {
    Charged {
        #[serde(flatten)]
        amount: Amount,
    },
    Free {
        reason: FreeReason,
    },
    NotKnown {
        why: String,
    },
}

impl std::fmt::Display for Charge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Charged { amount } => write!(f, "{amount}"),
            Self::Free { reason } => write!(f, "free ({})", reason.words()),
            Self::NotKnown { why } => write!(f, "not known ({why})"),
        }
    }
}

impl Charge {
    fn not_known(why: impl Into<String>) -> Self {
        Self::NotKnown { why: why.into() }
    }

    fn priced(price: Result<Amount, NoRate>) -> Self {
        price.map_or_else(Self::not_known, |amount| Self::Charged { amount })
    }
}

/// Who a message goes to and over which provider.
#[derive(Debug, Clone, Copy)]
pub struct Route<'a> {
    pub provider: &'a ProviderName,
    /// `None` where the contact's number is withheld.
    pub number: Option<&'a PhoneNumber>,
}

/// What is known of a message that was sent.
#[derive(Debug, Clone, Copy)]
pub struct SentFacts<'a> {
    pub route: Route<'a>,
    /// The category it should have: the template's, or `service`. `None` where the template's is not known.
    pub expected: Option<Category>,
    pub status: DeliveryStatus,
    pub pricing: &'a PricingRecord,
    pub sent_at: Timestamp,
}

/// The first day on which messages in the customer service window are charged. Source: announcements of providers, October
/// 2026.
const WINDOW_IS_CHARGED_FROM: &str = "2026-10-01";

const WITHHELD: &str = "the contact's number is withheld";

/// Whether a statement says that the message is charged; fails where it contradicts itself. `None` where it does not say.
/// Source: Meta, webhooks › messages › statuses: `type` replaces `billable`.
fn billable(statement: &Statement) -> Result<Option<bool>, ()> {
    let by_type = match statement.kind.as_deref() {
        Some("regular") => Some(true),
        Some("free_customer_service" | "free_entry_point") => Some(false),
        _ => None,
    };
    match (statement.billable, by_type) {
        (Some(one), Some(other)) if one != other => Err(()),
        (one, other) => Ok(other.or(one)),
    }
}

fn free_reason(statement: &Statement) -> FreeReason {
    match statement.kind.as_deref() {
        Some("free_customer_service") => FreeReason::ServiceWindow,
        Some("free_entry_point") => FreeReason::FreeEntryPoint,
        _ => FreeReason::NotBillable,
    }
}

impl SentFacts<'_> {
    /// The day whose rate counts: that of the status that reports the charge, else that of sending.
    fn day(&self) -> Day {
        Day::of(self.pricing.statement.as_ref().map_or(self.sent_at, |statement| statement.at))
    }

    fn card_price(&self, card: &RateCard, category: Category) -> Result<Amount, NoRate> {
        let number = self.route.number.ok_or(WITHHELD)?;
        card.price(self.route.provider, number, category, self.day())
    }

    /// What the message costs: the price that the provider reports, else the card's for the reported category.
    pub fn charge(&self, card: &RateCard) -> Charge {
        if self.status == DeliveryStatus::Failed {
            return Charge::Free { reason: FreeReason::NotDelivered };
        }
        if let Some(price) = &self.pricing.price {
            return Charge::Charged { amount: price.value };
        }
        let Some(statement) = &self.pricing.statement else {
            let arrived = self.status.proves_arrival();
            return Charge::not_known(if arrived { "the provider reported no pricing" } else { "not delivered yet" });
        };
        let statement = &statement.value;
        match billable(statement) {
            Err(()) => Charge::not_known("the provider's pricing contradicts itself"),
            Ok(None) => Charge::not_known("the provider does not report whether it is billable"),
            Ok(Some(false)) => Charge::Free { reason: free_reason(statement) },
            Ok(Some(true)) if !self.status.proves_arrival() => Charge::not_known("not delivered yet"),
            Ok(Some(true)) => match statement.category.as_deref().map(|name| (name, Category::from_name(name))) {
                None => Charge::not_known("the provider reported no category"),
                Some((name, None)) => Charge::not_known(format!("no rate for the category {}", bounded(name))),
                Some((_, Some(category))) => Charge::priced(self.card_price(card, category)),
            },
        }
    }

    /// Where the provider's statement differs from the rate card, one sentence each; empty where they agree, or where one of
    /// both says nothing.
    pub fn deviations(&self, card: &RateCard) -> Vec<String> {
        let mut found = vec![];
        if self.status == DeliveryStatus::Failed {
            return found;
        }
        let statement = self.pricing.statement.as_ref().map(|statement| &statement.value);
        let reported = statement.and_then(|statement| Category::from_name(statement.category.as_deref()?));
        let entry_point = statement.is_some_and(|one| one.kind.as_deref() == Some("free_entry_point"));
        if let (Some(expected), Some(reported)) = (self.expected, reported)
            && !expected.may_be_charged_as(reported)
            && !entry_point
        {
            found.push(format!("category: sent as {}, charged as {}", expected.name(), reported.name()));
        }
        let category = reported.or(self.expected);
        let price = category.and_then(|category| self.card_price(card, category).ok());
        match statement.map(|statement| (statement, billable(statement))) {
            Some((statement, Err(()))) => {
                let kind = bounded(statement.kind.as_deref().unwrap_or_default());
                let billable = statement.billable.unwrap_or_default();
                found.push(format!("billable: {billable}, but its type is {kind}"));
            }
            Some((statement, Ok(Some(false)))) if !entry_point => {
                let window_was_free = Day::parse(WINDOW_IS_CHARGED_FROM).is_some_and(|from| self.day() < from)
                    && statement.kind.as_deref() == Some("free_customer_service");
                if let Some(price) = price.filter(|price| price.micros > 0 && !window_was_free) {
                    found.push(format!("billable: not charged, the card has {price}"));
                }
            }
            Some((_, Ok(Some(true)))) if price.is_some_and(|price| price.micros == 0) => {
                found.push("billable: charged, the card has a price of zero".to_owned());
            }
            _ => {}
        }
        if let (Some(told), Some(price)) = (&self.pricing.price, price)
            && told.value != price
        {
            found.push(format!("price: {} at the provider, the card has {price}", told.value));
        }
        found
    }
}

impl Route<'_> {
    /// Returns the charge of a message of this category sent now. `free_until` is the end of the free entry point window, as
    /// the provider reported it.
    pub fn predict(
        &self,
        card: &RateCard,
        category: Category,
        now: Timestamp,
        free_until: Option<Timestamp>,
    ) -> Charge {
        if free_until.is_some_and(|until| now < until) {
            return Charge::Free { reason: FreeReason::FreeEntryPoint };
        }
        let price = self.number.ok_or_else(|| NoRate::from(WITHHELD));
        Charge::priced(price.and_then(|number| card.price(self.provider, number, category, Day::of(now))))
    }
}

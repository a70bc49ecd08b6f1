//! The rate card: prices by market, category and date, as the configuration has them. No price is built in.

use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::costs::amount::Amount;
use crate::domain::costs::category::Category;
use crate::domain::costs::market::{Market, name_of, place};
use crate::domain::error_text::error_text;
use crate::domain::numbers::connection::ProviderName;
use crate::domain::time::Timestamp;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// A day of the calendar in UTC, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    pub const fn of(at: Timestamp) -> Self {
        Self(at.millis().div_euclid(DAY))
    }

    /// Reads `2026-10-01`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.len() == 10).then(|| Timestamp::parse(&format!("{text}T00:00:00Z")).map(Self::of))?
    }

    /// Its first moment.
    pub fn begins(self) -> Timestamp {
        Timestamp::from_millis(self.0 * DAY)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.begins().to_string().get(..10).unwrap_or_default())
    }
}

/// The price of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// `None`: of every provider.
    pub provider: Option<ProviderName>,
    pub market: Market,
    pub category: Category,
    /// The first day on which it counts.
    pub from: Day,
    pub price: Amount,
}

impl Rate {
    /// What makes two rates the same one.
    pub fn key(&self) -> (Option<&str>, &Market, Category, Day) {
        (self.provider.as_ref().map(ProviderName::as_str), &self.market, self.category, self.from)
    }
}

error_text! {
    /// Why the rate card has no price for a message.
    NoRate
}

/// All configured rates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateCard(Vec<Rate>);

impl RateCard {
    pub const fn new(rates: Vec<Rate>) -> Self {
        Self(rates)
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the price of a message on a day: of the rates that apply, the one with the most specific market, then one for
    /// this provider, then the latest. Fails with the reason if no rate applies.
    pub fn price(
        &self,
        provider: &ProviderName,
        number: &PhoneNumber,
        category: Category,
        day: Day,
    ) -> Result<Amount, NoRate> {
        if self.is_empty() {
            return Err("no rate card is configured".into());
        }
        let place = place(number);
        let of_provider = |rate: &&Rate| rate.provider.as_ref().is_none_or(|own| own == provider);
        let rates = self.0.iter().filter(|rate| rate.category == category && rate.from <= day).filter(of_provider);
        let fitting = rates.filter_map(|rate| Some((rate.market.fit(number, place)?, rate)));
        let closest = fitting.max_by_key(|(fit, rate)| (*fit, rate.provider.is_some(), rate.from));
        closest
            .map(|(_, rate)| rate.price)
            .ok_or_else(|| format!("no rate for {} in {}", category.name(), name_of(number)).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::costs::amount::Currency;

    fn rate(provider: Option<&str>, market: &str, from: &str, micros: u64) -> Rate {
        Rate {
            provider: provider.map(ProviderName::new),
            market: Market::parse(market).expect("a market"),
            category: Category::Utility,
            from: Day::parse(from).expect("a day"),
            price: Amount { micros, currency: Currency::parse("EUR").expect("a currency") },
        }
    }

    #[test]
    fn the_closest_market_counts_then_the_provider_then_the_date() {
        let card = RateCard::new(vec![
            rate(None, "Rest of Middle East", "2026-01-01", 1),
            rate(None, "Kuwait", "2026-10-01", 2),
            rate(Some("one"), "Kuwait", "2026-10-01", 3),
            rate(Some("one"), "Kuwait", "2026-11-01", 4),
        ]);
        let kuwait = PhoneNumber::parse("+96550000001").expect("a number");
        let price = |provider: &str, day: &str| {
            let day = Day::parse(day).expect("a day");
            card.price(&ProviderName::new(provider), &kuwait, Category::Utility, day).map(|amount| amount.micros)
        };
        assert_eq!(price("two", "2026-09-30"), Ok(1), "the region, before the country has a rate");
        assert_eq!(price("two", "2026-10-01"), Ok(2));
        assert_eq!(price("one", "2026-10-31"), Ok(3));
        assert_eq!(price("one", "2026-11-01"), Ok(4));
        assert_eq!(price("one", "2025-12-31"), Err("no rate for utility in Kuwait".into()));
    }

    #[test]
    fn days_are_read_and_shown_as_dates() {
        for (text, right) in [("2026-10-01", true), ("2026-13-01", false), ("2026-1-1", false), ("", false)] {
            assert_eq!(Day::parse(text).map(|day| day.to_string()), right.then(|| text.to_owned()), "{text}");
        }
    }
}

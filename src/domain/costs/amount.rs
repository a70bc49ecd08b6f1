//! Amounts of money: whole micro-units of a currency, never a floating-point number.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Micro-units in one unit of a currency.
const MICROS: u64 = 1_000_000;
/// Digits after the decimal point that a micro-unit allows.
const DECIMALS: usize = 6;

/// A currency by the three capital letters of ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads `EUR` or `eur`; `None` for anything but three letters.
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 3] = text.trim().to_ascii_uppercase().into_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("a currency has three letters"))
    }
}

/// An amount of money in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Amount {
    pub currency: Currency,
    /// Millionths of the currency's unit.
    pub micros: u64,
}

/// Reads a decimal number such as `0.0458` as micro-units. `None` for a sign, an exponent, more than six decimals, or more
/// than a billion.
pub fn micros(text: &str) -> Option<u64> {
    let (whole, decimals) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || decimals.len() > DECIMALS || !digits(whole) || !digits(decimals) {
        return None;
    }
    let decimals: u64 = format!("{decimals:0<DECIMALS$}").parse().ok()?;
    Some(whole.parse::<u64>().ok()? * MICROS + decimals)
}

/// Micro-units as a decimal number with two to six decimals.
fn decimal(micros: u64) -> String {
    let (whole, rest) = (micros / MICROS, micros % MICROS);
    let decimals = format!("{rest:06}");
    let decimals = decimals.trim_end_matches('0');
    format!("{whole}.{decimals:0<2}")
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", decimal(self.micros), self.currency)
    }
}

/// Sums of amounts, one for each currency: amounts of different currencies are never added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals(BTreeMap<Currency, u64>);

impl Totals {
    pub fn add(&mut self, amount: Amount) {
        let sum = self.0.entry(amount.currency).or_default();
        *sum = sum.saturating_add(amount.micros);
    }

    pub fn amounts(&self) -> impl Iterator<Item = Amount> {
        self.0.iter().map(|(currency, micros)| Amount { currency: *currency, micros: *micros })
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amounts: Vec<String> = self.amounts().map(|amount| amount.to_string()).collect();
        f.write_str(&amounts.join(" + "))
    }
}

impl Serialize for Totals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.amounts())
    }
}

impl<'de> Deserialize<'de> for Totals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut totals = Self::default();
        Vec::<Amount>::deserialize(deserializer)?.into_iter().for_each(|amount| totals.add(amount));
        Ok(totals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_numbers_are_read_exactly_or_not_at_all() {
        for (text, found) in [
            ("0.0458", Some(45_800)),
            ("1", Some(1_000_000)),
            ("0.000001", Some(1)),
            ("12.5", Some(12_500_000)),
            ("0.0000001", None),
            ("-1", None),
            ("1e3", None),
            ("", None),
            (".5", None),
            ("1,5", None),
        ] {
            assert_eq!(micros(text), found, "{text}");
        }
    }

    #[test]
    fn amounts_have_at_least_two_decimals_and_no_idle_zeros() {
        let eur = Currency::parse("eur").expect("a currency");
        for (micros, text) in [(45_800, "0.0458 EUR"), (2_500_000, "2.50 EUR"), (0, "0.00 EUR"), (1, "0.000001 EUR")] {
            assert_eq!(Amount { micros, currency: eur }.to_string(), text);
        }
    }

    #[test]
    fn sums_are_kept_apart_by_currency() {
        let (eur, usd) = (Currency::parse("EUR").expect("one"), Currency::parse("USD").expect("one"));
        let mut totals = Totals::default();
        for (currency, micros) in [(usd, 5), (eur, 10), (usd, 7)] {
            totals.add(Amount { currency, micros });
        }
        assert_eq!(totals.to_string(), "0.00001 EUR + 0.000012 USD");
        let json = serde_json::to_string(&totals).expect("written");
        assert_eq!(serde_json::from_str::<Totals>(&json).expect("read"), totals);
    }
}

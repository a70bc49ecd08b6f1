//! Numbers as strangers write them. `nan` and `inf` read as numbers and stand in no JSON: what is kept of them could
//! never be read again.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer};

pub const LATITUDE: RangeInclusive<f64> = -90.0..=90.0;
pub const LONGITUDE: RangeInclusive<f64> = -180.0..=180.0;
/// Pieces of a product that somebody orders.
pub const QUANTITY: RangeInclusive<f64> = 0.0..=1e12;
pub const PRICE: RangeInclusive<f64> = -1e12..=1e12;

/// A finite number within its range. Nothing else from outside is taken for a number.
pub fn read(text: &str, range: &RangeInclusive<f64>) -> Option<f64> {
    text.trim().parse().ok().filter(|number| range.contains(number))
}

/// As people see it.
pub fn shown(number: f64) -> String {
    if number.is_finite() { number.to_string() } else { "not told as a number".to_owned() }
}

/// Reads a stored number. Where an older version wrote one that stands in no JSON there is `null`: it is no number, and
/// everything around it is there.
pub fn stored<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_finite_number_in_range_is_read() {
        for text in ["nan", "NaN", "-nan", "inf", "-infinity", "1e999", "90.1", "-91", "", "1,5", "north"] {
            assert_eq!(read(text, &LATITUDE), None, "{text}");
        }
        for (text, number) in [("90", 90.0), (" -12.5 ", -12.5), ("0", 0.0), ("1e1", 10.0)] {
            assert_eq!(read(text, &LATITUDE), Some(number), "{text}");
        }
        assert_eq!(read("inf", &PRICE).or(read("-1", &QUANTITY)), None);
    }
}

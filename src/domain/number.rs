//! Numbers in text from outside. `nan` and `inf` parse as floating-point numbers but cannot be stored in JSON, so
//! they are refused.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer};

/// Valid latitudes in degrees.
pub const LATITUDE: RangeInclusive<f64> = -90.0..=90.0;
/// Valid longitudes in degrees.
pub const LONGITUDE: RangeInclusive<f64> = -180.0..=180.0;
/// Quantity of an ordered product.
pub const QUANTITY: RangeInclusive<f64> = 0.0..=1e12;
/// Price of an ordered product.
pub const PRICE: RangeInclusive<f64> = -1e12..=1e12;

/// Parses a number; `None` if it is not finite or outside the range.
pub fn read(text: &str, range: &RangeInclusive<f64>) -> Option<f64> {
    text.trim().parse().ok().filter(|number| range.contains(number))
}

/// Formats a number for people.
pub fn format_number(number: f64) -> String {
    if number.is_finite() { number.to_string() } else { "not told as a number".to_owned() }
}

/// Deserializes a stored number. `null`, which older versions wrote for `nan` and `inf`, becomes NaN, so that the
/// rest of the row stays readable.
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

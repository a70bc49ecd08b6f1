//! Checks of single values by their placeholder: codes, payloads, files, coordinates, times and products.

use super::limits::{self, MAX_CALL_MINUTES, MAX_URL};
use super::products::read_sections;
use super::render::{expiry, is_link, upload_of};
use super::slots::Slot;
use super::template::Template;
use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;

pub(super) fn refused(why: String, instead: impl Into<String>) -> Refusal {
    Refusal::new(Code::TemplateParameters, why, instead)
}

impl Template {
    /// Refuses a value that is not valid for its placeholder. The value is not empty.
    pub(super) fn check_value(&self, slot: &Slot, value: &str) -> Result<(), Refusal> {
        let (key, label) = (slot.key.as_str(), slot.label.as_str());
        if value.contains(['\n', '\r', '\t']) || value.contains("     ") {
            let why = format!("{label} holds a line break, a tab or more than four blanks in a row.");
            return Err(refused(why, "Write it in one line."));
        }
        if slot.file {
            return check_file(label, value);
        }
        let length = value.chars().count();
        let within = |max: usize, what: &str| {
            if length <= max {
                return Ok(());
            }
            let why = format!("{label} has {length} characters; {what} holds {max}.");
            Err(refused(why, "Shorten it."))
        };
        let last = key.rsplit(':').next().unwrap_or_default();
        match last {
            _ if self.doubles_code() && !key.contains(':') => within(limits::MAX_CODE, "a code"),
            "code" if key.contains("button:") => within(limits::MAX_CODE, "a code"),
            "payload" if key.contains("button:") => within(limits::MAX_PAYLOAD, "a payload"),
            "url" if key.contains("button:") => within(MAX_URL, "an address"),
            "flow_data" if key.contains("button:") => match serde_json::from_str(value) {
                Ok(serde_json::Value::Object(_)) => Ok(()),
                _ => Err(refused(format!("{label} is no JSON object."), "Write it like {\"customer_id\":\"c1\"}.")),
            },
            "sections" if key.contains("button:") => read_sections(label, value).map(drop),
            "minutes" if key.contains("button:") => {
                if value.parse::<u32>().is_ok_and(|minutes| (1..=MAX_CALL_MINUTES).contains(&minutes)) {
                    return Ok(());
                }
                let why = format!("{label} is {}, which is no number from 1 to {MAX_CALL_MINUTES}.", clean_line(value));
                Err(refused(why, "Give whole minutes."))
            }
            "expires" if key == "offer:expires" => match expiry(value) {
                Some(_) => Ok(()),
                None => Err(refused(
                    format!("{label} is {}, which is no time.", clean_line(value)),
                    "Write it like 2026-06-01T09:00:00Z, or in milliseconds since 1970.",
                )),
            },
            _ if self.header_format.as_deref() == Some("LOCATION") => check_degrees(key, label, value),
            _ => Ok(()),
        }
    }

    /// Refuses an offer that ends before its message is sent at `sent_at`.
    pub fn check_offer(
        &self,
        given: &[(String, String)],
        sent_at: crate::domain::time::Timestamp,
    ) -> Result<(), Refusal> {
        let ends = super::render::value_of(given, "offer:expires").and_then(expiry);
        if ends.is_some_and(|millis| millis <= sent_at.millis()) {
            let why = "The offer ends before the message is sent.".to_owned();
            return Err(refused(why, "Give a later `offer:expires`."));
        }
        Ok(())
    }
}

/// Refuses a file value that is not an https link, an upload id or a media id.
fn check_file(label: &str, value: &str) -> Result<(), Refusal> {
    if is_link(value) {
        if value.starts_with("https://") && value.chars().count() <= MAX_URL && !value.contains(' ') {
            return Ok(());
        }
        let why = format!("{label} is a link that the provider does not fetch.");
        return Err(refused(why, format!("Give an https link of up to {MAX_URL} characters.")));
    }
    if upload_of(value).is_some() || value.chars().all(|c| c.is_ascii_digit()) {
        return Ok(());
    }
    let why = format!("{label} is {}, which is no file.", clean_line(value));
    Err(refused(why, "Give an https link, an uploaded file or the provider's media id."))
}

/// Refuses coordinates that are not in range.
fn check_degrees(key: &str, label: &str, value: &str) -> Result<(), Refusal> {
    let bound = match key.strip_prefix("header:") {
        Some("latitude") => 90.0,
        Some("longitude") => 180.0,
        _ => return Ok(()),
    };
    if value.parse::<f64>().ok().is_none_or(|degrees| !(-bound..=bound).contains(&degrees)) {
        let why = format!("{label} is {}, which is no number between -{bound} and {bound}.", clean_line(value));
        return Err(refused(why, "Write degrees with a point, such as 52.52."));
    }
    Ok(())
}

//! Checks headers, bodies and footers.

use super::part::{Part, count, text, upper};
use super::variables::{self, variables};
use crate::domain::lint::Report;
use crate::domain::templates::limits;

/// Counts emoji: pictographs and symbols in the ranges below.
pub(super) fn emoji(text: &str) -> usize {
    let picture = |c: char| matches!(u32::from(c), 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0x2B50 | 0x2B55);
    text.chars().filter(|c| picture(*c)).count()
}

/// Checks a header, body or footer.
pub(super) fn check(report: &mut Report, part: &Part<'_>, category: &str, named: bool, max_body: usize) {
    match part.kind.as_str() {
        "HEADER" => header(report, part, category, named),
        "BODY" => body(report, part, named, max_body),
        "FOOTER" => footer(report, part),
        _ => {}
    }
}

/// Checks that a text is not too long.
fn length(report: &mut Report, part: &Part<'_>, what: &str, most: usize) {
    let length = count(text(part.value, "text"));
    if length == 0 || length > most {
        let place = format!("{}.text", part.place);
        report.error("T8", &place, format!("The {what} has {length} characters."), format!("Use 1 to {most}."));
    }
}

/// Checks a header.
pub(super) fn header(report: &mut Report, part: &Part<'_>, category: &str, named: bool) {
    let place = format!("{}.text", part.place);
    match upper(part.value, "format").as_str() {
        "TEXT" => {
            length(report, part, "header", limits::MAX_HEADER);
            let words = text(part.value, "text");
            let names = variables::check(report, part, named);
            if names.len() > 1 {
                report.error("T9", &place, "The header has more than one variable.", "Move the others into the body.");
            }
            let bare: String = match variables(words) {
                Some(found) => found.iter().rev().fold(words.to_owned(), |mut text, one| {
                    text.replace_range(one.start..one.end, "");
                    text
                }),
                None => words.to_owned(),
            };
            if bare.contains(['\n', '*', '_', '~', '`']) || emoji(&bare) > 0 {
                report.warn(
                    "T10",
                    &place,
                    "A header cannot contain line breaks, emoji or formatting.",
                    "Use plain text.",
                );
            }
        }
        "IMAGE" | "VIDEO" | "DOCUMENT" => {
            let handles = &part.value["example"]["header_handle"];
            let handle = handles.get(0).and_then(serde_json::Value::as_str).unwrap_or_default();
            let place = format!("{}.example", part.place);
            if handle.is_empty() || handles.as_array().map_or(0, Vec::len) != 1 {
                report.error(
                    "T20",
                    &place,
                    "A media header needs one sample.",
                    "Upload one; the upload returns header_handle [\"4::…\"].",
                );
            } else if handle.starts_with("http") {
                report.error(
                    "T20",
                    &place,
                    "The sample is a URL, not a handle.",
                    "Upload the file again: templates that were fetched contain a URL there.",
                );
            }
        }
        "LOCATION" => {
            if !part.value["example"].is_null() {
                report.error(
                    "T20",
                    &format!("{}.example", part.place),
                    "A location header cannot have an example.",
                    "Remove it; the location is set when the template is sent.",
                );
            }
            if category == "AUTHENTICATION" {
                report.error(
                    "T20",
                    &part.place,
                    "AUTHENTICATION templates cannot have a location header.",
                    "Remove the header.",
                );
            }
        }
        _ => {}
    }
}

/// Checks a body.
pub(super) fn body(report: &mut Report, part: &Part<'_>, named: bool, most: usize) {
    length(report, part, "body", most);
    variables::check(report, part, named);
    let (words, place) = (text(part.value, "text"), format!("{}.text", part.place));
    if emoji(words) > limits::MAX_EMOJI {
        report.warn("T37", &place, "There are more than ten emoji.", "Use fewer.");
    }
    if words.contains("\n\n\n") || words.contains('\t') || words.contains("     ") {
        report.warn(
            "T37",
            &place,
            "The text has tabs, empty lines or too many spaces.",
            "Use at most two line breaks and four spaces in a row.",
        );
    }
}

/// Checks a footer.
fn footer(report: &mut Report, part: &Part<'_>) {
    length(report, part, "footer", limits::MAX_FOOTER);
    let (words, place) = (text(part.value, "text"), format!("{}.text", part.place));
    if words.contains("{{") {
        report.error("T9", &place, "A footer cannot contain variables.", "Move them into the body.");
    }
    if words.contains('\n') || emoji(words) > 0 {
        report.warn("T10", &place, "A footer cannot contain line breaks or emoji.", "Use plain text.");
    }
}

/// Warns about wording that reviewers reject.
pub(super) fn policy(report: &mut Report, components: &[Part<'_>], category: &str) {
    for part in components.iter().filter(|part| matches!(part.kind.as_str(), "HEADER" | "BODY")) {
        let (lower, place) = (text(part.value, "text").to_lowercase(), format!("{}.text", part.place));
        let selling = [
            "% off",
            "discount",
            "special offer",
            "limited time",
            "buy now",
            "sale ends",
            "promo code",
            "coupon",
            "shop now",
            "deal of",
        ];
        if category == "UTILITY"
            && let Some(word) = selling.iter().find(|word| lower.contains(**word))
        {
            report.warn(
                "T38",
                &place,
                format!("`{word}` is promotional."),
                "Remove it: otherwise the category is changed to MARKETING.",
            );
        }
        let asking = [
            "card number",
            "credit card",
            "cvv",
            "account number",
            "social security",
            "passport number",
            "your password",
            "your pin",
        ];
        if let Some(word) = asking.iter().find(|word| lower.contains(**word)) {
            report.warn(
                "T39",
                &place,
                format!("`{word}` asks for sensitive data."),
                "Remove it: templates must not ask for sensitive data.",
            );
        }
        let threats = ["legal action", "we will sue", "you will be arrested", "debt collector"];
        if let Some(word) = threats.iter().find(|word| lower.contains(**word)) {
            report.warn("T39", &place, format!("`{word}` is threatening."), "Rephrase it.");
        }
    }
}

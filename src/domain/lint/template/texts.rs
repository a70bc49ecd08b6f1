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
        report.error("T8", &place, format!("The {what} has {length} characters."), format!("1 to {most} fit."));
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
                report.error("T9", &place, "A header has one variable at most.", "Move the others into the body.");
            }
            let bare: String = match variables(words) {
                Some(found) => found.iter().rev().fold(words.to_owned(), |mut text, one| {
                    text.replace_range(one.start..one.end, "");
                    text
                }),
                None => words.to_owned(),
            };
            if bare.contains(['\n', '*', '_', '~', '`']) || emoji(&bare) > 0 {
                report.warn("T10", &place, "A header takes no line break, emoji or formatting.", "Write it plainly.");
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
                    "A header with a file needs one sample.",
                    "Upload one; it gives header_handle [\"4::…\"].",
                );
            } else if handle.starts_with("http") {
                report.error(
                    "T20",
                    &place,
                    "The sample is an address, not a handle.",
                    "Upload the file again: a template that was read back has an address there.",
                );
            }
        }
        "LOCATION" => {
            if !part.value["example"].is_null() {
                report.error(
                    "T20",
                    &format!("{}.example", part.place),
                    "A place takes no example.",
                    "Leave it out; it is given when it is sent.",
                );
            }
            if category == "AUTHENTICATION" {
                report.error("T20", &part.place, "Authentication takes no place.", "Leave the header out.");
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
            "There are tabs, empty lines or many blanks.",
            "At most two line breaks and four blanks in a row.",
        );
    }
}

/// Checks a footer.
fn footer(report: &mut Report, part: &Part<'_>) {
    length(report, part, "footer", limits::MAX_FOOTER);
    let (words, place) = (text(part.value, "text"), format!("{}.text", part.place));
    if words.contains("{{") {
        report.error("T9", &place, "A footer has no variables.", "Move it into the body.");
    }
    if words.contains('\n') || emoji(words) > 0 {
        report.warn("T10", &place, "A footer takes no line break and no emoji.", "Write it plainly.");
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
                format!("`{word}` sells something."),
                "Utility does not; else it is made marketing.",
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
                format!("`{word}` asks for what must not be asked for."),
                "Ask for it elsewhere.",
            );
        }
        let threats = ["legal action", "we will sue", "you will be arrested", "debt collector"];
        if let Some(word) = threats.iter().find(|word| lower.contains(**word)) {
            report.warn("T39", &place, format!("`{word}` threatens."), "Say it without a threat.");
        }
    }
}

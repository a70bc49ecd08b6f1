//! Parses error bodies in all their formats.

use super::dictionary;
use super::{loose, text};
use crate::domain::failure::Failure;
use crate::domain::json_text;
use crate::provider::http_status::meaning;

/// Returns the failure of an error response.
pub(crate) fn failure(status: u16, body: &str) -> Failure {
    let parsed = json_text::parse(body.as_bytes()).ok();
    let excerpt = body.chars().take(2_000).collect::<String>();
    if let Some(value) = &parsed {
        // The Graph API's format: an object with a code.
        if let Some(error) = value.get("error").filter(|error| error.is_object()) {
            let code = loose(error, "/code").unwrap_or_default();
            let details =
                ["/error_data/details", "/error_user_msg", "/message"].iter().find_map(|path| text(error, path));
            return dictionary::failure(&code, text(error, "/message"), details.unwrap_or(&excerpt));
        }
        // The provider's own format: a sentence, possibly with next steps.
        if let Some(sentence) = text(value, "/error").or_else(|| text(value, "/message")) {
            return of_sentence(status, sentence, text(value, "/next_steps"), &excerpt);
        }
    }
    of_sentence(status, "", None, &excerpt)
}

fn of_sentence(status: u16, sentence: &str, next: Option<&str>, excerpt: &str) -> Failure {
    let lower = sentence.to_ascii_lowercase();
    if status == 422 && (lower.contains("24-hour") || lower.contains("24 hour")) {
        return dictionary::failure("131047", None, excerpt);
    }
    let excerpt = match next {
        Some(next) => format!("{sentence} {next}"),
        None if sentence.is_empty() => excerpt.to_owned(),
        None => sentence.to_owned(),
    };
    let row = meaning(status);
    Failure::own(row.class, row.title, row.explanation, row.remedy).saying(excerpt)
}

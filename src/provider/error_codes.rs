//! The providers' error codes: meaning, automatic handling, and who has to act.

use crate::domain::outbox::error_code::ErrorCode;
use crate::provider::{cloud_api, twilio};

/// Returns the codes of each provider's API, under its name.
pub fn error_codes() -> [(&'static str, Vec<ErrorCode>); 2] {
    [
        ("Cloud API (Meta, and Kapso in front of it)", cloud_api::dictionary::error_codes()),
        ("Twilio", twilio::dictionary::error_codes()),
    ]
}

/// Returns the table as a Markdown document.
pub fn error_codes_markdown() -> String {
    let mut text = "# Error codes of the providers\n\n\
        Printed by `wadeck codes --providers --markdown` from the tables by which failures are classified. Decisions rest on the\n\
        code, not on the HTTP status or the words that come with it. A code that is not listed keeps everything that the\n\
        provider said, and is not retried.\n"
        .to_owned();
    for (name, codes) in error_codes() {
        text.push_str(&format!(
            "\n## {name}\n\n| code | class | meaning | what happens | who acts | remedy |\n|---|---|---|---|---|---|\n"
        ));
        for one in codes {
            let (class, acts, handling) = (one.class.words(), one.class.who_acts(), one.handling());
            let (code, title, explanation, remedy) = (one.code, one.title, one.explanation, one.remedy);
            text.push_str(&format!(
                "| `{code}` | {class} | {title}: {explanation} | {handling} | {acts} | {remedy} |\n"
            ));
        }
    }
    text
}

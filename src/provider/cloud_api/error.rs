//! Error bodies, in all the shapes they come in, sorted into retry, reject and unknown.

use serde_json::Value;

use super::dictionary;
use super::{loose, text};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::outbox::entry::Verdict;
use crate::domain::outbox::retry::RetryAfter;

/// The reason inside an error answer.
pub(crate) fn failure(status: u16, body: &str) -> Failure {
    let parsed: Option<Value> = serde_json::from_str(body).ok();
    let said = body.chars().take(2_000).collect::<String>();
    if let Some(value) = &parsed {
        // The Graph form: an object with a code.
        if let Some(error) = value.get("error").filter(|error| error.is_object()) {
            let code = loose(error, "/code").unwrap_or_default();
            let details =
                ["/error_data/details", "/error_user_msg", "/message"].iter().find_map(|path| text(error, path));
            return dictionary::failure(&code, text(error, "/message"), details.unwrap_or(&said));
        }
        // The provider's own form: a sentence, perhaps with what to do next.
        if let Some(sentence) = text(value, "/error").or_else(|| text(value, "/message")) {
            return of_sentence(status, sentence, text(value, "/next_steps"), &said);
        }
    }
    of_sentence(status, "", None, &said)
}

fn of_sentence(status: u16, sentence: &str, next: Option<&str>, said: &str) -> Failure {
    let lower = sentence.to_ascii_lowercase();
    if status == 422 && (lower.contains("24-hour") || lower.contains("24 hour")) {
        return dictionary::failure("131047", None, said);
    }
    let (class, title, explanation, remedy) = match status {
        401 => (
            FailureClass::Authorization,
            "Key refused",
            "The provider does not accept our API key.",
            "Set the right key and start again; nothing is lost meanwhile.",
        ),
        403 => (
            FailureClass::Setup,
            "Not allowed",
            "This key or number may not do this.",
            "Check what the key and the number are allowed to do.",
        ),
        404 => (
            FailureClass::Setup,
            "Not known there",
            "Something that the request names is not known there: the number, a Flow, a file or a message; or this key does not reach it.",
            "Read what the provider said below; for a number check phone_number_id and business_account_id of the connection.",
        ),
        409 => (
            FailureClass::Throttled,
            "Another message under way",
            "The provider is still sending another message of this conversation.",
            "It is tried again by itself.",
        ),
        422 => (
            FailureClass::Request,
            "Request refused",
            "The provider checked the request and refused it.",
            "Read what the provider said below, and correct it.",
        ),
        429 => (
            FailureClass::Throttled,
            "Too many calls",
            "The key has used up its calls for this minute.",
            "It is tried again by itself.",
        ),
        500.. => (
            FailureClass::Transient,
            "Provider unwell",
            "The provider answered with an error of its own.",
            "Wait; see the provider's status page if it stays.",
        ),
        _ => (
            FailureClass::Unknown,
            "Refused",
            "The provider refused the request.",
            "Read what the provider said below.",
        ),
    };
    let said = match next {
        Some(next) => format!("{sentence} {next}"),
        None if sentence.is_empty() => said.to_owned(),
        None => sentence.to_owned(),
    };
    Failure::own(class, title, explanation, remedy).saying(said)
}

/// What an error answer to a send means for the message. Certainly not processed, and tried again: 429 (Kapso:
/// rate limits), 503 (Meta: errors › transport rules), 409 (Kapso: another message of the conversation under way),
/// and every code that says that it is for now.
pub(crate) fn verdict(status: u16, after: Option<RetryAfter>, body: &str) -> Verdict {
    let failure = failure(status, body);
    match failure.class {
        FailureClass::Throttled | FailureClass::Authorization | FailureClass::Account => {
            Verdict::Retry { failure, after }
        }
        // Turned away at the door: nobody looked at what was in it.
        FailureClass::Transient if status == 503 => Verdict::Retry { failure, after },
        _ if matches!(status, 429 | 503) && !known(&failure) => {
            Verdict::Retry { failure: Failure { class: FailureClass::Throttled, ..failure }, after }
        }
        // A code says that the platform looked at the request and did not take it. An error of the
        // gateway in between says nothing of the kind: the request may have gone through.
        FailureClass::Transient if failure.code.is_empty() => Verdict::Unknown { failure },
        FailureClass::Transient => Verdict::Retry { failure, after },
        _ if status >= 500 && failure.code.is_empty() => Verdict::Unknown { failure },
        _ => Verdict::Rejected { failure },
    }
}

/// Whether the code is in the book, which then decides.
fn known(failure: &Failure) -> bool {
    !failure.code.is_empty() && failure.class != FailureClass::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status: u16, body: &str) -> (&'static str, FailureClass, String) {
        match verdict(status, None, body) {
            Verdict::Retry { failure, .. } => ("retry", failure.class, failure.code),
            Verdict::Rejected { failure } => ("reject", failure.class, failure.code),
            Verdict::Unknown { failure } => ("unknown", failure.class, failure.code),
            Verdict::Accepted { .. } => unreachable!("an error is never an acceptance"),
        }
    }

    #[test]
    fn every_shape_is_sorted() {
        let graph = |code: u32| format!(r#"{{"error":{{"message":"(#{code}) x","code":{code}}}}}"#);
        assert_eq!(class(400, &graph(131_047)), ("reject", FailureClass::Window, "131047".into()));
        assert_eq!(class(400, &graph(131_056)), ("retry", FailureClass::Throttled, "131056".into()));
        assert_eq!(class(500, &graph(131_000)), ("retry", FailureClass::Transient, "131000".into()));
        assert_eq!(class(401, &graph(190)), ("retry", FailureClass::Authorization, "190".into()));
        assert_eq!(class(400, &graph(132_000)), ("reject", FailureClass::Template, "132000".into()));
        let window = r#"{"error":"Cannot send non-template messages outside the 24-hour window.","next_steps":"x"}"#;
        assert_eq!(class(422, window), ("reject", FailureClass::Window, "131047".into()));
        assert_eq!(class(409, r#"{"error":"in flight"}"#), ("retry", FailureClass::Throttled, String::new()));
        assert_eq!(class(429, r#"{"error":"Rate limit exceeded"}"#), ("retry", FailureClass::Throttled, String::new()));
        assert_eq!(class(401, r#"{"error":"no"}"#), ("retry", FailureClass::Authorization, String::new()));
        assert_eq!(class(503, "Service Unavailable"), ("retry", FailureClass::Transient, String::new()));
        assert_eq!(class(503, r#"{"error":"busy"}"#), ("retry", FailureClass::Transient, String::new()));
        assert_eq!(class(503, &graph(2)), ("retry", FailureClass::Transient, "2".into()));
        assert_eq!(class(429, &graph(987_654)), ("retry", FailureClass::Throttled, "987654".into()));
        assert_eq!(class(429, "<html>"), ("retry", FailureClass::Throttled, String::new()));
        assert_eq!(class(400, &graph(131_047)), ("reject", FailureClass::Window, "131047".into()));
        for code in [368, 10, 200, 299, 131_005, 131_031, 131_037, 131_042, 131_045, 133_010] {
            assert_eq!(class(403, &graph(code)), ("retry", FailureClass::Account, code.to_string()));
        }
        assert_eq!(class(500, "oops"), ("unknown", FailureClass::Transient, String::new()));
        assert_eq!(class(502, "Bad Gateway"), ("unknown", FailureClass::Transient, String::new()));
        assert_eq!(class(504, r#"{"error":"timeout"}"#), ("unknown", FailureClass::Transient, String::new()));
        assert_eq!(class(400, "<html>"), ("reject", FailureClass::Unknown, String::new()));
    }
}

//! The provider's error codes: class, explanation and remedy. Decisions rest on the code, never on the text of the
//! response. Source: part 7.

use std::borrow::Cow;

use super::schedule::schedule;
use super::{account_codes, channel_codes};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::outbox::error_code::ErrorCode;
use crate::domain::text::{Untrusted, clean_line};

/// Returns all codes, sorted by number.
pub(crate) fn error_codes() -> Vec<ErrorCode> {
    let entries = account_codes::ENTRIES.iter().chain(channel_codes::ENTRIES);
    let of = |(codes, class, title, explanation, remedy): &account_codes::Entry| {
        let (class, title, explanation, remedy) = (*class, *title, *explanation, *remedy);
        codes.iter().map(move |code| ErrorCode { code, class, title, explanation, remedy, schedule: schedule(code) })
    };
    let mut codes: Vec<ErrorCode> = entries.flat_map(of).collect();
    codes.sort_by_key(|one| one.code.parse::<u64>().unwrap_or(u64::MAX));
    codes
}

/// Returns the failure of a code. An unknown code keeps the response's text.
pub(super) fn failure(code: &str, title: Option<&str>, said: &str) -> Failure {
    let known = account_codes::ENTRIES.iter().chain(channel_codes::ENTRIES).find(|(codes, ..)| codes.contains(&code));
    let title = title.map_or_else(|| "Rejected with an unknown code".to_owned(), |title| Untrusted::from(title).line());
    let unknown = (
        FailureClass::Unknown,
        Cow::Owned(title),
        "This code is unknown; the provider's response is below.",
        "Look up the code in the provider's documentation before you retry.",
    );
    let (class, title, explanation, remedy) = match known {
        Some((_, class, title, explanation, remedy)) => (*class, Cow::Borrowed(*title), *explanation, *remedy),
        None => unknown,
    };
    Failure {
        code: clean_line(code).chars().take(20).collect(),
        title,
        explanation: Cow::Borrowed(explanation),
        remedy: Cow::Borrowed(remedy),
        class,
        said: Untrusted::from(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All codes that the source lists for messages, templates and webhooks.
    const DOCUMENTED: &str =
        "20001 20002 20003 20004 20005 20006 20403 20008 20009 20404 20429 20500 20503 21211 21212 21408
        21601 21603 21606 21602 21604 21608 21609 21610 21611 21612 21614 21617 21619 21620 21623 21654
        21655 92005 92006 92007 21656 21658 21701 21702 21703 21704 21705 21910 30016 30001 30002 30003
        30004 30005 30006 30007 30008 30015 30410 35111 35114 35115 35117 35118 35126 35125 11200 11205
        11210 11215 11220 11235 11237 11750 12100 12200 12300 11751 63034 14101 14107 63001 63002 63003
        63005 63006 63007 63008 63009 63010 63012 63011 63023 63013 63014 63015 63016 63017 63018 63019
        63020 63021 63022 63024 63025 63026 63027 63028 63029 63030 63031 63032 63033 63036 63037 63038
        63040 63041 63042 63043 63044 63045 63047 63046 63049 63051 63062 92001 92002 92003 92004 92008";

    #[test]
    fn every_documented_code_occurs_once_with_a_remedy() {
        for code in DOCUMENTED.split_whitespace() {
            let found = account_codes::ENTRIES
                .iter()
                .chain(channel_codes::ENTRIES)
                .filter(|(codes, ..)| codes.contains(&code))
                .count();
            assert_eq!(found, 1, "{code}");
        }
        for (codes, _, title, explanation, remedy) in account_codes::ENTRIES.iter().chain(channel_codes::ENTRIES) {
            assert!(!title.ends_with('.') && explanation.ends_with('.') && remedy.ends_with('.'), "{codes:?}");
        }
    }

    #[test]
    fn an_unknown_code_keeps_the_response() {
        let unknown = failure("99999", Some("Quota\u{1b}[2J"), "details");
        assert_eq!((unknown.class, unknown.said.as_received()), (FailureClass::Unknown, "details"));
        assert_eq!(unknown.title, "Quota␛[2J");
        assert_eq!(failure("1\u{1b}[2J", None, "").code, "1␛[2J");
    }
}

//! What an HTTP status code means without the body: one table for all providers and all requests. An error code in
//! the body that the provider's dictionary knows takes precedence.
//!
//! Sources: RFC 9110 and RFC 6585 for what a status promises about processing; the providers' references for 409, 429
//! and 503.

use std::ops::RangeInclusive;

use crate::domain::failure::FailureClass::{
    self, Account, Authorization, Endpoint, Policy, Request, Setup, Throttled, Transient, Unknown,
};

/// What a status code means for a message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Accepted, if the body contains a message id.
    Taken,
    /// Not sent; repeating the same request is useless.
    Rejected,
    /// Not processed; the same request may succeed later.
    RetryLater,
    /// Not sent, and no message of this number can be: its queue is held.
    NumberHeld,
    /// Not processed if the provider guarantees it for this status, otherwise uncertain.
    Unavailable,
    /// The message may have been sent.
    Uncertain,
}

/// The meaning of a range of status codes.
#[derive(Debug)]
pub(super) struct Meaning {
    statuses: RangeInclusive<u16>,
    pub outcome: Outcome,
    pub class: FailureClass,
    pub title: &'static str,
    pub explanation: &'static str,
    pub remedy: &'static str,
}

const fn row(
    statuses: RangeInclusive<u16>,
    outcome: Outcome,
    class: FailureClass,
    words: [&'static str; 3],
) -> Meaning {
    let [title, explanation, remedy] = words;
    Meaning { statuses, outcome, class, title, explanation, remedy }
}

const AGAIN: &str = "It is retried automatically.";
const READ: &str = "See the provider's response below.";
const PROXY: &str = "Something between wadeck and the provider responded instead of it.";
const DOUBT: &str = "wadeck queries the provider if possible. If it persists, check the provider's status page.";

/// The first row that contains a status applies.
#[rustfmt::skip]
const TABLE: &[Meaning] = &[
    row(200..=299, Outcome::Taken, Unknown, ["Accepted", "The provider accepted the request.", READ]),
    // Never followed: a redirect could carry the key to another host.
    row(300..=399, Outcome::NumberHeld, Endpoint, ["Redirected", "The base URL responds with a redirect. Redirects are not followed, because they could send the key to another host.", "Correct the base URL."]),
    row(401..=401, Outcome::NumberHeld, Authorization, ["API key rejected", "The provider rejects the API key.", "Set a valid API key and restart. Queued messages are safe."]),
    row(402..=402, Outcome::NumberHeld, Account, ["Payment required", "The provider requires a payment.", "Pay at the provider. Queued messages are safe."]),
    row(403..=403, Outcome::Rejected, Setup, ["Not allowed", "This key or number may not do this.", "Check what the key and the number are allowed to do."]),
    row(404..=404, Outcome::Rejected, Setup, ["Not known there", "Something that the request names is not known there: the number, a Flow, a file or a message; or this key does not reach it.", "See the provider's response below; for a number check phone_number_id and business_account_id of the connection."]),
    row(407..=407, Outcome::NumberHeld, Endpoint, ["Proxy authentication required", PROXY, "Check the proxy's settings and credentials."]),
    // The server, or a server behind it, timed out.
    row(408..=408, Outcome::Uncertain, Transient, ["Request timed out", "The provider reports a timeout: the request may have been processed.", DOUBT]),
    row(409..=409, Outcome::RetryLater, Throttled, ["Another message under way", "The provider is still sending another message of this conversation.", AGAIN]),
    row(413..=413, Outcome::Rejected, Request, ["Too large", "The request is larger than the provider accepts.", "Shorten it, or use a smaller file."]),
    row(421..=421, Outcome::NumberHeld, Endpoint, ["Wrong host", "The host is not responsible for this URL.", "Correct the base URL."]),
    row(422..=422, Outcome::Rejected, Request, ["Request rejected", "The provider rejected the request.", "See the provider's response below, and correct it."]),
    row(425..=425, Outcome::RetryLater, Throttled, ["Too early", "The provider does not accept the request yet.", AGAIN]),
    row(426..=426, Outcome::NumberHeld, Endpoint, ["Protocol upgrade required", "The base URL requires another protocol.", "Correct the base URL."]),
    row(429..=429, Outcome::RetryLater, Throttled, ["Too many calls", "The key has used up its calls for this minute.", AGAIN]),
    row(451..=451, Outcome::Rejected, Policy, ["Forbidden by law", "The provider may not do this for legal reasons.", READ]),
    row(400..=499, Outcome::Rejected, Unknown, ["Rejected", "The provider rejected the request.", READ]),
    row(503..=503, Outcome::Unavailable, Transient, ["Provider error", "The provider returned an internal error.", "Wait. If it persists, check the provider's status page."]),
    // The login page of a captive portal.
    row(511..=511, Outcome::NumberHeld, Endpoint, ["Network login required", PROXY, "Log this machine in to its network."]),
    row(500..=599, Outcome::Uncertain, Transient, ["Provider error", "The provider returned an internal error.", "Wait. If it persists, check the provider's status page."]),
    // Not a valid HTTP status.
    row(0..=u16::MAX, Outcome::Uncertain, Unknown, ["Response not valid", "The response has an unknown HTTP status.", DOUBT]),
];

/// Returns the row of a status code.
pub(super) fn meaning(status: u16) -> &'static Meaning {
    // The last row matches every status.
    TABLE.iter().find(|row| row.statuses.contains(&status)).unwrap_or(&TABLE[TABLE.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_outcome() {
        let expected: &[(&[u16], Outcome)] = &[
            (&[200, 201, 202, 204, 299], Outcome::Taken),
            (&[300, 301, 302, 303, 304, 307, 308, 399], Outcome::NumberHeld),
            (&[401, 402, 407, 421, 426, 511], Outcome::NumberHeld),
            (&[400, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 418, 422, 431, 451, 499], Outcome::Rejected),
            (&[409, 425, 429], Outcome::RetryLater),
            (&[503], Outcome::Unavailable),
            (&[408, 500, 501, 502, 504, 505, 520, 524, 529, 599], Outcome::Uncertain),
            (&[0, 100, 101, 199, 600, 999], Outcome::Uncertain),
        ];
        for (statuses, outcome) in expected {
            for status in *statuses {
                assert_eq!(meaning(*status).outcome, *outcome, "{status}");
            }
        }
    }

    #[test]
    fn class_and_outcome_agree() {
        for row in TABLE {
            let holds = matches!(row.class, Authorization | Account | Endpoint);
            assert_eq!(holds, row.outcome == Outcome::NumberHeld, "{row:?}");
            assert!(
                !row.title.ends_with('.') && row.explanation.ends_with('.') && row.remedy.ends_with('.'),
                "{row:?}"
            );
        }
    }
}

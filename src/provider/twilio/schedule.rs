//! Retry policies by error code.

use crate::domain::outbox::retry::RetryPolicy;

/// Returns the documented retry policy of an error code, from a response or a callback. `None` where none is
/// documented. Source: part 7, column *Retry*.
pub(super) fn schedule(code: &str) -> Option<RetryPolicy> {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 3_600;
    Some(match code {
        // Too many concurrent requests: it was not processed.
        "20429" => RetryPolicy::documented(1, 2.0, 30, 8),
        "20009" | "21619" => RetryPolicy::documented(30, 1.0, 30, 2),
        // The provider's queue is full: more than four hours of messages.
        "21611" | "30001" => RetryPolicy::documented(HOUR / 2, 2.0, 4 * HOUR, 4),
        "30003" => RetryPolicy::documented(15 * MINUTE, 4.0, 6 * HOUR, 4),
        "30008" => RetryPolicy::documented(5 * MINUTE, 2.0, HOUR, 3),
        "30410" | "63009" | "63010" | "63012" => RetryPolicy::documented(MINUTE, 4.0, HOUR, 3),
        "63011" | "63023" | "63025" | "63029" => RetryPolicy::documented(5 * MINUTE, 1.0, 5 * MINUTE, 2),
        "63017" => RetryPolicy::documented(10, 2.0, 5 * MINUTE, 5),
        // WhatsApp's daily limit: hours, up to a day.
        "63018" => RetryPolicy::documented(3 * HOUR, 2.0, 12 * HOUR, 4),
        // The account's daily limit.
        "63038" => RetryPolicy::documented(24 * HOUR, 1.0, 24 * HOUR, 3),
        "35125" => RetryPolicy::documented(HOUR, 2.0, 4 * HOUR, 4),
        _ => return None,
    })
}

//! When a message is tried again, by the code that it met.

use crate::domain::outbox::retry::RetryPolicy;

/// When a message that met this code is tried again, in the answer or by a callback. Source: part 7, column *Retry*.
pub(super) fn schedule(code: &str) -> Option<RetryPolicy> {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 3_600;
    Some(match code {
        // Too many requests at once: it was not looked at.
        "20429" => RetryPolicy::documented(1, 2.0, 30, 8),
        "20009" | "21619" => RetryPolicy::documented(30, 1.0, 30, 2),
        // More than four hours are queued there.
        "21611" | "30001" => RetryPolicy::documented(HOUR / 2, 2.0, 4 * HOUR, 4),
        "30003" => RetryPolicy::documented(15 * MINUTE, 4.0, 6 * HOUR, 4),
        "30008" => RetryPolicy::documented(5 * MINUTE, 2.0, HOUR, 3),
        "30410" | "63009" | "63010" | "63012" => RetryPolicy::documented(MINUTE, 4.0, HOUR, 3),
        "63011" | "63023" | "63025" | "63029" => RetryPolicy::documented(5 * MINUTE, 1.0, 5 * MINUTE, 2),
        "63017" => RetryPolicy::documented(10, 2.0, 5 * MINUTE, 5),
        // The platform's limit of a day: hours, up to a day.
        "63018" => RetryPolicy::documented(3 * HOUR, 2.0, 12 * HOUR, 4),
        // The account's limit of a day.
        "63038" => RetryPolicy::documented(24 * HOUR, 1.0, 24 * HOUR, 3),
        "35125" => RetryPolicy::documented(HOUR, 2.0, 4 * HOUR, 4),
        _ => return None,
    })
}

//! When a message is tried again, by the code that it met.

use crate::domain::outbox::retry::RetryPolicy;

/// When a message that met this code is tried again (Meta: errors › table, column *Retry*). What is not here is
/// tried again by the usual schedule where its class says so, or not at all.
pub(crate) fn schedule(code: &str) -> Option<RetryPolicy> {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 3_600;
    Some(match code {
        // Outage or overload: about five minutes to begin with.
        "2" => RetryPolicy::documented(5 * MINUTE, 2.0, HOUR, 6),
        // Budgets of an hour.
        "4" | "613" | "80007" => RetryPolicy::documented(MINUTE, 4.0, HOUR, 6),
        // The number's throughput: a moment, and slower.
        "130429" => RetryPolicy::documented(5, 3.0, 5 * MINUTE, 6),
        "131016" | "133004" => RetryPolicy::documented(5, 6.0, 10 * MINUTE, 6),
        // Restricted for its quality: hours to days.
        "131048" => RetryPolicy::documented(2 * HOUR, 3.0, 24 * HOUR, 5),
        // 4^n seconds for this pair.
        "131056" => RetryPolicy::documented(4, 4.0, HOUR, 6),
        // Maintenance, such as a change of throughput: about a minute.
        "131057" => RetryPolicy::documented(MINUTE, 2.0, 10 * MINUTE, 6),
        // Ten an hour are used up.
        "132069" => RetryPolicy::documented(HOUR, 1.0, HOUR, 4),
        // The template is being made known: ten minutes.
        "134101" => RetryPolicy::documented(10 * MINUTE, 1.0, 10 * MINUTE, 4),
        "2494100" => RetryPolicy::documented(5 * MINUTE, 2.0, HOUR, 5),
        _ => return None,
    })
}

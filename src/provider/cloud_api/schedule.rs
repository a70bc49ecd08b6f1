//! Retry policies by error code.

use crate::domain::outbox::retry::RetryPolicy;

/// Returns the documented retry policy of an error code (Meta: errors › table, column *Retry*). `None` means the
/// default policy if the code's class is retried, and no retry otherwise.
pub(crate) fn schedule(code: &str) -> Option<RetryPolicy> {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 3_600;
    Some(match code {
        // Outage or overload: about five minutes at first.
        "2" => RetryPolicy::documented(5 * MINUTE, 2.0, HOUR, 6),
        // Hourly call limits.
        "4" | "613" | "80007" => RetryPolicy::documented(MINUTE, 4.0, HOUR, 6),
        // The number's throughput limit: wait briefly, then send slower.
        "130429" => RetryPolicy::documented(5, 3.0, 5 * MINUTE, 6),
        "131016" | "133004" => RetryPolicy::documented(5, 6.0, 10 * MINUTE, 6),
        // Restricted for low quality: hours to days.
        "131048" => RetryPolicy::documented(2 * HOUR, 3.0, 24 * HOUR, 5),
        // The pair rate limit of number and contact: 4^n seconds.
        "131056" => RetryPolicy::documented(4, 4.0, HOUR, 6),
        // Maintenance, such as a change of throughput: about a minute.
        "131057" => RetryPolicy::documented(MINUTE, 2.0, 10 * MINUTE, 6),
        // The limit of ten per hour is reached.
        "132069" => RetryPolicy::documented(HOUR, 1.0, HOUR, 4),
        // The template is not available everywhere yet: ten minutes.
        "134101" => RetryPolicy::documented(10 * MINUTE, 1.0, 10 * MINUTE, 4),
        "2494100" => RetryPolicy::documented(5 * MINUTE, 2.0, HOUR, 5),
        _ => return None,
    })
}

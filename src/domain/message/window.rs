//! The service window: 24 hours after a contact's last message, in which free-form messages are allowed.

use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use std::time::Duration;

use crate::domain::time::{Timestamp, short_span};

/// How long an inbound message keeps the window open.
pub const SERVICE_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns when the window that this inbound message opened closes. A provider clock that runs ahead does not extend
/// it.
pub fn closes_after(sent_at: Timestamp, received_at: Timestamp) -> Timestamp {
    sent_at.min(received_at).plus(SERVICE_WINDOW)
}

/// Returns `true` if free-form messages are allowed at `now`, which is before the closing time.
pub fn is_open(closes_at: Option<Timestamp>, now: Timestamp) -> bool {
    closes_at.is_some_and(|closes_at| now < closes_at)
}

/// Refuses a free-form message at `at` (now or a future time) outside the service window. The composer and the
/// operation both call it.
pub fn check_window(closes_at: Option<Timestamp>, at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if is_open(closes_at, at) {
        return Ok(());
    }
    let why = match closes_at {
        None => "The service window is closed: this contact has not written yet.".to_owned(),
        Some(closes) if closes > now => {
            let left = short_span(closes.since(now));
            format!("The service window will be closed by then: it closes in {left}.")
        }
        Some(closed) => {
            let ago = short_span(now.since(closed));
            format!("The service window closed {ago} ago.")
        }
    };
    Err(Refusal::new(Code::WindowClosed, why, "Send an approved template."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_known_to_the_second() {
        let opened = Timestamp::from_seconds(1_000_000);
        let closes = closes_after(opened, opened.plus(Duration::from_secs(3)));
        let last = opened.plus(Duration::from_secs(24 * 3600 - 1));
        assert!(is_open(Some(closes), last));
        assert!(!is_open(Some(closes), last.plus(Duration::from_secs(1))));
        assert!(!is_open(None, opened));
    }

    #[test]
    fn it_says_whether_it_is_closed_or_will_be() {
        let now = Timestamp::from_seconds(1_000_000);
        let hour = Duration::from_secs(3600);
        let why = |closes: Timestamp, at: Timestamp| check_window(Some(closes), at, now).expect_err("closed").reason;
        assert!(why(now.minus(hour), now).contains("closed 1h"), "{}", why(now.minus(hour), now));
        let later = why(now.plus(hour), now.plus(hour * 72));
        assert!(later.contains("will be closed by then: it closes in 1h"), "{later}");
        assert!(check_window(Some(now.plus(hour)), now, now).is_ok());
    }

    #[test]
    fn a_clock_that_runs_ahead_does_not_lengthen_it() {
        let received = Timestamp::from_seconds(1_000_000);
        let ahead = received.plus(Duration::from_secs(7_200));
        assert_eq!(closes_after(ahead, received), received.plus(SERVICE_WINDOW));
    }
}

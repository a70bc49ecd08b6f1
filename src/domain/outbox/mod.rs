//! The outbox: entries, send limits, retries and bulk actions.

pub mod bulk;
pub mod entry;
pub mod error_code;
pub mod job;
pub mod limits;
pub mod outage;
pub mod retry;
pub mod scheduling;

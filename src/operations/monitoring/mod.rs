//! Monitoring: health, alerts, metrics and explanations.

pub(crate) mod accept_restored;
pub(crate) mod ack_alert;
pub(crate) mod conditions;
pub(crate) mod costs;
pub(crate) mod dashboard;
pub(crate) mod database_alerts;
pub(crate) mod look_again;
pub(crate) mod metrics;
pub(crate) mod notice;
pub(crate) mod notify_alerts;
pub(crate) mod pulse;
pub(crate) mod reports;
pub(crate) mod unreadable_row;
pub(crate) mod watch;
pub(crate) mod why;

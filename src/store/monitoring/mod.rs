//! Alerts, the audit, figures, and what the watcher remembers.

pub(crate) mod activity;
pub(crate) mod audit;
pub(crate) mod audit_head;
pub(crate) mod gauges;
pub(crate) mod overview;
pub(crate) mod watch;

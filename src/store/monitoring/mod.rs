//! Storage of alerts, the audit log, statistics and the watcher's state.

pub(crate) mod activity;
pub(crate) mod audit;
pub(crate) mod audit_head;
pub(crate) mod costs;
pub(crate) mod gauges;
pub(crate) mod overview;
pub(crate) mod watch;

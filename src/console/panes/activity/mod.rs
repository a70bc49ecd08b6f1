//! The Activity pane: alerts, webhook deliveries and the audit log.

pub(in crate::console) mod commands;

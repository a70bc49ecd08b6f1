//! The Delivery pane: outgoing messages.

pub(in crate::console) mod commands;

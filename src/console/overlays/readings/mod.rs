//! Texts that are available in every pane.

pub(in crate::console) mod findings;
pub(in crate::console) mod notices;
pub(in crate::console) mod plain;
pub(in crate::console) mod revealed;
pub(in crate::console) mod statistics;
pub(in crate::console) mod why;

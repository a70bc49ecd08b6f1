//! Storage of connections, setups, and snapshots of numbers and templates.

pub(crate) mod connections;
pub(crate) mod setups;
pub(crate) mod snapshots;
pub(crate) mod template_records;

//! Storage of inbound data: webhook deliveries and the changes that they make.

pub(crate) mod changes;
pub(crate) mod deliveries;
pub(crate) mod elsewhere;
pub(crate) mod load;
pub(crate) mod messages;
pub(crate) mod people;
pub(crate) mod rows;
pub(crate) mod statuses;

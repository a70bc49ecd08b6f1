//! Storage of events for other programs, and of tokens.

pub(crate) mod events;
pub(crate) mod tokens;

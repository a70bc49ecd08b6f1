//! Events for other programs, and their tokens.

pub(crate) mod events;
pub(crate) mod tokens;

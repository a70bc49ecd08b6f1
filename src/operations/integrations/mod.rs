//! Other programs: events for them, and the tokens by which they come.

pub(crate) mod deliver_events;
pub(crate) mod tokens;
pub(crate) mod visitor;
pub(crate) mod wrong_tokens;

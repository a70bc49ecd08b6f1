//! Integrations: events for other programs, and API tokens.

pub(crate) mod deliver_events;
pub(crate) mod tokens;
pub(crate) mod visitor;
pub(crate) mod wrong_tokens;

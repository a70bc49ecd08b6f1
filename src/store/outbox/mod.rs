//! Storage of outbox entries, from queueing to their final state.

pub(crate) mod accept;
pub(crate) mod claims;
pub(crate) mod duplicates;
pub(crate) mod entries;
pub(crate) mod holds;
pub(crate) mod jobs;
pub(crate) mod outages;
pub(crate) mod queue;
pub(crate) mod scheduled;
pub(crate) mod settle;

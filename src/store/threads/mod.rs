//! Storage of threads, contacts and messages as lists and details show them.

pub(crate) mod contacts;
pub(crate) mod conversations;
pub(crate) mod holders;
pub(crate) mod labels;
pub(crate) mod messages;
pub(crate) mod notes;
pub(crate) mod replies;
pub(crate) mod saved_filters;
pub(crate) mod several;
pub(crate) mod snoozes;
pub(crate) mod thread;
pub(crate) mod unattended;

//! Where answers come from: the running engine over its socket, or the database where no engine runs.

pub(super) mod error;
pub(super) mod files;
pub(super) mod input;
pub(super) mod scope;
pub(super) mod source;

//! Files and what is known of them.

pub(crate) mod file_store;
pub(crate) mod files;
pub(crate) mod uploads;

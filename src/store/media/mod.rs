//! Storage of files and their records.

pub(crate) mod file_store;
pub(crate) mod files;
pub(crate) mod transcriptions;
pub(crate) mod uploads;

//! Media operations: files are fetched, uploaded, converted, opened and removed.

pub(crate) mod fetch_media;
pub(crate) mod file_facts;
pub(crate) mod image_error;
pub(crate) mod imaging;
pub(crate) mod media_links;
pub(crate) mod open_media;
pub(crate) mod receive_upload;
pub(crate) mod remove_orphans;
pub(crate) mod transcribe;
pub(crate) mod upload_next;

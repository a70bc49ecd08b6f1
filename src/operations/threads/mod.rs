//! Operations on threads and contacts, and the presence of people in them.

pub(crate) mod add_note;
pub(crate) mod attend_to;
pub(crate) mod contacts;
pub(crate) mod find;
pub(crate) mod labels;
pub(crate) mod mark_read;
pub(crate) mod opt_out;
pub(crate) mod ownership;
pub(crate) mod presence;
pub(crate) mod replies;
pub(crate) mod resolve_thread;
pub(crate) mod save_draft;
pub(crate) mod snooze_thread;
pub(crate) mod take_thread;
pub(crate) mod transfer;
pub(crate) mod update_presence;

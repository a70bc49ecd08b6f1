//! Forms for a thread and its contact.

pub(super) mod contact;
pub(super) mod content;
pub(super) mod file;
pub(super) mod later;
pub(super) mod note;
pub(super) mod resolve;
pub(super) mod saving;
pub(super) mod snooze;
pub(super) mod template;
pub(super) mod view;

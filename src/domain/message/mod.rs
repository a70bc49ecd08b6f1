//! Message content, origin and delivery status.

pub mod canned;
pub mod content;
pub mod conversation;
mod details;
pub mod duplicate;
pub mod holder;
pub mod inbound_content;
pub mod inbound_kind;
pub mod interactive;
pub mod label;
pub mod media;
pub mod note;
pub mod other_status;
pub mod picture;
pub mod resolved;
pub mod snoozed;
pub mod status;
pub mod status_view;
pub mod upload;
pub mod voice;
pub mod window;

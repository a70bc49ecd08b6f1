//! Message content, origin and delivery status.

pub mod content;
pub mod conversation;
mod details;
pub mod holder;
pub mod inbound_content;
pub mod inbound_kind;
pub mod interactive;
pub mod media;
pub mod note;
pub mod other_status;
pub mod picture;
pub mod resolved;
pub mod status;
pub mod status_view;
pub mod upload;
pub mod window;

//! Business numbers and their connections, from setup to disconnection.

pub mod connected;
pub mod connection;
pub mod graph_version;
pub mod health;
pub mod history;
pub mod life;
pub mod life_document;
pub mod lookup;
pub mod number;
pub mod number_kind;
pub mod registration;
pub mod setup;
pub mod shared_trouble;
pub mod webhook_support;

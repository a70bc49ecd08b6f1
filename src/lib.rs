//! wadeck: a terminal operations console for WhatsApp Business messaging, with the engine that
//! does the work in the same process. `ARCHITECTURE.md` has the map.

pub mod agent;
pub mod api;
pub mod app;
pub mod attach;
pub mod bus;
pub mod cli;
pub mod config;
pub mod console;
pub mod domain;
pub mod operations;
pub mod provider;
pub mod store;
pub mod twin;
pub mod webhook;
pub mod workers;

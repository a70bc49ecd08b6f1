//! wadeck: a terminal operations console for WhatsApp Business messaging, with its engine in the same process.
//! `ARCHITECTURE.md` has the map.

// A build without one of these features has unused code; the default build must not have any.
#![cfg_attr(
    not(all(feature = "pictures", feature = "ssh", feature = "mcp")),
    allow(dead_code, unused_imports, clippy::allow_attributes, reason = "used by a feature that was left out")
)]

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
pub mod simulator;
pub mod store;
pub mod webhook;
pub mod workers;

//! The Threads pane.

pub(in crate::console) mod commands;
pub(in crate::console) mod sending;
pub(in crate::console) mod writing;

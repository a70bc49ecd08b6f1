//! The Templates pane.

pub(in crate::console) mod commands;
pub(in crate::console) mod draw;

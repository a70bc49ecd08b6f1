//! The panes, a folder each.

pub(super) mod activity;
pub(super) mod agents;
pub(super) mod connections;
pub(super) mod delivery;
pub(super) mod flows;
pub(super) mod templates;
pub(super) mod threads;

//! Pickers that are available in every pane.

pub(in crate::console) mod contacts;
pub(in crate::console) mod here;
pub(in crate::console) mod jobs;
pub(in crate::console) mod radar;
pub(in crate::console) mod search;
pub(in crate::console) mod views;

//! Message templates.

pub mod form;
pub mod requests;
pub mod starter;
pub mod template;
pub mod values;

//! Message templates.

pub mod form;
pub mod limits;
pub mod preview;
pub mod products;
pub mod render;
pub mod requests;
pub mod slots;
pub mod starter;
pub mod template;
pub mod value_checks;
pub mod values;

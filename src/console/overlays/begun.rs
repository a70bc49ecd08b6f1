//! The values of a form that was closed without being submitted.

use crate::console::input::TextField;

/// The kept values of a form, and which form they belong to.
#[derive(Debug, Clone)]
pub(in crate::console) struct Begun {
    pub title: String,
    /// Id of the form's subject, so that values for one contact never appear in a form for another.
    pub about: String,
    pub inputs: Vec<TextField>,
}

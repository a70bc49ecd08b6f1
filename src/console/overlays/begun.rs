//! A form that was left without being handed over.

use crate::console::input::TextField;

/// What was filled in, and in which form.
#[derive(Debug, Clone)]
pub(in crate::console) struct Begun {
    pub title: String,
    /// Whom or what the form was about: what was begun for one contact never stands in a form for another.
    pub about: String,
    pub inputs: Vec<TextField>,
}

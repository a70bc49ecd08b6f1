//! The form that saves the list's filter under a name.

use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, Submitted, field};
use crate::domain::request::Request;

/// Saves a filter.
#[derive(Debug)]
pub(in crate::console) struct ViewForm {
    pub terms: String,
}

impl FormKind for ViewForm {
    fn title(&self) -> String {
        format!("Save the filter {}", self.terms)
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("name", "Name", "such as late payers", "")]
    }

    fn submit(&self, filled: &Filled<'_>) -> Submitted {
        Ok(Submission::Perform(Request::SaveView { name: filled.owned("name"), terms: self.terms.clone() }))
    }
}

//! The form that resolves a thread, with an optional reason.

use ratatui::style::Style;

use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, Submitted, field};
use crate::console::theme::Theme;
use crate::domain::ids::ThreadId;
use crate::domain::request::Request;

/// Resolves a thread.
#[derive(Debug)]
pub(in crate::console) struct ResolveForm {
    pub thread: ThreadId,
    /// Name of the thread's contact, as in the list.
    pub contact: String,
}

impl FormKind for ResolveForm {
    fn title(&self) -> String {
        format!("Resolve {}", self.contact)
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("reason", "Outcome", "optional, such as refund sent", "")]
    }

    fn about(&self) -> String {
        self.thread.to_string()
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        let said = "The thread leaves the unanswered ones. The contact's next message reopens it.";
        vec![(said.to_owned(), theme.dim())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Submitted {
        Ok(Submission::Perform(Request::ResolveThread { thread: self.thread, reason: filled.owned("reason") }))
    }
}

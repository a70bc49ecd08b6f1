//! The form for an internal note.

use ratatui::style::Style;

use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, field};
use crate::console::theme::Theme;
use crate::console::user_error::UserError;
use crate::domain::ids::ThreadId;
use crate::domain::request::Request;

/// Adds an internal note to a thread.
#[derive(Debug)]
pub(in crate::console) struct NoteForm {
    pub thread: ThreadId,
}

impl FormKind for NoteForm {
    fn title(&self) -> String {
        "Internal note".to_owned()
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("note", "Note", "never sent", "")]
    }

    fn about(&self) -> String {
        self.thread.to_string()
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        vec![("Only colleagues see it. Notes are never sent.".to_owned(), theme.warn())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        Ok(Submission::Perform(Request::AddNote { thread: self.thread, text: filled.owned("note") }))
    }
}

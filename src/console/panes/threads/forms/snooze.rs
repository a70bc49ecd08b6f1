//! Until when a thread is put off.

use ratatui::style::Style;

use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, Submitted, field};
use crate::console::theme::Theme;
use crate::domain::ids::ThreadId;
use crate::domain::request::Request;
use crate::domain::time::{Timestamp, short_span};

#[derive(Debug)]
pub(in crate::console) struct SnoozeForm {
    pub thread: ThreadId,
    /// Whose thread it is, as lists show them.
    pub contact: String,
    /// When the service window closes; `None` where it was never open.
    pub window_closes_at: Option<Timestamp>,
}

impl FormKind for SnoozeForm {
    fn title(&self) -> String {
        format!("Snooze {}", self.contact)
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("until", "Until", "2h, 18:00 or tomorrow 09:00", "")]
    }

    fn about(&self) -> String {
        self.thread.to_string()
    }

    fn preview(&self, theme: Theme, filled: &Filled<'_>) -> Vec<(String, Style)> {
        let mut lines = vec![];
        match filled.when("until") {
            Ok(Some(until)) if until > filled.now => {
                lines.push((format!("It returns in {}.", short_span(until.since(filled.now))), theme.plain()));
                if self.window_closes_at.is_some_and(|closes| closes > filled.now && closes < until) {
                    lines.push(("The service window closes before then.".to_owned(), theme.warn()));
                }
            }
            Ok(Some(_)) => lines.push(("That time is in the past.".to_owned(), theme.warn())),
            // What is half typed is not refused before it is sent.
            Ok(None) | Err(_) => {}
        }
        lines.push(("The contact's next message ends the snooze.".to_owned(), theme.dim()));
        lines
    }

    fn submit(&self, filled: &Filled<'_>) -> Submitted {
        let until = filled.when("until")?.ok_or("Enter a time.")?;
        Ok(Submission::Perform(Request::SnoozeThread { thread: self.thread, until }))
    }
}

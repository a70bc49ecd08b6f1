//! The form that schedules the composer's text.

use ratatui::style::Style;

use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, Submitted, field};
use crate::console::theme::Theme;
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::message::content::Content;
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// Schedules a text for a thread.
#[derive(Debug)]
pub(in crate::console) struct LaterForm {
    pub thread: ThreadId,
    pub text: String,
    pub reply_to: Option<MessageId>,
}

impl FormKind for LaterForm {
    fn title(&self) -> String {
        "Schedule".to_owned()
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("at", "When", "30m, 18:30 or tomorrow 09:00", "")]
    }

    fn about(&self) -> String {
        self.thread.to_string()
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        self.text.lines().take(6).map(|line| (clean_line(line), theme.plain())).collect()
    }

    fn submit(&self, filled: &Filled<'_>) -> Submitted {
        Ok(Submission::Perform(Request::Send {
            thread: self.thread,
            content: Box::new(Content::text(self.text.as_str())),
            reply_to: self.reply_to,
            at: Some(filled.when("at")?.ok_or("Say when.")?),
        }))
    }
}

//! The form for the path to which a message's file or a thread is saved.

use crate::console::files::{FilePlace, Saves};
use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, field};
use crate::console::user_error::UserError;

/// Saves a file or a thread.
#[derive(Debug)]
pub(in crate::console) struct SaveForm {
    pub what: Saves,
}

impl FormKind for SaveForm {
    fn title(&self) -> String {
        match self.what {
            Saves::File(_) => "Save the file".to_owned(),
            Saves::Thread(_) => "Save the thread as text".to_owned(),
        }
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("to", "Path", "empty: the downloads directory", "")]
    }

    fn is_kept(&self) -> bool {
        false
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        Ok(Submission::Save(self.what, filled.owned("to")))
    }

    fn elsewhere(&self, place: FilePlace) -> Option<String> {
        let (what, verb, attached, piped) = match self.what {
            Saves::File(message) => ("file", format!("wadeck messages save {message}"), "DIRECTORY", "- > FILE"),
            Saves::Thread(thread) => ("thread", format!("wadeck threads export {thread}"), "> FILE", "> FILE"),
        };
        let command = match place {
            FilePlace::Here => return None,
            FilePlace::Attached => format!("{verb} {attached}"),
            FilePlace::Ssh => format!("ssh HOST {verb} {piped}"),
        };
        let said = "The console runs on the engine's side and cannot write your files. Save the";
        Some(format!("{said} {what} with:\n\n{command}"))
    }
}

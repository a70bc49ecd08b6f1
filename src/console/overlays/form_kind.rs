//! What a form is for: its fields, its preview, and the request that it submits.

use std::fmt::Debug;

use ratatui::style::Style;

use crate::console::files::{FilePlace, Saves};
use crate::console::input::{MAX_FIELD, TextField};
use crate::console::theme::Theme;
use crate::console::user_error::UserError;
use crate::domain::ids::UploadId;
use crate::domain::request::Request;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// One kind of form. `Form` draws it and fills it in.
pub(in crate::console) trait FormKind: Debug + Send {
    fn title(&self) -> String;

    fn fields(&self) -> Vec<Field>;

    /// Returns the id of the form's subject; empty if the title already identifies it.
    fn about(&self) -> String {
        String::new()
    }

    /// Returns `true` if only ctrl-s submits the form, because it sends to a contact or ends something.
    fn needs_ctrl_s(&self) -> bool {
        false
    }

    /// Returns `true` if the values are kept when the form is closed.
    fn is_kept(&self) -> bool {
        true
    }

    /// Returns the field for a path, if there is one.
    fn file(&self) -> Option<FileField> {
        None
    }

    /// Returns the preview of what is sent, with warnings.
    fn preview(&self, _theme: Theme, _filled: &Filled<'_>) -> Vec<(String, Style)> {
        vec![]
    }

    /// Returns what the form submits, or why it cannot be submitted yet.
    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError>;

    /// Returns what to do instead if the form cannot work with files at this place; `None` if it can.
    fn elsewhere(&self, _place: FilePlace) -> Option<String> {
        None
    }
}

/// The field of a form that holds a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) struct FileField {
    pub key: &'static str,
    /// Whether the file is checked when the field is left.
    pub is_checked: bool,
}

/// What a form leads to, or why it cannot be submitted yet, in words for the person who fills it in.
pub(in crate::console) type Submitted = Result<Submission, UserError>;

/// What submitting a form starts.
#[derive(Debug)]
pub(in crate::console) enum Submission {
    Perform(Request),
    /// Save something at a local path of the user; an empty path means the downloads folder.
    Save(Saves, String),
    /// Ask for a confirmation, in place of the form.
    Confirm(String, Request),
}

/// A field of a form.
#[derive(Debug, Clone)]
pub(in crate::console) struct Field {
    pub label: String,
    pub hint: String,
    pub input: TextField,
    /// The field's name in the request.
    pub key: String,
}

/// Creates a field with a hint for its empty state, and a first text.
pub(in crate::console) fn field(key: &str, label: &str, hint: &str, text: &str) -> Field {
    Field {
        label: label.to_owned(),
        hint: hint.to_owned(),
        input: TextField::new(text, MAX_FIELD),
        key: key.to_owned(),
    }
}

/// Returns the trimmed text of the field with a key; empty if there is no such field.
pub(in crate::console) fn text_of<'f>(fields: &'f [Field], key: &str) -> &'f str {
    fields.iter().find(|field| field.key == key).map_or("", |field| field.input.text().trim())
}

/// The values of a form, and when they were filled in.
#[derive(Clone, Copy)]
pub(in crate::console) struct Filled<'f> {
    pub fields: &'f [Field],
    pub now: Timestamp,
    /// Offset of local time from UTC, in seconds.
    pub zone_offset: i64,
    /// The form's file, after its upload.
    pub upload: Option<UploadId>,
}

impl<'f> Filled<'f> {
    /// Returns the trimmed text of a field.
    pub fn text(&self, key: &str) -> &'f str {
        text_of(self.fields, key)
    }

    pub fn owned(&self, key: &str) -> String {
        self.text(key).to_owned()
    }

    /// Returns the text of a field; `None` if it is empty.
    pub fn some(&self, key: &str) -> Option<String> {
        Some(self.owned(key)).filter(|text| !text.is_empty())
    }

    /// Returns the text of a field as text for a contact; `None` if it is empty.
    pub fn words(&self, key: &str) -> Option<Untrusted> {
        self.some(key).map(Untrusted::from)
    }

    /// Returns `true` if a field contains yes, y, true or on.
    pub fn is_yes(&self, key: &str) -> bool {
        matches!(self.text(key).to_ascii_lowercase().as_str(), "yes" | "y" | "true" | "on")
    }

    /// Returns the parts of a list that are separated by commas, semicolons or spaces.
    pub fn list(&self, key: &str) -> Vec<String> {
        let parts = self.text(key).split([',', ' ', ';']).map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// Returns the key and the trimmed text of every field.
    pub fn values(&self) -> Vec<(String, String)> {
        self.fields.iter().map(|field| (field.key.clone(), field.input.text().trim().to_owned())).collect()
    }

    /// Returns the time in a field; `None` if it is empty. Fails if it is not a valid time.
    pub fn when(&self, key: &str) -> Result<Option<Timestamp>, UserError> {
        match self.text(key) {
            "" => Ok(None),
            text => {
                let at = crate::domain::filter::when(text, self.now, self.zone_offset);
                at.map(Some).map_err(UserError::from)
            }
        }
    }
}

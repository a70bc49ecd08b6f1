//! What a form is about: its fields, what is said before it is sent, and what it asks for.

use std::fmt::Debug;

use ratatui::style::Style;

use crate::console::files::{FilePlace, Saves};
use crate::console::input::{MAX_FIELD, TextField};
use crate::console::theme::Theme;
use crate::domain::ids::UploadId;
use crate::domain::request::Request;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// One kind of form. It knows nothing of how a form is drawn and filled in.
pub(in crate::console) trait FormKind: Debug + Send {
    fn title(&self) -> String;

    fn fields(&self) -> Vec<Field>;

    /// Whom or what it is about, where its title does not say it: an id.
    fn about(&self) -> String {
        String::new()
    }

    /// Whether enter on the last field is not enough: what is filled in reaches a contact, or ends something.
    fn needs_ctrl_s(&self) -> bool {
        false
    }

    /// Whether what was filled in is kept when the form is left.
    fn is_kept(&self) -> bool {
        true
    }

    /// The field that holds a path, if there is one.
    fn file(&self) -> Option<FileField> {
        None
    }

    /// What would go out, and what should be known before.
    fn preview(&self, _theme: Theme, _filled: &Filled<'_>) -> Vec<(String, Style)> {
        vec![]
    }

    /// What is asked for, or why it cannot be asked for yet.
    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, String>;

    /// What to do instead, for somebody whose files are elsewhere; `None` where the form can do it.
    fn elsewhere(&self, _place: FilePlace) -> Option<String> {
        None
    }
}

/// The field of a form that holds a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) struct FileField {
    pub key: &'static str,
    /// Whether the file is looked at when its field is left.
    pub is_checked: bool,
}

/// What a form that was filled in leads to.
#[derive(Debug)]
pub(in crate::console) enum Submission {
    Perform(Request),
    /// Save something at a path of this person; empty means the downloads.
    Save(Saves, String),
    /// Ask a question in the place of the form.
    Confirm(String, Request),
}

#[derive(Debug, Clone)]
pub(in crate::console) struct Field {
    pub label: String,
    pub hint: String,
    pub input: TextField,
    /// How the request calls it.
    pub key: String,
}

pub(in crate::console) fn field(key: &str, label: &str, hint: &str, text: &str) -> Field {
    Field {
        label: label.to_owned(),
        hint: hint.to_owned(),
        input: TextField::new(text, MAX_FIELD),
        key: key.to_owned(),
    }
}

/// What the field with a key holds, without blanks around it.
pub(in crate::console) fn text_of<'f>(fields: &'f [Field], key: &str) -> &'f str {
    fields.iter().find(|field| field.key == key).map_or("", |field| field.input.text().trim())
}

/// What has been filled in, and when.
#[derive(Clone, Copy)]
pub(in crate::console) struct Filled<'f> {
    pub fields: &'f [Field],
    pub now: Timestamp,
    /// What local time is ahead of UTC.
    pub zone_offset: i64,
    /// The file that the form names, once it was handed over.
    pub upload: Option<UploadId>,
}

impl<'f> Filled<'f> {
    /// What a field holds, without blanks around it.
    pub fn text(&self, key: &str) -> &'f str {
        text_of(self.fields, key)
    }

    pub fn owned(&self, key: &str) -> String {
        self.text(key).to_owned()
    }

    /// What a field holds, if it holds something.
    pub fn some(&self, key: &str) -> Option<String> {
        Some(self.owned(key)).filter(|text| !text.is_empty())
    }

    /// The same as text for a contact.
    pub fn words(&self, key: &str) -> Option<Untrusted> {
        self.some(key).map(Untrusted::from)
    }

    pub fn is_yes(&self, key: &str) -> bool {
        matches!(self.text(key).to_ascii_lowercase().as_str(), "yes" | "y" | "true" | "on")
    }

    /// The parts of a list: separated by commas, semicolons or blanks.
    pub fn list(&self, key: &str) -> Vec<String> {
        let parts = self.text(key).split([',', ' ', ';']).map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// What has been filled in, by place.
    pub fn values(&self) -> Vec<(String, String)> {
        self.fields.iter().map(|field| (field.key.clone(), field.input.text().trim().to_owned())).collect()
    }

    /// The time that a field holds; none where it is empty.
    pub fn when(&self, key: &str) -> Result<Option<Timestamp>, String> {
        match self.text(key) {
            "" => Ok(None),
            text => {
                let at = crate::domain::filter::when(text, self.now, self.zone_offset);
                at.map(Some).map_err(|refusal| refusal.to_string())
            }
        }
    }
}

//! Composes the object of an uploaded file.

use serde_json::{Value, json};

use crate::domain::message::media::Media;
use crate::domain::text::Untrusted;

/// Sets a field if the text is given.
pub(super) fn put(object: &mut Value, field: &str, words: Option<&Untrusted>) {
    if let Some(words) = words {
        object[field] = words.as_received().into();
    }
}

/// An optional field of some kinds of files.
#[derive(Clone, Copy)]
pub(super) enum FileField {
    Caption,
    FileName,
}

/// Returns the object of an uploaded file: its id and the given fields.
pub(super) fn file(media: &Media, fields: &[FileField]) -> Value {
    let mut object = json!({ "id": media.id });
    for field in fields {
        match field {
            FileField::Caption => put(&mut object, "caption", media.caption.as_ref()),
            FileField::FileName => put(&mut object, "filename", media.file_name.as_ref()),
        }
    }
    object
}

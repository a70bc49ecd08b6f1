//! Forms that add or rename a contact.

use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, field};
use crate::console::user_error::UserError;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::{ConnectionId, ContactId};
use crate::domain::request::Request;

/// Adds a contact who has not written yet.
#[derive(Debug)]
pub(in crate::console) struct AddContactForm {
    pub connection: ConnectionId,
}

impl FormKind for AddContactForm {
    fn title(&self) -> String {
        "Add a contact".to_owned()
    }

    fn fields(&self) -> Vec<Field> {
        vec![
            field("name", "Name", "", ""),
            field("phone", "Number", "with country code", ""),
            field("note", "Note", "optional; never sent", ""),
        ]
    }

    fn about(&self) -> String {
        self.connection.to_string()
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        Ok(Submission::Perform(Request::AddContact {
            connection: self.connection,
            name: filled.owned("name"),
            number: PhoneNumber::parse(filled.text("phone")).map_err(|error| format!("{error}."))?,
            note: filled.some("note"),
        }))
    }
}

/// Sets the contact's name that colleagues see.
#[derive(Debug)]
pub(in crate::console) struct RenameForm {
    pub contact: ContactId,
}

impl FormKind for RenameForm {
    fn title(&self) -> String {
        "Rename contact".to_owned()
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("name", "Name", "name that colleagues see", "")]
    }

    fn about(&self) -> String {
        self.contact.to_string()
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        Ok(Submission::Perform(Request::RenameContact { contact: self.contact, name: filled.owned("name") }))
    }
}

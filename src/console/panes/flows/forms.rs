//! Forms for Flows: create, send, deprecate or delete one.

use ratatui::style::Style;

use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, field};
use crate::console::theme::Theme;
use crate::console::user_error::UserError;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::flow::FlowRequest;
use crate::domain::ids::ConnectionId;
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// Creates a draft from a starter.
#[derive(Debug)]
pub(super) struct NewFlowForm {
    pub connection: ConnectionId,
    pub starter: &'static str,
    pub json: &'static str,
}

impl FormKind for NewFlowForm {
    fn title(&self) -> String {
        format!("New Flow from {}", self.starter)
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("name", "Name", "Flow name, such as booking", self.starter)]
    }

    fn about(&self) -> String {
        self.connection.to_string()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        let said = "It becomes a draft. Contacts see it only when it is sent or published.";
        vec![(said.to_owned(), theme.dim())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let (connection, name, json) = (self.connection, filled.owned("name"), self.json.to_owned());
        Ok(Submission::Perform(Request::Flow(FlowRequest::Create { connection, name, json, accepted: None })))
    }
}

/// Sends a Flow to a contact with an open service window.
#[derive(Debug)]
pub(super) struct SendFlowForm {
    pub connection: ConnectionId,
    pub id: String,
    pub name: String,
    /// The contact's number; empty if it is not known.
    pub to: String,
}

impl FormKind for SendFlowForm {
    fn title(&self) -> String {
        format!("Send {}", self.name)
    }

    fn fields(&self) -> Vec<Field> {
        vec![
            field("to", "To", "number of a contact who has written", &self.to),
            field("text", "Text", "text of the message", "Please fill this in."),
            field("button", "Button", "up to 20 characters", "Open"),
            field("screen", "Screen", "first screen; empty: as the Flow says", ""),
        ]
    }

    fn about(&self) -> String {
        format!("{} {} {}", self.connection, self.id, self.to)
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        let said = "The service window of the contact has to be open; a draft is sent as a test.";
        vec![(said.to_owned(), theme.dim())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        Ok(Submission::Perform(Request::Flow(FlowRequest::Send {
            connection: self.connection,
            id: self.id.clone(),
            to: PhoneNumber::parse(filled.text("to")).map_err(|error| format!("{error}."))?,
            body: filled.owned("text"),
            button: filled.owned("button"),
            screen: filled.some("screen"),
        })))
    }
}

/// How a Flow is retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlowEnd {
    Deprecate,
    Delete,
}

/// Deprecates or deletes a Flow; its name must be typed to confirm.
#[derive(Debug)]
pub(super) struct EndFlowForm {
    pub connection: ConnectionId,
    pub id: String,
    pub name: String,
    pub end: FlowEnd,
}

impl FormKind for EndFlowForm {
    fn title(&self) -> String {
        let verb = match self.end {
            FlowEnd::Delete => "Delete",
            FlowEnd::Deprecate => "Deprecate",
        };
        format!("{verb} {}", clean_line(&self.name))
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("typed", "Name", &format!("type {} to confirm", clean_line(&self.name)), "")]
    }

    fn about(&self) -> String {
        format!("{} {}", self.connection, self.id)
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        let said = match self.end {
            FlowEnd::Delete => "This deletes the draft and its versions.",
            FlowEnd::Deprecate => "It can no longer be opened, even where it was sent. This cannot be undone.",
        };
        vec![(said.to_owned(), theme.warn())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let (connection, id, typed) = (self.connection, self.id.clone(), filled.owned("typed"));
        Ok(Submission::Perform(Request::Flow(match self.end {
            FlowEnd::Delete => FlowRequest::Delete { connection, id, typed },
            FlowEnd::Deprecate => FlowRequest::Deprecate { connection, id, typed },
        })))
    }
}

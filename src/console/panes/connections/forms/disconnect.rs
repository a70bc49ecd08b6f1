//! The form that disconnects a number; the number must be typed to confirm.

use ratatui::style::Style;

use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, field};
use crate::console::theme::Theme;
use crate::console::user_error::UserError;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connection::Environment;
use crate::domain::numbers::number::NumberRequest;
use crate::domain::request::Request;

/// Disconnects a number.
#[derive(Debug)]
pub(in crate::console) struct DisconnectForm {
    pub connection: ConnectionId,
    pub name: String,
    pub number: String,
    pub environment: Environment,
}

impl FormKind for DisconnectForm {
    fn title(&self) -> String {
        format!("Disconnect {}", self.name)
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("typed", "Number", &format!("type {} to confirm", self.number), "")]
    }

    fn about(&self) -> String {
        self.connection.to_string()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        let real = match self.environment {
            Environment::Production => "PRODUCTION: real contacts write to it. ",
            Environment::Development => "",
        };
        let said = format!(
            "{real}{} ({}) is disconnected at the provider: no messages are received or sent. The history stays here, and the customer record stays for connecting it again.",
            self.name, self.number
        );
        vec![(said, theme.warn())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let (connection, typed) = (self.connection, filled.owned("typed"));
        Ok(Submission::Perform(Request::Number(NumberRequest::Disconnect { connection, typed })))
    }
}

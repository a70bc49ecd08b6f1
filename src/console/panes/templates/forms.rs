//! Forms for templates: delete one, and upload a sample file for a header.

use ratatui::style::Style;

use crate::console::overlays::form_kind::{Field, FileField, Filled, FormKind, Submission, field};
use crate::console::theme::Theme;
use crate::console::user_error::UserError;
use crate::domain::ids::ConnectionId;
use crate::domain::request::Request;
use crate::domain::templates::requests::{SampleSource, TemplateRequest};
use crate::domain::text::clean_line;

/// Deletes a template; its name must be typed to confirm.
#[derive(Debug)]
pub(super) struct DeleteTemplateForm {
    pub connection: ConnectionId,
    pub name: String,
    pub language: String,
    /// Id of one language version; `None` for all languages.
    pub id: Option<String>,
}

impl FormKind for DeleteTemplateForm {
    fn title(&self) -> String {
        format!("Delete {} ({})", clean_line(&self.name), self.language)
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("typed", "Name", &format!("type {} to confirm", clean_line(&self.name)), "")]
    }

    fn about(&self) -> String {
        self.connection.to_string()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        let said = "This cannot be undone, and the name of an approved template is blocked for 30 days.";
        vec![(said.to_owned(), theme.warn())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        Ok(Submission::Perform(Request::Template(TemplateRequest::Delete {
            connection: self.connection,
            name: self.name.clone(),
            id: self.id.clone(),
            typed: filled.owned("typed"),
        })))
    }
}

/// Uploads a sample file for a template header.
#[derive(Debug)]
pub(super) struct SampleForm {
    pub connection: ConnectionId,
}

impl FormKind for SampleForm {
    fn title(&self) -> String {
        "Upload a sample file for a header".to_owned()
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("source", "File", "path (tab completes) or https URL", "")]
    }

    fn about(&self) -> String {
        self.connection.to_string()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn file(&self) -> Option<FileField> {
        Some(FileField { key: "source", is_checked: false })
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        vec![("A JPEG, PNG, MP4 or PDF. Its handle for header_handle is copied.".to_owned(), theme.dim())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let address = || SampleSource::Address(filled.owned("source"));
        let source = filled.upload.map_or_else(address, SampleSource::Upload);
        Ok(Submission::Perform(Request::Template(TemplateRequest::Sample { connection: self.connection, source })))
    }
}

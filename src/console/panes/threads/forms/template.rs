//! The form for a template's parameters, for one contact.

use ratatui::style::Style;

use crate::console::overlays::form_kind::{Field, FileField, Filled, FormKind, Submission, field};
use crate::console::theme::Theme;
use crate::console::user_error::UserError;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::costs::charge::Charge;
use crate::domain::ids::ConnectionId;
use crate::domain::request::Request;
use crate::domain::templates::slots::Slot;
use crate::domain::templates::template::Template;

/// Sends a template to a contact.
#[derive(Debug)]
pub(in crate::console) struct TemplateForm {
    pub connection: ConnectionId,
    pub to: PhoneNumber,
    pub template: Template,
    /// What it would cost, as far as the rate card says.
    pub charge: Charge,
}

/// Returns the hint of a field without an example.
fn hint(slot: &Slot) -> String {
    let what = match slot.key.rsplit(':').next().unwrap_or_default() {
        _ if slot.file && slot.key == "header" => "path (tab completes), https link or media id",
        _ if slot.file => "https link or media id",
        "expires" if slot.key == "offer:expires" => "such as 2026-06-01T09:00:00Z",
        "sections" => "such as Tea: GREEN-1, BLACK-2; Cups: CUP-7",
        "flow_data" => "JSON object",
        "payload" => "empty: the label",
        _ => "",
    };
    if slot.optional && !what.starts_with("empty") {
        format!("may be empty {what}").trim_end().to_owned()
    } else {
        what.to_owned()
    }
}

impl FormKind for TemplateForm {
    fn title(&self) -> String {
        format!("{} to {}", self.template.name.line(), self.to)
    }

    fn fields(&self) -> Vec<Field> {
        let slots = self.template.slots().into_iter().map(|slot| {
            let example = slot.example.as_ref().map(|example| format!("such as {}", example.line()));
            field(&slot.key, &slot.label, &example.unwrap_or_else(|| hint(&slot)), "")
        });
        slots.chain([field("at", "When", "empty: now; or 30m, 18:30, 2026-06-02 09:00", "")]).collect()
    }

    fn about(&self) -> String {
        self.connection.to_string()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn file(&self) -> Option<FileField> {
        Some(FileField { key: "header", is_checked: false })
    }

    fn preview(&self, theme: Theme, filled: &Filled<'_>) -> Vec<(String, Style)> {
        let lines = self.template.render(&filled.values()).lines().into_iter().map(|line| (line, theme.plain()));
        let note = self.template.is_marketing().then(|| (Template::MARKETING_NOTE.to_owned(), theme.warn()));
        let cost = (format!("cost: {}", self.charge), theme.dim());
        note.into_iter().chain([("Preview".to_owned(), theme.dim())]).chain(lines).chain([cost]).collect()
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let values = filled.values().into_iter();
        // A header path was uploaded and is sent as the upload; a link or a media id stays a parameter.
        let parameters: Vec<_> = values
            .filter(|(key, value)| key != "at" && !value.is_empty() && (key != "header" || filled.upload.is_none()))
            .collect();
        self.template.check(&parameters, filled.upload.is_some())?;
        Ok(Submission::Perform(Request::SendTemplate {
            connection: self.connection,
            to: self.to.clone(),
            name: self.template.name.as_received().to_owned(),
            language: self.template.language.as_received().to_owned(),
            parameters,
            header: filled.upload,
            at: filled.when("at")?,
        }))
    }
}

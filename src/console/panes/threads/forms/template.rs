//! The parameters of a template, for one contact.

use ratatui::style::Style;

use crate::console::overlays::form_kind::{Field, FileField, Filled, FormKind, Submission, field};
use crate::console::theme::Theme;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::ConnectionId;
use crate::domain::request::Request;
use crate::domain::templates::template::Template;

#[derive(Debug)]
pub(in crate::console) struct TemplateForm {
    pub connection: ConnectionId,
    pub to: PhoneNumber,
    pub template: Template,
}

impl FormKind for TemplateForm {
    fn title(&self) -> String {
        format!("{} to {}", self.template.name.line(), self.to)
    }

    fn fields(&self) -> Vec<Field> {
        let slots = self.template.slots().into_iter().map(|slot| {
            let example = slot.example.map(|example| format!("such as {}", example.line()));
            let hint = if slot.file { Some("path; tab completes".to_owned()) } else { example };
            field(&slot.key, &slot.label, &hint.unwrap_or_default(), "")
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
        std::iter::once(("Preview".to_owned(), theme.dim())).chain(lines).collect()
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, String> {
        let values = filled.values().into_iter();
        let parameters: Vec<_> = values.filter(|(key, _)| key != "at" && key != "header").collect();
        self.template.check(&parameters, filled.upload.is_some()).map_err(|refusal| refusal.to_string())?;
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

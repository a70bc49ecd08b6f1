//! Forms for webhooks at the provider: create, change and delete one, and set a number's single webhook URL.

use ratatui::style::Style;

use super::setup::pairs;
use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, field};
use crate::console::theme::Theme;
use crate::console::user_error::UserError;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::registration::{
    NUMBER_EVENTS, PROJECT_EVENTS, Registration, WebhookDraft, WebhookKind, WebhookRequest, WebhookScope,
};
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// The webhook of a form: a new one, or an existing one.
#[derive(Debug)]
pub(in crate::console) struct WebhookAt {
    pub connection: ConnectionId,
    /// Whether the webhook belongs to the project or the account instead of the number.
    pub project: bool,
    pub known: Option<Box<Registration>>,
}

impl WebhookAt {
    fn known(&self) -> Option<&Registration> {
        self.known.as_deref()
    }

    fn about(&self) -> String {
        let id = self.known().map(|known| known.id.as_str()).unwrap_or_default();
        format!("{} {} {id}", self.connection, self.project)
    }

    /// Returns an update of the existing webhook, or the creation of a new one.
    fn request(&self, draft: WebhookDraft) -> Submission {
        let (connection, draft) = (self.connection, Box::new(draft));
        Submission::Perform(Request::Webhook(match self.known() {
            Some(known) => WebhookRequest::Update { connection, id: known.id.clone(), draft },
            None => WebhookRequest::Create { connection, project: self.project, draft },
        }))
    }
}

/// A webhook of a provider that supports several per number.
#[derive(Debug)]
pub(in crate::console) struct WebhookForm(pub WebhookAt);

/// The webhook URL of a provider that supports one URL per number, without options.
#[derive(Debug)]
pub(in crate::console) struct AddressForm(pub WebhookAt);

/// Deletes a webhook; its id must be typed to confirm.
#[derive(Debug)]
pub(in crate::console) struct DeleteWebhookForm {
    pub connection: ConnectionId,
    pub id: String,
    pub url: String,
}

/// Parses a whole number; `None` if the field is empty.
fn whole(filled: &Filled<'_>, key: &str, name: &str) -> Result<Option<u32>, UserError> {
    match filled.text(key) {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("The {name} is a whole number.").into()),
    }
}

impl FormKind for WebhookForm {
    fn title(&self) -> String {
        let title = match (self.0.known(), self.0.project) {
            (Some(_), _) => "Change the webhook",
            (None, true) => "New webhook for the project",
            (None, false) => "New webhook for this number",
        };
        title.to_owned()
    }

    fn fields(&self) -> Vec<Field> {
        let one = self.0.known();
        let events = if self.0.project { &PROJECT_EVENTS[..2] } else { &NUMBER_EVENTS[..] };
        let events = one.map_or_else(|| events.join(" "), |one| one.events.join(" "));
        let url = one.map(|one| one.url.as_str()).unwrap_or_default();
        let mut fields = vec![
            field("url", "Address", "empty: this engine's public URL", url),
            field("events", "Events", "blank-separated", &events),
        ];
        if one.is_none() {
            fields.push(field("kind", "Kind", "events, or raw as Meta sent them", "events"));
        }
        let version = one.map_or("v2", |one| one.payload_version.as_str());
        fields.push(field("version", "Payload", "v2; v1 is the earlier one", version));
        let active = one.is_none_or(|one| one.active);
        fields.push(field("active", "Active", "yes or no", if active { "yes" } else { "no" }));
        let headers = if one.is_some_and(|one| !one.headers.is_empty()) {
            "headers exist; new ones replace all of them"
        } else {
            "X-From=wadeck; …"
        };
        fields.push(field("headers", "Headers", headers, ""));
        if !self.0.project {
            let buffer = one.and_then(|one| one.buffer);
            let figure = |figure: Option<u32>| figure.map(|figure| figure.to_string()).unwrap_or_default();
            let on = if buffer.is_some() { "yes" } else { "no" };
            let (seconds, most) = (buffer.map(|buffer| buffer.seconds), buffer.map(|buffer| buffer.most));
            fields.push(field("buffer", "Buffer", "yes: collect events into batches", on));
            fields.push(field("seconds", "Window", "1 to 60 seconds", &figure(seconds)));
            fields.push(field("most", "Size", "1 to 100 messages", &figure(most)));
            let idle = one.and_then(|one| one.inactivity_minutes);
            fields.push(field("idle", "Inactive after", "1 to 1440 minutes", &figure(idle)));
        }
        fields
    }

    fn about(&self) -> String {
        self.0.about()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        let said =
            "Events of messages and conversations go to the number's webhook, events of numbers to the project's.";
        vec![(said.to_owned(), theme.dim())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let (known, project) = (self.0.known(), self.0.project);
        let raw = filled.text("kind") == "raw";
        let headers = pairs(filled.text("headers"))?;
        let draft = WebhookDraft {
            url: filled.some("url"),
            status_url: None,
            events: Some(filled.list("events")).filter(|events| !events.is_empty() && !raw),
            kind: match (known, filled.text("kind")) {
                (Some(_), _) => None,
                (None, word) => Some(WebhookKind::from_name(word).ok_or("The kind is events or raw.")?),
            },
            payload_version: filled.some("version").filter(|_| !raw),
            active: Some(filled.is_yes("active")),
            headers: Some(headers).filter(|headers| !headers.is_empty()),
            buffer_enabled: (!project && !raw).then(|| filled.is_yes("buffer")),
            buffer_seconds: whole(filled, "seconds", "window")?,
            buffer_most: whole(filled, "most", "size")?,
            inactivity_minutes: whole(filled, "idle", "time without messages")?,
        };
        let scope = if project { WebhookScope::Project } else { WebhookScope::Number(String::new()) };
        draft.check(&scope, false)?;
        Ok(self.0.request(draft))
    }
}

impl FormKind for AddressForm {
    fn title(&self) -> String {
        if self.0.project { "Webhook URL of the account" } else { "Webhook URL of this number" }.to_owned()
    }

    fn fields(&self) -> Vec<Field> {
        let one = self.0.known();
        let url = one.map(|one| one.url.as_str()).unwrap_or_default();
        let status = one.and_then(|one| one.status_url.as_ref());
        let status = status.map(|status| field("status_url", "Statuses", "URL for delivery statuses", status));
        std::iter::once(field("url", "URL", "empty: our public URL", url)).chain(status).collect()
    }

    fn about(&self) -> String {
        self.0.about()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        let said = "All events of a number go to one URL. The provider is then queried for the URL on file.";
        vec![(said.to_owned(), theme.dim())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let (url, status_url) = (filled.some("url"), filled.some("status_url"));
        let draft = WebhookDraft { url, status_url, ..WebhookDraft::default() };
        if self.0.known.is_some() || draft.url.is_some() {
            draft.check_address(false)?;
        }
        Ok(self.0.request(draft))
    }
}

impl FormKind for DeleteWebhookForm {
    fn title(&self) -> String {
        "Delete the webhook".to_owned()
    }

    fn fields(&self) -> Vec<Field> {
        vec![field("typed", "Id", &format!("type {} to confirm", self.id), "")]
    }

    fn about(&self) -> String {
        self.id.clone()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn preview(&self, theme: Theme, _: &Filled<'_>) -> Vec<(String, Style)> {
        vec![(format!("The provider stops delivering to {}.", clean_line(&self.url)), theme.warn())]
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let (connection, id, typed) = (self.connection, self.id.clone(), filled.owned("typed"));
        Ok(Submission::Perform(Request::Webhook(WebhookRequest::Delete { connection, id, typed })))
    }
}

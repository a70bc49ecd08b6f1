//! Forms about what the provider keeps: numbers, webhooks, profiles.

use std::collections::BTreeMap;

use crate::console::overlays::form::{Field, Form, field};
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::flow::FlowRequest;
use crate::domain::ids::{ConnectionId, UploadId};
use crate::domain::numbers::connection::{Environment, ProviderName};
use crate::domain::numbers::number::{NumberRequest, Profile};
use crate::domain::numbers::registration::{
    NUMBER_EVENTS, PROJECT_EVENTS, Registration, WebhookDraft, WebhookKind, WebhookRequest, WebhookScope,
};
use crate::domain::numbers::setup::SetupOptions;
use crate::domain::request::Request;
use crate::domain::templates::requests::{SampleSource, TemplateRequest};
use crate::domain::text::clean_line;

#[derive(Debug, Clone)]
pub(in crate::console) enum PlatformForm {
    SetUp {
        provider: ProviderName,
        organization: String,
        environment: Environment,
    },
    Adopt {
        provider: ProviderName,
        phone_number_id: String,
        number: String,
        organization: String,
        environment: Environment,
    },
    Disconnect {
        connection: ConnectionId,
        name: String,
        number: String,
        environment: Environment,
    },
    /// A new webhook, or one that is there.
    Webhook {
        connection: ConnectionId,
        project: bool,
        known: Option<Box<Registration>>,
        /// The provider has one address for a number, and nothing to choose.
        one_address: bool,
    },
    DeleteWebhook {
        connection: ConnectionId,
        id: String,
        url: String,
    },
    Profile {
        connection: ConnectionId,
        profile: Box<Profile>,
    },
    DeleteTemplate {
        connection: ConnectionId,
        name: String,
        language: String,
        id: Option<String>,
    },
    Sample {
        connection: ConnectionId,
    },
    NewFlow {
        connection: ConnectionId,
        starter: &'static str,
        json: String,
    },
    SendFlow {
        connection: ConnectionId,
        id: String,
        name: String,
        to: String,
    },
    /// Deprecate, or delete.
    EndFlow {
        connection: ConnectionId,
        id: String,
        name: String,
        delete: bool,
    },
}

fn yes(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "yes" | "y" | "true" | "on")
}

fn list(text: &str) -> Vec<String> {
    text.split([',', ' ', ';']).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn pairs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let one = |part: &str| match part.split_once('=') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
        None => Err(format!("`{}` lacks its value: write NAME=VALUE; NAME=VALUE.", clean_line(part.trim()))),
    };
    text.split(';').filter(|part| !part.trim().is_empty()).map(one).collect()
}

fn whole(text: &str, name: &str) -> Result<Option<u32>, String> {
    match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("The {name} is a whole number.")),
    }
}

/// A change of the webhook that is known, else a new one.
fn webhook_request(
    connection: ConnectionId,
    project: bool,
    known: Option<&Registration>,
    draft: WebhookDraft,
) -> WebhookRequest {
    let draft = Box::new(draft);
    match known {
        Some(known) => WebhookRequest::Update { connection, id: known.id.clone(), draft },
        None => WebhookRequest::Create { connection, project, draft },
    }
}

impl PlatformForm {
    pub fn fields(&self) -> (String, Vec<Field>) {
        let environments = |environment: &Environment| {
            field("environment", "Environment", "development or production", environment.name())
        };
        match self {
            Self::SetUp { provider, organization, environment } => (
                format!("Set up a number with {provider}"),
                vec![
                    field("name", "Name", "name of the connection, such as support", ""),
                    field("organization", "Organization", "owner of the number", organization),
                    environments(environment),
                    field("provision", "New number", "yes: the provider supplies one", "no"),
                    field("countries", "Countries", "of the new number, such as US CA", ""),
                    field("area_code", "Area code", "of the new number, such as 415", ""),
                    field("types", "Types", "coexistence, dedicated; empty: both", ""),
                    field("language", "Language", "of the page: en es pt hi id ar; empty: the owner's", ""),
                    field("success", "On success", "empty: a page of this engine", ""),
                    field("failure", "On failure", "empty: a page of this engine", ""),
                    field("billing", "Billing", "customer_managed or partner_managed; cannot be changed", ""),
                    field("theme", "Colors", "primary_color=#0f766e; background_color=#ffffff", ""),
                ],
            ),
            Self::Adopt { number, organization, environment, .. } => (
                format!("Connect {number}"),
                vec![
                    field("name", "Name", "name of the connection, such as support", ""),
                    field("organization", "Organization", "owner of the number", organization),
                    environments(environment),
                ],
            ),
            Self::Disconnect { name, number, .. } => {
                (format!("Disconnect {name}"), vec![field("typed", "Number", &format!("type {number} to confirm"), "")])
            }
            Self::Webhook { project, known, one_address: true, .. } => {
                let title = if *project { "Webhook URL of the account" } else { "Webhook URL of this number" };
                let now = |url: Option<&String>| url.cloned().unwrap_or_default();
                let one = known.as_deref();
                let url = now(one.map(|one| &one.url));
                let mut fields = vec![field("url", "URL", "empty: our public URL", &url)];
                if let Some(status) = one.and_then(|one| one.status_url.as_ref()) {
                    fields.push(field("status_url", "Statuses", "URL for delivery statuses", status));
                }
                (title.to_owned(), fields)
            }
            Self::Webhook { project, known, .. } => {
                let title = match (known, project) {
                    (Some(_), _) => "Change the webhook",
                    (None, true) => "New webhook for the project",
                    (None, false) => "New webhook for this number",
                };
                let events = if *project { &PROJECT_EVENTS[..2] } else { &NUMBER_EVENTS[..] };
                let now = |text: Option<String>| text.unwrap_or_default();
                let one = known.as_deref();
                let mut fields = vec![
                    field("url", "Address", "empty: this engine's public URL", &now(one.map(|one| one.url.clone()))),
                    field(
                        "events",
                        "Events",
                        "blank-separated",
                        &one.map_or_else(|| events.join(" "), |one| one.events.join(" ")),
                    ),
                ];
                if one.is_none() {
                    fields.push(field("kind", "Kind", "events, or raw as Meta sent them", "events"));
                }
                let version = one.map_or_else(|| "v2".to_owned(), |one| one.payload_version.clone());
                fields.push(field("version", "Payload", "v2; v1 is the earlier one", &version));
                let active = one.is_none_or(|one| one.active);
                fields.push(field("active", "Active", "yes or no", if active { "yes" } else { "no" }));
                let headers = if one.is_some_and(|one| !one.headers.is_empty()) {
                    "headers exist; new ones replace all of them"
                } else {
                    "X-From=wadeck; …"
                };
                fields.push(field("headers", "Headers", headers, ""));
                if !project {
                    let buffer = one.and_then(|one| one.buffer);
                    let figure = |figure: Option<u32>| figure.map(|figure| figure.to_string()).unwrap_or_default();
                    let on = if buffer.is_some() { "yes" } else { "no" };
                    fields.push(field("buffer", "Buffer", "yes: collect events into batches", on));
                    fields.push(field(
                        "seconds",
                        "Window",
                        "1 to 60 seconds",
                        &figure(buffer.map(|buffer| buffer.seconds)),
                    ));
                    fields.push(field("most", "Size", "1 to 100 messages", &figure(buffer.map(|buffer| buffer.most))));
                    let idle = one.and_then(|one| one.inactivity_minutes);
                    fields.push(field("idle", "Inactive after", "1 to 1440 minutes", &figure(idle)));
                }
                (title.to_owned(), fields)
            }
            Self::DeleteWebhook { id, .. } => {
                ("Delete the webhook".to_owned(), vec![field("typed", "Id", &format!("type {id} to confirm"), "")])
            }
            Self::DeleteTemplate { name, language, .. } => (
                format!("Delete {} ({language})", clean_line(name)),
                vec![field("typed", "Name", &format!("type {} to confirm", clean_line(name)), "")],
            ),
            Self::NewFlow { starter, .. } => {
                (format!("New Flow from {starter}"), vec![field("name", "Name", "Flow name, such as booking", starter)])
            }
            Self::SendFlow { name, to, .. } => (
                format!("Send {name}"),
                vec![
                    field("to", "To", "number of a contact who has written", to),
                    field("text", "Text", "text of the message", "Please fill this in."),
                    field("button", "Button", "up to 20 characters", "Open"),
                    field("screen", "Screen", "first screen; empty: as the Flow says", ""),
                ],
            ),
            Self::EndFlow { name, delete, .. } => (
                format!("{} {}", if *delete { "Delete" } else { "Deprecate" }, clean_line(name)),
                vec![field("typed", "Name", &format!("type {} to confirm", clean_line(name)), "")],
            ),
            Self::Sample { .. } => (
                "Upload a sample file for a header".to_owned(),
                vec![field("source", "File", "path (tab completes) or https URL", "")],
            ),
            Self::Profile { profile, .. } => (
                "Business profile".to_owned(),
                vec![
                    field("about", "About", "one line, up to 139 characters", profile.about.as_received()),
                    field("address", "Address", "", profile.address.as_received()),
                    field("description", "Description", "up to 512 characters", profile.description.as_received()),
                    field("email", "Mail", "", profile.email.as_received()),
                    field(
                        "websites",
                        "Websites",
                        "up to two",
                        &profile
                            .websites
                            .iter()
                            .map(crate::domain::text::Untrusted::as_received)
                            .collect::<Vec<_>>()
                            .join(" "),
                    ),
                    field("vertical", "Business", "HEALTH, RETAIL, EDU … or OTHER", &profile.vertical),
                ],
            ),
        }
    }

    /// What should be known before, and whether it warns.
    pub fn note(&self) -> Option<(String, bool)> {
        Some(match self {
            Self::SetUp { .. } => (
                "A setup link is created. The owner of the number opens it; Connections shows every step.".into(),
                false,
            ),
            Self::Adopt { .. } => ("The webhook is registered, and a test verifies it.".into(), false),
            Self::Disconnect { name, number, environment, .. } => (
                format!(
                    "{}{name} ({number}) is disconnected at the provider: no messages are received or sent. The history stays here, and the customer record stays for connecting it again.",
                    if *environment == Environment::Production {
                        "PRODUCTION: real contacts write to it. "
                    } else {
                        ""
                    }
                ),
                true,
            ),
            Self::DeleteWebhook { url, .. } => (format!("The provider stops delivering to {}.", clean_line(url)), true),
            Self::Webhook { one_address: true, .. } => (
                "All events of a number go to one URL. The provider is then queried for the URL on file.".into(),
                false,
            ),
            Self::Webhook { .. } => (
                "Events of messages and conversations go to the number's webhook, events of numbers to the project's."
                    .into(),
                false,
            ),
            Self::DeleteTemplate { .. } => {
                ("This cannot be undone, and the name of an approved template is blocked for 30 days.".into(), true)
            }
            Self::NewFlow { .. } => {
                ("It becomes a draft. Contacts see it only when it is sent or published.".into(), false)
            }
            Self::SendFlow { .. } => {
                ("The service window of the contact has to be open; a draft is sent as a test.".into(), false)
            }
            Self::EndFlow { delete: true, .. } => ("This deletes the draft and its versions.".into(), true),
            Self::EndFlow { .. } => {
                ("It can no longer be opened, even where it was sent. This cannot be undone.".into(), true)
            }
            Self::Sample { .. } => ("A JPEG, PNG, MP4 or PDF. Its handle for header_handle is copied.".into(), false),
            Self::Profile { .. } => return None,
        })
    }

    pub fn request(&self, form: &Form, upload: Option<UploadId>) -> Result<Request, String> {
        let text = |key: &str| form.text(key);
        let some = |key: &str| Some(form.text(key).to_owned()).filter(|text| !text.is_empty());
        let environment = || {
            let named = Environment::from_name(text("environment"));
            named.ok_or_else(|| "The environment is development or production.".to_owned())
        };
        let number = |request| Ok(Request::Number(request));
        match self {
            Self::SetUp { provider, .. } => {
                let options = SetupOptions {
                    provision: yes(text("provision")),
                    countries: list(&text("countries").to_ascii_uppercase()),
                    area_code: some("area_code"),
                    connection_types: list(text("types")),
                    language: some("language"),
                    success_url: some("success"),
                    failure_url: some("failure"),
                    billing: some("billing"),
                    api_key_env: None,
                    reconnect: None,
                    theme: pairs(text("theme"))?,
                };
                options.check().map_err(|refusal| refusal.to_string())?;
                number(NumberRequest::SetUp {
                    name: text("name").to_owned(),
                    provider: provider.clone(),
                    organization: some("organization"),
                    environment: Some(environment()?),
                    options: Box::new(options),
                })
            }
            Self::Adopt { provider, phone_number_id, .. } => number(NumberRequest::Adopt {
                name: text("name").to_owned(),
                provider: provider.clone(),
                phone_number_id: phone_number_id.clone(),
                organization: some("organization"),
                environment: Some(environment()?),
            }),
            Self::Disconnect { connection, .. } => {
                number(NumberRequest::Disconnect { connection: *connection, typed: text("typed").to_owned() })
            }
            Self::Webhook { connection, project, known, one_address: true } => {
                let draft =
                    WebhookDraft { url: some("url"), status_url: some("status_url"), ..WebhookDraft::default() };
                if known.is_some() || draft.url.is_some() {
                    draft.check_address(false).map_err(|refusal| refusal.to_string())?;
                }
                Ok(Request::Webhook(webhook_request(*connection, *project, known.as_deref(), draft)))
            }
            Self::Webhook { connection, project, known, .. } => {
                let raw = text("kind") == "raw";
                let headers = pairs(text("headers"))?;
                let draft = WebhookDraft {
                    url: some("url"),
                    status_url: None,
                    events: Some(list(text("events"))).filter(|events| !events.is_empty() && !raw),
                    kind: match (known, text("kind")) {
                        (Some(_), _) => None,
                        (None, word) => Some(WebhookKind::from_name(word).ok_or("The kind is events or raw.")?),
                    },
                    payload_version: some("version").filter(|_| !raw),
                    active: Some(yes(text("active"))),
                    headers: Some(headers).filter(|headers| !headers.is_empty()),
                    buffer_enabled: (!project && !raw).then(|| yes(text("buffer"))),
                    buffer_seconds: whole(text("seconds"), "window")?,
                    buffer_most: whole(text("most"), "size")?,
                    inactivity_minutes: whole(text("idle"), "time without messages")?,
                };
                let scope = if *project { WebhookScope::Project } else { WebhookScope::Number(String::new()) };
                draft.check(&scope, false).map_err(|refusal| refusal.to_string())?;
                Ok(Request::Webhook(webhook_request(*connection, *project, known.as_deref(), draft)))
            }
            Self::DeleteTemplate { connection, name, id, .. } => Ok(Request::Template(TemplateRequest::Delete {
                connection: *connection,
                name: name.clone(),
                id: id.clone(),
                typed: text("typed").to_owned(),
            })),
            Self::NewFlow { connection, json, .. } => {
                let (connection, name, json) = (*connection, text("name").to_owned(), json.clone());
                Ok(Request::Flow(FlowRequest::Create { connection, name, json }))
            }
            Self::SendFlow { connection, id, .. } => Ok(Request::Flow(FlowRequest::Send {
                connection: *connection,
                id: id.clone(),
                to: PhoneNumber::parse(text("to")).map_err(|error| format!("{error}."))?,
                body: text("text").to_owned(),
                button: text("button").to_owned(),
                screen: some("screen"),
            })),
            Self::EndFlow { connection, id, delete, .. } => {
                let (connection, id, typed) = (*connection, id.clone(), text("typed").to_owned());
                Ok(Request::Flow(if *delete {
                    FlowRequest::Delete { connection, id, typed }
                } else {
                    FlowRequest::Deprecate { connection, id, typed }
                }))
            }
            Self::Sample { connection } => Ok(Request::Template(TemplateRequest::Sample {
                connection: *connection,
                source: upload.map_or_else(|| SampleSource::Address(text("source").to_owned()), SampleSource::Upload),
            })),
            Self::DeleteWebhook { connection, id, .. } => Ok(Request::Webhook(WebhookRequest::Delete {
                connection: *connection,
                id: id.clone(),
                typed: text("typed").to_owned(),
            })),
            Self::Profile { connection, profile } => {
                let new = Profile {
                    about: text("about").into(),
                    address: text("address").into(),
                    description: text("description").into(),
                    email: text("email").into(),
                    websites: list(text("websites")).into_iter().map(Into::into).collect(),
                    vertical: text("vertical").to_ascii_uppercase(),
                    picture_url: profile.picture_url.clone(),
                };
                new.check().map_err(|refusal| refusal.to_string())?;
                number(NumberRequest::SaveProfile { connection: *connection, profile: Box::new(new) })
            }
        }
    }
}

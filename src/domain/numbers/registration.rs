//! Webhook registrations at a provider: their contents and the rules that they must follow.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::code::Code;
use crate::domain::ids::ConnectionId;
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// A value that was fetched from outside, with the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched<T> {
    pub fetched_at: Timestamp,
    #[serde(flatten)]
    pub value: T,
}

/// Whose events a webhook receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookScope {
    /// Number and workflow lifecycle events of the whole project.
    Project,
    /// Messages and conversations of one number; holds the provider's id of the number.
    Number(String),
}

impl WebhookScope {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Number(_) => "number",
        }
    }
}

/// Format of the events that a webhook delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookKind {
    /// The provider's own events, selected by name.
    #[default]
    Events,
    /// Unchanged webhook bodies from Meta: no event selection, no buffering, one per number.
    Raw,
}

impl WebhookKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Raw => "raw",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Events, Self::Raw].into_iter().find(|kind| kind.name() == name)
    }
}

/// A webhook as registered at the provider. Its secret is never read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    pub id: String,
    pub scope: WebhookScope,
    pub url: String,
    /// Where statuses of messages from other senders go, if that is a different URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_url: Option<String>,
    /// The webhook is managed in the provider's own pages; wadeck cannot change it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fixed: bool,
    pub active: bool,
    pub kind: WebhookKind,
    pub payload_version: String,
    pub events: Vec<String>,
    /// Names of the headers added to each delivery. Values may be secrets and are not stored.
    pub headers: Vec<String>,
    /// Message buffering of a conversation; `None` if it is off.
    pub buffer: Option<Buffer>,
    /// Minutes without a message after which a conversation counts as inactive.
    pub inactivity_minutes: Option<u32>,
    pub updated_at: Option<Timestamp>,
}

/// Buffering limits: collection time in seconds and maximum number of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buffer {
    pub seconds: u32,
    pub most: u32,
}

/// New contents of a webhook. A `None` field keeps its value, or takes the provider's default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookDraft {
    pub url: Option<String>,
    /// Status URL, at a provider that posts statuses to a separate URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_url: Option<String>,
    pub events: Option<Vec<String>>,
    pub kind: Option<WebhookKind>,
    pub payload_version: Option<String>,
    pub active: Option<bool>,
    pub headers: Option<BTreeMap<String, String>>,
    pub buffer_enabled: Option<bool>,
    pub buffer_seconds: Option<u32>,
    pub buffer_most: Option<u32>,
    pub inactivity_minutes: Option<u32>,
}

/// Event names of a number's webhook.
pub const NUMBER_EVENTS: [&str; 8] = [
    "whatsapp.message.received",
    "whatsapp.message.sent",
    "whatsapp.message.delivered",
    "whatsapp.message.read",
    "whatsapp.message.failed",
    "whatsapp.conversation.created",
    "whatsapp.conversation.ended",
    "whatsapp.conversation.inactive",
];

/// Event names of a project's webhook.
pub const PROJECT_EVENTS: [&str; 5] = [
    "whatsapp.phone_number.created",
    "whatsapp.phone_number.deleted",
    "workflow.execution.handoff",
    "workflow.execution.failed",
    "project.event",
];

impl WebhookDraft {
    /// Returns the default webhook of a number.
    pub fn for_number(url: String) -> Self {
        Self {
            url: Some(url),
            events: Some(NUMBER_EVENTS.map(str::to_owned).to_vec()),
            kind: Some(WebhookKind::Events),
            payload_version: Some("v2".into()),
            active: Some(true),
            ..Self::default()
        }
    }

    /// Returns the default webhook of a project.
    pub fn for_project(url: String) -> Self {
        Self {
            events: Some(PROJECT_EVENTS[..2].iter().map(|event| (*event).to_owned()).collect()),
            ..Self::for_number(url)
        }
    }

    /// Checks the provider's rules before the request, including pairs of scope and event that the provider accepts
    /// but never delivers. A `new` webhook needs a URL and events.
    pub fn check(&self, scope: &WebhookScope, new: bool) -> Result<(), Refusal> {
        let refused = |code, why: String, instead: &str| Err(Refusal::new(code, why, instead.to_owned()));
        match &self.url {
            None if new => return refused(Code::WebhookUrl, "The webhook has no address.".into(), "Give the `url`."),
            None => {}
            Some(url) => check_url(url)?,
        }
        let kind = self.kind.unwrap_or_default();
        if let Some(version) = self.payload_version.as_deref().filter(|version| !matches!(*version, "v1" | "v2")) {
            let why = format!("Unknown payload version `{}`.", clean_line(version));
            return refused(Code::WebhookVersion, why, "Use v2; v1 is the old version.");
        }
        let events = self.events.as_deref().unwrap_or_default();
        if kind == WebhookKind::Raw {
            if *scope == WebhookScope::Project {
                let why = "Raw forwarding is per number; a project has none.".to_owned();
                return refused(Code::WebhookScope, why, "Name the number.");
            }
            if !events.is_empty() || self.buffer_enabled == Some(true) {
                let why = "Raw forwarding takes neither events nor buffering.".to_owned();
                return refused(Code::WebhookKind, why, "Leave both out, or use the kind events.");
            }
        } else if new && events.is_empty() {
            let instead = "Name at least one, such as whatsapp.message.received.";
            return refused(Code::WebhookEvents, "The webhook has no events.".into(), instead);
        }
        for event in events {
            check_event(event, scope)?;
        }
        if self.buffer_enabled == Some(true) && *scope == WebhookScope::Project {
            let why = "Only received messages are buffered, and a project's webhook does not receive them.".to_owned();
            return refused(Code::WebhookScope, why, "Set buffering on the number's webhook.");
        }
        let received = |event: &String| event == "whatsapp.message.received";
        if self.buffer_enabled == Some(true) && !events.is_empty() && !events.iter().any(received) {
            let why = "Only received messages are buffered, and this webhook does not receive them.".to_owned();
            return refused(Code::WebhookBuffer, why, "Add whatsapp.message.received, or do not buffer.");
        }
        let bounds = [
            ("buffer window", self.buffer_seconds, 60, "seconds"),
            ("buffer size", self.buffer_most, 100, "messages"),
            ("inactivity", self.inactivity_minutes, 1_440, "minutes"),
        ];
        for (name, value, most, unit) in bounds {
            if let Some(value) = value.filter(|value| !(1..=most).contains(value)) {
                let why = format!("The {name} is {value}; the range is 1 to {most} {unit}.");
                return refused(Code::WebhookBounds, why, "Choose a value in the range.");
            }
        }
        for (name, value) in self.headers.iter().flatten() {
            let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
            if !plain(name) || name.contains([' ', ':']) || !plain(value) {
                let why = format!("The header `{}` has characters that cannot be sent.", clean_line(name));
                return refused(Code::WebhookHeaders, why, "Write NAME=VALUE in plain ASCII.");
            }
        }
        Ok(())
    }
}

impl WebhookDraft {
    /// Checks a webhook at a provider that supports only a URL and no options. A `new` webhook needs a URL.
    pub fn check_address(&self, new: bool) -> Result<(), Refusal> {
        let Self { url, status_url, events, kind, payload_version, active, headers, .. } = self;
        if url.is_none() && (new || status_url.is_none()) {
            return Err(Refusal::new(Code::WebhookUrl, "There is no address to set.", "Give --url."));
        }
        for url in [url, status_url].into_iter().flatten() {
            check_url(url)?;
        }
        let figures = [self.buffer_seconds, self.buffer_most, self.inactivity_minutes];
        let chosen = events.is_some()
            || kind.is_some()
            || payload_version.is_some()
            || headers.is_some()
            || self.buffer_enabled == Some(true)
            || figures.iter().any(Option::is_some);
        if chosen {
            let why = "This provider posts everything of a number to one address: events, kind, version, headers and \
                       buffering cannot be chosen.";
            return Err(Refusal::new(Code::WebhookOptions, why, "Give the address alone."));
        }
        if *active == Some(false) {
            let why = "This provider has no switch for it.";
            return Err(Refusal::new(Code::WebhookOptions, why, "Delete it, or set another address."));
        }
        Ok(())
    }
}

/// Refuses a URL that is not `https`; plain `http` is allowed on loopback, for simulated providers.
fn check_url(url: &str) -> Result<(), Refusal> {
    let refused = |why: String| {
        Err(Refusal::new(Code::WebhookUrl, why, "Give a public https URL, such as https://hooks.example.com/…."))
    };
    let Ok(parsed) = Url::parse(url) else { return refused(format!("`{}` is not a URL.", clean_line(url))) };
    let loopback = matches!(parsed.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        _ => refused(format!("{} is not https: providers would not call it.", clean_line(url))),
    }
}

/// Refuses an unknown event, or one that this scope never receives.
fn check_event(event: &str, scope: &WebhookScope) -> Result<(), Refusal> {
    let of_number = NUMBER_EVENTS.contains(&event);
    let of_project = PROJECT_EVENTS.contains(&event);
    let shown = clean_line(event);
    match scope {
        _ if !of_number && !of_project => {
            let nearest = NUMBER_EVENTS
                .iter()
                .chain(&PROJECT_EVENTS)
                .max_by(|a, b| strsim::jaro(a, event).total_cmp(&strsim::jaro(b, event)));
            let instead = nearest.map(|name| format!("Did you mean {name}?")).unwrap_or_default();
            Err(Refusal::new(Code::WebhookEvent, format!("Unknown event `{shown}`."), instead))
        }
        WebhookScope::Project if of_number => Err(Refusal::new(
            Code::WebhookScope,
            format!("A project's webhook never receives {shown}."),
            "Use the number's webhook for messages and conversations.",
        )),
        WebhookScope::Number(_) if of_project => Err(Refusal::new(
            Code::WebhookScope,
            format!("A number's webhook never receives {shown}."),
            "Use the project's webhook for events of numbers and workflows.",
        )),
        _ => Ok(()),
    }
}

/// A request that changes a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "webhook", rename_all = "snake_case")]
pub enum WebhookRequest {
    /// Creates a webhook for a number, or for the project of the number's API key.
    Create {
        connection: ConnectionId,
        project: bool,
        draft: Box<WebhookDraft>,
    },
    Update {
        connection: ConnectionId,
        id: String,
        draft: Box<WebhookDraft>,
    },
    Delete {
        connection: ConnectionId,
        id: String,
        /// The typed id as confirmation: headers and buffering settings are hard to restore.
        typed: String,
    },
    /// Requests a test delivery and expects it to arrive.
    Test {
        connection: ConnectionId,
        id: String,
        #[serde(default)]
        event: Option<String>,
    },
}

/// Returns the id of a webhook with the same scope and URL: a duplicate would deliver every event twice.
pub fn same_address(list: &[Registration], url: &str, scope: &WebhookScope) -> Option<String> {
    let normal = |url: &str| url.trim_end_matches('/').to_ascii_lowercase();
    let duplicate = list.iter().find(|one| one.scope == *scope && normal(&one.url) == normal(url))?;
    Some(duplicate.id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number() -> WebhookScope {
        WebhookScope::Number("1".into())
    }

    #[test]
    fn what_every_webhook_is_by_default_passes() {
        assert!(WebhookDraft::for_number("https://a.b/x".into()).check(&number(), true).is_ok());
        assert!(WebhookDraft::for_project("https://a.b/x".into()).check(&WebhookScope::Project, true).is_ok());
        assert!(WebhookDraft::default().check(&number(), false).is_ok());
    }

    #[test]
    fn where_a_number_has_one_address_nothing_else_can_be_chosen() {
        let plain = || WebhookDraft { url: Some("https://a.b/x".into()), ..WebhookDraft::default() };
        assert!(plain().check_address(true).is_ok());
        let cases = [
            ("webhook_url", WebhookDraft::default()),
            ("webhook_url", WebhookDraft { status_url: Some("http://a.b/s".into()), ..plain() }),
            ("webhook_options", WebhookDraft { events: Some(vec!["messages".into()]), ..plain() }),
            ("webhook_options", WebhookDraft { kind: Some(WebhookKind::Raw), ..plain() }),
            ("webhook_options", WebhookDraft { buffer_seconds: Some(5), ..plain() }),
            ("webhook_options", WebhookDraft { headers: Some(BTreeMap::new()), ..plain() }),
            ("webhook_options", WebhookDraft { active: Some(false), ..plain() }),
        ];
        for (rule, draft) in cases {
            assert_eq!(draft.check_address(true).expect_err(rule).code.as_str(), rule);
        }
    }

    #[test]
    fn each_impossible_webhook_is_refused_before_the_provider_is_asked() {
        let base = || WebhookDraft::for_number("https://a.b/x".into());
        let events = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let cases: Vec<(&str, WebhookDraft, WebhookScope)> = vec![
            ("webhook_url", WebhookDraft { url: None, ..base() }, number()),
            ("webhook_url", WebhookDraft { url: Some("http://a.b".into()), ..base() }, number()),
            ("webhook_url", WebhookDraft { url: Some("hooks".into()), ..base() }, number()),
            ("webhook_kind", WebhookDraft { kind: Some(WebhookKind::Raw), ..base() }, number()),
            (
                "webhook_scope",
                WebhookDraft { kind: Some(WebhookKind::Raw), events: None, ..base() },
                WebhookScope::Project,
            ),
            ("webhook_version", WebhookDraft { payload_version: Some("v3".into()), ..base() }, number()),
            ("webhook_events", WebhookDraft { events: None, ..base() }, number()),
            ("webhook_event", WebhookDraft { events: events(&["whatsapp.message.recieved"]), ..base() }, number()),
            ("webhook_scope", base(), WebhookScope::Project),
            ("webhook_scope", WebhookDraft { events: events(&["whatsapp.phone_number.created"]), ..base() }, number()),
            ("webhook_bounds", WebhookDraft { buffer_seconds: Some(61), ..base() }, number()),
            ("webhook_bounds", WebhookDraft { buffer_seconds: Some(0), ..base() }, number()),
            ("webhook_bounds", WebhookDraft { buffer_most: Some(101), ..base() }, number()),
            ("webhook_bounds", WebhookDraft { inactivity_minutes: Some(1_441), ..base() }, number()),
            (
                "webhook_headers",
                WebhookDraft { headers: Some([("X A".into(), "b".into())].into()), ..base() },
                number(),
            ),
        ];
        for (rule, draft, scope) in cases {
            let refusal = draft.check(&scope, true).expect_err(rule);
            assert_eq!(refusal.code.as_str(), rule, "{refusal}");
        }
        let near = WebhookDraft { events: events(&["whatsapp.message.recieved"]), ..base() };
        assert!(near.check(&number(), true).expect_err("near").remedy.contains("whatsapp.message.received"));
    }
}

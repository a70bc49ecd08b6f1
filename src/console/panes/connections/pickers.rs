//! Pickers for numbers at the provider, for webhooks, and for the actions on a webhook.

use super::forms::setup::AdoptForm;
use super::forms::webhook::{AddressForm, DeleteWebhookForm, WebhookAt, WebhookForm};
use crate::console::cx::Cx;
use crate::console::event::Effect;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::picker::{Picker, PickerKind, Row};
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::number::{Number, NumberAnswer, NumberQuery};
use crate::domain::numbers::registration::{Registration, WebhookDraft, WebhookRequest, WebhookScope};
use crate::domain::numbers::webhook_support::WebhookSupport;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;

const FETCHING: &str = "Fetching from the provider …";

/// Numbers at the provider, to adopt one.
#[derive(Debug, Default)]
pub(super) struct NumberPicker {
    numbers: Vec<Number>,
}

impl PickerKind for NumberPicker {
    fn title(&self) -> &'static str {
        "Numbers at the provider"
    }

    fn empty_text(&self) -> &'static str {
        FETCHING
    }

    fn query(&self, cx: &Cx, _: &str) -> Option<Query> {
        let provider = cx.overview.as_ref()?.sets_up.first()?.clone();
        Some(Query::Number(NumberQuery::List { provider }))
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Number(told) = answer
            && let NumberAnswer::List(list) = &told.value
        {
            self.numbers.clone_from(list);
        }
    }

    fn rows(&self, _: &Cx) -> Vec<Row> {
        self.numbers.iter().map(number_row).collect()
    }

    fn pick(&self, cx: &Cx, row: &Row) -> Vec<Intent> {
        let found = self.numbers.iter().find(|one| one.phone_number_id == row.id);
        let provider = cx.overview.as_ref().and_then(|overview| overview.sets_up.first());
        let (Some(one), Some(overview), Some(provider)) = (found, &cx.overview, provider) else { return vec![] };
        vec![Form::open(AdoptForm {
            provider: provider.clone(),
            phone_number_id: one.phone_number_id.clone(),
            number: one.display.line(),
            organization: overview.organization.clone(),
            environment: overview.environment,
        })]
    }
}

fn number_row(one: &Number) -> Row {
    let words: Vec<&str> =
        [&one.status, &one.quality, &one.throughput].into_iter().flatten().map(String::as_str).collect();
    let mark = one.kind.mark().map(|mark| format!("{mark} ")).unwrap_or_default();
    let tail = format!("{}  {}", one.name.line(), words.join(" ").to_lowercase());
    Row {
        right: clean_line(&one.phone_number_id),
        off: one.connection.as_ref().map(|(_, name)| format!("It is already connected, as {name}.")),
        warn: one.kind.mark().is_some(),
        ..Row::new(one.phone_number_id.clone(), format!("{mark}{}", one.display.line()), tail)
    }
}

/// Returns the form for a webhook that fits what the provider supports.
fn webhook_form(support: WebhookSupport, at: WebhookAt) -> Intent {
    if support.is_one_address() { Form::open(AddressForm(at)) } else { Form::open(WebhookForm(at)) }
}

/// The webhooks of a number at its provider.
#[derive(Debug)]
pub(super) struct WebhookPicker {
    connection: ConnectionId,
    support: WebhookSupport,
    list: Vec<Registration>,
}

impl WebhookPicker {
    pub fn new(connection: ConnectionId, support: WebhookSupport) -> Self {
        Self { connection, support, list: vec![] }
    }

    fn row(&self, cx: &Cx, one: &Registration) -> Row {
        let theme = cx.settings.theme;
        let mut others = self.list.iter().filter(|other| other.id != one.id);
        let twice = others.any(|other| other.scope == one.scope && other.url == one.url);
        let sign = if one.active { theme.pick("✓", "+") } else { theme.pick("✗", "x") };
        let buffer = one.buffer.map(|buffer| format!(", batches of {} s", buffer.seconds)).unwrap_or_default();
        let state = match (one.active, twice) {
            (true, false) => "",
            (true, true) => "  DUPLICATE: everything arrives twice",
            (false, _) => "  OFF: nothing is delivered",
        };
        let head = format!("{sign} {} {}", one.scope.name(), one.kind.name());
        Row {
            right: match one.events.len() {
                0 if one.fixed => "set at the provider".to_owned(),
                0 => String::new(),
                1 => format!("1 event{buffer}"),
                several => format!("{several} events{buffer}"),
            },
            warn: !one.active || twice,
            ..Row::new(one.id.clone(), head, format!("{}{state}", one.url))
        }
    }
}

impl PickerKind for WebhookPicker {
    fn title(&self) -> &'static str {
        "Webhooks at the provider"
    }

    fn empty_text(&self) -> &'static str {
        FETCHING
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(Query::Number(NumberQuery::Webhooks { connection: self.connection }))
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Number(told) = answer
            && let NumberAnswer::Webhooks(list) = &told.value
        {
            self.list.clone_from(list);
        }
    }

    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let mut rows: Vec<Row> = self.list.iter().map(|one| self.row(cx, one)).collect();
        let any = |fits: fn(&Registration) -> bool| self.list.iter().any(fits);
        if self.support.is_one_address() {
            // The provider has a single address per number, so a number that has one changes it.
            if !any(|one| one.scope != WebhookScope::Project) {
                rows.push(Row::new("new", "Set for this number", "everything that comes in over it"));
            }
            if self.support.is_shared() && !any(|one| one.scope == WebhookScope::Project && !one.fixed) {
                rows.push(Row::new("project", "Set for its account", "numbers that have no address of their own"));
            }
            return rows;
        }
        rows.push(Row::new("new", "New for this number", "messages and conversations"));
        rows.push(Row::new("project", "New for the project", "numbers: connected, disconnected"));
        rows
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let (connection, support) = (self.connection, self.support);
        if let Some(one) = self.list.iter().find(|one| one.id == row.id) {
            return vec![Picker::open(WebhookMenu { connection, support, one: one.clone() })];
        }
        vec![webhook_form(support, WebhookAt { connection, project: row.id == "project", known: None })]
    }
}

/// The actions on a webhook.
#[derive(Debug)]
struct WebhookMenu {
    connection: ConnectionId,
    support: WebhookSupport,
    one: Registration,
}

impl WebhookMenu {
    fn switch(&self, active: bool) -> Request {
        let draft = Box::new(WebhookDraft { active: Some(active), ..WebhookDraft::default() });
        Request::Webhook(WebhookRequest::Update { connection: self.connection, id: self.one.id.clone(), draft })
    }
}

impl PickerKind for WebhookMenu {
    fn title(&self) -> &'static str {
        "Webhook"
    }

    fn empty_text(&self) -> &'static str {
        FETCHING
    }

    fn rows(&self, _: &Cx) -> Vec<Row> {
        let mut rows = vec![Row::new("test", "Test", "request a test delivery and verify that it arrives")];
        if !self.support.is_one_address() {
            rows.push(if self.one.active {
                Row::new("off", "Disable", "the provider stops delivering to it")
            } else {
                Row::new("on", "Enable", "the provider delivers to it again")
            });
        }
        if !self.one.fixed {
            rows.push(Row::new("change", "Change", "URL, events, buffering …"));
        }
        rows.push(Row::new("copy", "Copy", "its URL"));
        if !self.one.fixed {
            rows.push(Row::new("delete", "Delete", "permanently; asks for its id"));
        }
        rows
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let (connection, one) = (self.connection, self.one.clone());
        vec![match row.id.as_str() {
            "test" => {
                let test = WebhookRequest::Test { connection, id: one.id, event: None };
                Intent::perform(Request::Webhook(test))
            }
            "on" => Intent::perform(self.switch(true)),
            "off" => {
                let question = format!(
                    "Disable {}? The provider stops delivering to it; messages that arrive meanwhile have to be backfilled.",
                    one.url
                );
                Intent::ask_first(question, self.switch(false))
            }
            "change" => {
                let project = one.scope == WebhookScope::Project;
                webhook_form(self.support, WebhookAt { connection, project, known: Some(Box::new(one)) })
            }
            "copy" => {
                return vec![Intent::Notice(format!("Copied {}.", one.url)), Intent::Effect(Effect::Copy(one.url))];
            }
            _ => Form::open(DeleteWebhookForm { connection, id: one.id, url: one.url }),
        }]
    }
}

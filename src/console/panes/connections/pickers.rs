//! What is picked and read about a number: what the provider has, its webhooks, its health.

use super::picker_kinds::NumberFinder;
use crate::console::overlays::finder_kind::{FinderKind, Row};
use crate::console::overlays::form::FormKind;
use crate::console::overlays::platform_forms::PlatformForm;
use crate::console::{Console, Effect, words};
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::number::{Number, NumberAnswer, NumberQuery};
use crate::domain::numbers::registration::{Fetched, Registration, WebhookDraft, WebhookRequest, WebhookScope};
use crate::domain::numbers::webhook_support::WebhookSupport;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::clean_line;

impl Console {
    pub(in crate::console) fn health_lines(&self, connection: ConnectionId) -> Vec<String> {
        let told = self.panes.connections.told_of(&NumberQuery::Health { connection });
        let Some(Fetched { fetched_at, value: NumberAnswer::Health(health) }) = told else {
            return vec![
                self.cx.trouble.as_deref().map_or_else(|| "Checking with the provider …".to_owned(), clean_line),
            ];
        };
        let theme = self.cx.settings.theme;
        let mut lines = vec![format!(
            "{}, as reported by the provider at {}",
            clean_line(&health.status),
            words::exact(*fetched_at, self.cx.zone())
        )];
        lines.extend(health.error.as_ref().map(crate::domain::text::Untrusted::line));
        for check in &health.checks {
            lines.push(String::new());
            let sign = if check.passed { theme.pick("✓", "+") } else { theme.pick("✗", "x") };
            lines.push(format!("{sign} {}: {}", check.name.replace('_', " "), check.meaning()));
            lines.extend(check.error.as_ref().map(|error| format!("    {}", error.line())));
            lines.extend(check.facts.iter().map(|(name, fact)| format!("    {name}: {}", fact.line())));
            for entity in &check.entities {
                lines.push(format!(
                    "    {} {} {}",
                    entity.kind.to_lowercase().replace('_', " "),
                    entity.id,
                    entity.can_send.to_lowercase()
                ));
                lines.extend(entity.notes.iter().map(|note| format!("      {}", note.line())));
                for error in &entity.errors {
                    lines.push(format!("      {} {}", error.code, error.said.line()));
                    lines.extend(
                        error.remedy.as_ref().map(|remedy| format!("      {} {}", theme.pick("→", ">"), remedy.line())),
                    );
                }
            }
            if !check.passed {
                lines.push(format!("    {} {}", theme.pick("→", ">"), check.remedy()));
            }
        }
        lines
    }

    pub(in crate::console) fn number_finder_query(&self, kind: NumberFinder) -> Option<Query> {
        Some(Query::Number(match kind {
            NumberFinder::List => NumberQuery::List { provider: self.cx.overview.as_ref()?.sets_up.first()?.clone() },
            NumberFinder::Webhooks(connection) => NumberQuery::Webhooks { connection },
            NumberFinder::WebhookActions(_) => return None,
        }))
    }

    pub(in crate::console) fn number_finder_rows(&self, kind: NumberFinder) -> Vec<Row> {
        match kind {
            NumberFinder::List => self.listed_numbers().iter().map(number_row).collect(),
            NumberFinder::Webhooks(connection) => {
                let row = |id: &str, head: &str, tail: &str| Row {
                    id: id.into(),
                    head: head.into(),
                    tail: tail.into(),
                    ..Row::default()
                };
                let list = self.webhooks_of(connection);
                let mut rows: Vec<Row> = list.iter().map(|one| self.webhook_row(one, list)).collect();
                let support = self.webhook_support(connection);
                if support.is_one_address() {
                    // There is one place for an address: a number that has one changes it.
                    if !list.iter().any(|one| one.scope != WebhookScope::Project) {
                        rows.push(row("new", "Set for this number", "everything that comes in over it"));
                    }
                    if support.is_shared() && !list.iter().any(|one| one.scope == WebhookScope::Project && !one.fixed) {
                        rows.push(row("project", "Set for its account", "numbers that have no address of their own"));
                    }
                    return rows;
                }
                rows.push(row("new", "New for this number", "messages and conversations"));
                rows.push(row("project", "New for the project", "numbers: connected, disconnected"));
                rows
            }
            NumberFinder::WebhookActions(connection) => {
                let Some(one) = self.picked_webhook(connection) else { return vec![] };
                let one_address = self.webhook_support(connection).is_one_address();
                let switch = if one.active {
                    ("off", "Disable", "the provider stops delivering to it")
                } else {
                    ("on", "Enable", "the provider delivers to it again")
                };
                [
                    ("test", "Test", "request a test delivery and verify that it arrives"),
                    switch,
                    ("change", "Change", "URL, events, buffering …"),
                    ("copy", "Copy", "its URL"),
                    ("delete", "Delete", "permanently; asks for its id"),
                ]
                .into_iter()
                .filter(|(id, ..)| !(one_address && matches!(*id, "on" | "off")))
                .filter(|(id, ..)| !(one.fixed && matches!(*id, "change" | "delete")))
                .map(|(id, head, tail)| Row { id: id.into(), head: head.into(), tail: tail.into(), ..Row::default() })
                .collect()
            }
        }
    }

    fn listed_numbers(&self) -> &[Number] {
        let list = self.panes.connections.numbers.iter().find_map(|(_, told)| match &told.value {
            NumberAnswer::List(list) => Some(list.as_slice()),
            _ => None,
        });
        list.unwrap_or_default()
    }

    fn webhook_support(&self, connection: ConnectionId) -> WebhookSupport {
        let rows = self.cx.connections.iter().flat_map(|list| &list.connected);
        let row = rows.into_iter().find(|row| row.connection.id == connection);
        row.map(|row| row.capabilities.webhooks).unwrap_or_default()
    }

    fn webhooks_of(&self, connection: ConnectionId) -> &[Registration] {
        match self.panes.connections.told_of(&NumberQuery::Webhooks { connection }) {
            Some(Fetched { value: NumberAnswer::Webhooks(list), .. }) => list,
            _ => &[],
        }
    }

    fn picked_webhook(&self, connection: ConnectionId) -> Option<&Registration> {
        self.webhooks_of(connection).iter().find(|one| one.id == self.panes.connections.picked)
    }

    fn webhook_row(&self, one: &Registration, all: &[Registration]) -> Row {
        let theme = self.cx.settings.theme;
        let twice = all.iter().any(|other| other.id != one.id && other.scope == one.scope && other.url == one.url);
        let sign = if one.active { theme.pick("✓", "+") } else { theme.pick("✗", "x") };
        let buffer = one.buffer.map(|buffer| format!(", batches of {} s", buffer.seconds)).unwrap_or_default();
        let state = match (one.active, twice) {
            (true, false) => "",
            (true, true) => "  DUPLICATE: everything arrives twice",
            (false, _) => "  OFF: nothing is delivered",
        };
        Row {
            id: one.id.clone(),
            head: format!("{sign} {} {}", one.scope.name(), one.kind.name()),
            tail: format!("{}{state}", one.url),
            right: match one.events.len() {
                0 if one.fixed => "set at the provider".to_owned(),
                0 => String::new(),
                1 => format!("1 event{buffer}"),
                several => format!("{several} events{buffer}"),
            },
            warn: !one.active || twice,
            off: None,
        }
    }

    pub(in crate::console) fn number_picks(&mut self, kind: NumberFinder, row: &Row) -> Vec<Effect> {
        match kind {
            NumberFinder::List => {
                let Some(one) = self.listed_numbers().iter().find(|one| one.phone_number_id == row.id).cloned() else {
                    return vec![];
                };
                let Some(overview) = &self.cx.overview else { return vec![] };
                let form = PlatformForm::Adopt {
                    provider: overview
                        .sets_up
                        .first()
                        .cloned()
                        .unwrap_or_else(|| crate::domain::numbers::connection::ProviderName::new("")),
                    phone_number_id: one.phone_number_id,
                    number: one.display.line(),
                    organization: overview.organization.clone(),
                    environment: overview.environment,
                };
                self.open_form(FormKind::Platform(form))
            }
            NumberFinder::Webhooks(connection) => match row.id.as_str() {
                "new" | "project" => {
                    let project = row.id == "project";
                    let one_address = self.webhook_support(connection).is_one_address();
                    let form = PlatformForm::Webhook { connection, project, known: None, one_address };
                    self.open_form(FormKind::Platform(form))
                }
                id => {
                    id.clone_into(&mut self.panes.connections.picked);
                    self.open_finder(FinderKind::Number(NumberFinder::WebhookActions(connection)))
                }
            },
            NumberFinder::WebhookActions(connection) => self.do_with_webhook(connection, &row.id),
        }
    }

    fn do_with_webhook(&mut self, connection: ConnectionId, action: &str) -> Vec<Effect> {
        let Some(one) = self.picked_webhook(connection).cloned() else { return vec![] };
        let switch = |active| {
            let draft = Box::new(WebhookDraft { active: Some(active), ..WebhookDraft::default() });
            Request::Webhook(WebhookRequest::Update { connection, id: one.id.clone(), draft })
        };
        match action {
            "test" => {
                vec![Effect::Perform(Request::Webhook(WebhookRequest::Test { connection, id: one.id, event: None }))]
            }
            "on" => vec![Effect::Perform(switch(true))],
            "off" => {
                let question = format!(
                    "Disable {}? The provider stops delivering to it; messages that arrive meanwhile have to be backfilled.",
                    one.url
                );
                let request = switch(false);
                self.ask_first(question, request);
                vec![]
            }
            "change" => {
                let project = one.scope == WebhookScope::Project;
                self.open_form(FormKind::Platform(PlatformForm::Webhook {
                    connection,
                    project,
                    known: Some(Box::new(one)),
                    one_address: self.webhook_support(connection).is_one_address(),
                }))
            }
            "copy" => {
                self.cx.notice(format!("Copied {}.", one.url), false);
                vec![Effect::Copy(one.url)]
            }
            _ => {
                self.open_form(FormKind::Platform(PlatformForm::DeleteWebhook { connection, id: one.id, url: one.url }))
            }
        }
    }
}

fn number_row(one: &Number) -> Row {
    let words: Vec<&str> =
        [&one.status, &one.quality, &one.throughput].into_iter().flatten().map(String::as_str).collect();
    let mark = one.kind.mark().map(|mark| format!("{mark} ")).unwrap_or_default();
    Row {
        id: one.phone_number_id.clone(),
        head: format!("{mark}{}", one.display.line()),
        tail: format!("{}  {}", one.name.line(), words.join(" ").to_lowercase()),
        right: clean_line(&one.phone_number_id),
        off: one.connection.as_ref().map(|(_, name)| format!("It is already connected, as {name}.")),
        warn: one.kind.mark().is_some(),
    }
}

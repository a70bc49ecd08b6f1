//! Numbers in the console: what the pane's rows are, what the provider told about one when it was
//! asked, and what can be picked for it.

pub(in crate::console) mod commands;
pub(in crate::console) mod draw;

use crate::console::overlays::finder::{FinderKind, Row};
use crate::console::overlays::form::FormKind;
use crate::console::overlays::platform_forms::PlatformForm;
use crate::console::overlays::{Overlay, Reading};
use crate::console::{Console, Effect, Pane, words};
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connected::ConnectionView;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::lookup::find_connection;
use crate::domain::numbers::number::{Number, NumberAnswer, NumberQuery};
use crate::domain::numbers::registration::{Fetched, Registration, WebhookDraft, WebhookRequest, WebhookScope};
use crate::domain::numbers::setup::Setup;
use crate::domain::numbers::webhook_support::WebhookSupport;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// What a row of the Connections pane is.
#[derive(Debug, Clone, Copy)]
pub(in crate::console) enum NumberRow<'d> {
    Connected(&'d ConnectionView),
    Other(&'d Setup),
}

impl NumberRow<'_> {
    pub fn id(&self) -> String {
        match self {
            Self::Connected(row) => row.connection.id.to_string(),
            Self::Other(setup) => setup.id.to_string(),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Connected(row) => &row.connection.name,
            Self::Other(setup) => &setup.name,
        }
    }
}

/// What is picked from about a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum NumberFinder {
    /// What the provider has.
    List,
    Webhooks(ConnectionId),
    /// What can be done with the webhook that was picked.
    WebhookActions(ConnectionId),
}

impl Console {
    /// Who wants something first, then who is connected, then who is not.
    pub(in crate::console) fn number_rows(&self) -> Vec<NumberRow<'_>> {
        let Some(list) = &self.data.connections else { return vec![] };
        let filter = self.lists[Pane::Connections as usize].filter.to_lowercase();
        let terms: Vec<(&str, &str)> = filter.split_whitespace().filter_map(|word| word.split_once(':')).collect();
        let all: Vec<Connection> = list.connected.iter().map(|row| row.connection.clone()).collect();
        // A connection that is named by any of its names, as everywhere; digits of its number.
        let named = |one: &Connection| {
            terms.iter().all(|(term, value)| match *term {
                "conn" => find_connection(&all, value).is_ok_and(|found| found.id == one.id),
                "num" => one.phone_number.digits().contains(&value.replace(|c: char| !c.is_ascii_digit(), "")),
                _ => true,
            })
        };
        let by_name = terms.iter().any(|(term, _)| matches!(*term, "conn" | "num"));
        let fits = |name: &str, organization: &str, environment: &str, more: String| {
            let text = format!("{name} {organization} {environment} org:{organization} env:{environment} {more}");
            let text = text.to_lowercase();
            let mut words = filter.split_whitespace();
            words.all(|word| text.contains(word) || word.starts_with("conn:") || word.starts_with("num:"))
        };
        let open = list.others.iter().filter(|one| one.is_open()).map(NumberRow::Other);
        let connected = list.connected.iter().map(NumberRow::Connected);
        let gone = list.others.iter().filter(|one| !one.is_open()).map(NumberRow::Other);
        open.chain(connected)
            .chain(gone)
            .filter(|row| match row {
                NumberRow::Connected(row) => {
                    self.in_scope(&row.connection.organization, row.connection.environment)
                        && named(&row.connection)
                        && fits(
                            &row.connection.name,
                            &row.connection.organization,
                            row.connection.environment.name(),
                            format!(
                                "{} {} account:{} status:connected",
                                row.connection.phone_number,
                                row.connection.phone_number_id,
                                row.connection.business_account_id
                            ),
                        )
                }
                NumberRow::Other(setup) => {
                    self.in_scope(&setup.organization, setup.environment)
                        && !by_name
                        && fits(
                            &setup.name,
                            &setup.organization,
                            setup.environment.name(),
                            format!("status:{}", setup.state.connection_state()),
                        )
                }
            })
            .collect()
    }

    pub(in crate::console) fn selected_number(&self) -> Option<NumberRow<'_>> {
        let rows = self.number_rows();
        let ids: Vec<String> = rows.iter().map(NumberRow::id).collect();
        let at = self.lists[Pane::Connections as usize].index(&ids).unwrap_or(0);
        rows.get(at).copied()
    }

    pub(in crate::console) fn selected_connection(&self) -> Option<&ConnectionView> {
        match self.selected_number()? {
            NumberRow::Connected(row) => Some(row),
            NumberRow::Other(_) => None,
        }
    }

    pub(in crate::console) fn selected_setup(&self) -> Option<&Setup> {
        match self.selected_number()? {
            NumberRow::Other(setup) => Some(setup),
            NumberRow::Connected(_) => None,
        }
    }

    /// What the provider told when it was asked this last.
    pub(in crate::console) fn told_of(&self, query: &NumberQuery) -> Option<&Fetched<NumberAnswer>> {
        self.data.numbers.iter().find(|(asked, _)| asked == query).map(|(_, told)| told)
    }

    /// Takes in what the provider told. A profile is what somebody wants to change.
    pub(in crate::console) fn take_number_answer(
        &mut self,
        query: &NumberQuery,
        told: Fetched<NumberAnswer>,
    ) -> Vec<Effect> {
        self.data.numbers.retain(|(asked, _)| asked != query);
        let mut effects = vec![];
        if let (NumberQuery::Profile { connection }, NumberAnswer::Profile(profile)) = (query, &told.value)
            && self.data.awaited.take_if(|awaited| *awaited == Query::Number(query.clone())).is_some()
        {
            let form = PlatformForm::Profile { connection: *connection, profile: profile.clone() };
            effects.extend(self.open_form(FormKind::Platform(form)));
        }
        self.data.numbers.push((query.clone(), told));
        effects
    }

    /// Asks the provider, and shows what it tells as text.
    pub(in crate::console) fn read_health(&mut self, connection: ConnectionId) -> Vec<Effect> {
        self.overlay = Some(Overlay::reading(Reading::Health(connection)));
        let query = NumberQuery::Health { connection };
        self.data.numbers.retain(|(asked, _)| *asked != query);
        self.ask(Query::Number(query))
    }

    pub(in crate::console) fn health_lines(&self, connection: ConnectionId) -> Vec<String> {
        let told = self.told_of(&NumberQuery::Health { connection });
        let Some(Fetched { fetched_at, value: NumberAnswer::Health(health) }) = told else {
            return vec![
                self.data.trouble.as_deref().map_or_else(|| "Checking with the provider …".to_owned(), clean_line),
            ];
        };
        let theme = self.settings.theme;
        let mut lines = vec![format!(
            "{}, as reported by the provider at {}",
            clean_line(&health.status),
            words::exact(*fetched_at, self.zone())
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
            NumberFinder::List => NumberQuery::List { provider: self.data.overview.as_ref()?.sets_up.first()?.clone() },
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
        let list = self.data.numbers.iter().find_map(|(_, told)| match &told.value {
            NumberAnswer::List(list) => Some(list.as_slice()),
            _ => None,
        });
        list.unwrap_or_default()
    }

    fn webhook_support(&self, connection: ConnectionId) -> WebhookSupport {
        let rows = self.data.connections.iter().flat_map(|list| &list.connected);
        let row = rows.into_iter().find(|row| row.connection.id == connection);
        row.map(|row| row.capabilities.webhooks).unwrap_or_default()
    }

    fn webhooks_of(&self, connection: ConnectionId) -> &[Registration] {
        match self.told_of(&NumberQuery::Webhooks { connection }) {
            Some(Fetched { value: NumberAnswer::Webhooks(list), .. }) => list,
            _ => &[],
        }
    }

    fn picked_webhook(&self, connection: ConnectionId) -> Option<&Registration> {
        self.webhooks_of(connection).iter().find(|one| one.id == self.data.picked)
    }

    fn webhook_row(&self, one: &Registration, all: &[Registration]) -> Row {
        let theme = self.settings.theme;
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
                let Some(overview) = &self.data.overview else { return vec![] };
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
                    id.clone_into(&mut self.data.picked);
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
                self.notice(format!("Copied {}.", one.url), false);
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

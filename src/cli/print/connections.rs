//! Prints connections, setups and webhooks.

use serde_json::{Value, json};

use super::layout::{at, shortened, table};
use crate::domain::numbers::connected::{ConnectionList, ConnectionView};
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::health::Health;
use crate::domain::numbers::lookup::find_connection;
use crate::domain::numbers::number::{Number, NumberAnswer, Profile};
use crate::domain::numbers::registration::{Fetched, Registration};
use crate::domain::numbers::setup::Setup;
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;

/// Returns connections and setups in progress as one list; a setup has no number yet.
pub(in crate::cli) fn connections_json(list: &ConnectionList) -> Value {
    let connected = list.connected.iter().map(|view| {
        let mut value = json!(view);
        value["state"] = "connected".into();
        value
    });
    let others = list.others.iter().map(|setup| {
        let mut value = json!(setup);
        value["phone_number"] = Value::Null;
        value["setup_state"] = setup.state.name().into();
        value["state"] = setup.state.connection_state().into();
        value["history"] = json!(list.history(setup));
        value["life"] = setup.life(list.presence(setup)).name().into();
        let id = setup.id.to_string();
        let verbs = list.verbs(setup).into_iter();
        value["ways_on"] = verbs.map(|verb| json!({ "command": verb.for_id(&id), "what": verb.words })).collect();
        value
    });
    connected.chain(others).collect()
}

/// Reduces a list to one connection (by id, name or number) or one setup (by id or name). Refused if none matches, or
/// several do.
pub(in crate::cli) fn only(list: ConnectionList, text: &str) -> Result<ConnectionList, Refusal> {
    let is_setup = |one: &Setup| one.id.to_string() == text || one.name.eq_ignore_ascii_case(text);
    let others: Vec<Setup> = list.others.into_iter().filter(is_setup).collect();
    let known: Vec<Connection> = list.connected.iter().map(|one| one.connection.clone()).collect();
    let found = match find_connection(&known, text) {
        Ok(found) => Some(found.id),
        Err(refusal) if others.is_empty() => return Err(refusal),
        Err(_) => None,
    };
    let connected = list.connected.into_iter().filter(|one| Some(one.connection.id) == found).collect();
    Ok(ConnectionList { connected, others, gone: list.gone })
}

pub(in crate::cli) fn connections_text(list: &ConnectionList) -> String {
    let connected = list.connected.iter().map(|row| {
        let checks = row.checks.iter().map(|result| {
            let works = if result.works { "ok" } else { "FAILS" };
            format!("{} {works} {} ({})", result.check.name(), at(result.at), clean_line(&result.note))
        });
        let mark = row.connection.kind.mark().map(|mark| format!(" {mark}")).unwrap_or_default();
        vec![
            row.connection.id.to_string(),
            clean_line(&row.connection.name),
            row.connection.environment.name().into(),
            format!("{}{mark}", row.connection.provider),
            row.connection.phone_number.to_string(),
            row.agent.as_ref().map_or_else(|| "none".into(), crate::domain::agents::assignment::AssignmentView::brief),
            checks.collect::<Vec<_>>().join("; "),
        ]
    });
    let others = list.others.iter().map(|setup| {
        let steps = setup.taken.iter().map(|taken| {
            let works = if taken.works { "ok" } else { "FAILS" };
            format!("{} {works} {} ({})", taken.step.name(), at(taken.at), clean_line(&taken.note))
        });
        let link = setup.link.as_ref().map(|link| format!("link {}", clean_line(&link.url)));
        vec![
            setup.id.to_string(),
            clean_line(&setup.name),
            setup.environment.name().into(),
            setup.provider.to_string(),
            setup.state.connection_state().into(),
            format!("{}: {}", setup.state.name(), setup.step.words()),
            steps.chain(link).collect::<Vec<_>>().join("; "),
        ]
    });
    let head = ["id", "name", "environment", "provider", "number", "agent", "checks"];
    let mut lines = vec![table("numbers", &head, connected.chain(others).collect())];
    for row in &list.connected {
        let id = row.connection.id;
        lines.push(format!("{id} {}: {}", clean_line(&row.connection.name), facts(row)));
    }
    for setup in &list.others {
        let state = setup.life(list.presence(setup)).name();
        lines.push(format!("\n{} {} is {state}. Actions:", setup.id, clean_line(&setup.name)));
        if let Some(time) = list.history(setup).and_then(|history| history.disconnected_at) {
            lines.push(format!("  disconnected at {}", at(time)));
        }
        let id = setup.id.to_string();
        lines.extend(list.verbs(setup).iter().map(|verb| format!("  {}  ({})", verb.for_id(&id), verb.words)));
    }
    lines.join("\n")
}

/// Returns the details of a number: connection times, disconnections, who handles inbound messages.
fn facts(row: &ConnectionView) -> String {
    let mut facts = vec![format!("routing {}", row.routing.name())];
    facts.extend(row.usual.then(|| "default for sends without a connection".to_owned()));
    facts.extend(row.history.connected_at.map(|time| format!("connected since {}", at(time))));
    facts.extend(row.history.disconnected_at.map(|time| format!("previously disconnected at {}", at(time))));
    facts.extend(row.history.losses_text());
    if !row.connection.business_account_id.is_empty() {
        facts.push(format!("account {}", clean_line(&row.connection.business_account_id)));
    }
    facts.join(", ")
}

pub(in crate::cli) fn answer_text(told: &Fetched<NumberAnswer>) -> String {
    let body = match &told.value {
        NumberAnswer::List(numbers) => {
            let head = ["id", "number", "name", "kind", "status", "quality", "limit", "customer", "here"];
            table("numbers", &head, numbers.iter().map(number).collect())
        }
        NumberAnswer::Health(health) => health_lines(health).join("\n"),
        NumberAnswer::Profile(profile) => profile_lines(profile).join("\n"),
        NumberAnswer::Webhooks(list) => table(
            "webhooks",
            &["id", "scope", "kind", "state", "address", "events", "buffer"],
            list.iter().map(webhook).collect(),
        ),
    };
    format!("as of {}\n{body}", at(told.fetched_at))
}

fn number(one: &Number) -> Vec<String> {
    let word = |word: &Option<String>| word.clone().unwrap_or_default();
    vec![
        clean_line(&one.phone_number_id),
        one.display.line(),
        shortened(&one.name.line()),
        one.kind.name().to_owned(),
        word(&one.status),
        word(&one.quality),
        word(&one.messaging_limit),
        one.customer_id.as_deref().map(clean_line).unwrap_or_default(),
        one.connection.as_ref().map_or_else(|| "no".to_owned(), |(id, name)| format!("{name} ({id})")),
    ]
}

fn webhook(one: &Registration) -> Vec<String> {
    vec![
        clean_line(&one.id),
        one.scope.name().to_owned(),
        format!("{} {}", one.kind.name(), one.payload_version).trim_end().to_owned(),
        match (one.active, one.fixed) {
            (true, true) => "fixed".into(),
            (true, false) => "active".into(),
            (false, _) => "OFF".into(),
        },
        one.url.clone(),
        match &one.status_url {
            Some(url) => format!("statuses to {url}"),
            None => one.events.join(" "),
        },
        one.buffer.map(|buffer| format!("{} s, {} messages", buffer.seconds, buffer.most)).unwrap_or_default(),
    ]
}

fn health_lines(health: &Health) -> Vec<String> {
    let mut lines = vec![format!("health       {}", health.status)];
    lines.extend(health.error.as_ref().map(|error| format!("             {}", error.line())));
    for check in &health.checks {
        let word = if check.passed { "passed" } else { "FAILED" };
        lines.push(format!("{word}       {}: {}", check.name, check.meaning()));
        lines.extend(check.error.as_ref().map(|error| format!("             {}", error.line())));
        lines.extend(check.facts.iter().map(|(name, fact)| format!("             {name}: {}", fact.line())));
        for entity in &check.entities {
            lines.push(format!("             {} {} {}", entity.kind, entity.id, entity.can_send));
            lines.extend(entity.notes.iter().map(|note| format!("               {}", note.line())));
            for error in &entity.errors {
                let remedy = error.remedy.as_ref().map(|remedy| format!(" -> {}", remedy.line())).unwrap_or_default();
                lines.push(format!("               {} {}{remedy}", error.code, error.said.line()));
            }
        }
        if !check.passed {
            lines.push(format!("             -> {}", check.remedy()));
        }
    }
    lines
}

fn profile_lines(profile: &Profile) -> Vec<String> {
    let sites = profile.websites.iter().map(crate::domain::text::Untrusted::line).collect::<Vec<_>>().join(" ");
    vec![
        format!("about        {}", profile.about.line()),
        format!("address      {}", profile.address.line()),
        format!("description  {}", profile.description.line()),
        format!("email        {}", profile.email.line()),
        format!("websites     {sites}"),
        format!("vertical     {}", clean_line(&profile.vertical)),
    ]
}

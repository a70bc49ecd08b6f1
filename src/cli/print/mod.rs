//! Prints answers as text or JSON. Terminal control characters are removed from text and escaped in JSON.

pub(super) mod agents;
pub(super) mod columns;
pub(super) mod connections;
pub(super) mod costs;
pub(super) mod csv;
pub(super) mod layout;
pub(super) mod monitoring;
pub(super) mod reference_tables;
pub(super) mod selected_columns;

use self::layout::{at, dated, json, shortened, table};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::monitoring::activity::ActivityKind;
use crate::domain::outbox::entry::EntryState;
use crate::domain::outbox::limits::Hold;
use crate::domain::query::Answer;
use crate::domain::templates::template::TemplateList;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::view::{DeliveryRow, EntryRow, FoundMessage, MessageView, Overview, ThreadRow};

/// Returns the JSON form of an answer.
pub(in crate::cli) fn answer_json(answer: &Answer) -> String {
    match answer {
        Answer::Overview(value) => json(value),
        Answer::Tokens(value) => json(value),
        Answer::Connections(value) => json(&self::connections::connections_json(value)),
        Answer::Threads(value) => json(value),
        Answer::Thread(value) => json(value),
        Answer::Messages(value) => json(value),
        Answer::Found(value) => json(value),
        Answer::Message(value) => json(value),
        Answer::Notes(value) => json(value),
        Answer::Contacts(value) => json(value),
        Answer::Radar(value) => json(value),
        Answer::Labels(value) => json(value),
        Answer::Replies(value) => json(value),
        Answer::Reply(value) => json(value),
        Answer::Views(value) => json(value),
        Answer::Bulk(value) => json(value),
        Answer::Jobs(value) => json(value),
        Answer::Statistics(value) => json(value),
        Answer::Costs(value) => json(value),
        Answer::Why(value) => json(value),
        Answer::Alerts(value) => json(value),
        Answer::Export(value) => json(value),
        Answer::File(value) => json(value),
        Answer::Picture(value) => json(value),
        Answer::Outbox(value) => json(value),
        Answer::Entry(value) => json(value),
        Answer::Templates(value) => json(value),
        Answer::TemplatePreview(value) => json(value),
        Answer::Agents(value) => json(value),
        Answer::Agent(answer) => self::agents::answer_json(answer),
        Answer::Deliveries(value) => json(value),
        Answer::Delivery(value) => json(value),
        Answer::Activity(value) => json(value),
        Answer::Draft(value) => json(value),
        Answer::Log(value) => json(value),
        Answer::Number(answer) => json(&dated(serde_json::json!(answer))),
        Answer::Flow(answer) => json(&crate::cli::verbs::flows::answer_json(answer)),
        Answer::Template(answer) => json(&dated(serde_json::json!(answer))),
    }
}

fn thread(row: &ThreadRow) -> Vec<String> {
    vec![
        row.id.to_string(),
        clean_line(&row.connection),
        row.contact.display_name() + &row.label_marks(),
        row.unread.to_string(),
        at(row.last_message_at),
        row.window_closes_at.map_or_else(|| "closed".into(), at),
        match &row.waiting {
            _ if let Some(snoozed) = &row.snoozed => format!("snoozed until {}", at(snoozed.until)),
            Some(waiting) => clean_line(&waiting.reason),
            None if let Some(resolved) = &row.resolved => resolved.line(),
            None if row.new => "NEW: no reply yet".to_owned(),
            None => String::new(),
        },
        shortened(&row.last_text.line()),
    ]
}

fn message(row: &MessageView) -> Vec<String> {
    let error = row.error.as_ref().map_or_else(String::new, crate::domain::failure::Failure::line);
    let state = row.entry.as_ref().map_or(row.status.name(), |entry| match entry.state.name() {
        "accepted" | "failed" | "dead" => row.status.name(),
        open => open,
    });
    vec![
        row.id.to_string(),
        at(row.created_at),
        row.direction.name().into(),
        state.into(),
        shortened(&row.text.line()),
        error,
    ]
}

fn entry(row: &EntryRow) -> Vec<String> {
    let error = row.error.as_ref().map_or_else(String::new, crate::domain::failure::Failure::line);
    let later = row.not_before.filter(|_| row.state == EntryState::Scheduled);
    let kept = later.map(|then| match &row.recalled_by {
        Some(by) => format!("being canceled for {by}"),
        None => format!("scheduled at the provider for {}", at(then)),
    });
    let held = row.hold.map(|hold| match &row.error {
        Some(error) if error.title == Failure::ANOTHER_APP => format!("held: {}", error.line()),
        Some(error) if hold == Hold::Account || error.class == FailureClass::Endpoint => {
            format!("number held: {}", error.line())
        }
        _ => format!("held until {}: {}", at(row.due_at), hold.words()),
    });
    let doubt = (row.state == EntryState::Uncertain).then(|| match &row.looked {
        Some(looked) => format!("{error}; {}", clean_line(looked)),
        None => format!("{error}; the provider has not been queried yet"),
    });
    let behind = row.behind.map(|behind| format!("waits for {behind} before it"));
    let again = (row.state == EntryState::Queued && row.attempts > 0 && row.error.is_some())
        .then(|| format!("retry at {}: {error}", at(row.due_at)));
    let waits = row.not_before.filter(|then| row.state == EntryState::Queued && row.due_at <= *then);
    let waits = waits.map(|then| format!("not before {}", at(then)));
    vec![
        row.id.to_string(),
        row.failed_by.map_or_else(|| row.state.name().into(), |by| format!("failed ({})", by.words())),
        row.status.name().into(),
        row.contact.display_name(),
        row.attempts.to_string(),
        at(row.created_at),
        shortened(&row.text.line()),
        kept.or(held).or(doubt).or(behind).or(again).or(waits).unwrap_or(error),
    ]
}

fn delivery(row: &DeliveryRow) -> Vec<String> {
    let note = row.note.as_ref().map_or_else(String::new, Untrusted::line);
    vec![
        row.id.to_string(),
        row.state.name().into(),
        clean_line(&row.event),
        at(row.received_at),
        row.bytes.to_string(),
        row.repeats.to_string(),
        note,
    ]
}

/// Prints the templates of a connection with the age of the list.
fn template_list(list: &TemplateList) -> String {
    let as_of = list.fetched_at.map_or_else(|| "never fetched".into(), |time| format!("as of {}", at(time)));
    let trouble = list.trouble.as_ref().map_or_else(String::new, |why| format!("\n{}", clean_line(why)));
    let rows = list.templates.iter().map(|one| {
        vec![
            one.name.line(),
            one.language.line(),
            one.category.line(),
            clean_line(one.status.name()),
            one.since.map_or_else(String::new, at),
            shortened(&one.body.line()),
        ]
    });
    let rows = table("templates", &["name", "language", "category", "status", "since", "body"], rows.collect());
    format!("{}, {as_of}{trouble}\n{rows}", clean_line(&list.connection_name))
}

/// Returns the text form of an answer.
pub(in crate::cli) fn answer_text(answer: &Answer) -> String {
    match answer {
        Answer::Overview(overview) => overview_text(overview),
        Answer::Connections(list) => self::connections::connections_text(list),
        Answer::Number(answer) => self::connections::answer_text(answer),
        Answer::Agent(answer) => self::agents::answer_text(answer),
        Answer::Flow(answer) => crate::cli::verbs::flows::answer_text(answer),
        Answer::Template(answer) => crate::cli::verbs::templates::answer_text(answer),
        Answer::Threads(rows) => {
            let head = ["id", "connection", "contact", "unread", "last", "window closes", "waiting", "last message"];
            table("threads", &head, rows.iter().map(thread).collect())
        }
        Answer::Messages(rows) => {
            table("messages", &["id", "at", "direction", "state", "text", "error"], rows.iter().map(message).collect())
        }
        Answer::Found(rows) => {
            let row = |found: &FoundMessage| {
                let mut cells = message(&found.message);
                cells.insert(2, found.contact.display_name());
                cells
            };
            table(
                "messages",
                &["id", "at", "contact", "direction", "state", "text", "error"],
                rows.iter().map(row).collect(),
            )
        }
        Answer::Outbox(rows) => {
            let head = ["id", "state", "status", "contact", "attempts", "written", "text", "why"];
            table("messages", &head, rows.iter().map(entry).collect())
        }
        Answer::Tokens(rows) => crate::cli::verbs::tokens::text(rows),
        Answer::Deliveries(rows) => {
            let head = ["id", "state", "event", "received", "bytes", "repeats", "note"];
            table("deliveries", &head, rows.iter().map(delivery).collect())
        }
        Answer::TemplatePreview(preview) => crate::cli::verbs::templates::preview_text(preview),
        Answer::Templates(lists) => lists.iter().map(template_list).collect::<Vec<_>>().join("\n\n"),
        Answer::Activity(rows) => {
            let kind = |kind: &ActivityKind| match kind {
                ActivityKind::Alert { id, .. } => id.to_string(),
                ActivityKind::Delivery { id, .. } => id.to_string(),
                ActivityKind::Audit { id, .. } => id.to_string(),
            };
            let rows = rows.iter().map(|row| vec![kind(&row.kind), at(row.at), shortened(&row.text.line())]);
            table("activity", &["id", "at", "what"], rows.collect())
        }
        Answer::Log(lines) => lines.iter().map(|line| clean_line(line)).collect::<Vec<_>>().join("\n"),
        Answer::Draft(text) => clean_line(text),
        // Without a text form of its own: names and values.
        other => self::monitoring::text(other).unwrap_or_else(|| answer_json(other)),
    }
}

fn overview_text(answer: &Overview) -> String {
    let mut lines = vec![
        format!("wadeck {} for {} ({})", answer.version, clean_line(&answer.organization), answer.environment.name()),
        format!("shown        {}", answer.scope.words()),
        format!("engine       since {}, webhooks at {}", at(answer.engine_started_at), answer.listening_on),
        format!(
            "connections  {}, {} verified, {} failing",
            answer.connections, answer.connections_proved, answer.connections_in_trouble
        ),
        format!(
            "threads      {}, {} unread messages, {} waiting for a person",
            answer.threads, answer.unread, answer.waiting
        ),
        format!(
            "outbox       {} queued, {} held, {} uncertain, {} failed",
            answer.queued, answer.held, answer.uncertain, answer.failed
        ),
        format!("agents       {}, {} running, {} approvals waiting", answer.agents, answer.runs_open, answer.approvals),
        format!(
            "deliveries   {} pending{}, {} unreadable, {} quarantined, {} with invalid signature, {} repeated, last {}",
            answer.deliveries_pending,
            answer.oldest_pending_at.map(|since| format!(" since {}", at(since))).unwrap_or_default(),
            answer.deliveries_unreadable,
            answer.deliveries_quarantined,
            answer.deliveries_rejected,
            answer.deliveries_repeated,
            answer.last_delivery_at.map_or_else(|| "never".into(), at)
        ),
        format!("alerts       {}", answer.alerts),
    ];
    if let Some(version) = &answer.graph_version {
        lines.insert(3, format!("Graph API    {}", clean_line(version)));
    }
    if let Some(why) = &answer.database {
        lines.insert(1, format!("database     {}", clean_line(why)));
    }
    if !answer.here.is_empty() {
        let here = answer.here.iter().map(|one| format!("{} ({}, {})", clean_line(&one.who), one.role, one.how));
        lines.push(format!("online       {}", here.collect::<Vec<_>>().join(", ")));
    }
    if let Some(p95) = answer.ack_p95_ms {
        lines.push(format!("webhooks     95 % acknowledged within {p95} ms"));
    }
    lines.join("\n")
}

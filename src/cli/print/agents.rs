//! Prints agents, assignments, runs, events and the audit log as text and JSON.

use super::layout::{at, json, shortened, table};
use crate::domain::agents::requests::{AgentsAnswer, AssignmentDetail, AssignmentRow, RunRecord, RunView};
use crate::domain::text::{Untrusted, clean_line};

/// Returns the JSON form of an answer.
pub(in crate::cli) fn answer_json(told: &AgentsAnswer) -> String {
    match told {
        AgentsAnswer::Run(value) | AgentsAnswer::Waiting(value) => json(value),
        AgentsAnswer::Runs(value) => json(value),
        AgentsAnswer::Conversations(value) => json(value),
        AgentsAnswer::Assignments(value) => json(value),
        AgentsAnswer::Assignment(value) => json(value),
        AgentsAnswer::Stops(value) => json(value),
        AgentsAnswer::Audit(value) => json(value),
        AgentsAnswer::Verified(value) => json(value),
        AgentsAnswer::Events(value) => json(value),
        AgentsAnswer::LastEvent(value) => json(value),
    }
}

/// Returns whether an answer reports a failure, for the exit code.
pub(in crate::cli) fn is_failure(told: &AgentsAnswer) -> bool {
    match told {
        AgentsAnswer::Verified(check) => check.is_trouble(),
        AgentsAnswer::Conversations(results) => results.iter().any(|one| !one.passed()),
        _ => false,
    }
}

pub(in crate::cli) fn answer_text(told: &AgentsAnswer) -> String {
    match told {
        AgentsAnswer::Run(None) | AgentsAnswer::Waiting(None) => "Run not found.".to_owned(),
        AgentsAnswer::Run(Some(record)) | AgentsAnswer::Waiting(Some(record)) => run_text(record),
        AgentsAnswer::Runs(runs) => {
            table("runs", &["id", "agent", "state", "contact", "thread", "said"], runs.iter().map(run_row).collect())
        }
        AgentsAnswer::Conversations(results) => {
            let rows = results.iter().map(|one| {
                let reply = one.reply.as_ref().map(|text| shortened(&text.line())).unwrap_or_default();
                let result = if one.passed() { "passed".to_owned() } else { clean_line(&one.failures.join("; ")) };
                vec![clean_line(&one.name), at(one.at), result, reply]
            });
            table("conversations", &["name", "at", "result", "reply"], rows.collect())
        }
        AgentsAnswer::Assignments(rows) => table(
            "assignments",
            &["id", "state", "agent", "mode", "answers", "proposed by", "decided by", "until"],
            rows.iter().map(assignment_row).collect(),
        ),
        AgentsAnswer::Assignment(None) => "Assignment not found.".to_owned(),
        AgentsAnswer::Assignment(Some(dossier)) => assignment_detail_text(dossier),
        AgentsAnswer::Stops(stops) => {
            let rows = stops.iter().map(|stop| {
                let lifted = stop
                    .lifted
                    .as_ref()
                    .map_or_else(|| "active".to_owned(), |(by, when)| format!("{} {by}", at(*when)));
                vec![
                    stop.id.to_string(),
                    at(stop.at),
                    clean_line(&stop.by),
                    stop.what.words(),
                    stop.caught.len().to_string(),
                    stop.departed.len().to_string(),
                    lifted,
                    clean_line(&stop.reason),
                ]
            });
            table("stops", &["id", "at", "by", "what", "canceled", "already left", "resumed", "reason"], rows.collect())
        }
        AgentsAnswer::Audit(rows) => {
            let rows = rows.iter().map(|row| {
                [
                    at(row.at),
                    clean_line(&row.actor),
                    row.action.clone(),
                    clean_line(&row.subject),
                    clean_line(&row.detail),
                ]
                .to_vec()
            });
            table("audit entries", &["at", "actor", "action", "subject", "detail"], rows.collect())
        }
        AgentsAnswer::Verified(check) => check.said(),
        AgentsAnswer::LastEvent(event) => event.to_string(),
        AgentsAnswer::Events(events) => {
            let rows = events.iter().map(|event| {
                let thread = event.thread.map(|thread| thread.to_string()).unwrap_or_default();
                vec![
                    event.id.to_string(),
                    at(event.at),
                    event.event.clone(),
                    thread,
                    shortened(&clean_line(&event.data.to_string())),
                ]
            });
            table("events", &["id", "at", "event", "thread", "data"], rows.collect())
        }
    }
}

fn run_row(run: &RunView) -> Vec<String> {
    let said = run.said.as_ref().or(run.error.as_ref()).map(|text| shortened(&text.line())).unwrap_or_default();
    vec![
        run.id.to_string(),
        clean_line(&run.agent),
        run.state.name().replace('_', " "),
        run.contact.display_name(),
        run.thread_id.to_string(),
        said,
    ]
}

fn assignment_row(row: &AssignmentRow) -> Vec<String> {
    let one = &row.assignment;
    let state = if one.stale_since.is_some() { "stale" } else { one.state.name() };
    vec![
        one.id.to_string(),
        state.to_owned(),
        clean_line(&one.agent),
        one.mode.name().to_owned(),
        row.contact
            .as_ref()
            .map_or_else(|| row.connection_name.clone(), crate::domain::contacts::view::ContactView::display_name),
        clean_line(&one.proposed_by),
        one.decided_by.as_deref().map(clean_line).unwrap_or_default(),
        one.expires_at.map(at).unwrap_or_default(),
    ]
}

fn assignment_detail_text(dossier: &AssignmentDetail) -> String {
    let one = &dossier.row.assignment;
    let mut lines = vec![format!(
        "{} {} {} ({}), {}",
        one.id,
        clean_line(&one.agent),
        dossier.row.connection_name,
        one.mode.name(),
        one.state.name()
    )];
    for term in dossier.terms() {
        let was = term.today.map(|today| format!("   (now: {today})")).unwrap_or_default();
        lines.push(format!("  {:<12}{}{was}", term.name, term.value));
    }
    if let Some(before) = &dossier.instead_of {
        lines.push(format!("  replaces {} {} ({})", before.id, clean_line(&before.agent), before.mode.name()));
    }
    match &dossier.rehearsal {
        None => lines.push("  not rehearsed".to_owned()),
        Some(rehearsal) => {
            let digest = rehearsal.digest.as_deref().unwrap_or("still running");
            lines.push(format!("  rehearsed {} of {}: {digest}", rehearsal.played.len(), rehearsal.wanted));
            for one in &rehearsal.played {
                let now = one.now.as_ref().map(Untrusted::line);
                let now = now.or_else(|| one.hand_off.as_ref().map(|why| format!("(escalates: {})", clean_line(why))));
                let now = now.or_else(|| one.error.as_deref().map(|why| format!("(fails: {})", clean_line(why))));
                lines.push(format!("  asked  {}", shortened(&one.asked.line())));
                lines.push(format!("  said   {}", shortened(&one.said.line())));
                lines.push(format!("  now    {}", shortened(&now.unwrap_or_else(|| "(nothing)".to_owned()))));
                lines.extend(one.breaches.iter().map(|breach| format!("         ! {}", clean_line(breach))));
            }
        }
    }
    lines.join("\n")
}

fn run_text(record: &RunRecord) -> String {
    let run = &record.run;
    let mut lines = vec![
        format!(
            "{} {} {} for {} ({})",
            run.id,
            clean_line(&run.agent),
            run.state.name(),
            run.contact.display_name(),
            run.thread_id
        ),
        format!(
            "  under {}, {} tokens in, {} out, {}{}",
            record.assignment,
            record.tokens_in,
            record.tokens_out,
            record.cost,
            if record.usage_estimated { " (estimated: the model reported none)" } else { "" }
        ),
    ];
    for call in &record.calls {
        let mark = if call.refused { "refused" } else { "called" };
        lines.push(format!(
            "  {mark} {} {} -> {}",
            clean_line(&call.tool),
            shortened(&clean_line(&call.arguments.to_string())),
            shortened(&clean_line(&call.result.to_string()))
        ));
    }
    lines.extend(run.breaches.iter().map(|breach| format!("  held: {}", clean_line(breach))));
    lines.extend(run.said.iter().flat_map(Untrusted::lines).map(|line| format!("  | {line}")));
    lines.extend(run.error.iter().map(|error| format!("  why: {}", error.line())));
    lines.extend(
        record
            .messages
            .iter()
            .map(|(id, text, status)| format!("  {id} {}: {}", status.name(), shortened(&text.line()))),
    );
    lines.join("\n")
}

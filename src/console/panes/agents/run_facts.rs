//! The facts of an agent run, for a detail or an overlay.

use crate::console::cx::Cx;
use crate::console::words;
use crate::domain::agents::requests::RunRecord;
use crate::domain::text::clean_line;

/// One line of a fact list.
pub(in crate::console) enum Fact {
    Heading(String),
    Field(&'static str, String),
    Trouble(&'static str, String),
    Text(String),
}

/// Returns all facts of a run.
pub(in crate::console) fn run_facts(cx: &Cx, record: &RunRecord) -> Vec<Fact> {
    let run = &record.run;
    let mut facts = vec![
        Fact::Field("run", format!("{} under {}", run.id, record.assignment)),
        Fact::Field("agent", format!("{} ({})", clean_line(&run.agent), record.mode.name())),
        Fact::Field("thread", format!("{} ({})", run.contact.display_name(), run.thread_id)),
        Fact::Field("state", run.state.name().replace('_', " ")),
    ];
    facts.extend(run.breaches.iter().map(|breach| Fact::Trouble("held", clean_line(breach))));
    if let Some(error) = &run.error {
        facts.push(Fact::Trouble("why", error.line()));
    }
    if let (Some(by), Some(at)) = (&run.decided_by, record.decided_at) {
        facts.push(Fact::Field("decided by", format!("{}, {}", clean_line(by), words::exact(at, cx.zone()))));
    }
    facts.push(Fact::Field("batch", format!("{} message(s)", run.batch_size)));
    facts.push(Fact::Field("due", words::exact(run.due_at, cx.zone())));
    if let (Some(start), Some(end)) = (run.started_at, run.finished_at) {
        facts.push(Fact::Field("took", format!("{} ms", end.since(start).as_millis())));
    }
    if record.tokens_in + record.tokens_out > 0 {
        let about = if record.usage_estimated { " (estimated: the model reported none)" } else { "" };
        let text = format!("{} in, {} out, {}{about}", record.tokens_in, record.tokens_out, record.cost);
        facts.push(Fact::Field("tokens", text));
    }
    if let Some(digest) = &record.agent_digest {
        facts.push(Fact::Field("as", digest.clone()));
    }
    if let Some(said) = &run.said {
        facts.push(Fact::Heading("Reply".into()));
        facts.extend(said.lines().into_iter().map(Fact::Text));
    }
    if !record.messages.is_empty() {
        facts.push(Fact::Heading("Result".into()));
        let line = |(id, text, status): &(_, crate::domain::text::Untrusted, _)| {
            let (tick, _) = cx.settings.theme.status(*status);
            format!("{id} {tick} {}: {}", status.name(), text.line())
        };
        facts.extend(record.messages.iter().map(|one| Fact::Text(line(one))));
    }
    if !record.calls.is_empty() {
        facts.push(Fact::Heading("Tools".into()));
        for call in &record.calls {
            let text = clean_line(&call.arguments.to_string());
            let (label, result) = (if call.refused { "refused" } else { "called" }, call.result.to_string());
            let said = format!("{} {text}", clean_line(&call.tool));
            facts.push(if call.refused { Fact::Trouble(label, said) } else { Fact::Field(label, said) });
            facts.push(Fact::Field("", clean_line(&result)));
        }
    }
    for (heading, text) in [("Input", &record.given), ("Between", &record.trace)] {
        if let Some(text) = text {
            facts.push(Fact::Heading(heading.into()));
            facts.extend(text.lines().into_iter().map(Fact::Text));
        }
    }
    facts
}

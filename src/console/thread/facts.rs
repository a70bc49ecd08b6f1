//! All facts about one message, as lines.

use crate::console::cx::Cx;
use crate::console::words;
use crate::domain::message::status_view::impossible;
use crate::domain::text::clean_line;
use crate::domain::view::{MessageDetail, ThreadRow};

/// Returns all facts about a message as lines: its identity, content, routing, error, statuses and attempts.
pub(in crate::console) fn message_facts(cx: &Cx, row: Option<&ThreadRow>, detail: &MessageDetail) -> Vec<String> {
    let message = &detail.message;
    let field = |label: &str, text: String| format!("{label:<14}{text}");
    let mut lines = vec![
        field("message", message.id.to_string()),
        field("kind", clean_line(&message.kind)),
        field("direction", message.direction.name().to_owned()),
        field("status", message.status.name().to_owned()),
        field("written", words::exact(message.created_at, cx.zone())),
        field("came", words::exact(detail.received_at, cx.zone())),
        field("origin", clean_line(message.origin.name())),
    ];
    lines.extend(message.provider_message_id.as_deref().map(|id| field("provider id", clean_line(id))));
    lines.extend(message.author.as_deref().map(|author| field("author", clean_line(author))));
    lines.extend(detail.delivery.map(|id| field("delivery", id.to_string())));
    lines.extend(message.run.map(|id| field("agent run", id.to_string())));
    if message.test {
        lines.push(field("test", "a test of the provider: never answered over the network".to_owned()));
    }
    if !detail.route.is_empty() {
        lines.extend([String::new(), "Routing".to_owned()]);
        lines.extend(detail.route.iter().map(|step| format!("  {}", clean_line(step))));
    }
    lines.push(String::new());
    for (label, value) in detail.details() {
        for (number, line) in value.lines().into_iter().enumerate() {
            lines.push(field(if number == 0 { label } else { "" }, line));
        }
    }
    if let Some(told) = row.and_then(|row| row.conversation.as_ref())
        && let Some(count) = told.messages_count
    {
        let here = told.stored.map(|here| format!("; {here} are here")).unwrap_or_default();
        lines.push(field("conversation", format!("the provider counts {count} messages{here}")));
    }
    if let Some(error) = &message.error {
        lines.extend([String::new(), error.line(), error.explanation.to_string(), error.remedy.to_string()]);
    }
    if !detail.statuses.is_empty() {
        lines.extend([String::new(), "Statuses, in order of arrival".to_owned()]);
        for status in &detail.statuses {
            let (at, odd) = (words::exact(status.at, cx.zone()), impossible(status.told_at));
            lines.push(format!("{} at {at}{odd}", status.status.name()));
            lines.push(status.raw.line());
        }
    }
    for status in &detail.other_statuses {
        let (at, odd) = (words::exact(status.at, cx.zone()), impossible(status.told_at));
        lines.push(format!("{} (unknown status) at {at}{odd}", status.word.line()));
        lines.push(status.raw.line());
    }
    for attempt in &detail.tries {
        let outcome = attempt.outcome.as_deref().unwrap_or("in flight");
        let at = words::exact(attempt.started_at, cx.zone());
        lines.extend([String::new(), format!("Attempt {}.{} {at} {outcome}", attempt.series, attempt.number)]);
        lines.extend(attempt.request.lines());
        lines.extend(attempt.response.lines());
    }
    lines
}

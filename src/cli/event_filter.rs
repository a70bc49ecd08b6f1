//! Selects the events that `--follow` prints after a command's answer.

use super::arguments::Command;

/// Returns the prefixes of the events that belong to a command; empty for all events.
pub(super) fn event_prefixes(command: &Command) -> &'static [&'static str] {
    match command {
        Command::Messages(_) | Command::Outbox(_) => &["message."],
        Command::Threads(_) | Command::Contacts(_) | Command::Radar { .. } => &["message.", "thread."],
        Command::Agents(_) | Command::Assignments(_) => &["assignment.", "agents.", "thread.handed_off"],
        _ => &[],
    }
}

/// Returns whether the name of an event, given as JSON, has this prefix.
pub(super) fn has_prefix(event: &str, prefix: &str) -> bool {
    let event: serde_json::Value = serde_json::from_str(event).unwrap_or_default();
    event["event"].as_str().is_some_and(|name| name.starts_with(prefix))
}

//! Which events follow a verb's answer.

use super::Command;

/// Which events a verb's answer is about; none: all of them.
pub(super) fn about(command: &Command) -> &'static [&'static str] {
    match command {
        Command::Messages(_) | Command::Outbox(_) => &["message."],
        Command::Threads(_) | Command::Contacts(_) | Command::Radar { .. } => &["message.", "thread."],
        Command::Agents(_) | Command::Assignments(_) => &["assignment.", "agents.", "thread.handed_off"],
        _ => &[],
    }
}

/// Whether an event, as it is told, has a name that begins so.
pub(super) fn named(event: &str, beginning: &str) -> bool {
    let told: serde_json::Value = serde_json::from_str(event).unwrap_or_default();
    told["event"].as_str().is_some_and(|name| name.starts_with(beginning))
}

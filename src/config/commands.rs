//! The custom commands of the file.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::check::ROLES;
use super::faults::{Faults, one_of};
use crate::domain::access::role::Role;
use crate::domain::custom_command::{CustomCommand, OutputTarget, PLACEHOLDERS, unknown_placeholder};

/// Longest time for which a program may run.
const MAX_SECONDS: u64 = 600;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandTable {
    title: Spanned<String>,
    command: Spanned<Vec<String>>,
    key: Option<String>,
    pane: Option<String>,
    role: Option<Spanned<String>>,
    #[serde(default)]
    confirm: bool,
    output: Option<Spanned<String>>,
    #[serde(default)]
    remote: bool,
    timeout_seconds: Option<Spanned<u64>>,
}

/// Reads the custom commands. Keys and panes are checked by the console, which knows them.
pub(super) fn commands(tables: Vec<CommandTable>, faults: &mut Faults<'_>) -> Vec<CustomCommand> {
    let mut commands: Vec<CustomCommand> = vec![];
    for table in tables {
        let title = table.title.get_ref().trim().to_owned();
        if title.is_empty() || title.chars().count() > 40 || title.chars().any(char::is_control) {
            faults.add(table.title.span(), "title must have 1 to 40 characters on one line.");
        } else if commands.iter().any(|known| known.title == title) {
            faults.add(table.title.span(), format!("Two commands have the title `{title}`."));
        }
        let span = table.command.span();
        let command = table.command.into_inner();
        if command.first().is_none_or(|program| program.trim().is_empty() || program.contains("{{")) {
            faults
                .add(span, "command must begin with a program: [\"xdg-open\", \"https://crm.example.org/{{phone}}\"].");
        } else if let Some(name) = unknown_placeholder(&command) {
            let known: Vec<&str> = PLACEHOLDERS.iter().map(|(known, _)| *known).collect();
            let known = known.join(", ");
            faults.add(span, format!("`{{{{{name}}}}}` is not a placeholder. The placeholders are {known}."));
        }
        let seconds = table.timeout_seconds;
        if let Some(given) = seconds.as_ref().filter(|given| !(1..=MAX_SECONDS).contains(given.get_ref())) {
            faults.add(given.span(), format!("timeout_seconds must be between 1 and {MAX_SECONDS}."));
        }
        let role = table.role.as_ref().and_then(|name| one_of(name, &ROLES, "role", faults));
        let output = table.output.as_ref().and_then(|name| one_of(name, &OutputTarget::NAMES, "output", faults));
        commands.push(CustomCommand {
            title,
            key: table.key,
            pane: table.pane,
            role: role.unwrap_or(Role::Operator),
            confirm: table.confirm,
            command,
            output: output.unwrap_or(OutputTarget::Overlay),
            remote: table.remote,
            timeout: Duration::from_secs(seconds.map_or(30, Spanned::into_inner)),
        });
    }
    commands
}

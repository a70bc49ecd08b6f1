//! The custom commands of a console, with their keys.

use std::sync::Arc;

use super::command::{CommandSpec, Scope};
use super::input::Keymap;
use super::pane_id::PaneId;
use crate::domain::custom_command::CustomCommand;

/// The custom commands of the configuration.
#[derive(Debug, Clone, Default)]
pub struct CustomCommands(Vec<(&'static CommandSpec, Arc<CustomCommand>)>);

impl CustomCommands {
    /// Reads the commands and adds their keys to the keymap. Call it once per process: command tables live as long as
    /// the process. Fails with one message for each invalid pane or key.
    pub fn read(declared: &[CustomCommand], keymap: &mut Keymap) -> Result<Self, Vec<String>> {
        let mut commands = vec![];
        let mut faults = vec![];
        for (index, command) in declared.iter().enumerate() {
            let fault = |why: &str| format!("[[commands]] {}: {why}", command.title);
            let scope = match command.pane.as_deref() {
                None => Scope::Everywhere,
                Some(name) => match PaneId::ALL.into_iter().find(|pane| pane.title().eq_ignore_ascii_case(name)) {
                    Some(pane) => Scope::Pane(pane),
                    None => {
                        let names = PaneId::ALL.map(|pane| pane.title().to_lowercase()).join(", ");
                        faults.push(fault(&format!("there is no pane `{name}`. The panes are {names}.")));
                        continue;
                    }
                },
            };
            let help = format!("Runs {}.", command.command.join(" "));
            let spec: &'static CommandSpec = Box::leak(Box::new(CommandSpec {
                id: Box::leak(format!("custom.{}", index + 1).into_boxed_str()),
                title: Box::leak(command.title.clone().into_boxed_str()),
                short: "",
                help: Box::leak(help.into_boxed_str()),
                scope,
                keys: &[],
                hint: false,
                asks: command.confirm,
            }));
            if let Err(why) = keymap.add(spec, command.key.as_deref()) {
                faults.push(fault(why.as_str()));
            }
            commands.push((spec, Arc::new(command.clone())));
        }
        if faults.is_empty() { Ok(Self(commands)) } else { Err(faults) }
    }

    /// Returns the specifications, in the order of the configuration.
    pub(super) fn specs(&self) -> impl Iterator<Item = &'static CommandSpec> + Clone {
        self.0.iter().map(|(spec, _)| *spec)
    }

    /// Returns the command with this id; `None` if the id is not of a custom command.
    pub(super) fn find(&self, id: &str) -> Option<&CustomCommand> {
        self.0.iter().find(|(spec, _)| spec.id == id).map(|(_, command)| command.as_ref())
    }

    /// Returns the command with this title and its specification; `None` if there is none.
    pub(super) fn titled(&self, title: &str) -> Option<&(&'static CommandSpec, Arc<CustomCommand>)> {
        self.0.iter().find(|(spec, _)| spec.title == title)
    }
}

//! The command table. The footer, the help, the palette, the key configuration and `docs/keys.md` are generated from
//! it. A pane's commands are defined next to the pane; this module defines those that every pane has.

use crate::console::user_error::UserError;
pub(super) mod custom;
mod everywhere;
mod finding;
mod lists;

use super::command::{CommandSpec, Scope};
use super::cx::Cx;
use super::intent::Intent;
use super::pane_id::PaneId;
use super::panes::pane::Pane;
use super::panes::row::{Command, Danger, find, specs};
use super::panes::{COMMANDS, Panes};

/// Commands that belong to no pane.
const COMMON: &[&[Command<dyn Pane>]] = &[everywhere::ROWS, finding::ROWS, lists::ROWS];

static EVERYWHERE: &[CommandSpec] = &specs::<{ everywhere::ROWS.len() }, _>(everywhere::ROWS);
static FINDING: &[CommandSpec] = &specs::<{ finding::ROWS.len() }, _>(finding::ROWS);
static LISTS: &[CommandSpec] = &specs::<{ lists::ROWS.len() }, _>(lists::ROWS);

/// Returns all commands, in the order in which they are printed.
pub fn table() -> impl Iterator<Item = &'static CommandSpec> + Clone {
    [EVERYWHERE, FINDING, LISTS].into_iter().chain(COMMANDS.iter().copied()).flatten()
}

/// Returns all commands of a console: those of the table and the custom ones.
pub(super) fn all(cx: &Cx) -> impl Iterator<Item = &'static CommandSpec> + Clone {
    table().chain(cx.settings.commands.specs())
}

/// Returns the pane that owns a command of this scope; `None` if every pane has it.
const fn owner(scope: Scope) -> Option<PaneId> {
    match scope {
        Scope::Everywhere | Scope::List | Scope::Detail => None,
        Scope::Pane(pane) => Some(pane),
        Scope::Messages | Scope::Composer => Some(PaneId::Threads),
    }
}

/// Fails with the reason if a command cannot run now.
pub(super) fn ready(panes: &Panes, cx: &Cx, spec: &CommandSpec) -> Result<(), UserError> {
    if let Some(command) = cx.settings.commands.find(spec.id) {
        return custom::ready(panes, cx, command);
    }
    match owner(spec.scope) {
        Some(pane) => panes.get(pane).ready(cx, spec.id),
        None => find(COMMON, spec.id).map_or(Ok(()), |row| (row.ready)(panes.get(cx.pane), cx)),
    }
}

/// Returns the confirmation that a command requires; `None` if it requires none.
pub(super) fn question(panes: &Panes, cx: &Cx, spec: &CommandSpec) -> Option<String> {
    if let Some(command) = cx.settings.commands.find(spec.id) {
        return custom::question(panes, cx, command);
    }
    match owner(spec.scope) {
        Some(pane) => panes.get(pane).question(cx, spec.id),
        None => match find(COMMON, spec.id)?.danger {
            Danger::Asks(question) => Some(question(panes.get(cx.pane), cx)),
            Danger::None => None,
        },
    }
}

/// Runs a command.
pub(super) fn run(panes: &mut Panes, cx: &Cx, spec: &CommandSpec) -> Vec<Intent> {
    if let Some(command) = cx.settings.commands.find(spec.id) {
        return custom::run(panes, cx, command);
    }
    if let Some(pane) = owner(spec.scope) {
        return panes.get_mut(pane).run(cx, spec.id);
    }
    match find(COMMON, spec.id) {
        Some(row) => (row.run)(panes.get_mut(cx.pane), cx),
        // The command that opens a pane is in the table of that pane.
        None => {
            let owner = PaneId::ALL.into_iter().find(|pane| panes.get(*pane).has(spec.id));
            owner.map(|pane| panes.get_mut(pane).run(cx, spec.id)).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::draw::footer::HELP;
    use super::super::input::chord::sequence;
    use super::super::input::typing::MOVES;
    use super::*;
    use crate::domain::numbers::life::{LIFE, NumberEvent};

    /// Every command id used in code is in the table; looking up a misspelled id would silently find nothing.
    #[test]
    fn every_id_that_is_looked_up_is_in_the_table() {
        let events = LIFE.iter().flat_map(|(_, transitions)| transitions.iter().map(|(event, _)| *event));
        let verbs = events.filter_map(NumberEvent::verb).map(|verb| verb.command);
        let moves = MOVES.iter().copied();
        for id in verbs.chain(moves).chain([HELP]) {
            assert!(table().any(|spec| spec.id == id), "no command has the id {id}");
        }
    }

    /// Every row is in the table of the pane that its scope names, or in the common table; in another table it would
    /// never run.
    #[test]
    fn every_row_stands_in_a_table_of_whoever_runs_it() {
        let panes = Panes::default();
        for spec in table() {
            let of_panes = PaneId::ALL.into_iter().filter(|pane| panes.get(*pane).has(spec.id));
            let found: Vec<Option<PaneId>> = of_panes.map(Some).chain(find(COMMON, spec.id).map(|_| None)).collect();
            assert_eq!(found.len(), 1, "{} stands in {found:?}", spec.id);
            let opens_itself = owner(spec.scope).is_none() && spec.id.starts_with("pane.");
            assert!(opens_itself || found[0] == owner(spec.scope), "{} stands in {found:?}", spec.id);
        }
    }

    #[test]
    fn every_row_is_whole_and_no_two_share_a_name_or_a_key() {
        let all: Vec<&CommandSpec> = table().collect();
        for (index, spec) in all.iter().enumerate() {
            assert!(!spec.title.is_empty() && spec.help.ends_with('.'), "{}", spec.id);
            for keys in spec.keys {
                assert!(sequence(keys).is_some(), "{}: {keys}", spec.id);
            }
            for other in &all[index + 1..] {
                assert_ne!(spec.id, other.id);
                let shared = spec.keys.iter().find(|keys| other.keys.contains(keys));
                assert!(spec.scope != other.scope || shared.is_none(), "{} and {} share {shared:?}", spec.id, other.id);
            }
        }
    }
}

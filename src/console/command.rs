//! The command table: everything a person can do, once. Footer, help, palette, configuration and
//! `docs/keys.md` are printed from it.

use crate::console::{Console, Effect, PaneId, commands};

/// Where a command is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    Everywhere,
    /// In every list.
    List,
    Pane(PaneId),
    /// Among the messages of a thread.
    Messages,
    /// In a detail that scrolls.
    Detail,
    Composer,
}

impl Scope {
    /// Every scope, in the order in which they are printed.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let panes = PaneId::ALL.into_iter().map(Self::Pane);
        [Self::Everywhere, Self::List].into_iter().chain(panes).chain([Self::Messages, Self::Detail, Self::Composer])
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "Everywhere",
            Self::List => "In lists",
            Self::Pane(pane) => pane.title(),
            Self::Messages => "In a thread",
            Self::Detail => "In a detail",
            Self::Composer => "In the composer",
        }
    }
}

/// How much can go wrong.
#[derive(Debug, Clone, Copy)]
pub enum Danger {
    None,
    /// Asks first, in these words. `y` does it after a moment's pause, ctrl-y at once, never enter.
    Asks(fn(&Console) -> String),
}

/// One row of the table.
pub struct CommandSpec {
    pub id: &'static str,
    pub title: &'static str,
    /// The title where the last line has little room; empty: the title itself.
    pub short: &'static str,
    pub help: &'static str,
    pub scope: Scope,
    pub keys: &'static [&'static str],
    pub danger: Danger,
    /// Whether the footer mentions it.
    pub hint: bool,
    /// Why it cannot run now, in the words in which the operation would refuse it.
    pub ready: fn(&Console) -> Result<(), String>,
    pub run: fn(&mut Console) -> Vec<Effect>,
}

impl std::fmt::Debug for CommandSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// A row that is always ready, asks nothing and stands in no footer.
pub(super) const ROW: CommandSpec = CommandSpec {
    id: "",
    title: "",
    short: "",
    help: "",
    scope: Scope::Everywhere,
    keys: &[],
    danger: Danger::None,
    hint: false,
    ready: |_| Ok(()),
    run: |_| vec![],
};

/// All commands, in the order in which they are printed.
pub fn table() -> &'static [CommandSpec] {
    commands::ALL
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::input::chord::sequence;

    #[test]
    fn every_row_is_whole_and_no_two_share_a_name_or_a_key() {
        for (index, spec) in table().iter().enumerate() {
            assert!(!spec.title.is_empty() && spec.help.ends_with('.'), "{}", spec.id);
            for keys in spec.keys {
                assert!(sequence(keys).is_some(), "{}: {keys}", spec.id);
            }
            for other in &table()[index + 1..] {
                assert_ne!(spec.id, other.id);
                let shared = spec.keys.iter().find(|keys| other.keys.contains(keys));
                assert!(spec.scope != other.scope || shared.is_none(), "{} and {} share {shared:?}", spec.id, other.id);
            }
        }
    }
}

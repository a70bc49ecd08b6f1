//! A command as it is listed: its id, title, keys, and where it is valid. What it does stands beside the pane.

use super::pane_id::PaneId;

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

/// A command as it is listed, printed and bound to keys.
#[derive(Clone, Copy)]
pub struct CommandSpec {
    pub id: &'static str,
    pub title: &'static str,
    /// The title where the last line has little room; empty: the title itself.
    pub short: &'static str,
    pub help: &'static str,
    pub scope: Scope,
    pub keys: &'static [&'static str],
    /// Whether the footer mentions it.
    pub hint: bool,
    /// Whether it asks first.
    pub asks: bool,
}

impl std::fmt::Debug for CommandSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

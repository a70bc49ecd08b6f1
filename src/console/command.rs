//! A command's specification: id, title, help, keys, and scope. The code that runs it is in the pane's command table.

use super::pane_id::PaneId;

/// Where a command is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    Everywhere,
    /// In every list.
    List,
    Pane(PaneId),
    /// In the messages of a thread.
    Messages,
    /// In a detail that scrolls.
    Detail,
    Composer,
}

impl Scope {
    /// Returns every scope, in the order in which they are printed.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let panes = PaneId::ALL.into_iter().map(Self::Pane);
        [Self::Everywhere, Self::List].into_iter().chain(panes).chain([Self::Messages, Self::Detail, Self::Composer])
    }

    /// Returns the heading under which the scope's commands are printed.
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

/// A command's entry in the help, in the printed key table and in the key bindings.
#[derive(Clone, Copy)]
pub struct CommandSpec {
    pub id: &'static str,
    pub title: &'static str,
    /// The title for a footer with little room; if empty, `title` is used.
    pub short: &'static str,
    pub help: &'static str,
    pub scope: Scope,
    pub keys: &'static [&'static str],
    /// Whether the footer shows the command.
    pub hint: bool,
    /// Whether the command requires a confirmation.
    pub asks: bool,
}

impl std::fmt::Debug for CommandSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

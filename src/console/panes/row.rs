//! A row of the command table together with its code; it belongs to one pane or to all of them.

use crate::console::command::{CommandSpec, Scope};
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::user_error::UserError;

/// Whether a command requires a confirmation.
pub(in crate::console) enum Danger<P: ?Sized> {
    None,
    /// Requires a confirmation with this question. `y` confirms after a delay, ctrl-y at once, and enter never.
    Asks(fn(&P, &Cx) -> String),
}

/// A command of a pane.
pub(in crate::console) struct Command<P: ?Sized> {
    pub id: &'static str,
    pub title: &'static str,
    /// The title for a footer with little room; if empty, `title` is used.
    pub short: &'static str,
    pub help: &'static str,
    pub scope: Scope,
    pub keys: &'static [&'static str],
    pub danger: Danger<P>,
    /// Whether the footer shows the command.
    pub hint: bool,
    /// Fails if the command cannot run now, with the same reason as the operation.
    pub ready: fn(&P, &Cx) -> Result<(), UserError>,
    pub run: fn(&mut P, &Cx) -> Vec<Intent>,
}

impl<P: ?Sized> Command<P> {
    /// The default row: always ready, without a confirmation, and not in the footer.
    pub const ROW: Self = Self {
        id: "",
        title: "",
        short: "",
        help: "",
        scope: Scope::Everywhere,
        keys: &[],
        danger: Danger::None,
        hint: false,
        ready: |_, _| Ok(()),
        run: |_, _| vec![],
    };

    const fn spec(&self) -> CommandSpec {
        CommandSpec {
            id: self.id,
            title: self.title,
            short: self.short,
            help: self.help,
            scope: self.scope,
            keys: self.keys,
            hint: self.hint,
            asks: matches!(self.danger, Danger::Asks(_)),
        }
    }
}

/// Returns the specifications of the rows; evaluated at compile time.
pub(in crate::console) const fn specs<const N: usize, P: ?Sized>(rows: &[Command<P>]) -> [CommandSpec; N] {
    let mut all = [const { Command::<()>::ROW.spec() }; N];
    let mut at = 0;
    while at < N {
        all[at] = rows[at].spec();
        at += 1;
    }
    all
}

/// Returns the row with an id.
pub(in crate::console) fn find<P: ?Sized>(
    tables: &'static [&'static [Command<P>]],
    id: &str,
) -> Option<&'static Command<P>> {
    tables.iter().flat_map(|rows| rows.iter()).find(|row| row.id == id)
}

/// Commands that can be looked up by id. The macro `commands` implements it for a pane from its tables.
pub(in crate::console) trait Commands {
    /// Returns `true` if the command is in one of the tables.
    fn has(&self, id: &str) -> bool;

    /// Fails with the reason if the command cannot run now.
    fn ready(&self, cx: &Cx, id: &str) -> Result<(), UserError>;

    /// Returns the confirmation that a command requires; `None` if it requires none.
    fn question(&self, cx: &Cx, id: &str) -> Option<String>;

    /// Runs the command.
    fn run(&mut self, cx: &Cx, id: &str) -> Vec<Intent>;
}

/// Implements `Commands` for a type from its tables.
macro_rules! commands {
    ($pane:ty, $($rows:path),+ $(,)?) => {
        impl $crate::console::panes::row::Commands for $pane {
            fn has(&self, id: &str) -> bool {
                $crate::console::panes::row::find(&[$($rows),+], id).is_some()
            }

            fn ready(&self, cx: &Cx, id: &str) -> Result<(), UserError> {
                $crate::console::panes::row::find(&[$($rows),+], id).map_or(Ok(()), |row| (row.ready)(self, cx))
            }

            fn question(&self, cx: &Cx, id: &str) -> Option<String> {
                match $crate::console::panes::row::find(&[$($rows),+], id)?.danger {
                    $crate::console::panes::row::Danger::Asks(question) => Some(question(self, cx)),
                    $crate::console::panes::row::Danger::None => None,
                }
            }

            fn run(&mut self, cx: &Cx, id: &str) -> Vec<Intent> {
                let row = $crate::console::panes::row::find(&[$($rows),+], id);
                row.map(|row| (row.run)(self, cx)).unwrap_or_default()
            }
        }
    };
}

pub(in crate::console) use commands;

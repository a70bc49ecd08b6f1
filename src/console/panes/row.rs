//! A row of the command table beside what it does: of a pane, or of all of them.

use crate::console::command::{CommandSpec, Scope};
use crate::console::cx::Cx;
use crate::console::intent::Intent;

/// How much can go wrong.
pub(in crate::console) enum Danger<P: ?Sized> {
    None,
    /// Asks first, in these words. `y` does it after a moment's pause, ctrl-y at once, never enter.
    Asks(fn(&P, &Cx) -> String),
}

/// A command of a pane.
pub(in crate::console) struct Command<P: ?Sized> {
    pub id: &'static str,
    pub title: &'static str,
    /// The title where the last line has little room; empty: the title itself.
    pub short: &'static str,
    pub help: &'static str,
    pub scope: Scope,
    pub keys: &'static [&'static str],
    pub danger: Danger<P>,
    /// Whether the footer mentions it.
    pub hint: bool,
    /// Why it cannot run now, in the words in which the operation would refuse it.
    pub ready: fn(&P, &Cx) -> Result<(), String>,
    pub run: fn(&mut P, &Cx) -> Vec<Intent>,
}

impl<P: ?Sized> Command<P> {
    /// A row that is always ready, asks nothing and stands in no footer.
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

/// The rows as they are listed, put together when the program is built.
pub(in crate::console) const fn specs<const N: usize, P: ?Sized>(rows: &[Command<P>]) -> [CommandSpec; N] {
    let mut all = [const { Command::<()>::ROW.spec() }; N];
    let mut at = 0;
    while at < N {
        all[at] = rows[at].spec();
        at += 1;
    }
    all
}

/// The row with an id.
pub(in crate::console) fn find<P: ?Sized>(
    tables: &'static [&'static [Command<P>]],
    id: &str,
) -> Option<&'static Command<P>> {
    tables.iter().flat_map(|rows| rows.iter()).find(|row| row.id == id)
}

/// What a set of commands can be asked: whether one is ready, what it asks first, and to run it. A pane has them
/// from its tables.
pub(in crate::console) trait Commands {
    /// Whether the command is one of its own.
    fn has(&self, id: &str) -> bool;

    fn ready(&self, cx: &Cx, id: &str) -> Result<(), String>;

    /// What is asked before it runs; none where nothing is.
    fn question(&self, cx: &Cx, id: &str) -> Option<String>;

    fn run(&mut self, cx: &Cx, id: &str) -> Vec<Intent>;
}

/// Gives a type the commands of its tables.
macro_rules! commands {
    ($pane:ty, $($rows:path),+ $(,)?) => {
        impl $crate::console::panes::row::Commands for $pane {
            fn has(&self, id: &str) -> bool {
                $crate::console::panes::row::find(&[$($rows),+], id).is_some()
            }

            fn ready(&self, cx: &Cx, id: &str) -> Result<(), String> {
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

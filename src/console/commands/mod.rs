//! The rows of the command table, by where they are valid.

mod everywhere;
mod finding;
mod lists;

use crate::console::command::CommandSpec;
use crate::console::panes::COMMANDS;

const fn count(parts: &[&[CommandSpec]]) -> usize {
    let mut total = 0;
    let mut at = 0;
    while at < parts.len() {
        total += parts[at].len();
        at += 1;
    }
    total
}

/// The rows that belong to no pane, then those of the panes.
const PARTS: &[&[CommandSpec]] = &{
    let mut parts: [&[CommandSpec]; 3 + COMMANDS.len()] = [&[]; 3 + COMMANDS.len()];
    (parts[0], parts[1], parts[2]) = (everywhere::ROWS, finding::ROWS, lists::ROWS);
    let mut at = 0;
    while at < COMMANDS.len() {
        parts[3 + at] = COMMANDS[at];
        at += 1;
    }
    parts
};

/// The parts as one slice, put together when the program is built.
pub(in crate::console) static ALL: &[CommandSpec] = &{
    let mut all = [const { crate::console::command::ROW }; count(PARTS)];
    let mut at = 0;
    let mut part = 0;
    while part < PARTS.len() {
        let mut row = 0;
        while row < PARTS[part].len() {
            let spec = &PARTS[part][row];
            all[at] = CommandSpec {
                id: spec.id,
                title: spec.title,
                short: spec.short,
                help: spec.help,
                scope: spec.scope,
                keys: spec.keys,
                danger: spec.danger,
                hint: spec.hint,
                ready: spec.ready,
                run: spec.run,
            };
            at += 1;
            row += 1;
        }
        part += 1;
    }
    all
};

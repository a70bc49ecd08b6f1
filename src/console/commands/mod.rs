//! The rows of the command table, by where they are valid.

mod everywhere;
mod finding;
mod lists;

use crate::console::command::CommandSpec;
use crate::console::panes::{activity, agents, connections, delivery, flows, templates, threads};

const fn count(parts: &[&[CommandSpec]]) -> usize {
    let mut total = 0;
    let mut at = 0;
    while at < parts.len() {
        total += parts[at].len();
        at += 1;
    }
    total
}

const PARTS: &[&[CommandSpec]] = &[
    everywhere::ROWS,
    finding::ROWS,
    lists::ROWS,
    threads::commands::ROWS,
    threads::sending::ROWS,
    delivery::commands::ROWS,
    activity::commands::ROWS,
    connections::commands::ROWS,
    templates::commands::ROWS,
    flows::commands::ROWS,
    agents::commands::ROWS,
    threads::writing::ROWS,
];

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

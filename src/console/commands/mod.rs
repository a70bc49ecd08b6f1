//! The rows of the command table, by where they are valid.

mod agents;
mod delivery;
mod everywhere;
mod finding;
mod flows;
mod numbers;
mod panes;
mod sending;
mod templates;
mod threads;
mod watching;
mod writing;

pub(in crate::console) use self::everywhere::open as open_pane;
use super::command::CommandSpec;

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
    panes::ROWS,
    threads::ROWS,
    sending::ROWS,
    delivery::ROWS,
    watching::ROWS,
    numbers::ROWS,
    templates::ROWS,
    flows::ROWS,
    agents::ROWS,
    writing::ROWS,
];

/// The parts as one slice, put together when the program is built.
pub(super) static ALL: &[CommandSpec] = &{
    let mut all = [const { super::command::ROW }; count(PARTS)];
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

//! Who else has a console open, and where they are.

use super::finder::Row;
use super::{Console, words};
use crate::domain::text::clean_line;
use crate::domain::view::Here;

impl Console {
    /// Everybody with the thread that they look at; picking one goes there.
    pub(super) fn here_rows(&self) -> Vec<Row> {
        let here = self.data.overview.iter().flat_map(|told| &told.here);
        let row = |one: &Here| {
            let name = |thread| {
                let known = self.data.threads.iter().flatten().find(|row| row.id == thread);
                known.map_or_else(|| thread.to_string(), |row| row.contact.shown())
            };
            let doing = if one.writes { "writes to" } else { "looks at" };
            Row {
                id: one.thread.map(|thread| thread.to_string()).unwrap_or_default(),
                head: format!("{} ({})", clean_line(&one.who), one.role),
                tail: one.thread.map(|thread| format!("{doing} {}", name(thread))).unwrap_or_default(),
                right: format!("{}, since {}", one.how, words::clock(one.since, self.zone())),
                ..Row::default()
            }
        };
        here.map(row).collect()
    }
}

//! Who else has a console open, and where they are.

use crate::console::overlays::finder_kind::Row;
use crate::console::{Console, words};
use crate::domain::access::role::Role;
use crate::domain::text::clean_line;
use crate::domain::view::Here;

impl Console {
    /// Everybody with the thread that they look at; picking one goes there.
    pub(in crate::console) fn here_rows(&self) -> Vec<Row> {
        let here = self.cx.overview.iter().flat_map(|told| &told.here);
        let row = |one: &Here| {
            let name = |thread| {
                let known = self.panes.threads.rows.iter().flatten().find(|row| row.id == thread);
                known.map_or_else(|| thread.to_string(), |row| row.contact.shown())
            };
            let doing = if one.writes { "writes to" } else { "looks at" };
            Row {
                id: one.thread.map(|thread| thread.to_string()).unwrap_or_default(),
                head: format!("{} ({})", clean_line(&one.who), one.role),
                tail: one.thread.map(|thread| format!("{doing} {}", name(thread))).unwrap_or_default(),
                right: format!("{}, since {}", one.how, words::moment(one.since, self.cx.now, self.cx.zone())),
                ..Row::default()
            }
        };
        here.map(row).collect()
    }

    /// Everybody to whom a thread can be given.
    pub(in crate::console) fn colleague_rows(&self) -> Vec<Row> {
        let me = self.cx.settings.actor.to_string();
        let mut rows: Vec<Row> = vec![];
        for one in self.cx.overview.iter().flat_map(|told| &told.here).filter(|one| one.who != me) {
            if rows.iter().all(|row| row.id != one.who) {
                let looks = (one.role == Role::Viewer.name()).then(|| "no thread open".to_owned());
                let head = format!("{} ({})", clean_line(&one.who), one.role);
                rows.push(Row { id: one.who.clone(), head, right: one.how.clone(), off: looks, ..Row::default() });
            }
        }
        if rows.is_empty() {
            let head = "Nobody else is online".to_owned();
            rows.push(Row {
                head,
                off: Some("threads can be transferred only to colleagues with an open console".into()),
                ..Row::default()
            });
        }
        rows
    }
}

//! Colleagues with an open console: what they look at, and to whom a thread can be transferred.

use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::picker::{PickerKind, Row};
use crate::console::words;
use crate::domain::access::role::Role;
use crate::domain::ids::ThreadId;
use crate::domain::presence::Here;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// Lists colleagues who are online with the thread that they look at; picking one opens the thread.
#[derive(Debug)]
pub(in crate::console) struct PresencePicker;

impl PickerKind for PresencePicker {
    fn title(&self) -> &'static str {
        "Who is online"
    }

    fn empty_text(&self) -> &'static str {
        "Nobody else is online."
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(Query::Overview)
    }

    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let row = |one: &Here| {
            let name = |thread: ThreadId| cx.names.get(&thread).cloned().unwrap_or_else(|| thread.to_string());
            let doing = if one.writes { "writes to" } else { "looks at" };
            Row {
                id: one.thread.map(|thread| thread.to_string()).unwrap_or_default(),
                head: format!("{} ({})", clean_line(&one.who), one.role),
                tail: one.thread.map(|thread| format!("{doing} {}", name(thread))).unwrap_or_default(),
                right: format!("{}, since {}", one.how, words::moment(one.since, cx.now, cx.zone())),
                ..Row::default()
            }
        };
        cx.overview.iter().flat_map(|told| &told.here).map(row).collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        row.id.parse().map(Intent::GoToThread).into_iter().collect()
    }
}

/// What stands beside a colleague whose console is closed.
const OFFLINE: &str = "offline";

/// Lists colleagues to whom a thread can be transferred.
#[derive(Debug)]
pub(in crate::console) struct Colleagues {
    thread: ThreadId,
}

impl Colleagues {
    pub fn for_thread(thread: ThreadId) -> Self {
        Self { thread }
    }
}

impl PickerKind for Colleagues {
    fn title(&self) -> &'static str {
        "Transfer the thread to"
    }

    fn empty_text(&self) -> &'static str {
        "Nobody else is online."
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(Query::Overview)
    }

    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let me = cx.settings.actor.to_string();
        let mut rows: Vec<Row> = vec![];
        for one in cx.overview.iter().flat_map(|told| &told.here).filter(|one| one.who != me) {
            if rows.iter().all(|row| row.id != one.who) {
                let looks = (one.role == Role::Viewer.name()).then(|| "no thread open".to_owned());
                let head = format!("{} ({})", clean_line(&one.who), one.role);
                rows.push(Row { right: one.how.clone(), off: looks, ..Row::new(one.who.clone(), head, "") });
            }
        }
        let absent = cx.overview.iter().flat_map(|told| &told.colleagues).filter(|who| **who != me);
        for who in absent {
            if rows.iter().all(|row| row.id != *who) {
                let tail = "the thread is kept for them for 12 hours";
                rows.push(Row { right: OFFLINE.to_owned(), ..Row::new(who.clone(), clean_line(who), tail) });
            }
        }
        if rows.is_empty() {
            let off = "no other user may answer, and nobody else is online".to_owned();
            rows.push(Row { off: Some(off), ..Row::new("", "No colleagues", "") });
        }
        rows
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        // Drafts are saved before the transfer, so that the colleague gets them.
        let question = format!("Transfer the thread to {}?", row.head);
        let (thread, to) = (self.thread, row.id.clone());
        let online = row.right != OFFLINE;
        let request =
            if online { Request::TransferThread { thread, to } } else { Request::AssignThread { thread, to } };
        vec![Intent::KeepDrafts, Intent::ask_first(question, request)]
    }
}

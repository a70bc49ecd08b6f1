//! Commands that find: messages, people, what closes next, and why.

use crate::console::command::{CommandSpec, ROW, Scope};
use crate::console::overlays::finder::FinderKind;
use crate::console::overlays::form::FormKind;
use crate::console::overlays::{Overlay, Reading};
use crate::console::{Console, Effect, Focus, PaneId};
use crate::domain::query::Query;

const THREADS: Scope = Scope::Pane(PaneId::Threads);

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "find.messages",
        title: "Search",
        help: "Searches all messages by words and filter terms; enter opens a result in its thread.",
        keys: &["ctrl-f"],
        run: |console| console.open_finder(FinderKind::Search),
        ..ROW
    },
    CommandSpec {
        id: "find.contact",
        title: "Find a contact",
        help: "Finds a contact by name or number. Small typing errors are tolerated.",
        keys: &["g f"],
        run: |console| console.open_finder(FinderKind::Contacts),
        ..ROW
    },
    CommandSpec {
        id: "find.expiring",
        title: "Expiring windows",
        help: "Lists threads whose service window closes while the contact waits for a reply.",
        keys: &["g r"],
        run: |console| console.open_finder(FinderKind::Radar),
        ..ROW
    },
    CommandSpec {
        id: "find.views",
        title: "Filters",
        help: "Lists saved filters with the number of threads that each matches.",
        keys: &["V"],
        run: |console| console.open_finder(FinderKind::Views),
        ..ROW
    },
    CommandSpec {
        id: "find.jobs",
        title: "Bulk jobs",
        help: "Lists bulk jobs with their progress; stops a running one, resumes or discards a stopped one.",
        keys: &["g j"],
        run: |console| console.open_finder(FinderKind::Jobs),
        ..ROW
    },
    CommandSpec {
        id: "find.stats",
        title: "Statistics",
        help: "Shows rates, counts and times of the last 24 hours, compared with their targets.",
        keys: &["M"],
        run: |console| {
            console.overlay = Some(Overlay::reading(Reading::Gauges));
            console.ask(Query::Gauges { hours: 24 })
        },
        ..ROW
    },
    CommandSpec {
        id: "why",
        title: "Why",
        help: "Explains the selected item: the causes from the received bytes to now.",
        keys: &["w"],
        hint: true,
        ready: |console| match console.pane().why(&console.cx) {
            Some(_) => Ok(()),
            None => Err("Select an item first.".into()),
        },
        run: |console| match console.pane().why(&console.cx) {
            Some(id) => console.ask(Query::Why { id }),
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "threads.unread",
        title: "Unread",
        help: "Filters the list to unread threads, or shows all.",
        scope: THREADS,
        keys: &["u"],
        run: |console| toggle(console, "is:unread"),
        ..ROW
    },
    CommandSpec {
        id: "threads.unanswered",
        title: "Unanswered",
        help: "Filters the list to threads in which the contact wrote last, or shows all.",
        scope: THREADS,
        keys: &["U"],
        run: |console| toggle(console, "is:unanswered"),
        ..ROW
    },
    CommandSpec {
        id: "find.here",
        title: "Who is online",
        help: "Lists colleagues with an open console; enter opens the thread that they are looking at.",
        scope: Scope::Everywhere,
        keys: &["g w"],
        run: |console| console.open_finder(FinderKind::Here),
        ..ROW
    },
    CommandSpec {
        id: "threads.waiting",
        title: "Waiting longest",
        help: "Filters the list to threads that wait for a person, the longest wait first, or shows all.",
        scope: THREADS,
        keys: &["W"],
        run: |console| toggle(console, "is:waiting"),
        ..ROW
    },
    CommandSpec {
        id: "threads.keep_filter",
        title: "Save filter",
        help: "Saves the filter of the list under a name.",
        scope: THREADS,
        keys: &["K"],
        ready: |console| {
            if console.panes.threads.list.filter.trim().is_empty() {
                return Err("There is no filter. Press / to set one.".into());
            }
            Ok(())
        },
        run: |console| {
            let terms = console.panes.threads.list.filter.clone();
            console.open_form(FormKind::View { terms })
        },
        ..ROW
    },
];

fn toggle(console: &mut Console, term: &str) -> Vec<Effect> {
    let filter = &mut console.panes.threads.list.filter;
    let mut terms: Vec<&str> = filter.split_whitespace().collect();
    match terms.iter().position(|known| *known == term) {
        Some(at) => {
            terms.remove(at);
        }
        None => terms.push(term),
    }
    *filter = terms.join(" ");
    console.cx.focus = Focus::List;
    console.narrowed()
}

//! Commands that find: messages, people, what closes next, and why.

use crate::console::agent_rows::AgentRow;
use crate::console::command::{CommandSpec, ROW, Scope};
use crate::console::finder::FinderKind;
use crate::console::form::FormKind;
use crate::console::overlay::{Overlay, Reading};
use crate::console::{Console, Effect, Focus, Pane};
use crate::domain::monitoring::activity::ActivityKind;
use crate::domain::query::Query;

const THREADS: Scope = Scope::Pane(Pane::Threads);

pub(super) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "find.messages",
        title: "Search",
        help: "Searches everything that was written, by words and terms; a result opens its place.",
        keys: &["ctrl-f"],
        run: |console| console.open_finder(FinderKind::Search),
        ..ROW
    },
    CommandSpec {
        id: "find.contact",
        title: "Find a contact",
        help: "Finds a contact by name or number, also with letters missing.",
        keys: &["g f"],
        run: |console| console.open_finder(FinderKind::Contacts),
        ..ROW
    },
    CommandSpec {
        id: "find.radar",
        title: "Expiring windows",
        help: "Lists threads whose service window closes while the contact waits for a reply.",
        keys: &["g r"],
        run: |console| console.open_finder(FinderKind::Radar),
        ..ROW
    },
    CommandSpec {
        id: "find.views",
        title: "Filters",
        help: "Shows the filters that are kept, with how many threads each finds.",
        keys: &["V"],
        run: |console| console.open_finder(FinderKind::Views),
        ..ROW
    },
    CommandSpec {
        id: "find.jobs",
        title: "Bulk actions",
        help: "Shows bulk actions with their progress; stops them, and goes on with or discards what was stopped.",
        keys: &["g j"],
        run: |console| console.open_finder(FinderKind::Jobs),
        ..ROW
    },
    CommandSpec {
        id: "find.marks",
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
        help: "Says why what is under the cursor is as it is, from the bytes received to now.",
        keys: &["w"],
        hint: true,
        ready: |console| match at_hand(console) {
            Some(_) => Ok(()),
            None => Err("There is nothing here to ask about.".into()),
        },
        run: |console| match at_hand(console) {
            Some(id) => console.ask(Query::Why { id }),
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "threads.unread",
        title: "Unread",
        help: "Narrows the list to what is unread, or ends that.",
        scope: THREADS,
        keys: &["u"],
        run: |console| toggle(console, "is:unread"),
        ..ROW
    },
    CommandSpec {
        id: "threads.unanswered",
        title: "Unanswered",
        help: "Narrows the list to contacts who spoke last, or ends that.",
        scope: THREADS,
        keys: &["U"],
        run: |console| toggle(console, "is:unanswered"),
        ..ROW
    },
    CommandSpec {
        id: "find.here",
        title: "Who is here",
        help: "Lists everybody who has a console open, and goes to the thread that they look at.",
        scope: Scope::Everywhere,
        keys: &["g w"],
        run: |console| console.open_finder(FinderKind::Here),
        ..ROW
    },
    CommandSpec {
        id: "threads.waiting",
        title: "Waiting longest",
        help: "Lists who waits for a person, the longest first, or ends that.",
        scope: THREADS,
        keys: &["W"],
        run: |console| toggle(console, "is:waiting"),
        ..ROW
    },
    CommandSpec {
        id: "threads.keep_filter",
        title: "Keep filter",
        help: "Gives the filter of the list a name.",
        scope: THREADS,
        keys: &["K"],
        ready: |console| {
            if console.lists[Pane::Threads as usize].filter.trim().is_empty() {
                return Err("There is no filter: / makes one.".into());
            }
            Ok(())
        },
        run: |console| {
            let terms = console.lists[Pane::Threads as usize].filter.clone();
            console.open_form(FormKind::View { terms })
        },
        ..ROW
    },
];

/// The id of what is under the cursor.
fn at_hand(console: &Console) -> Option<String> {
    match (console.pane, console.focus) {
        (Pane::Threads, Focus::List) => console.selected_thread().map(|row| row.id.to_string()),
        (Pane::Threads, _) => {
            let open = console.open.as_ref()?;
            open.current().map(|message| message.id.to_string()).or_else(|| Some(open.thread.to_string()))
        }
        (Pane::Delivery, _) => console.selected_entry().map(|row| row.id.to_string()),
        (Pane::Connections, _) => console.selected_connection().map(|row| row.connection.id.to_string()),
        (Pane::Templates, _) => {
            console.selected_template().map(|(_, one)| format!("template {}", one.name.as_received()))
        }
        (Pane::Agents, _) => match console.selected_agent_row()? {
            AgentRow::Assignment(row) => Some(row.assignment.id.to_string()),
            AgentRow::Run(run) => Some(run.id.to_string()),
            AgentRow::Agent(_) | AgentRow::Stop(_) => None,
        },
        (Pane::Flows, _) => None,
        (Pane::Activity, _) => {
            let row = console.selected_activity()?;
            match &row.kind {
                ActivityKind::Alert { id, .. } => Some(id.to_string()),
                ActivityKind::Delivery { id, .. } => Some(id.to_string()),
                ActivityKind::Audit { .. } => row.thread.map(|thread| thread.to_string()),
            }
        }
    }
}

fn toggle(console: &mut Console, term: &str) -> Vec<Effect> {
    let filter = &mut console.lists[Pane::Threads as usize].filter;
    let mut terms: Vec<&str> = filter.split_whitespace().collect();
    match terms.iter().position(|known| *known == term) {
        Some(at) => {
            terms.remove(at);
        }
        None => terms.push(term),
    }
    *filter = terms.join(" ");
    console.focus = Focus::List;
    console.narrowed()
}

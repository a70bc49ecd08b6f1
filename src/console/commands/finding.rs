//! Commands that search: messages, contacts, expiring windows, saved filters, and explanations.

use crate::console::command::Scope;
use crate::console::intent::Intent;
use crate::console::overlays::picker::Picker;
use crate::console::overlays::pickers::contacts::Contacts;
use crate::console::overlays::pickers::here::PresencePicker;
use crate::console::overlays::pickers::jobs::Jobs;
use crate::console::overlays::pickers::radar::Radar;
use crate::console::overlays::pickers::search::Search;
use crate::console::overlays::pickers::views::Views;
use crate::console::overlays::reading::Reading;
use crate::console::overlays::readings::statistics::Statistics;
use crate::console::panes::pane::Pane;
use crate::console::panes::row::Command;
use crate::domain::query::Query;

/// Commands that search.
pub(in crate::console) const ROWS: &[Command<dyn Pane>] = &[
    Command {
        id: "find.messages",
        title: "Search",
        help: "Searches all messages by words and filter terms; enter opens a result in its thread.",
        keys: &["ctrl-f"],
        run: |_, _| vec![Picker::open(Search::default())],
        ..Command::ROW
    },
    Command {
        id: "find.contact",
        title: "Find a contact",
        help: "Finds a contact by name or number. Small typing errors are tolerated.",
        keys: &["g f"],
        run: |_, _| vec![Picker::open(Contacts::default())],
        ..Command::ROW
    },
    Command {
        id: "find.expiring",
        title: "Expiring windows",
        help: "Lists threads whose service window closes while the contact waits for a reply.",
        keys: &["g r"],
        run: |_, _| vec![Picker::open(Radar::default())],
        ..Command::ROW
    },
    Command {
        id: "find.views",
        title: "Filters",
        help: "Lists saved filters with the number of threads that each matches.",
        keys: &["V"],
        run: |_, _| vec![Picker::open(Views::default())],
        ..Command::ROW
    },
    Command {
        id: "find.jobs",
        title: "Bulk jobs",
        help: "Lists bulk jobs with their progress; stops a running one, resumes or discards a stopped one.",
        keys: &["g j"],
        run: |_, _| vec![Picker::open(Jobs::default())],
        ..Command::ROW
    },
    Command {
        id: "find.stats",
        title: "Statistics",
        help: "Shows rates, counts and times of the last 24 hours, compared with their targets.",
        keys: &["M"],
        run: |_, _| vec![Reading::open(Statistics::default())],
        ..Command::ROW
    },
    Command {
        id: "why",
        title: "Why",
        help: "Explains the selected item: the causes from the received bytes to now.",
        keys: &["w"],
        hint: true,
        ready: |pane, cx| match pane.why(cx) {
            Some(_) => Ok(()),
            None => Err("Select an item first.".into()),
        },
        run: |pane, cx| match pane.why(cx) {
            Some(id) => vec![Intent::Ask(Query::Why { id })],
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "find.here",
        title: "Who is online",
        help: "Lists colleagues with an open console; enter opens the thread that they are looking at.",
        scope: Scope::Everywhere,
        keys: &["g w"],
        run: |_, _| vec![Picker::open(PresencePicker)],
        ..Command::ROW
    },
];

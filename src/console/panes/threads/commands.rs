//! Commands about threads and their messages.

use crate::console::command::{CommandSpec, ROW, Scope};
use crate::console::overlays::Overlay;
use crate::console::overlays::finder::FinderKind;
use crate::console::{Console, Effect, Focus, PaneId};
use crate::domain::access::permission::Permission;
use crate::domain::ids::ThreadId;
use crate::domain::message::content::Content;
use crate::domain::message::window::check_window;
use crate::domain::query::Query;
use crate::domain::request::Request;

const THREADS: Scope = Scope::Pane(PaneId::Threads);

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "thread.write",
        title: "Write",
        help: "Writes to the contact. If the service window is closed, the text is saved as a draft.",
        scope: THREADS,
        keys: &["c"],
        hint: true,
        ready: operator_with_thread,
        run: |console| write(console, false),
        ..ROW
    },
    CommandSpec {
        id: "thread.take",
        title: "Take or release",
        short: "take",
        help: "Takes the thread, so that its agent stops answering; or releases it.",
        scope: THREADS,
        keys: &["C"],
        hint: true,
        ready: operator_with_thread,
        run: |console| {
            let Some(row) = console.panes.threads.at_hand(&console.cx) else { return vec![] };
            let (thread, taken) = (row.id, row.taken_by.is_some());
            let mine = row.taken_by.as_deref() == Some(console.cx.settings.actor.to_string().as_str());
            let request =
                if taken && mine { Request::ReleaseThread { thread } } else { Request::TakeThread { thread } };
            vec![Effect::Perform(request)]
        },
        ..ROW
    },
    CommandSpec {
        id: "thread.hand_over",
        title: "Transfer",
        help: "Transfers the thread and your draft to a colleague who is online.",
        scope: THREADS,
        keys: &["H"],
        ready: operator_with_thread,
        run: |console| {
            let Some(thread) = console.panes.threads.at_hand(&console.cx).map(|row| row.id) else { return vec![] };
            console.open_finder(FinderKind::HandOver(thread))
        },
        ..ROW
    },
    CommandSpec {
        id: "thread.mark_read",
        title: "Mark read",
        help: "Marks the thread as read, here and for the contact.",
        scope: THREADS,
        keys: &["m"],
        ready: operator_with_thread,
        run: |console| with_thread(console, |_, thread| vec![Effect::Perform(Request::MarkRead { thread })]),
        ..ROW
    },
    CommandSpec {
        id: "message.down",
        title: "Next message",
        help: "Goes to the next message.",
        scope: Scope::Messages,
        keys: &["j", "down"],
        run: |console| move_message(console, 1),
        ..ROW
    },
    CommandSpec {
        id: "message.up",
        title: "Previous message",
        help: "Goes to the previous message.",
        scope: Scope::Messages,
        keys: &["k", "up"],
        run: |console| move_message(console, -1),
        ..ROW
    },
    CommandSpec {
        id: "message.half_down",
        title: "Half a page down",
        help: "Goes down by half a page.",
        scope: Scope::Messages,
        keys: &["ctrl-d", "pgdn"],
        run: |console| move_message(console, 5),
        ..ROW
    },
    CommandSpec {
        id: "message.half_up",
        title: "Half a page up",
        help: "Goes up by half a page and loads older messages.",
        scope: Scope::Messages,
        keys: &["ctrl-u", "pgup"],
        run: |console| move_message(console, -5),
        ..ROW
    },
    CommandSpec {
        id: "message.newest",
        title: "Newest",
        help: "Goes to the newest message and follows new ones.",
        scope: Scope::Messages,
        keys: &["G", "end"],
        run: |console| {
            let Some(open) = &mut console.panes.threads.open else { return vec![] };
            open.cursor = None;
            let thread = open.thread;
            match open.around.take() {
                Some(_) => console.ask(console.panes.threads.query_of_messages(thread)),
                None => vec![],
            }
        },
        ..ROW
    },
    CommandSpec {
        id: "message.write",
        title: "Write",
        help: "Writes to the contact.",
        scope: Scope::Messages,
        keys: &["enter"],
        ready: operator_with_thread,
        run: |console| write(console, false),
        ..ROW
    },
    CommandSpec {
        id: "message.reply",
        title: "Quote-reply",
        short: "quote",
        help: "Replies to the selected message and quotes it.",
        scope: Scope::Messages,
        keys: &["r"],
        hint: true,
        ready: |console| {
            operator_with_thread(console)?;
            provider_can(console, &Content::text(""), true)?;
            let quotable = console.panes.threads.open.as_ref().and_then(|open| open.current());
            match quotable {
                Some(message) if message.provider_message_id.is_some() => Ok(()),
                _ => Err("This message cannot be quoted: the provider has not assigned an id yet.".into()),
            }
        },
        run: |console| write(console, true),
        ..ROW
    },
    CommandSpec {
        id: "message.details",
        title: "Details",
        help: "Shows all details of the selected message.",
        scope: Scope::Messages,
        keys: &["i"],
        run: |console| {
            let Some(message) =
                console.panes.threads.open.as_ref().and_then(|open| open.current()).map(|message| message.id)
            else {
                return vec![];
            };
            console.overlay = Some(Overlay::message(message));
            console.ask(Query::Message { message })
        },
        ..ROW
    },
    CommandSpec {
        id: "message.copy",
        title: "Copy text",
        help: "Copies the text of the selected message.",
        scope: Scope::Messages,
        keys: &["y"],
        run: |console| {
            let text = console
                .panes
                .threads
                .open
                .as_ref()
                .and_then(|open| open.current())
                .map(|message| message.text.lines().join("\n"));
            match text {
                Some(text) => {
                    console.cx.notice("Copied the message.", false);
                    vec![Effect::Copy(text)]
                }
                None => vec![],
            }
        },
        ..ROW
    },
    CommandSpec {
        id: "message.back",
        title: "Back to the list",
        help: "Goes back to the list of threads.",
        scope: Scope::Messages,
        keys: &["left", "h"],
        run: |console| {
            console.cx.focus = Focus::List;
            vec![]
        },
        ..ROW
    },
];

pub(in crate::console) fn operator(console: &Console) -> Result<(), String> {
    if console.cx.settings.actor.has(Permission::WriteToPeople) {
        Ok(())
    } else {
        Err("This needs the role operator.".into())
    }
}

pub(in crate::console) fn with_thread(
    console: &mut Console,
    then: fn(&mut Console, ThreadId) -> Vec<Effect>,
) -> Vec<Effect> {
    console.panes.threads.at_hand(&console.cx).map(|row| row.id).map(|id| then(console, id)).unwrap_or_default()
}

pub(in crate::console) fn operator_with_thread(console: &Console) -> Result<(), String> {
    operator(console)?;
    if console.panes.threads.at_hand(&console.cx).is_none() { Err("Select a thread first.".into()) } else { Ok(()) }
}

/// The operation says the same: the rule stands in the domain once.
pub(in crate::console) fn can_write(console: &Console) -> Result<(), String> {
    operator_with_thread(console)?;
    let closes_at = console.panes.threads.at_hand(&console.cx).and_then(|row| row.window_closes_at);
    check_window(closes_at, console.cx.now, console.cx.now).map_err(|refusal| refusal.to_string())
}

/// What the provider of this thread's number cannot send is not begun.
pub(in crate::console) fn provider_can(console: &Console, content: &Content, quotes: bool) -> Result<(), String> {
    let connection = console.panes.threads.at_hand(&console.cx).map(|row| row.connection_id);
    let known = console.cx.connections.iter().flat_map(|list| &list.connected);
    let number = known.into_iter().find(|view| Some(view.connection.id) == connection);
    // Where it is not known, the operation says so.
    let Some(number) = number else { return Ok(()) };
    number.capabilities.forbid(content, quotes).map_err(|refusal| refusal.to_string())
}

fn write(console: &mut Console, quoting: bool) -> Vec<Effect> {
    let effects = match console.panes.threads.at_hand(&console.cx).map(|row| row.id) {
        Some(thread) => {
            let intents = console.panes.threads.show(&console.cx, thread);
            console.carry(intents)
        }
        None => return vec![],
    };
    let quote = quoting
        .then(|| {
            console
                .panes
                .threads
                .open
                .as_ref()
                .and_then(|open| open.current())
                .map(|message| (message.id, message.text.line()))
        })
        .flatten();
    let Some(thread) = console.panes.threads.open.as_ref().map(|open| open.thread) else { return effects };
    let composer = console
        .panes
        .threads
        .composers
        .entry(thread)
        .or_insert_with(|| crate::console::thread::composer::Composer::new(thread, ""));
    if quote.is_some() {
        composer.quote = quote;
    }
    console.cx.focus = Focus::Composer;
    // Whoever means to write goes on typing: the words go into the draft, also where it cannot be sent now.
    if let Err(why) = can_write(console) {
        console.cx.notice(format!("{why} Your text is saved as a draft; ctrl-t chooses a template."), true);
    }
    effects
}

fn move_message(console: &mut Console, by: isize) -> Vec<Effect> {
    let intents = console.panes.threads.move_message(&console.cx, by);
    console.carry(intents)
}

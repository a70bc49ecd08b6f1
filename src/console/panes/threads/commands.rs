//! Commands for threads and their messages.

use super::details::MessageDetails;
use super::forms::view::ViewForm;
use super::state::ThreadsPane;
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::event::Effect;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::reading::Reading;
use crate::console::pane_id::PaneId;
use crate::console::panes::row::Command;
use crate::console::settings::Focus;
use crate::console::thread::composer::Composer;
use crate::console::user_error::UserError;
use crate::domain::ids::ThreadId;
use crate::domain::message::content::Content;
use crate::domain::message::window::check_window;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::Untrusted;

const THREADS: Scope = Scope::Pane(PaneId::Threads);

pub(in crate::console) const ROWS: &[Command<ThreadsPane>] = &[
    Command {
        id: "threads.unread",
        title: "Unread",
        help: "Filters the list to unread threads, or shows all.",
        scope: THREADS,
        keys: &["u"],
        run: |pane, _| toggle(pane, "is:unread"),
        ..Command::ROW
    },
    Command {
        id: "threads.unanswered",
        title: "Unanswered",
        help: "Filters the list to threads in which the contact wrote last, or shows all.",
        scope: THREADS,
        keys: &["U"],
        run: |pane, _| toggle(pane, "is:unanswered"),
        ..Command::ROW
    },
    Command {
        id: "threads.waiting",
        title: "Waiting longest",
        help: "Filters the list to threads that wait for a person, the longest wait first, or shows all.",
        scope: THREADS,
        keys: &["W"],
        run: |pane, _| toggle(pane, "is:waiting"),
        ..Command::ROW
    },
    Command {
        id: "threads.keep_filter",
        title: "Save filter",
        help: "Saves the filter of the list under a name.",
        scope: THREADS,
        keys: &["K"],
        ready: |pane, _| {
            if pane.list.filter.trim().is_empty() {
                return Err("There is no filter. Press / to set one.".into());
            }
            Ok(())
        },
        run: |pane, _| {
            let terms = pane.list.filter.clone();
            vec![Form::open(ViewForm { terms })]
        },
        ..Command::ROW
    },
    Command {
        id: "thread.write",
        title: "Write",
        help: "Writes to the contact. If the service window is closed, the text is saved as a draft.",
        scope: THREADS,
        keys: &["c"],
        hint: true,
        ready: operator_with_thread,
        run: |pane, cx| write(pane, cx, false),
        ..Command::ROW
    },
    Command {
        id: "thread.take",
        title: "Take or release",
        short: "take",
        help: "Takes the thread, so that its agent stops answering; or releases it.",
        scope: THREADS,
        keys: &["C"],
        hint: true,
        ready: operator_with_thread,
        run: |pane, cx| {
            let Some(row) = pane.at_hand(cx) else { return vec![] };
            let (thread, taken) = (row.id, row.taken_by.is_some());
            let mine = row.taken_by.as_deref() == Some(cx.settings.actor.to_string().as_str());
            let request =
                if taken && mine { Request::ReleaseThread { thread } } else { Request::TakeThread { thread } };
            vec![Intent::perform(request)]
        },
        ..Command::ROW
    },
    Command {
        id: "message.down",
        title: "Next message",
        help: "Goes to the next message.",
        scope: Scope::Messages,
        keys: &["j", "down"],
        run: |pane, cx| pane.move_message(cx, 1),
        ..Command::ROW
    },
    Command {
        id: "message.up",
        title: "Previous message",
        help: "Goes to the previous message.",
        scope: Scope::Messages,
        keys: &["k", "up"],
        run: |pane, cx| pane.move_message(cx, -1),
        ..Command::ROW
    },
    Command {
        id: "message.half_down",
        title: "Half a page down",
        help: "Goes down by half a page.",
        scope: Scope::Messages,
        keys: &["ctrl-d", "pgdn"],
        run: |pane, cx| pane.move_message(cx, 5),
        ..Command::ROW
    },
    Command {
        id: "message.half_up",
        title: "Half a page up",
        help: "Goes up by half a page and loads older messages.",
        scope: Scope::Messages,
        keys: &["ctrl-u", "pgup"],
        run: |pane, cx| pane.move_message(cx, -5),
        ..Command::ROW
    },
    Command {
        id: "message.newest",
        title: "Newest",
        help: "Goes to the newest message and follows new ones.",
        scope: Scope::Messages,
        keys: &["G", "end"],
        run: |pane, _| {
            let Some(open) = &mut pane.open else { return vec![] };
            open.cursor = None;
            let thread = open.thread;
            match open.around.take() {
                Some(_) => vec![Intent::Ask(pane.query_of_messages(thread))],
                None => vec![],
            }
        },
        ..Command::ROW
    },
    Command {
        id: "message.write",
        title: "Write",
        help: "Writes to the contact.",
        scope: Scope::Messages,
        keys: &["enter"],
        ready: operator_with_thread,
        run: |pane, cx| write(pane, cx, false),
        ..Command::ROW
    },
    Command {
        id: "message.reply",
        title: "Quote-reply",
        short: "quote",
        help: "Replies to the selected message and quotes it.",
        scope: Scope::Messages,
        keys: &["r"],
        hint: true,
        ready: |pane, cx| {
            operator_with_thread(pane, cx)?;
            provider_can(pane, cx, &Content::text(""), true)?;
            let quotable = pane.open.as_ref().and_then(|open| open.current());
            match quotable {
                Some(message) if message.provider_message_id.is_some() => Ok(()),
                _ => Err("This message cannot be quoted: the provider has not assigned an id yet.".into()),
            }
        },
        run: |pane, cx| write(pane, cx, true),
        ..Command::ROW
    },
    Command {
        id: "message.details",
        title: "Details",
        help: "Shows all details of the selected message.",
        scope: Scope::Messages,
        keys: &["i"],
        run: |pane, _| {
            let Some(message) = pane.open.as_ref().and_then(|open| open.current()).map(|message| message.id) else {
                return vec![];
            };
            let row = pane.open.as_ref().and_then(|open| open.row.clone());
            vec![Reading::open(MessageDetails::new(message, row))]
        },
        ..Command::ROW
    },
    Command {
        id: "message.copy",
        title: "Copy text",
        help: "Copies the text of the selected message; of a location, its coordinates.",
        scope: Scope::Messages,
        keys: &["y"],
        run: |pane, _| {
            let text =
                pane.open.as_ref().and_then(|open| open.current()).map(|message| copied(&message.kind, &message.text));
            match text {
                Some(text) => {
                    vec![Intent::Notice("Copied the message.".to_owned()), Intent::Effect(Effect::Copy(text))]
                }
                None => vec![],
            }
        },
        ..Command::ROW
    },
    Command {
        id: "message.back",
        title: "Back to the list",
        help: "Goes back to the list of threads.",
        scope: Scope::Messages,
        keys: &["left", "h"],
        run: |_, _| vec![Intent::Focus(Focus::List)],
        ..Command::ROW
    },
];

/// Returns what is copied of a message: its text, or a location's `latitude,longitude`.
fn copied(kind: &str, text: &Untrusted) -> String {
    let whole = text.lines().join("\n");
    let place = whole.strip_prefix("[location ").filter(|_| kind == "location");
    place.and_then(|rest| rest.split_once(']')).map_or(whole.clone(), |(place, _)| place.to_owned())
}

pub(in crate::console) fn with_thread(
    pane: &mut ThreadsPane,
    cx: &Cx,
    then: fn(&mut ThreadsPane, ThreadId) -> Vec<Intent>,
) -> Vec<Intent> {
    pane.at_hand(cx).map(|row| row.id).map(|id| then(pane, id)).unwrap_or_default()
}

/// Fails if the actor is no operator, or if no thread is selected.
pub(in crate::console) fn operator_with_thread(pane: &ThreadsPane, cx: &Cx) -> Result<(), UserError> {
    cx.operator()?;
    if pane.at_hand(cx).is_none() { Err("Select a thread first.".into()) } else { Ok(()) }
}

/// Fails if no message can be sent to the thread now. The operation applies the same domain rule.
pub(in crate::console) fn can_write(pane: &ThreadsPane, cx: &Cx) -> Result<(), UserError> {
    operator_with_thread(pane, cx)?;
    let closes_at = pane.at_hand(cx).and_then(|row| row.window_closes_at);
    check_window(closes_at, cx.now, cx.now).map_err(UserError::from)
}

/// Fails if the provider of the thread's number cannot send this content, so that a user does not begin it in vain.
pub(in crate::console) fn provider_can(
    pane: &ThreadsPane,
    cx: &Cx,
    content: &Content,
    quotes: bool,
) -> Result<(), UserError> {
    let connection = pane.at_hand(cx).map(|row| row.connection_id);
    let known = cx.connections.iter().flat_map(|list| &list.connected);
    let number = known.into_iter().find(|view| Some(view.connection.id) == connection);
    // If the number is not known, the operation refuses the message.
    let Some(number) = number else { return Ok(()) };
    number.capabilities.forbid(content, quotes).map_err(UserError::from)
}

/// Opens the composer of the selected thread; with `quoting`, it quotes the selected message.
fn write(pane: &mut ThreadsPane, cx: &Cx, quoting: bool) -> Vec<Intent> {
    let mut intents = match pane.at_hand(cx).map(|row| row.id) {
        Some(thread) => pane.show(cx, thread),
        None => return vec![],
    };
    let quote = pane.current().filter(|_| quoting).map(|message| (message.id, message.text.line()));
    let Some(thread) = pane.open.as_ref().map(|open| open.thread) else { return intents };
    let composer = pane.composers.entry(thread).or_insert_with(|| Composer::new(thread, ""));
    if quote.is_some() {
        composer.quote = quote;
    }
    intents.extend([Intent::Ask(Query::Replies), Intent::Focus(Focus::Composer)]);
    // The composer opens even if nothing can be sent now, so that typed text becomes a draft and not commands.
    if let Err(why) = can_write(pane, cx) {
        intents.push(Intent::Warn(format!("{why} Your text is saved as a draft; ctrl-t chooses a template.")));
    }
    intents
}

/// Adds a term to the filter, or removes it if it is there.
fn toggle(pane: &mut ThreadsPane, term: &str) -> Vec<Intent> {
    let mut terms: Vec<&str> = pane.list.filter.split_whitespace().collect();
    match terms.iter().position(|known| *known == term) {
        Some(at) => {
            terms.remove(at);
        }
        None => terms.push(term),
    }
    pane.list.filter = terms.join(" ");
    vec![Intent::Focus(Focus::List), Intent::Narrow]
}

//! Commands that send content other than text, or act on the contact, and commands for notes and files.

use super::commands::{can_write, operator_with_thread, with_thread};
use super::forms::contact::{AddContactForm, RenameForm};
use super::forms::note::NoteForm;
use super::forms::saving::SaveForm;
use super::pickers::{ContentPicker, TemplatePicker};
use super::state::ThreadsPane;
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::files::Saves;
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::picker::Picker;
use crate::console::overlays::pickers::contacts::Contacts;
use crate::console::pane_id::PaneId;
use crate::console::panes::row::{Command, Danger};
use crate::domain::access::permission::Permission;
use crate::domain::ids::{ConnectionId, ContactId, ThreadId};
use crate::domain::request::Request;

const THREADS: Scope = Scope::Pane(PaneId::Threads);

pub(in crate::console) const ROWS: &[Command<ThreadsPane>] = &[
    Command {
        id: "thread.template",
        title: "Template",
        help: "Chooses a template that can be sent now, fills in its parameters and sends it.",
        scope: THREADS,
        keys: &["T"],
        hint: true,
        ready: operator_with_thread,
        run: template,
        ..Command::ROW
    },
    Command {
        id: "thread.add",
        title: "Send other content",
        short: "other content",
        help: "Sends a file, buttons, a list, a link, a location, a contact card or the catalog.",
        scope: THREADS,
        keys: &["a"],
        hint: true,
        ready: can_write,
        run: |pane, cx| with_thread(pane, cx, other_content),
        ..Command::ROW
    },
    Command {
        id: "thread.note",
        title: "Note",
        help: "Adds an internal note. Notes are never sent.",
        scope: THREADS,
        keys: &["n"],
        ready: operator_with_thread,
        run: |pane, cx| with_thread(pane, cx, |_, thread| vec![Form::open(NoteForm { thread })]),
        ..Command::ROW
    },
    Command {
        id: "thread.take_back",
        title: "Undo send",
        help: "Undoes your last message, if it has not been sent; its text becomes the draft.",
        scope: Scope::Messages,
        keys: &["u"],
        ready: operator_with_thread,
        run: |pane, cx| with_thread(pane, cx, |_, thread| vec![Intent::perform(Request::UndoSend { thread })]),
        ..Command::ROW
    },
    Command {
        id: "thread.opt_out",
        title: "Opt-out",
        help: "Records an opt-out or opt-in of the contact.",
        scope: THREADS,
        keys: &["O"],
        danger: Danger::Asks(|pane, cx| match pane.at_hand(cx) {
            Some(row) if row.opted_out => format!("Record an opt-in of {}?", row.contact.display_name()),
            Some(row) => {
                format!("Record an opt-out of {}? Nothing is sent to them any more.", row.contact.display_name())
            }
            None => String::new(),
        }),
        ready: operator_with_thread,
        run: |pane, cx| match pane.at_hand(cx) {
            Some(row) => vec![Intent::perform(Request::OptOut { thread: row.id, out: !row.opted_out })],
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "thread.export",
        title: "Export",
        help: "Saves the whole thread as a text file.",
        scope: THREADS,
        keys: &["x"],
        ready: operator_with_thread,
        run: |pane, cx| with_thread(pane, cx, |_, thread| vec![Form::open(SaveForm { what: Saves::Thread(thread) })]),
        ..Command::ROW
    },
    Command {
        id: "contact.rename",
        title: "Rename contact",
        help: "Sets the name by which colleagues see the contact.",
        scope: THREADS,
        keys: &["g n"],
        ready: operator_with_thread,
        run: |pane, cx| with_contact(pane, cx, |contact| vec![Form::open(RenameForm { contact })]),
        ..Command::ROW
    },
    Command {
        id: "contact.merge",
        title: "Merge contacts",
        help: "Merges this contact with another one; splitting undoes it.",
        scope: THREADS,
        keys: &["g m"],
        ready: operator_with_thread,
        run: |pane, cx| with_contact(pane, cx, |contact| vec![Picker::open(Contacts::to_merge_into(contact))]),
        ..Command::ROW
    },
    Command {
        id: "contact.split",
        title: "Split contacts",
        help: "Undoes the last merge of this contact.",
        scope: THREADS,
        keys: &["g s"],
        danger: Danger::Asks(|_, _| "Undo the last merge of this contact?".into()),
        ready: operator_with_thread,
        run: |pane, cx| with_contact(pane, cx, |contact| vec![Intent::perform(Request::SplitContact { contact })]),
        ..Command::ROW
    },
    Command {
        id: "contact.add",
        title: "Add contact",
        help: "Adds a contact that has not written yet (admins).",
        scope: THREADS,
        keys: &["g a"],
        ready: |pane, cx| {
            if !cx.settings.actor.has(Permission::AddContacts) {
                return Err("Adding contacts needs the role admin.".into());
            }
            connection(pane, cx).map(|_| ()).ok_or_else(|| "There is no connection to add a contact to.".into())
        },
        run: |pane, cx| match connection(pane, cx) {
            Some(connection) => vec![Form::open(AddContactForm { connection })],
            None => vec![],
        },
        ..Command::ROW
    },
];

pub(super) fn template(pane: &mut ThreadsPane, cx: &Cx) -> Vec<Intent> {
    let Some(row) = pane.at_hand(cx) else { return vec![] };
    let picker = TemplatePicker::new(row);
    let mut intents = pane.keep_drafts();
    intents.push(Picker::open(picker));
    intents
}

pub(super) fn other_content(pane: &mut ThreadsPane, thread: ThreadId) -> Vec<Intent> {
    let quote = pane.composers.get(&thread).and_then(|composer| composer.quote.as_ref());
    vec![Picker::open(ContentPicker { thread, reply_to: quote.map(|(id, _)| *id) })]
}

fn connection(pane: &ThreadsPane, cx: &Cx) -> Option<ConnectionId> {
    let row = pane.at_hand(cx).map(|row| row.connection_id);
    row.or_else(|| cx.connected().next().map(|view| view.connection.id))
}

fn with_contact(pane: &ThreadsPane, cx: &Cx, then: fn(ContactId) -> Vec<Intent>) -> Vec<Intent> {
    pane.at_hand(cx).map(|row| then(row.contact_id)).unwrap_or_default()
}

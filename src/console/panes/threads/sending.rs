//! Commands that send something other than words, and what one does with files.

use super::commands::{can_write, operator_with_thread, provider_can, with_thread};
use super::state::ThreadsPane;
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::event::{Edit, Effect};
use crate::console::files::FilePlace;
use crate::console::intent::Intent;
use crate::console::overlays::finder_kind::FinderKind;
use crate::console::overlays::form::FormKind;
use crate::console::pane_id::PaneId;
use crate::console::panes::row::{Command, Danger};
use crate::domain::access::permission::Permission;
use crate::domain::ids::{ConnectionId, ContactId, EntryId, MessageId};
use crate::domain::message::content::{Content, check_text};
use crate::domain::message::media::MediaState;
use crate::domain::message::picture::Pictures;
use crate::domain::outbox::entry::EntryState;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::domain::view::MessageView;

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
        run: |pane, cx| with_thread(pane, cx, |_, thread| pick(FinderKind::Kinds(thread))),
        ..Command::ROW
    },
    Command {
        id: "thread.note",
        title: "Note",
        help: "Adds an internal note. Notes are never sent.",
        scope: THREADS,
        keys: &["n"],
        ready: operator_with_thread,
        run: |pane, cx| with_thread(pane, cx, |_, thread| form(FormKind::Note { thread })),
        ..Command::ROW
    },
    Command {
        id: "thread.take_back",
        title: "Undo send",
        help: "Undoes your last message, if it has not been sent; its text becomes the draft.",
        scope: Scope::Messages,
        keys: &["u"],
        ready: operator_with_thread,
        run: |pane, cx| with_thread(pane, cx, |_, thread| vec![Intent::perform(Request::TakeBack { thread })]),
        ..Command::ROW
    },
    Command {
        id: "thread.opt_out",
        title: "Opt-out",
        help: "Records an opt-out or opt-in of the contact.",
        scope: THREADS,
        keys: &["O"],
        danger: Danger::Asks(|pane, cx| match pane.at_hand(cx) {
            Some(row) if row.opted_out => format!("Record an opt-in of {}?", row.contact.shown()),
            Some(row) => format!("Record an opt-out of {}? Nothing is sent to them any more.", row.contact.shown()),
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
        run: |pane, cx| with_thread(pane, cx, |_, thread| form(FormKind::Export { thread })),
        ..Command::ROW
    },
    Command {
        id: "contact.rename",
        title: "Rename contact",
        help: "Sets the name by which colleagues see the contact.",
        scope: THREADS,
        keys: &["g n"],
        ready: operator_with_thread,
        run: |pane, cx| with_contact(pane, cx, |contact| form(FormKind::Rename { contact })),
        ..Command::ROW
    },
    Command {
        id: "contact.merge",
        title: "Merge contacts",
        help: "Merges this contact with another one; splitting undoes it.",
        scope: THREADS,
        keys: &["g m"],
        ready: operator_with_thread,
        run: |pane, cx| with_contact(pane, cx, |contact| pick(FinderKind::Merge(contact))),
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
            Some(connection) => form(FormKind::AddContact { connection }),
            None => vec![],
        },
        ..Command::ROW
    },
    Command {
        id: "message.react",
        title: "React",
        help: "Reacts to the selected message with an emoji; replaces your earlier reaction.",
        scope: Scope::Messages,
        keys: &["e"],
        ready: |pane, cx| {
            can_write(pane, cx)?;
            let none = Content::Reaction { target: String::new(), emoji: None };
            provider_can(pane, cx, &none, false)?;
            match pane.current() {
                Some(message) if message.provider_message_id.is_some() => Ok(()),
                _ => Err("The provider has not assigned an id to this message yet.".into()),
            }
        },
        run: |pane, _| with_message(pane, |message| pick(FinderKind::Emoji(message))),
        ..Command::ROW
    },
    Command {
        id: "message.open",
        title: "Open file",
        help: "Opens the file of the selected message, on the engine's own terminal only.",
        scope: Scope::Messages,
        keys: &["o"],
        ready: |pane, cx| {
            has_file(pane)?;
            if cx.settings.files == FilePlace::Here {
                return Ok(());
            }
            Err("Files open only on the engine's own terminal. Save it with `wadeck messages save MESSAGE` and open it locally.".into())
        },
        run: |pane, _| with_message(pane, |message| vec![Intent::perform(Request::OpenMedia { message })]),
        ..Command::ROW
    },
    Command {
        id: "message.save",
        title: "Save file",
        help: "Saves the file of the selected message.",
        scope: Scope::Messages,
        keys: &["s"],
        ready: |pane, _| has_file(pane),
        run: |pane, _| with_message(pane, |message| form(FormKind::Save { message })),
        ..Command::ROW
    },
    Command {
        id: "message.view",
        title: "View image",
        help: "Shows the image of the selected message in the terminal.",
        scope: Scope::Messages,
        keys: &["v"],
        ready: |pane, cx| {
            has_file(pane)?;
            if !cfg!(feature = "pictures") {
                return Err(
                    "This build cannot show images (built without `pictures`). Press o to open the file.".into()
                );
            }
            if cx.settings.pictures == Pictures::Off {
                return Err("Images are off. Set [console] pictures = \"blocks\", or press o to open the file.".into());
            }
            Ok(())
        },
        run: |pane, _| with_message(pane, |message| vec![Intent::Picture(message)]),
        ..Command::ROW
    },
    Command {
        id: "message.fetch",
        title: "Download again",
        help: "Downloads the file of the selected message again, if its download failed.",
        scope: Scope::Messages,
        keys: &["F"],
        ready: |pane, _| match pane.current().and_then(|message| message.media.as_ref()) {
            Some(media) if media.state != MediaState::Kept => Ok(()),
            Some(_) => Err("The file is already here. Press o to open it.".into()),
            None => Err("This message has no file.".into()),
        },
        run: |pane, _| with_message(pane, |message| vec![Intent::perform(Request::FetchMedia { message })]),
        ..Command::ROW
    },
    Command {
        id: "message.ask",
        title: "Query provider",
        help: "Queries the provider for the delivery status of the selected message.",
        scope: Scope::Messages,
        keys: &["p"],
        ready: |pane, _| match pane.current() {
            Some(message) if message.provider_message_id.is_some() || doubtful(message).is_some() => Ok(()),
            Some(_) => Err("The provider has no record of this message.".into()),
            None => Err("Select a message first.".into()),
        },
        run: |pane, _| match pane.current().and_then(doubtful) {
            Some(entry) => vec![Intent::perform(Request::LookUp { entry })],
            None => with_message(pane, |message| vec![Intent::perform(Request::AskAbout { message })]),
        },
        ..Command::ROW
    },
    Command {
        id: "write.template",
        title: "Template",
        help: "Saves the draft and chooses a template.",
        scope: Scope::Composer,
        keys: &["ctrl-t"],
        ready: operator_with_thread,
        run: template,
        ..Command::ROW
    },
    Command {
        id: "write.add",
        title: "Other content",
        help: "Saves the draft and sends a file, buttons, a list, a link, a location or a contact card.",
        scope: Scope::Composer,
        keys: &["ctrl-o"],
        hint: true,
        ready: can_write,
        run: |pane, cx| with_thread(pane, cx, |_, thread| pick(FinderKind::Kinds(thread))),
        ..Command::ROW
    },
    Command {
        id: "write.later",
        title: "Schedule",
        help: "Schedules the message for a time of your choice.",
        scope: Scope::Composer,
        keys: &["ctrl-y"],
        hint: true,
        ready: |pane, cx| {
            let composer = pane.composer().ok_or("Select a thread first.")?;
            check_text(&composer.text()).map_err(|refusal| refusal.to_string())?;
            can_write(pane, cx)
        },
        run: |pane, _| {
            let Some(composer) = pane.composer() else { return vec![] };
            let kind = FormKind::Later {
                thread: composer.thread,
                text: composer.text(),
                reply_to: composer.quote.as_ref().map(|(id, _)| *id),
            };
            form(kind)
        },
        ..Command::ROW
    },
    Command {
        id: "write.editor",
        title: "Editor",
        help: "Opens the text in your editor: $VISUAL or $EDITOR.",
        scope: Scope::Composer,
        keys: &["ctrl-e"],
        run: |pane, _| match pane.composer() {
            Some(composer) => {
                let (what, text) = (Edit::Draft(composer.thread), composer.text());
                let mut intents = pane.keep_drafts();
                intents.push(Intent::Effect(Effect::Edit { what, text }));
                intents
            }
            None => vec![],
        },
        ..Command::ROW
    },
];

fn template(pane: &mut ThreadsPane, cx: &Cx) -> Vec<Intent> {
    let Some(thread) = pane.at_hand(cx).map(|row| row.id) else { return vec![] };
    let mut intents = pane.keep_drafts();
    // What is shown is asked for anew: a list may be old.
    intents.extend([Intent::Pick(FinderKind::Templates(thread)), Intent::Ask(Query::Templates)]);
    intents
}

fn connection(pane: &ThreadsPane, cx: &Cx) -> Option<ConnectionId> {
    let row = pane.at_hand(cx).map(|row| row.connection_id);
    row.or_else(|| cx.connected().next().map(|view| view.connection.id))
}

fn has_file(pane: &ThreadsPane) -> Result<(), String> {
    match pane.current().and_then(|message| message.media.as_ref()) {
        Some(media) if media.state == MediaState::Kept => Ok(()),
        Some(media) => {
            let said = media.said.as_deref().unwrap_or("it is being downloaded");
            Err(format!("The file is not here ({}): {}.", media.state.name(), clean_line(said)))
        }
        None => Err("This message has no file.".into()),
    }
}

/// The entry of a message whose answer was lost.
fn doubtful(message: &MessageView) -> Option<EntryId> {
    message.entry.as_ref().filter(|entry| entry.state == EntryState::Uncertain).map(|entry| entry.id)
}

fn with_message(pane: &ThreadsPane, then: fn(MessageId) -> Vec<Intent>) -> Vec<Intent> {
    pane.current().map(|message| then(message.id)).unwrap_or_default()
}

fn with_contact(pane: &ThreadsPane, cx: &Cx, then: fn(ContactId) -> Vec<Intent>) -> Vec<Intent> {
    pane.at_hand(cx).map(|row| then(row.contact_id)).unwrap_or_default()
}

fn pick(kind: FinderKind) -> Vec<Intent> {
    vec![Intent::Pick(kind)]
}

fn form(kind: FormKind) -> Vec<Intent> {
    vec![Intent::Form(kind)]
}

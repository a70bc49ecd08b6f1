//! Commands that send something other than words, and what one does with files.

use crate::console::command::{CommandSpec, Danger, ROW, Scope};
use crate::console::overlays::finder::FinderKind;
use crate::console::overlays::form::FormKind;
use crate::console::panes::threads::commands::{can_write, operator_with_thread, provider_can, with_thread};
use crate::console::{Console, Edit, Effect, FilePlace, PaneId};
use crate::domain::access::permission::Permission;
use crate::domain::ids::{ContactId, EntryId, MessageId};
use crate::domain::message::content::Content;
use crate::domain::message::content::check_text;
use crate::domain::message::media::MediaState;
use crate::domain::message::picture::Pictures;
use crate::domain::outbox::entry::EntryState;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::view::MessageView;

const THREADS: Scope = Scope::Pane(PaneId::Threads);

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "thread.template",
        title: "Template",
        help: "Chooses a template that can be sent now, fills in its parameters and sends it.",
        scope: THREADS,
        keys: &["T"],
        hint: true,
        ready: operator_with_thread,
        run: template,
        ..ROW
    },
    CommandSpec {
        id: "thread.add",
        title: "Send other content",
        short: "other content",
        help: "Sends a file, buttons, a list, a link, a location, a contact card or the catalog.",
        scope: THREADS,
        keys: &["a"],
        hint: true,
        ready: can_write,
        run: |console| with_thread(console, |console, thread| console.open_finder(FinderKind::Kinds(thread))),
        ..ROW
    },
    CommandSpec {
        id: "thread.note",
        title: "Note",
        help: "Adds an internal note. Notes are never sent.",
        scope: THREADS,
        keys: &["n"],
        ready: operator_with_thread,
        run: |console| with_thread(console, |console, thread| console.open_form(FormKind::Note { thread })),
        ..ROW
    },
    CommandSpec {
        id: "thread.take_back",
        title: "Undo send",
        help: "Undoes your last message, if it has not been sent; its text becomes the draft.",
        scope: Scope::Messages,
        keys: &["u"],
        ready: operator_with_thread,
        run: |console| with_thread(console, |_, thread| vec![Effect::Perform(Request::TakeBack { thread })]),
        ..ROW
    },
    CommandSpec {
        id: "thread.opt_out",
        title: "Opt-out",
        help: "Records an opt-out or opt-in of the contact.",
        scope: THREADS,
        keys: &["O"],
        danger: Danger::Asks(|console| match console.panes.threads.at_hand(&console.cx) {
            Some(row) if row.opted_out => format!("Record an opt-in of {}?", row.contact.shown()),
            Some(row) => format!("Record an opt-out of {}? Nothing is sent to them any more.", row.contact.shown()),
            None => String::new(),
        }),
        ready: operator_with_thread,
        run: |console| match console.panes.threads.at_hand(&console.cx) {
            Some(row) => vec![Effect::Perform(Request::OptOut { thread: row.id, out: !row.opted_out })],
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "thread.export",
        title: "Export",
        help: "Saves the whole thread as a text file.",
        scope: THREADS,
        keys: &["x"],
        ready: operator_with_thread,
        run: |console| with_thread(console, |console, thread| console.open_form(FormKind::Export { thread })),
        ..ROW
    },
    CommandSpec {
        id: "contact.rename",
        title: "Rename contact",
        help: "Sets the name by which colleagues see the contact.",
        scope: THREADS,
        keys: &["g n"],
        ready: operator_with_thread,
        run: |console| with_contact(console, |console, contact| console.open_form(FormKind::Rename { contact })),
        ..ROW
    },
    CommandSpec {
        id: "contact.merge",
        title: "Merge contacts",
        help: "Merges this contact with another one; splitting undoes it.",
        scope: THREADS,
        keys: &["g m"],
        ready: operator_with_thread,
        run: |console| with_contact(console, |console, contact| console.open_finder(FinderKind::Merge(contact))),
        ..ROW
    },
    CommandSpec {
        id: "contact.split",
        title: "Split contacts",
        help: "Undoes the last merge of this contact.",
        scope: THREADS,
        keys: &["g s"],
        danger: Danger::Asks(|_| "Undo the last merge of this contact?".into()),
        ready: operator_with_thread,
        run: |console| with_contact(console, |_, contact| vec![Effect::Perform(Request::SplitContact { contact })]),
        ..ROW
    },
    CommandSpec {
        id: "contact.add",
        title: "Add contact",
        help: "Adds a contact that has not written yet (admins).",
        scope: THREADS,
        keys: &["g a"],
        ready: |console| {
            if !console.cx.settings.actor.has(Permission::AddContacts) {
                return Err("Adding contacts needs the role admin.".into());
            }
            connection(console).map(|_| ()).ok_or_else(|| "There is no connection to add a contact to.".into())
        },
        run: |console| match connection(console) {
            Some(connection) => console.open_form(FormKind::AddContact { connection }),
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "message.react",
        title: "React",
        help: "Reacts to the selected message with an emoji; replaces your earlier reaction.",
        scope: Scope::Messages,
        keys: &["e"],
        ready: |console| {
            can_write(console)?;
            let none = Content::Reaction { target: String::new(), emoji: None };
            provider_can(console, &none, false)?;
            match current(console) {
                Some(message) if message.provider_message_id.is_some() => Ok(()),
                _ => Err("The provider has not assigned an id to this message yet.".into()),
            }
        },
        run: |console| with_message(console, |console, message| console.open_finder(FinderKind::Emoji(message))),
        ..ROW
    },
    CommandSpec {
        id: "message.open",
        title: "Open file",
        help: "Opens the file of the selected message, on the engine's own terminal only.",
        scope: Scope::Messages,
        keys: &["o"],
        ready: |console| {
            has_file(console)?;
            if console.cx.settings.files == FilePlace::Here {
                return Ok(());
            }
            Err("Files open only on the engine's own terminal. Save it with `wadeck messages save MESSAGE` and open it locally.".into())
        },
        run: |console| with_message(console, |_, message| vec![Effect::Perform(Request::OpenMedia { message })]),
        ..ROW
    },
    CommandSpec {
        id: "message.save",
        title: "Save file",
        help: "Saves the file of the selected message.",
        scope: Scope::Messages,
        keys: &["s"],
        ready: has_file,
        run: |console| with_message(console, |console, message| console.open_form(FormKind::Save { message })),
        ..ROW
    },
    CommandSpec {
        id: "message.view",
        title: "View image",
        help: "Shows the image of the selected message in the terminal.",
        scope: Scope::Messages,
        keys: &["v"],
        ready: |console| {
            has_file(console)?;
            if !cfg!(feature = "pictures") {
                return Err(
                    "This build cannot show images (built without `pictures`). Press o to open the file.".into()
                );
            }
            if console.cx.settings.pictures == Pictures::Off {
                return Err("Images are off. Set [console] pictures = \"blocks\", or press o to open the file.".into());
            }
            Ok(())
        },
        run: |console| with_message(console, crate::console::Console::view_picture),
        ..ROW
    },
    CommandSpec {
        id: "message.fetch",
        title: "Download again",
        help: "Downloads the file of the selected message again, if its download failed.",
        scope: Scope::Messages,
        keys: &["F"],
        ready: |console| match current(console).and_then(|message| message.media.as_ref()) {
            Some(media) if media.state != MediaState::Kept => Ok(()),
            Some(_) => Err("The file is already here. Press o to open it.".into()),
            None => Err("This message has no file.".into()),
        },
        run: |console| with_message(console, |_, message| vec![Effect::Perform(Request::FetchMedia { message })]),
        ..ROW
    },
    CommandSpec {
        id: "message.ask",
        title: "Query provider",
        help: "Queries the provider for the delivery status of the selected message.",
        scope: Scope::Messages,
        keys: &["p"],
        ready: |console| match current(console) {
            Some(message) if message.provider_message_id.is_some() || doubtful(message).is_some() => Ok(()),
            Some(_) => Err("The provider has no record of this message.".into()),
            None => Err("Select a message first.".into()),
        },
        run: |console| match current(console).and_then(doubtful) {
            Some(entry) => vec![Effect::Perform(Request::LookUp { entry })],
            None => with_message(console, |_, message| vec![Effect::Perform(Request::AskAbout { message })]),
        },
        ..ROW
    },
    CommandSpec {
        id: "write.template",
        title: "Template",
        help: "Saves the draft and chooses a template.",
        scope: Scope::Composer,
        keys: &["ctrl-t"],
        ready: operator_with_thread,
        run: template,
        ..ROW
    },
    CommandSpec {
        id: "write.add",
        title: "Other content",
        help: "Saves the draft and sends a file, buttons, a list, a link, a location or a contact card.",
        scope: Scope::Composer,
        keys: &["ctrl-o"],
        hint: true,
        ready: can_write,
        run: |console| with_thread(console, |console, thread| console.open_finder(FinderKind::Kinds(thread))),
        ..ROW
    },
    CommandSpec {
        id: "write.later",
        title: "Schedule",
        help: "Schedules the message for a time of your choice.",
        scope: Scope::Composer,
        keys: &["ctrl-y"],
        hint: true,
        ready: |console| {
            let composer = console.panes.threads.composer().ok_or("Select a thread first.")?;
            check_text(&composer.text()).map_err(|refusal| refusal.to_string())?;
            can_write(console)
        },
        run: |console| {
            let Some(composer) = console.panes.threads.composer() else { return vec![] };
            let kind = FormKind::Later {
                thread: composer.thread,
                text: composer.text(),
                reply_to: composer.quote.as_ref().map(|(id, _)| *id),
            };
            console.open_form(kind)
        },
        ..ROW
    },
    CommandSpec {
        id: "write.editor",
        title: "Editor",
        help: "Opens the text in your editor: $VISUAL or $EDITOR.",
        scope: Scope::Composer,
        keys: &["ctrl-e"],
        run: |console| match console.panes.threads.composer() {
            Some(composer) => {
                let (what, text) = (Edit::Draft(composer.thread), composer.text());
                let mut effects = console.keep_drafts();
                effects.push(Effect::Edit { what, text });
                effects
            }
            None => vec![],
        },
        ..ROW
    },
];

fn template(console: &mut Console) -> Vec<Effect> {
    let Some(thread) = console.panes.threads.at_hand(&console.cx).map(|row| row.id) else { return vec![] };
    let mut effects = console.keep_drafts();
    effects.extend(console.open_finder(FinderKind::Templates(thread)));
    // What is shown is asked for anew: a list may be old.
    effects.extend(console.ask(Query::Templates));
    effects
}

fn connection(console: &Console) -> Option<crate::domain::ids::ConnectionId> {
    let row = console.panes.threads.at_hand(&console.cx).map(|row| row.connection_id);
    row.or_else(|| {
        console.cx.connections.as_ref().and_then(|list| list.connected.first()).map(|view| view.connection.id)
    })
}

fn current(console: &Console) -> Option<&MessageView> {
    console.panes.threads.open.as_ref().and_then(|open| open.current())
}

fn has_file(console: &Console) -> Result<(), String> {
    match current(console).and_then(|message| message.media.as_ref()) {
        Some(media) if media.state == MediaState::Kept => Ok(()),
        Some(media) => {
            let said = media.said.as_deref().unwrap_or("it is being downloaded");
            Err(format!("The file is not here ({}): {}.", media.state.name(), crate::domain::text::clean_line(said)))
        }
        None => Err("This message has no file.".into()),
    }
}

/// The entry of a message whose answer was lost.
fn doubtful(message: &MessageView) -> Option<EntryId> {
    message.entry.as_ref().filter(|entry| entry.state == EntryState::Uncertain).map(|entry| entry.id)
}

fn with_message(console: &mut Console, then: fn(&mut Console, MessageId) -> Vec<Effect>) -> Vec<Effect> {
    current(console).map(|message| message.id).map(|id| then(console, id)).unwrap_or_default()
}

fn with_contact(console: &mut Console, then: fn(&mut Console, ContactId) -> Vec<Effect>) -> Vec<Effect> {
    console.panes.threads.at_hand(&console.cx).map(|row| row.contact_id).map(|id| then(console, id)).unwrap_or_default()
}

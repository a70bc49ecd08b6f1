//! Commands that send something other than words, and what one does with files.

use super::threads::{can_write, operator_with_thread, provider_can, with_thread};
use crate::console::command::{CommandSpec, Danger, ROW, Scope};
use crate::console::finder::FinderKind;
use crate::console::form::FormKind;
use crate::console::{Console, Edit, Effect, FilePlace, Pane};
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

const THREADS: Scope = Scope::Pane(Pane::Threads);

pub(super) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "thread.template",
        title: "Template",
        help: "Chooses a template that can be sent now, fills it in and sends it.",
        scope: THREADS,
        keys: &["T"],
        hint: true,
        ready: operator_with_thread,
        run: template,
        ..ROW
    },
    CommandSpec {
        id: "thread.add",
        title: "Send something else",
        help: "Sends a file, buttons, a list, a link, a place, a card or the catalogue.",
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
        help: "Writes a note for colleagues; no contact ever sees it.",
        scope: THREADS,
        keys: &["n"],
        ready: operator_with_thread,
        run: |console| with_thread(console, |console, thread| console.open_form(FormKind::Note { thread })),
        ..ROW
    },
    CommandSpec {
        id: "thread.take_back",
        title: "Take back",
        help: "Takes your last message back that has not gone yet; its words are the draft again.",
        scope: Scope::Messages,
        keys: &["u"],
        ready: operator_with_thread,
        run: |console| with_thread(console, |_, thread| vec![Effect::Perform(Request::TakeBack { thread })]),
        ..ROW
    },
    CommandSpec {
        id: "thread.opt_out",
        title: "Opted out",
        help: "Says that the contact wants no messages, or wants them again.",
        scope: THREADS,
        keys: &["O"],
        danger: Danger::Asks(|console| match console.thread_at_hand() {
            Some(row) if row.opted_out => format!("{} wants messages again?", row.contact.shown()),
            Some(row) => format!("Send nothing to {} any more?", row.contact.shown()),
            None => String::new(),
        }),
        ready: operator_with_thread,
        run: |console| match console.thread_at_hand() {
            Some(row) => vec![Effect::Perform(Request::OptOut { thread: row.id, out: !row.opted_out })],
            None => vec![],
        },
        ..ROW
    },
    CommandSpec {
        id: "thread.export",
        title: "Export",
        help: "Writes the whole thread as text into a file.",
        scope: THREADS,
        keys: &["x"],
        ready: operator_with_thread,
        run: |console| with_thread(console, |console, thread| console.open_form(FormKind::Export { thread })),
        ..ROW
    },
    CommandSpec {
        id: "contact.rename",
        title: "Name the contact",
        help: "Gives the contact the name by which they are called here.",
        scope: THREADS,
        keys: &["g n"],
        ready: operator_with_thread,
        run: |console| with_contact(console, |console, contact| console.open_form(FormKind::Rename { contact })),
        ..ROW
    },
    CommandSpec {
        id: "contact.merge",
        title: "Merge contacts",
        help: "Makes this contact and another one person; splitting takes it back.",
        scope: THREADS,
        keys: &["g m"],
        ready: operator_with_thread,
        run: |console| with_contact(console, |console, contact| console.open_finder(FinderKind::Merge(contact))),
        ..ROW
    },
    CommandSpec {
        id: "contact.split",
        title: "Split contacts",
        help: "Takes the last merge of this contact back.",
        scope: THREADS,
        keys: &["g s"],
        danger: Danger::Asks(|_| "Take the last merge of this contact back?".into()),
        ready: operator_with_thread,
        run: |console| with_contact(console, |_, contact| vec![Effect::Perform(Request::SplitContact { contact })]),
        ..ROW
    },
    CommandSpec {
        id: "contact.add",
        title: "Add a contact",
        help: "Adds a contact that has not written yet; only admins may.",
        scope: THREADS,
        keys: &["g a"],
        ready: |console| {
            if !console.settings.actor.has(Permission::AddContacts) {
                return Err("Adding contacts needs the role admin.".into());
            }
            connection(console).map(|_| ()).ok_or_else(|| "There is no connection to add them to.".into())
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
        help: "Puts an emoji on the message under the cursor, in place of the one before.",
        scope: Scope::Messages,
        keys: &["e"],
        ready: |console| {
            can_write(console)?;
            let none = Content::Reaction { target: String::new(), emoji: None };
            provider_can(console, &none, false)?;
            match current(console) {
                Some(message) if message.provider_message_id.is_some() => Ok(()),
                _ => Err("The provider has given this message no id yet.".into()),
            }
        },
        run: |console| with_message(console, |console, message| console.open_finder(FinderKind::Emoji(message))),
        ..ROW
    },
    CommandSpec {
        id: "message.open",
        title: "Open file",
        help: "Opens the file of the message under the cursor, on the engine's own terminal.",
        scope: Scope::Messages,
        keys: &["o"],
        ready: |console| {
            has_file(console)?;
            if console.settings.files == FilePlace::Here {
                return Ok(());
            }
            Err("Files open only on the engine's own terminal. Save it with `wadeck messages save MESSAGE`, and open it where you are.".into())
        },
        run: |console| with_message(console, |_, message| vec![Effect::Perform(Request::OpenMedia { message })]),
        ..ROW
    },
    CommandSpec {
        id: "message.save",
        title: "Save file",
        help: "Copies the file of the message under the cursor to a place of your choice.",
        scope: Scope::Messages,
        keys: &["s"],
        ready: has_file,
        run: |console| with_message(console, |console, message| console.open_form(FormKind::Save { message })),
        ..ROW
    },
    CommandSpec {
        id: "message.view",
        title: "View picture",
        help: "Draws the picture of the message under the cursor.",
        scope: Scope::Messages,
        keys: &["v"],
        ready: |console| {
            has_file(console)?;
            if !cfg!(feature = "pictures") {
                return Err(
                    "This build draws no pictures (the `pictures` feature was left out); o opens the file.".into()
                );
            }
            if console.settings.pictures == Pictures::Off {
                return Err("Pictures are off: [console] pictures = \"blocks\" draws them; o opens the file.".into());
            }
            Ok(())
        },
        run: |console| with_message(console, super::super::Console::view_picture),
        ..ROW
    },
    CommandSpec {
        id: "message.fetch",
        title: "Fetch file again",
        help: "Asks the provider once more for a file that did not come.",
        scope: Scope::Messages,
        keys: &["F"],
        ready: |console| match current(console).and_then(|message| message.media.as_ref()) {
            Some(media) if media.state != MediaState::Kept => Ok(()),
            Some(_) => Err("The file is here: o opens it.".into()),
            None => Err("This message has no file.".into()),
        },
        run: |console| with_message(console, |_, message| vec![Effect::Perform(Request::FetchMedia { message })]),
        ..ROW
    },
    CommandSpec {
        id: "message.ask",
        title: "Ask the provider",
        help: "Asks the provider what became of the message under the cursor.",
        scope: Scope::Messages,
        keys: &["p"],
        ready: |console| match current(console) {
            Some(message) if message.provider_message_id.is_some() || doubtful(message).is_some() => Ok(()),
            Some(_) => Err("The provider does not have it.".into()),
            None => Err("There is no message.".into()),
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
        help: "Keeps the draft, and chooses a template.",
        scope: Scope::Composer,
        keys: &["ctrl-t"],
        ready: operator_with_thread,
        run: template,
        ..ROW
    },
    CommandSpec {
        id: "write.add",
        title: "Something else",
        help: "Keeps the draft, and sends a file, buttons, a list, a link, a place or a card.",
        scope: Scope::Composer,
        keys: &["ctrl-o"],
        hint: true,
        ready: can_write,
        run: |console| with_thread(console, |console, thread| console.open_finder(FinderKind::Kinds(thread))),
        ..ROW
    },
    CommandSpec {
        id: "write.later",
        title: "Send later",
        help: "Sends what is written at a time of your choice.",
        scope: Scope::Composer,
        keys: &["ctrl-y"],
        hint: true,
        ready: |console| {
            let composer = console.composer().ok_or("There is no thread here.")?;
            check_text(&composer.text()).map_err(|refusal| refusal.to_string())?;
            can_write(console)
        },
        run: |console| {
            let Some(composer) = console.composer() else { return vec![] };
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
        help: "Writes in your own editor, $VISUAL or $EDITOR.",
        scope: Scope::Composer,
        keys: &["ctrl-e"],
        run: |console| match console.composer() {
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
    let Some(thread) = console.thread_at_hand().map(|row| row.id) else { return vec![] };
    let mut effects = console.keep_drafts();
    effects.extend(console.open_finder(FinderKind::Templates(thread)));
    // What is shown is asked for anew: a list may be old.
    effects.extend(console.ask(Query::Templates));
    effects
}

fn connection(console: &Console) -> Option<crate::domain::ids::ConnectionId> {
    let row = console.thread_at_hand().map(|row| row.connection_id);
    row.or_else(|| {
        console.data.connections.as_ref().and_then(|list| list.connected.first()).map(|view| view.connection.id)
    })
}

fn current(console: &Console) -> Option<&MessageView> {
    console.open.as_ref().and_then(|open| open.current())
}

fn has_file(console: &Console) -> Result<(), String> {
    match current(console).and_then(|message| message.media.as_ref()) {
        Some(media) if media.state == MediaState::Kept => Ok(()),
        Some(media) => {
            let said = media.said.as_deref().unwrap_or("it is being fetched");
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
    console.thread_at_hand().map(|row| row.contact_id).map(|id| then(console, id)).unwrap_or_default()
}

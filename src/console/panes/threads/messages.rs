//! Commands for a message and its file, and the composer's commands other than sending.

use super::commands::{can_write, operator_with_thread, provider_can, with_thread};
use super::forms::later::LaterForm;
use super::forms::saving::SaveForm;
use super::pickers::EmojiPicker;
use super::sending::{other_content, template};
use super::state::ThreadsPane;
use crate::console::command::Scope;
use crate::console::event::{Edit, Effect};
use crate::console::files::{FilePlace, Saves};
use crate::console::intent::Intent;
use crate::console::overlays::form::Form;
use crate::console::overlays::picker::Picker;
use crate::console::overlays::picture::Picture;
use crate::console::panes::row::Command;
use crate::console::user_error::UserError;
use crate::domain::ids::{EntryId, MessageId};
use crate::domain::message::content::{Content, check_text};
use crate::domain::message::media::MediaState;
use crate::domain::message::picture::Pictures;
use crate::domain::outbox::entry::EntryState;
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::domain::view::MessageView;

pub(in crate::console) const ROWS: &[Command<ThreadsPane>] = &[
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
        run: |pane, _| with_message(pane, |message| vec![Picker::open(EmojiPicker { message })]),
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
        run: |pane, _| with_message(pane, |message| vec![Form::open(SaveForm { what: Saves::File(message) })]),
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
        run: |pane, _| with_message(pane, |message| vec![Picture::open(message)]),
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
            Some(entry) => vec![Intent::perform(Request::Reconcile { entry })],
            None => with_message(pane, |message| vec![Intent::perform(Request::QueryStatus { message })]),
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
        run: |pane, cx| with_thread(pane, cx, other_content),
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
            check_text(&composer.text())?;
            can_write(pane, cx)
        },
        run: |pane, _| {
            let Some(composer) = pane.composer() else { return vec![] };
            vec![Form::open(LaterForm {
                thread: composer.thread,
                text: composer.text(),
                reply_to: composer.quote.as_ref().map(|(id, _)| *id),
            })]
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

fn has_file(pane: &ThreadsPane) -> Result<(), UserError> {
    match pane.current().and_then(|message| message.media.as_ref()) {
        Some(media) if media.state == MediaState::Kept => Ok(()),
        Some(media) => {
            let said = media.said.as_deref().unwrap_or("it is being downloaded");
            Err(format!("The file is not here ({}): {}.", media.state.name(), clean_line(said)).into())
        }
        None => Err("This message has no file.".into()),
    }
}

/// Returns the message's outbox entry if it is uncertain whether the message was sent.
fn doubtful(message: &MessageView) -> Option<EntryId> {
    message.entry.as_ref().filter(|entry| entry.state == EntryState::Uncertain).map(|entry| entry.id)
}

fn with_message(pane: &ThreadsPane, then: fn(MessageId) -> Vec<Intent>) -> Vec<Intent> {
    pane.current().map(|message| then(message.id)).unwrap_or_default()
}

//! Commands of the composer. All other keys are text input.

use super::replies::ReplyPicker;
use super::state::ThreadsPane;
use crate::console::command::Scope;
use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::picker::Picker;
use crate::console::panes::row::Command;
use crate::console::settings::Focus;
use crate::console::thread::composer::Composer;
use crate::console::user_error::UserError;
use crate::domain::agents::requests::AgentRequest;
use crate::domain::message::content::{Content, check_text};
use crate::domain::message::window::check_window;
use crate::domain::request::Request;

pub(in crate::console) const ROWS: &[Command<ThreadsPane>] = &[
    Command {
        id: "write.send",
        title: "Send",
        help: "Sends the text, whatever its number of lines.",
        scope: Scope::Composer,
        keys: &["ctrl-s"],
        ready: can_send,
        run: send,
        ..Command::ROW
    },
    Command {
        id: "write.enter",
        title: "Send",
        help: "Sends a text of one line; starts a new line in a longer one and in a suggested reply.",
        scope: Scope::Composer,
        keys: &["enter"],
        hint: true,
        ready: |pane, cx| if sends(pane, cx) { can_send(pane, cx) } else { Ok(()) },
        run: |pane, cx| {
            if sends(pane, cx) {
                return send(pane, cx);
            }
            if let Some(composer) = pane.composer_mut() {
                composer.newline();
            }
            vec![]
        },
        ..Command::ROW
    },
    Command {
        id: "write.newline",
        title: "New line",
        help: "Starts a new line.",
        scope: Scope::Composer,
        keys: &["alt-enter", "ctrl-j"],
        hint: true,
        run: |pane, _| {
            if let Some(composer) = pane.composer_mut() {
                composer.newline();
            }
            vec![]
        },
        ..Command::ROW
    },
    Command {
        id: "write.expand",
        title: "Expand a canned reply",
        help: "Puts the canned reply whose name stands before the cursor, such as /hello, into the text.",
        scope: Scope::Composer,
        keys: &["tab"],
        run: |pane, cx| pane.expand_reply(cx),
        ..Command::ROW
    },
    Command {
        id: "write.replies",
        title: "Canned replies",
        help: "Lists canned replies; enter puts one into the text.",
        scope: Scope::Composer,
        keys: &["ctrl-r"],
        run: |pane, _| {
            let thread = pane.open.as_ref().map(|open| open.thread);
            thread.map(|thread| Picker::open(ReplyPicker { thread, replies: None })).into_iter().collect()
        },
        ..Command::ROW
    },
    Command {
        id: "write.leave",
        title: "Leave",
        help: "Leaves the composer and saves the draft.",
        scope: Scope::Composer,
        keys: &["esc"],
        hint: true,
        run: |pane, _| {
            let mut intents = vec![Intent::Focus(Focus::Detail)];
            intents.extend(pane.keep_drafts());
            intents
        },
        ..Command::ROW
    },
];

/// Returns `true` if enter sends: only for one line of the user's own text, if the setting allows it. An edited
/// suggested reply is sent with ctrl-s only, so that enter cannot send it by mistake.
pub(in crate::console) fn sends(pane: &ThreadsPane, cx: &Cx) -> bool {
    let own_line = |composer: &Composer| composer.lines() == 1 && composer.answers.is_none();
    cx.settings.enter_sends && pane.composer().is_some_and(own_line)
}

/// Fails if the composer's text cannot be sent now.
fn can_send(pane: &ThreadsPane, cx: &Cx) -> Result<(), UserError> {
    let composer = pane.composer().ok_or("Select a thread first.")?;
    check_text(&composer.text())?;
    let row = pane.open.as_ref().and_then(|open| open.row.as_ref());
    check_window(row.and_then(|row| row.window_closes_at), cx.now, cx.now).map_err(UserError::from)
}

/// Sends the text. The composer is cleared only after the message is stored.
fn send(pane: &mut ThreadsPane, _: &Cx) -> Vec<Intent> {
    let Some(composer) = pane.composer() else { return vec![] };
    if let Some(run) = composer.answers {
        let instead = Some(composer.text());
        return vec![Intent::perform(Request::Agents(AgentRequest::Accept { run, instead }))];
    }
    let request = Request::Send {
        thread: composer.thread,
        content: Box::new(Content::text(composer.text())),
        reply_to: composer.quote.as_ref().map(|(id, _)| *id),
        at: None,
    };
    vec![Intent::perform(pane.as_seen(request))]
}

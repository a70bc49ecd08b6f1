//! Commands while writing. Everything else that is typed is text.

use crate::console::command::{CommandSpec, ROW, Scope};
use crate::console::{Console, Effect, Focus};
use crate::domain::agents::requests::AgentRequest;
use crate::domain::message::content::Content;
use crate::domain::message::content::check_text;
use crate::domain::message::window::check_window;
use crate::domain::request::Request;

pub(in crate::console) const ROWS: &[CommandSpec] = &[
    CommandSpec {
        id: "write.send",
        title: "Send",
        help: "Sends the text, whatever its number of lines.",
        scope: Scope::Composer,
        keys: &["ctrl-s"],
        ready: can_send,
        run: send,
        ..ROW
    },
    CommandSpec {
        id: "write.enter",
        title: "Send",
        help: "Sends a text of one line; starts a new line in a longer one and in a suggested reply.",
        scope: Scope::Composer,
        keys: &["enter"],
        hint: true,
        ready: |console| if sends(console) { can_send(console) } else { Ok(()) },
        run: |console| {
            if sends(console) {
                return send(console);
            }
            if let Some(composer) = console.panes.threads.composer_mut() {
                composer.newline();
            }
            vec![]
        },
        ..ROW
    },
    CommandSpec {
        id: "write.newline",
        title: "New line",
        help: "Starts a new line.",
        scope: Scope::Composer,
        keys: &["alt-enter", "ctrl-j"],
        hint: true,
        run: |console| {
            if let Some(composer) = console.panes.threads.composer_mut() {
                composer.newline();
            }
            vec![]
        },
        ..ROW
    },
    CommandSpec {
        id: "write.leave",
        title: "Leave",
        help: "Leaves the composer and saves the draft.",
        scope: Scope::Composer,
        keys: &["esc"],
        hint: true,
        run: |console| {
            console.cx.focus = Focus::Detail;
            console.keep_drafts()
        },
        ..ROW
    },
];

/// Enter sends one line of one's own. What an agent wrote is sent by ctrl-s alone, so that nobody sends it
/// who only meant to end a line.
fn sends(console: &Console) -> bool {
    let own_line =
        |composer: &crate::console::thread::composer::Composer| composer.lines() == 1 && composer.answers.is_none();
    console.cx.settings.enter_sends && console.panes.threads.composer().is_some_and(own_line)
}

fn can_send(console: &Console) -> Result<(), String> {
    let composer = console.panes.threads.composer().ok_or("Select a thread first.")?;
    check_text(&composer.text()).map_err(|refusal| refusal.to_string())?;
    let row = console.panes.threads.open.as_ref().and_then(|open| open.row.as_ref());
    check_window(row.and_then(|row| row.window_closes_at), console.cx.now, console.cx.now)
        .map_err(|refusal| refusal.to_string())
}

/// The composer is emptied when the message is written down, not before.
fn send(console: &mut Console) -> Vec<Effect> {
    let Some(composer) = console.panes.threads.composer() else { return vec![] };
    if let Some(run) = composer.answers {
        let instead = Some(composer.text());
        return vec![Effect::Perform(Request::Agents(AgentRequest::Accept { run, instead }))];
    }
    let request = Request::Send {
        thread: composer.thread,
        content: Box::new(Content::text(composer.text())),
        reply_to: composer.quote.as_ref().map(|(id, _)| *id),
        at: None,
    };
    vec![Effect::Perform(console.panes.threads.as_seen(request))]
}

//! Defines `Intent` and `Overlay`. Panes and overlays never call each other: they return intents, which the console
//! carries out in order. Both types are in one file because an intent can open an overlay and an overlay returns
//! intents.

use std::fmt::Debug;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::command::CommandSpec;
use super::event::Effect;
use super::overlays::begun::Begun;
use super::pane_id::PaneId;
use super::scene::{Press, Scene};
use super::script::ScriptStep;
use super::settings::Focus;
use crate::console::surface_errors::FileError;
use crate::domain::change::Change;
use crate::domain::ids::{ConnectionId, MessageId, ThreadId};
use crate::domain::message::upload::Uploaded;
use crate::domain::numbers::connection::Environment;
use crate::domain::query::{Answer, Query};
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::request_error::RequestError;
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;

/// What a pane or an overlay requests from the console.
#[derive(Debug)]
pub(super) enum Intent {
    /// Query the engine, unless the same query is in flight.
    Ask(Query),
    Effect(Effect),
    /// Perform the request of a form. A request that sends includes what was on the screen.
    Submit(Request),
    Notice(String),
    /// Show a notice about a failure.
    Warn(String),
    /// Open an overlay in place of the current one.
    Front(Box<dyn Overlay>),
    /// Require a confirmation first.
    Confirm(String, Then),
    /// Open the command palette; with `all`, search all commands by name.
    Palette {
        all: bool,
    },
    /// Close the overlay.
    Close,
    /// The question in the overlay was answered with yes.
    Agreed(Then),
    /// Keep the values of a form for the next time it opens.
    KeepForm(Begun),
    /// Start a command, after a confirmation if it requires one.
    Start(&'static CommandSpec),
    /// Run a step of editing a script.
    Script(ScriptStep),
    /// Query something that opens when its answer arrives, and show the notice.
    Await(Query, Option<&'static str>),
    Focus(Focus),
    ShowPane(PaneId),
    /// Open a pane with this filter.
    ShowFiltered(PaneId, String),
    /// Go one level back.
    Back,
    Refresh,
    SwitchZone,
    /// Show the next organization and environment.
    NextScope,
    /// The cursor moved to another row.
    Follow,
    OpenSelected,
    /// Open the filter line of the list.
    Filter,
    /// Filter the list while the filter is typed.
    FilterBy(String),
    /// Keep an applied filter, so that it can be recalled.
    KeepFilter(String),
    /// Remove the filter of the list.
    ClearFilter,
    /// The filter of the open list changed.
    Narrow,
    /// Scroll the detail by this number of lines.
    Scroll(isize),
    ScrollTop,
    GoToThread(ThreadId),
    /// Open a thread at a message.
    GoToMessage(ThreadId, MessageId),
    GoToConnection(ConnectionId),
    /// The row of the thread that `GoToThread` opened.
    FoundThread(Box<ThreadRow>),
    /// Switch to the scope of the item named by `what`.
    FollowScope {
        organization: String,
        environment: Environment,
        what: String,
    },
    /// Save every unsaved draft.
    KeepDrafts,
}

impl Intent {
    pub fn perform(request: Request) -> Self {
        Self::Effect(Effect::Perform(request))
    }

    /// Performs a request after a confirmation.
    pub fn ask_first(question: String, request: Request) -> Self {
        Self::Confirm(question, Then::Perform(request))
    }
}

/// What a confirmation starts.
#[derive(Debug, Clone)]
pub(super) enum Then {
    Command(&'static CommandSpec),
    Perform(Request),
}

impl Then {
    /// Returns `true` if it can be undone by opening the console again, such as quitting.
    pub fn is_light(&self) -> bool {
        matches!(self, Self::Command(spec) if spec.scope == super::command::Scope::Everywhere)
    }
}

/// A layer in front of the panes with its own state: help, a question, a form, a picker, or a text.
pub(super) trait Overlay: Debug + Send {
    /// Draws the overlay, and returns the position of the text cursor.
    fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position>;

    /// Handles a key.
    fn key(&mut self, scene: &Scene<'_>, press: &Press) -> Vec<Intent>;

    /// Returns `true` if letters are text input; they are never commands then.
    fn takes_text(&self) -> bool {
        false
    }

    /// Inserts pasted text. Called only if `takes_text` returns `true`.
    fn paste(&mut self, _: &Scene<'_>, _text: &str) -> Vec<Intent> {
        vec![]
    }

    /// Called when the overlay opens. It may take over the values of a form of the same kind that was closed before.
    fn opened(&mut self, _: &Scene<'_>, _begun: &mut Option<Begun>) -> Vec<Intent> {
        vec![]
    }

    /// Handles an event while the overlay is open.
    fn update(&mut self, _: &Scene<'_>, _: &OverlayEvent<'_>) -> Vec<Intent> {
        vec![]
    }

    /// Returns when the overlay needs the next tick; `None` if it needs none.
    fn next_tick(&self) -> Option<Timestamp> {
        None
    }

    /// Returns `true` while the overlay waits for the result of its request. A question about that request then
    /// covers the overlay instead of replacing it.
    fn waits(&self) -> bool {
        false
    }
}

/// An event for an open overlay.
pub(super) enum OverlayEvent<'e> {
    Answered(&'e Query, &'e Answer),
    NotAnswered(&'e Query),
    /// The result of a request, without the thread state that the sender saw.
    Performed(&'e Request, &'e Result<Done, RequestError>),
    Saved(&'e Result<String, FileError>),
    Uploaded(&'e str, &'e Result<Uploaded, FileError>),
    /// The path, the common prefix of all matches, and the matches.
    Completed(&'e str, &'e str, &'e [String]),
    Changed(Change),
    /// The scope changed: the overlay must discard what it listed.
    Forgets,
    /// Time passed.
    Tick,
    /// The overlay that covered this one was closed.
    Uncovered,
}

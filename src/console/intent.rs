//! What panes and overlays ask of the console, and what an overlay is. Panes and overlays never call each other: they
//! return intents, and the console carries them out in order. An intent can bring an overlay to the front, and an
//! overlay returns intents: the two stand in one file.

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
use crate::domain::change::Change;
use crate::domain::ids::{ConnectionId, MessageId, ThreadId};
use crate::domain::message::upload::Uploaded;
use crate::domain::numbers::connection::Environment;
use crate::domain::query::{Answer, Query};
use crate::domain::refusal::Done;
use crate::domain::request::Request;
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;

#[derive(Debug)]
pub(super) enum Intent {
    /// Ask the engine, unless the same question is under way.
    Ask(Query),
    Effect(Effect),
    /// Perform the request of a form: with what was on the screen, where it sends.
    Submit(Request),
    Notice(String),
    /// A notice about something that went wrong.
    Warn(String),
    /// Show an overlay, in the place of whatever is in front.
    Front(Box<dyn Overlay>),
    /// Ask before something is done.
    Confirm(String, Then),
    /// Find a command; with `all`, by its name alone.
    Palette {
        all: bool,
    },
    /// Close what is in front.
    Close,
    /// The question in front was answered with yes.
    Agreed(Then),
    /// Keep what was filled in for the next time.
    KeepForm(Begun),
    /// Start a command: it may ask first.
    Start(&'static CommandSpec),
    /// A step of writing for the provider.
    Script(ScriptStep),
    /// Ask for something that opens when it comes, and say so.
    Await(Query, Option<&'static str>),
    Focus(Focus),
    ShowPane(PaneId),
    /// Open a pane whose list is narrowed by these words.
    ShowFiltered(PaneId, String),
    /// One level back.
    Back,
    Refresh,
    SwitchZone,
    /// Show the next organization and environment.
    NextScope,
    /// The cursor is on another row.
    Follow,
    OpenSelected,
    /// Open the line that filters the list.
    Filter,
    /// Narrow the list while the filter is typed.
    FilterBy(String),
    /// A filter was applied: it can be recalled.
    KeepFilter(String),
    /// Show the whole list again.
    ClearFilter,
    /// The filter of the open list is another one.
    Narrow,
    /// Scroll the detail by so many lines.
    Scroll(isize),
    ScrollTop,
    GoToThread(ThreadId),
    /// Open the place in its thread where a message stands.
    GoToMessage(ThreadId, MessageId),
    GoToConnection(ConnectionId),
    /// What is known of the thread that was gone to.
    FoundThread(Box<ThreadRow>),
    /// Show the scope that something belongs to.
    FollowScope {
        organization: String,
        environment: Environment,
        what: String,
    },
    /// Keep every draft that is not kept.
    KeepDrafts,
}

impl Intent {
    pub fn perform(request: Request) -> Self {
        Self::Effect(Effect::Perform(request))
    }

    /// Asks before a request is made.
    pub fn ask_first(question: String, request: Request) -> Self {
        Self::Confirm(question, Then::Perform(request))
    }
}

/// What follows a yes.
#[derive(Debug, Clone)]
pub(super) enum Then {
    Command(&'static CommandSpec),
    Perform(Request),
}

impl Then {
    /// Whether it can be taken back by coming again, as leaving can.
    pub fn is_light(&self) -> bool {
        matches!(self, Self::Command(spec) if spec.scope == super::command::Scope::Everywhere)
    }
}

/// What stands in front of the panes, with its own state: help, a question, a form, a list to pick from, a text to read.
pub(super) trait Overlay: Debug + Send {
    /// Draws it, and says where the cursor stands.
    fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position>;

    fn key(&mut self, scene: &Scene<'_>, press: &Press) -> Vec<Intent>;

    /// Whether letters go into a text of its own: they are text then, and never commands.
    fn takes_text(&self) -> bool {
        false
    }

    /// Takes a paste in. Only where it takes text.
    fn paste(&mut self, _: &Scene<'_>, _text: &str) -> Vec<Intent> {
        vec![]
    }

    /// It came to the front. What was begun in one like it may be taken over.
    fn opened(&mut self, _: &Scene<'_>, _begun: &mut Option<Begun>) -> Vec<Intent> {
        vec![]
    }

    /// Something happened while it is in front.
    fn update(&mut self, _: &Scene<'_>, _: &OverlayEvent<'_>) -> Vec<Intent> {
        vec![]
    }

    /// When it wants to be told the time, by itself.
    fn next_tick(&self) -> Option<Timestamp> {
        None
    }

    /// Whether it waits for what it asked for: a question about that stands in front of it, not in its place.
    fn waits(&self) -> bool {
        false
    }
}

/// What happens to an overlay.
pub(super) enum OverlayEvent<'e> {
    Answered(&'e Query, &'e Answer),
    NotAnswered(&'e Query),
    /// A request was done, or not; without what its sender knew of the thread.
    Performed(&'e Request, &'e Result<Done, String>),
    Saved(&'e Result<String, String>),
    Uploaded(&'e str, &'e Result<Uploaded, String>),
    /// As much of a path as its beginning decides, and what it may go on with.
    Completed(&'e str, &'e str, &'e [String]),
    Changed(Change),
    /// Another scope is shown: what this one listed is forgotten.
    Forgets,
    /// Time has passed.
    Tick,
    /// What stood in front of it was closed.
    Uncovered,
}

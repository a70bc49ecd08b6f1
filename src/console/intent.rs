//! What a pane asks of the console. Panes never call each other: they return intents, and the console carries them
//! out in order.

use super::event::Effect;
use super::overlays::Overlay;
use super::overlays::finder_kind::FinderKind;
use super::overlays::form::FormKind;
use super::pane_id::PaneId;
use super::script::ScriptKind;
use super::settings::Focus;
use crate::domain::ids::{MessageId, RunId, ThreadId};
use crate::domain::numbers::connection::Environment;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::view::ThreadRow;

#[derive(Debug)]
pub(super) enum Intent {
    /// Ask the engine, unless the same question is under way.
    Ask(Query),
    Effect(Effect),
    Notice(String),
    /// A notice about something that went wrong.
    Warn(String),
    Form(FormKind),
    Pick(FinderKind),
    Front(Overlay),
    /// Hand a text to the editor.
    Edit(ScriptKind, String),
    /// Ask for something that opens when it comes, and say that it is asked for.
    Await(Query, &'static str),
    /// Show the picture of a message.
    Picture(MessageId),
    Focus(Focus),
    ShowPane(PaneId),
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
    /// The filter of the open list is another one.
    Narrow,
    /// Scroll the detail by so many lines.
    Scroll(isize),
    ScrollTop,
    GoToThread(ThreadId),
    /// What is known of the thread that was gone to.
    FoundThread(Box<ThreadRow>),
    /// Show the scope that something belongs to.
    FollowScope {
        organization: String,
        environment: Environment,
        what: String,
    },
    ShowRun(RunId),
    /// Keep every draft that is not kept.
    KeepDrafts,
}

impl Intent {
    pub fn perform(request: Request) -> Self {
        Self::Effect(Effect::Perform(request))
    }
}

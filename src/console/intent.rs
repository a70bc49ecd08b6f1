//! What a pane asks of the console. Panes never call each other: they return intents, and the console carries them
//! out in order.

use super::event::Effect;
use super::overlays::Overlay;
use super::overlays::finder::FinderKind;
use super::overlays::form::FormKind;
use super::overlays::script::ScriptKind;
use crate::domain::ids::{RunId, ThreadId};
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

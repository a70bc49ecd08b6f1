//! What every part of the console may know: settings, time, size, where keys go, what is shown, and what the engine
//! says about itself and its numbers. Panes read it; only the console changes it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::command::Scope;
use super::pane_id::PaneId;
use super::script::Script;
use super::settings::{Focus, Notice, Settings};
use super::shown::Shown;
use crate::domain::access::permission::Permission;
use crate::domain::ids::{ConnectionId, ThreadId};
use crate::domain::numbers::connected::{ConnectionList, ConnectionView};
use crate::domain::numbers::connection::Environment;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::domain::view::Overview;

/// How long a notice stands in the last line.
pub(super) const NOTICE: Duration = Duration::from_secs(6);
/// Notices that are kept.
const MAX_NOTICES: usize = 200;

#[derive(Debug)]
pub(super) struct Cx {
    pub settings: Settings,
    /// Times are shown in UTC instead of the local zone.
    pub utc: bool,
    pub columns: u16,
    pub rows: u16,
    pub now: Timestamp,
    pub pane: PaneId,
    pub focus: Focus,
    pub overview: Option<Overview>,
    pub connections: Option<ConnectionList>,
    /// The row under the cursor of Connections, whichever pane is open.
    pub chosen: Option<String>,
    /// Contacts of the threads that were listed, for rows that know only the thread.
    pub names: BTreeMap<ThreadId, String>,
    /// What is being written for the provider.
    pub script: Option<Script>,
    /// The answer that opens something when it comes.
    pub awaited: Option<Query>,
    /// Why the last question of a kind was not answered.
    pub trouble: Option<String>,
    pub notices: Vec<Notice>,
    /// The organization and environment that the engine works for.
    pub own: Option<(String, Environment)>,
    /// The organization and environment that was chosen, and whether all are wanted.
    pub chosen_scope: Option<Shown>,
    pub shows_all: bool,
}

impl Cx {
    pub fn new(settings: Settings, (columns, rows): (u16, u16), now: Timestamp) -> Self {
        Self {
            settings,
            utc: false,
            columns,
            rows,
            now,
            pane: PaneId::Threads,
            focus: Focus::List,
            overview: None,
            connections: None,
            chosen: None,
            names: BTreeMap::new(),
            script: None,
            awaited: None,
            trouble: None,
            notices: vec![],
            own: None,
            chosen_scope: None,
            shows_all: false,
        }
    }

    pub fn zone(&self) -> &TimeZone {
        static UTC: TimeZone = TimeZone::UTC;
        if self.utc { &UTC } else { &self.settings.zone }
    }

    pub fn notice(&mut self, text: impl Into<String>, bad: bool) {
        if self.notices.len() == MAX_NOTICES {
            self.notices.remove(0);
        }
        self.notices.push(Notice { at: self.now, text: clean_line(&text.into()), bad });
    }

    /// The notice that stands in the last line now.
    pub fn standing_notice(&self) -> Option<&Notice> {
        self.notices.last().filter(|notice| self.now.since(notice.at) < NOTICE)
    }

    /// Whether something is for this person; the operation says the same.
    pub fn may(&self, right: Permission) -> Result<(), String> {
        self.settings.actor.may(right).map_err(|refusal| refusal.to_string())
    }

    /// Whether this person may do what operators do.
    pub fn operator(&self) -> Result<(), String> {
        let may = self.settings.actor.has(Permission::WriteToPeople);
        if may { Ok(()) } else { Err("This needs the role operator.".into()) }
    }

    /// Whether this person may do what admins do.
    pub fn admin(&self) -> Result<(), String> {
        let may = self.settings.actor.has(Permission::SetNumbersUp);
        if may { Ok(()) } else { Err("This needs the role admin.".into()) }
    }

    /// Whether there is an agent that this person may stop.
    pub fn can_stop_agents(&self) -> Result<(), String> {
        self.may(Permission::StopAgents)?;
        let any = self.overview.as_ref().is_some_and(|told| told.agents > 0);
        if any { Ok(()) } else { Err("No agent is configured, so there is none to stop.".into()) }
    }

    /// Where keys mean something, the nearest first.
    pub fn scopes(&self) -> Vec<Scope> {
        match (self.focus, self.pane) {
            (Focus::Composer, _) => vec![Scope::Composer],
            (Focus::Detail, PaneId::Threads) => vec![Scope::Messages, Scope::Pane(PaneId::Threads), Scope::Everywhere],
            (Focus::Detail, pane) => vec![Scope::Detail, Scope::Pane(pane), Scope::Everywhere],
            (Focus::List, pane) => vec![Scope::Pane(pane), Scope::List, Scope::Everywhere],
        }
    }

    /// The answer to what was written for the provider and submitted: gone when it was taken, kept with the reason when
    /// it was not. Returns `true` if there is a reason to be shown.
    pub fn script_answered(&mut self, request: &Request, why: Option<&String>) -> bool {
        let Some(script) = self.script.as_mut().filter(|script| script.request() == *request) else { return false };
        match why {
            None => self.script = None,
            Some(why) => script.fault = Some(why.clone()),
        }
        why.is_some()
    }

    pub fn awaits(&self, query: &Query) -> bool {
        self.awaited.as_ref() == Some(query)
    }

    /// The numbers that are connected.
    pub fn connected(&self) -> impl Iterator<Item = &ConnectionView> + Clone {
        self.connections.iter().flat_map(|list| &list.connected)
    }

    pub fn connection(&self, id: ConnectionId) -> Option<&ConnectionView> {
        self.connected().find(|row| row.connection.id == id)
    }
}

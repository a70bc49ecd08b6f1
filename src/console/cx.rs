//! Context shared by all parts of the console: settings, time, terminal size, focus, scope, the engine's overview and
//! its connections. Panes read it; only the console changes it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::command::Scope;
use super::pane_id::PaneId;
use super::script::Script;
use super::settings::{Focus, Notice, Settings};
use super::shown::Shown;
use crate::console::user_error::UserError;
use crate::domain::access::permission::Permission;
use crate::domain::ids::{ConnectionId, ThreadId};
use crate::domain::numbers::connected::{ConnectionList, ConnectionView};
use crate::domain::numbers::connection::Environment;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::domain::view::Overview;

/// How long a notice stays in the last line.
pub(super) const NOTICE: Duration = Duration::from_secs(6);
/// Number of notices that are kept.
const MAX_NOTICES: usize = 200;

/// Context shared by all parts of the console.
#[derive(Debug)]
pub(super) struct Cx {
    pub settings: Settings,
    /// Whether times are shown in UTC instead of the local zone.
    pub utc: bool,
    pub columns: u16,
    pub rows: u16,
    pub now: Timestamp,
    pub pane: PaneId,
    pub focus: Focus,
    pub overview: Option<Overview>,
    pub connections: Option<ConnectionList>,
    /// The selected row of Connections, also while another pane is open.
    pub chosen: Option<String>,
    /// Contact names of the threads that were listed, for rows that have only a thread id.
    pub names: BTreeMap<ThreadId, String>,
    /// The template or Flow that is being edited.
    pub script: Option<Script>,
    /// The query whose answer opens something.
    pub awaited: Option<Query>,
    /// Why the last query failed; `None` after the next answer.
    pub trouble: Option<String>,
    pub notices: Vec<Notice>,
    /// The organization and environment that the engine works for.
    pub own: Option<(String, Environment)>,
    /// The organization and environment that the user chose.
    pub chosen_scope: Option<Shown>,
    /// Whether all organizations and environments are shown together.
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

    /// Returns the time zone in which times are shown.
    pub fn zone(&self) -> &TimeZone {
        static UTC: TimeZone = TimeZone::UTC;
        if self.utc { &UTC } else { &self.settings.zone }
    }

    /// Adds a notice, and drops the oldest one if there are more than `MAX_NOTICES`. `bad` marks a failure.
    pub fn notice(&mut self, text: impl Into<String>, bad: bool) {
        if self.notices.len() == MAX_NOTICES {
            self.notices.remove(0);
        }
        self.notices.push(Notice { at: self.now, text: clean_line(&text.into()), bad });
    }

    /// Returns the notice to show in the last line; `None` when the latest is older than `NOTICE`.
    pub fn standing_notice(&self) -> Option<&Notice> {
        self.notices.last().filter(|notice| self.now.since(notice.at) < NOTICE)
    }

    /// Fails with the reason if the actor lacks a permission. The operation checks the permission again.
    pub fn require(&self, right: Permission) -> Result<(), UserError> {
        self.settings.actor.require(right).map_err(UserError::from)
    }

    /// Fails if the actor lacks the permissions of an operator.
    pub fn operator(&self) -> Result<(), UserError> {
        let may = self.settings.actor.has(Permission::SendMessages);
        if may { Ok(()) } else { Err("This needs the role operator.".into()) }
    }

    /// Fails if the actor lacks the permissions of an admin.
    pub fn admin(&self) -> Result<(), UserError> {
        let may = self.settings.actor.has(Permission::SetUpNumbers);
        if may { Ok(()) } else { Err("This needs the role admin.".into()) }
    }

    /// Fails if the actor may not stop agents, or if no agent is configured.
    pub fn can_stop_agents(&self) -> Result<(), UserError> {
        self.require(Permission::StopAgents)?;
        let any = self.overview.as_ref().is_some_and(|told| told.agents > 0);
        if any { Ok(()) } else { Err("No agent is configured, so there is none to stop.".into()) }
    }

    /// Returns the scopes in which keys are looked up, the most specific first.
    pub fn scopes(&self) -> Vec<Scope> {
        match (self.focus, self.pane) {
            (Focus::Composer, _) => vec![Scope::Composer],
            (Focus::Detail, PaneId::Threads) => vec![Scope::Messages, Scope::Pane(PaneId::Threads), Scope::Everywhere],
            (Focus::Detail, pane) => vec![Scope::Detail, Scope::Pane(pane), Scope::Everywhere],
            (Focus::List, pane) => vec![Scope::Pane(pane), Scope::List, Scope::Everywhere],
        }
    }

    /// Handles the result of a submitted script: discards the script if it was accepted, else stores the reason in
    /// it. Returns `true` if there is a reason to show.
    pub fn script_answered(&mut self, request: &Request, why: Option<&str>) -> bool {
        let Some(script) = self.script.as_mut().filter(|script| script.request() == *request) else { return false };
        match why {
            None => self.script = None,
            Some(why) => script.fault = Some(why.to_owned()),
        }
        why.is_some()
    }

    /// Returns `true` if the answer to this query opens something.
    pub fn awaits(&self, query: &Query) -> bool {
        self.awaited.as_ref() == Some(query)
    }

    /// Returns the connected numbers.
    pub fn connected(&self) -> impl Iterator<Item = &ConnectionView> + Clone {
        self.connections.iter().flat_map(|list| &list.connected)
    }

    /// Returns a connected number by its id.
    pub fn connection(&self, id: ConnectionId) -> Option<&ConnectionView> {
        self.connected().find(|row| row.connection.id == id)
    }
}

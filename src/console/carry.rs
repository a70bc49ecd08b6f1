//! The intents of panes, carried out; and going from one place to another.

use super::Console;
use super::draw::details::detail_lines;
use super::event::Effect;
use super::intent::Intent;
use super::layout::detail_room;
use super::overlays::{Overlay, Reading};
use super::pane_id::PaneId;
use super::panes::pane::Pane;
use super::settings::Focus;
use crate::domain::agents::requests::AgentQuery;
use crate::domain::ids::{ConnectionId, MessageId, RunId, ThreadId};
use crate::domain::numbers::connection::Environment;
use crate::domain::query::Query;

impl Console {
    /// The pane that is open.
    pub(super) fn pane(&self) -> &(dyn Pane + 'static) {
        self.panes.get(self.cx.pane)
    }

    /// Its list.
    pub(super) fn list_mut(&mut self) -> &mut super::list::ListState {
        self.panes.get_mut(self.cx.pane).list_mut()
    }

    /// Carries out what panes ask for, in order.
    pub(super) fn carry(&mut self, intents: Vec<Intent>) -> Vec<Effect> {
        intents.into_iter().flat_map(|intent| self.carry_one(intent)).collect()
    }

    fn carry_one(&mut self, intent: Intent) -> Vec<Effect> {
        match intent {
            Intent::Ask(query) => return self.ask(query),
            Intent::Effect(effect) => return vec![effect],
            Intent::Notice(text) => self.cx.notice(text, false),
            Intent::Warn(text) => self.cx.notice(text, true),
            Intent::Form(kind) => return self.open_form(kind),
            Intent::Pick(kind) => return self.open_finder(kind),
            Intent::Front(overlay) => self.overlay = Some(overlay),
            Intent::Edit(kind, text) => return self.edit_script(kind, text),
            Intent::GoToThread(thread) => return self.go_to_thread(thread),
            Intent::FoundThread(row) => {
                if let Some(open) = self.panes.threads.open.as_mut().filter(|open| open.thread == row.id) {
                    open.row = Some((*row).clone());
                }
                return self.follow_scope(&row.organization, row.environment, &row.id.to_string());
            }
            Intent::FollowScope { organization, environment, what } => {
                return self.follow_scope(&organization, environment, &what);
            }
            Intent::ShowRun(run) => return self.show_run(run),
            Intent::KeepDrafts => return self.keep_drafts(),
            Intent::Await(query, said) => {
                self.cx.awaited = Some(query.clone());
                self.cx.notice(said, false);
                return self.ask(query);
            }
            Intent::Picture(message) => return self.view_picture(message),
            Intent::Focus(focus) => self.cx.focus = focus,
            Intent::Filter => self.overlay = Some(Overlay::filter(&self.pane().list().filter, &self.filters)),
            Intent::SwitchZone => {
                self.cx.utc = !self.cx.utc;
                let zone = if self.cx.utc { "UTC" } else { "the local time zone" };
                self.cx.notice(format!("Times are shown in {zone}."), false);
            }
            Intent::NextScope => {
                self.cx.next_scope();
                return self.ask_in_scope();
            }
            Intent::Scroll(lines) => self.scroll_by(lines),
            Intent::ScrollTop => self.scroll = 0,
            Intent::ShowPane(pane) => return self.open_pane(pane),
            Intent::Back => return self.back(),
            Intent::Refresh => return self.refresh(),
            Intent::Follow => return self.follow_selection(),
            Intent::OpenSelected => return self.open_selected(),
            Intent::Narrow => return self.narrowed(),
        }
        vec![]
    }

    /// Shows the scope of something that was reached from elsewhere.
    fn follow_scope(&mut self, organization: &str, environment: Environment, what: &str) -> Vec<Effect> {
        if self.cx.follow_scope(organization, environment, what) { self.ask_anew() } else { vec![] }
    }

    pub(super) fn keep_drafts(&mut self) -> Vec<Effect> {
        let intents = self.panes.threads.keep_drafts();
        self.carry(intents)
    }

    /// Says where this person is.
    pub(super) fn attend(&mut self, writes: bool) -> Vec<Effect> {
        let intent = self.panes.threads.attend(&self.cx, writes);
        self.carry(intent.into_iter().collect())
    }

    /// What is beside the list goes along with the cursor.
    pub(super) fn follow_selection(&mut self) -> Vec<Effect> {
        let intents = self.panes.get_mut(self.cx.pane).follow(&self.cx);
        self.carry(intents)
    }

    /// Opens a pane.
    pub(super) fn open_pane(&mut self, pane: PaneId) -> Vec<Effect> {
        self.cx.pane = pane;
        self.cx.focus = Focus::List;
        self.scroll = 0;
        let mut effects = self.keep_drafts();
        effects.extend(self.ask_rows(pane));
        effects.extend(self.follow_selection());
        effects
    }

    /// Goes back one level, and clears the filter at the last.
    fn back(&mut self) -> Vec<Effect> {
        match self.cx.focus {
            Focus::Composer => {
                self.cx.focus = Focus::Detail;
                self.keep_drafts()
            }
            Focus::Detail => {
                self.cx.focus = Focus::List;
                self.scroll = 0;
                if let Some(open) = &mut self.panes.threads.open {
                    open.cursor = None;
                }
                vec![]
            }
            Focus::List if !self.pane().list().filter.is_empty() => {
                self.list_mut().filter.clear();
                self.ask_rows(self.cx.pane)
            }
            Focus::List => {
                self.list_mut().go_top();
                self.follow_selection()
            }
        }
    }

    fn refresh(&mut self) -> Vec<Effect> {
        let mut effects = self.ask_for_everything();
        let intents = self.pane().refresh(&self.cx);
        effects.extend(self.carry(intents));
        effects
    }

    fn scroll_by(&mut self, lines: isize) {
        let (cx, pane) = (&self.cx, self.pane());
        let most = detail_lines(cx, pane).saturating_sub(detail_room(cx, pane));
        let to = usize::from(self.scroll).saturating_add_signed(lines).min(most);
        self.scroll = u16::try_from(to).unwrap_or(u16::MAX);
    }

    /// Opens what is selected. From here on the cursor stays on it.
    fn open_selected(&mut self) -> Vec<Effect> {
        let ids = self.pane().ids(&self.cx);
        if self.pane().list().index(&ids).is_none() {
            self.list_mut().selected = ids.first().cloned();
        }
        self.scroll = 0;
        let mut effects = self.follow_selection();
        self.cx.focus = Focus::Detail;
        let intents = self.panes.get_mut(self.cx.pane).opened(&self.cx);
        effects.extend(self.carry(intents));
        effects
    }

    /// Opens a thread, wherever the list stands.
    pub(super) fn go_to_thread(&mut self, thread: ThreadId) -> Vec<Effect> {
        let mut effects = self.open_pane(PaneId::Threads);
        self.list_mut().filter.clear();
        self.list_mut().selected = Some(thread.to_string());
        self.cx.focus = Focus::Detail;
        let intents = self.panes.threads.show(&self.cx, thread);
        effects.extend(self.carry(intents));
        effects.extend(self.attend(false));
        effects
    }

    /// Opens a connection, wherever the list stands; its scope is shown with it.
    pub(super) fn go_to_connection(&mut self, id: ConnectionId) -> Vec<Effect> {
        let mut effects = self.open_pane(PaneId::Connections);
        self.list_mut().filter.clear();
        let found = self.cx.connection(id).map(|row| &row.connection);
        if let Some((organization, environment)) = found.map(|one| (one.organization.clone(), one.environment)) {
            effects.extend(self.keep_drafts());
            self.panes.threads.open = None;
            effects.extend(self.follow_scope(&organization, environment, &id.to_string()));
        }
        self.list_mut().selected = Some(id.to_string());
        effects.extend(self.ask_for_detail());
        effects
    }

    /// Opens the place in its thread where a message stands.
    pub(super) fn go_to_message(&mut self, message: MessageId) -> Vec<Effect> {
        let found = self.loaded.found.iter().find(|one| one.message.id == message);
        let Some(thread) = found.map(|one| one.message.thread_id) else { return vec![] };
        let mut effects = self.open_pane(PaneId::Threads);
        self.list_mut().filter.clear();
        self.list_mut().selected = Some(thread.to_string());
        self.cx.focus = Focus::Detail;
        self.panes.threads.show_message(thread, message);
        effects.extend(self.ask_for_detail());
        effects.extend(self.attend(false));
        effects
    }

    pub(super) fn show_run(&mut self, run: RunId) -> Vec<Effect> {
        self.panes.agents.run = None;
        self.overlay = Some(Overlay::reading(Reading::Run));
        self.ask(Query::Desk(AgentQuery::Run { run }))
    }
}

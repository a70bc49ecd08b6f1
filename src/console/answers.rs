//! What is asked of the engine, and where the answers go: to the pane whose question it was, or to what stands in
//! front. What is shown is a picture of the database, asked for again whenever something differs.

use super::Console;
use super::asking::unscoped;
use super::event::Effect;
use super::overlays::finder_kind::FinderKind;
use super::overlays::{Overlay, Reading, Then};
use super::pane_id::PaneId;
use super::panes::pane::Pane;
use super::settings::Focus;
use crate::domain::change::Change;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::domain::view::Overview;

impl Console {
    /// Asks, unless the same question is under way: then once more afterwards. Nothing is asked that this
    /// person may not be told.
    pub(super) fn ask(&mut self, query: Query) -> Vec<Effect> {
        if !self.cx.settings.actor.has(query.required_right()) {
            return vec![];
        }
        let query = self.cx.scoped(query);
        if self.asking.begins(&query) { vec![Effect::Ask(query)] } else { vec![] }
    }

    /// Asks for the rows of a pane.
    pub(super) fn ask_rows(&mut self, pane: PaneId) -> Vec<Effect> {
        self.ask(self.panes.get(pane).query())
    }

    /// Asks for what stands beside the list, and for the open thread.
    pub(super) fn ask_for_detail(&mut self) -> Vec<Effect> {
        let mut intents = self.panes.threads.detail(&self.cx);
        if self.cx.pane != PaneId::Threads {
            intents.extend(self.pane().detail(&self.cx));
        }
        self.carry(intents)
    }

    pub(super) fn ask_for_everything(&mut self) -> Vec<Effect> {
        let mut effects = self.ask(Query::Overview);
        effects.extend(self.ask_rows(self.cx.pane));
        effects.extend(self.ask_for_detail());
        effects
    }

    /// Lets go of what another scope showed, and asks for everything that lists and counts.
    pub(super) fn ask_in_scope(&mut self) -> Vec<Effect> {
        // What lay under the cursor of the list before is not gone after.
        if self.cx.focus == Focus::List {
            self.panes.threads.open = None;
        }
        self.ask_anew()
    }

    pub(super) fn ask_anew(&mut self) -> Vec<Effect> {
        self.loaded.forget();
        let mut effects = self.ask(Query::Connections);
        effects.extend(self.ask(Query::Overview));
        for pane in PaneId::ALL {
            self.panes.get_mut(pane).forget();
            if pane != PaneId::Connections && self.panes.get(pane).is_asked_ahead() {
                effects.extend(self.ask_rows(pane));
            }
        }
        effects
    }

    /// Asks again for what a change touches, and only if it is on the screen.
    pub(super) fn changed(&mut self, change: Change) -> Vec<Effect> {
        let mut effects = self.ask(Query::Overview);
        if matches!(change, Change::Everything) {
            effects.extend(self.ask_for_everything());
            return effects;
        }
        let jobs = matches!(&self.overlay, Some(Overlay::Finder(finder)) if finder.kind == FinderKind::Jobs);
        if jobs && matches!(change, Change::Outbox) {
            effects.extend(self.ask(Query::Jobs));
        }
        for pane in PaneId::ALL {
            let intents = self.panes.get_mut(pane).changed(&self.cx, change);
            effects.extend(self.carry(intents));
        }
        effects
    }

    pub(super) fn take_answer(&mut self, query: &Query, answer: Answer) -> Vec<Effect> {
        self.cx.trouble = None;
        let again = self.asking.ends(query);
        let mut effects = again.map(|query| self.ask(query)).unwrap_or_default();
        let query = match query {
            // What was asked of another scope is not shown in this one.
            Query::Within { query: inner, .. } if self.cx.scoped(*inner.clone()) == *query => inner,
            Query::Within { .. } => return effects,
            query if self.cx.scoped(query.clone()) != *query => {
                // Before it was known that there is a choice, everything was asked for.
                if let (Query::Overview, Answer::Overview(overview), None) = (query, answer, &self.cx.own) {
                    self.cx.own = Some((overview.organization, overview.environment));
                }
                return effects;
            }
            query => query,
        };
        if let Some(pane) = PaneId::ALL.into_iter().find(|pane| self.panes.get(*pane).takes(query)) {
            if let Answer::Threads(rows) = &answer {
                let names = rows.iter().map(|row| (row.id, row.contact.shown()));
                self.cx.names.extend(names);
            }
            let intents = self.panes.get_mut(pane).answer(&self.cx, query, answer);
            self.cx.awaited.take_if(|awaited| awaited == query);
            effects.extend(self.carry(intents));
            return effects;
        }
        match (query, answer) {
            (Query::Overview, Answer::Overview(overview)) => effects.extend(self.take_overview(*overview)),
            (Query::Connections, Answer::Connections(list)) => {
                let before = self.cx.shown();
                let said = self.cx.take_connections(list);
                effects.extend(said.map(|said| Effect::Ring(format!("wadeck: {said}"))));
                if before != self.cx.shown() {
                    effects.extend(self.ask_in_scope());
                }
            }
            (query, answer) => self.take_front_answer(query, answer),
        }
        effects
    }

    /// The answer to a question of what stands in front.
    fn take_front_answer(&mut self, query: &Query, answer: Answer) {
        let typed = match &self.overlay {
            Some(Overlay::Finder(finder)) => Some(finder.typed.text()),
            _ => None,
        };
        match (query, answer) {
            (Query::Contacts { text, .. }, Answer::Contacts(rows)) if typed == Some(text) => {
                self.loaded.contacts = rows;
            }
            (Query::Search { text, .. }, Answer::Found(rows)) if typed == Some(text) => self.loaded.found = rows,
            (Query::Radar { .. }, Answer::Radar(rows)) => self.loaded.radar = rows,
            (Query::Views, Answer::Views(rows)) => self.loaded.views = rows,
            (Query::Jobs, Answer::Jobs(rows)) => self.loaded.jobs = rows,
            (Query::Gauges { .. }, Answer::Gauges(view)) => self.loaded.gauges = Some(*view),
            (Query::Why { .. }, Answer::Why(why)) => {
                self.loaded.why = Some(*why);
                self.overlay = Some(Overlay::reading(Reading::Why));
            }
            (Query::File { .. }, Answer::File(file)) => self.loaded.file = Some(*file),
            (Query::Picture { message, .. }, Answer::Picture(picture)) => self.show_picture(*message, picture),
            (Query::Bulk { action, text }, Answer::Bulk(preview)) => {
                let request = Request::Bulk { action: *action, text: text.clone() };
                let then = Then::Perform(self.cx.scoped_request(request));
                self.overlay = Some(Overlay::Confirm { question: preview.words(*action), then });
            }
            (Query::Message { .. }, Answer::Message(message)) => self.loaded.message = message.map(|one| *one),
            _ => {}
        }
    }

    fn take_overview(&mut self, overview: Overview) -> Vec<Effect> {
        let mut effects = vec![];
        if overview.scope.is_all() {
            let before = self.cx.shown();
            self.cx.own = Some((overview.organization.clone(), overview.environment));
            if before != self.cx.shown() {
                effects.extend(self.ask_in_scope());
            }
        }
        effects.extend(self.ring(&overview));
        effects.extend(self.is_handed(&overview));
        self.cx.overview = Some(overview);
        effects
    }

    pub(super) fn not_answered(&mut self, query: &Query, why: String) {
        self.asking.fails(query);
        let query = unscoped(query.clone());
        let asked_by_hand = matches!(query, Query::Why { .. } | Query::Bulk { .. } | Query::FindThread { .. })
            || matches!(query, Query::Number(_) | Query::Template(_) | Query::Flow(_));
        if asked_by_hand {
            self.cx.awaited = None;
            if matches!(self.overlay, Some(Overlay::Reading { what: Reading::Health(_), .. })) {
                self.overlay = None;
            }
            self.cx.notice(why, true);
        } else {
            self.cx.trouble = Some(why);
        }
    }

    /// Rings when there are more alerts than before; never for what was there at the start.
    fn ring(&self, now: &Overview) -> Option<Effect> {
        let before = self.cx.overview.as_ref().filter(|before| before.scope == now.scope)?.alerts;
        (now.alerts > before).then(|| {
            let badge = now.environment.badge();
            Effect::Ring(format!("wadeck {badge}: open alerts: {}", now.alerts))
        })
    }

    /// Rings, and says so, when a colleague has handed something over; never for what stood at the start.
    fn is_handed(&mut self, now: &Overview) -> Option<Effect> {
        let before = self.cx.overview.as_ref()?.handed.as_ref().map(|handed| handed.at);
        let handed = now.handed.as_ref().filter(|handed| before.is_none_or(|before| before < handed.at))?;
        let (by, contact) = (clean_line(&handed.by), clean_line(&handed.contact));
        let said = format!("{by} transferred {contact} ({}) to you.", handed.thread);
        self.cx.notice(said.clone(), false);
        Some(Effect::Ring(format!("wadeck: {said}")))
    }
}

//! Sends queries to the engine and routes the answers to the pane that asked or to the open overlay. The console
//! shows a copy of database state and queries it again after each change.

use super::Console;
use super::asking::unscoped;
use super::cx::Cx;
use super::event::Effect;
use super::intent::{Intent, OverlayEvent};
use super::overlays::reading::Reading;
use super::overlays::readings::why::Explanation;
use super::pane_id::PaneId;
use crate::domain::change::Change;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::request_error::RequestError;

impl Console {
    /// Queries the engine. If the same query is already in flight, it runs once more afterwards. Returns no effect if
    /// the actor lacks the permission that the query requires, or if the query needs a scope that is not known yet: all
    /// lists are queried when it is, and rows of other scopes are never shown.
    pub(super) fn ask(&mut self, query: Query) -> Vec<Effect> {
        if !self.cx.settings.actor.has(query.required_right()) {
            return vec![];
        }
        if Cx::needs_scope(&query) && !self.cx.knows_scope() {
            return vec![];
        }
        let query = self.cx.scoped(query);
        if self.asking.begins(&query) { vec![Effect::Ask(query)] } else { vec![] }
    }

    /// Queries the rows of a pane.
    pub(super) fn ask_rows(&mut self, pane: PaneId) -> Vec<Effect> {
        self.ask(self.panes.get(pane).query())
    }

    /// Queries the overview, and the rows and the detail of the open pane.
    pub(super) fn ask_for_everything(&mut self) -> Vec<Effect> {
        let mut effects = self.ask(Query::Overview);
        effects.extend(self.ask_rows(self.cx.pane));
        let intents = self.panes.detail(&self.cx);
        effects.extend(self.carry(intents));
        effects
    }

    /// Discards what was loaded for another scope, and queries every list and count again.
    pub(super) fn ask_anew(&mut self) -> Vec<Effect> {
        let mut effects = self.ask(Query::Connections);
        effects.extend(self.ask(Query::Overview));
        for pane in PaneId::ALL {
            self.panes.get_mut(pane).forget();
            let is_loaded = self.panes.get(pane).is_asked_ahead() || pane == self.cx.pane;
            if pane != PaneId::Connections && is_loaded {
                effects.extend(self.ask_rows(pane));
            }
        }
        effects.extend(self.notify_overlay(&OverlayEvent::Forgets));
        effects
    }

    /// Queries again what a change touches, if it is on the screen.
    pub(super) fn changed(&mut self, change: Change) -> Vec<Effect> {
        let mut effects = self.ask(Query::Overview);
        if matches!(change, Change::Everything) {
            effects.extend(self.ask_for_everything());
            return effects;
        }
        effects.extend(self.notify_overlay(&OverlayEvent::Changed(change)));
        for pane in PaneId::ALL {
            let intents = self.panes.get_mut(pane).changed(&self.cx, change);
            effects.extend(self.carry(intents));
        }
        effects
    }

    /// Passes an answer to the open overlay and to the pane that asked. Drops answers to queries of another scope.
    pub(super) fn take_answer(&mut self, query: &Query, answer: Answer) -> Vec<Effect> {
        self.cx.trouble = None;
        let again = self.asking.ends(query);
        let mut effects = again.map(|query| self.ask(query)).unwrap_or_default();
        let query = match query {
            // An answer to a query of another scope is not shown in this one.
            Query::Within { query: inner, .. } if self.cx.scoped(*inner.clone()) == *query => inner,
            Query::Within { .. } => return effects,
            query if self.cx.scoped(query.clone()) != *query => {
                // The first queries have no scope, because the console learns the scopes only from their answers.
                if let (Query::Overview, Answer::Overview(overview), None) = (query, answer, &self.cx.own) {
                    self.cx.own = Some((overview.organization, overview.environment));
                    effects.extend(self.ask_anew());
                }
                return effects;
            }
            query => query,
        };
        effects.extend(self.notify_overlay(&OverlayEvent::Answered(query, &answer)));
        if self.cx.awaits(query)
            && let Some(intents) = place_in_thread(query, &answer)
        {
            self.cx.awaited = None;
            effects.extend(self.carry(intents));
            return effects;
        }
        if let Some(pane) = PaneId::ALL.into_iter().find(|pane| self.panes.get(*pane).takes(query)) {
            if let Answer::Threads(rows) = &answer {
                let names = rows.iter().map(|row| (row.id, row.contact.display_name()));
                self.cx.names.extend(names);
            }
            let intents = self.panes.get_mut(pane).answer(&self.cx, query, answer);
            self.cx.awaited.take_if(|awaited| awaited == query);
            effects.extend(self.carry(intents));
            return effects;
        }
        effects.extend(self.take_common_answer(query, answer));
        effects
    }

    /// Handles an answer to a query that belongs to no pane.
    fn take_common_answer(&mut self, query: &Query, answer: Answer) -> Vec<Effect> {
        let before = (self.cx.knows_scope(), self.cx.shown_scope());
        let rings = match (query, answer) {
            (Query::Overview, Answer::Overview(overview)) => self.cx.take_overview(*overview),
            (Query::Connections, Answer::Connections(list)) => {
                let said = self.cx.take_connections(list);
                said.map(|said| format!("wadeck: {said}")).into_iter().collect()
            }
            (Query::Why { .. }, Answer::Why(why)) => return self.carry(vec![Reading::open(Explanation::new(*why))]),
            (Query::Bulk { action, text }, Answer::Bulk(preview)) => {
                let request = Request::Bulk { action: *action, text: text.clone() };
                let request = self.cx.scoped_request(request);
                return self.carry(vec![Intent::ask_first(preview.words(*action), request)]);
            }
            _ => vec![],
        };
        let mut effects = vec![];
        if before != (self.cx.knows_scope(), self.cx.shown_scope()) {
            self.panes.threads.close_previewed_thread(&self.cx);
            effects.extend(self.ask_anew());
        }
        if !before.0 && self.cx.knows_scope() {
            // The first queries of the detail were not sent either.
            let intents = self.panes.detail(&self.cx);
            effects.extend(self.carry(intents));
        }
        effects.extend(rings.into_iter().map(Effect::Ring));
        effects
    }

    /// Handles a failed query. The reason of a query that a command sent becomes a notice; any other is shown as
    /// trouble.
    pub(super) fn not_answered(&mut self, query: &Query, why: &RequestError) -> Vec<Effect> {
        self.asking.fails(query);
        let query = unscoped(query.clone());
        let asked_by_hand = matches!(query, Query::Why { .. } | Query::Bulk { .. } | Query::FindThread { .. })
            || matches!(query, Query::Number(_) | Query::Template(_) | Query::Flow(_));
        if asked_by_hand {
            self.cx.awaited = None;
            self.cx.notice(why.to_string(), true);
        } else {
            self.cx.trouble = Some(why.to_string());
        }
        self.notify_overlay(&OverlayEvent::NotAnswered(&query))
    }
}

/// Goes to the message that was asked for by its id, or by that of its outbox entry; says so where there is none.
fn place_in_thread(query: &Query, answer: &Answer) -> Option<Vec<Intent>> {
    Some(match (query, answer) {
        (Query::Message { .. }, Answer::Message(Some(detail))) => {
            let message = &detail.message;
            let place = Intent::GoToMessage(message.thread_id, message.id);
            let scope = message.environment.map(|environment| Intent::FollowScope {
                organization: message.organization.clone(),
                environment,
                what: message.id.to_string(),
            });
            scope.into_iter().chain([place]).collect()
        }
        (Query::Entry { .. }, Answer::Entry(Some(detail))) => {
            vec![Intent::GoToMessage(detail.row.thread_id, detail.row.message_id)]
        }
        (Query::Message { message }, Answer::Message(None)) => {
            vec![Intent::Warn(format!("No message {message} found. Check the id in the list."))]
        }
        (Query::Entry { entry }, Answer::Entry(None)) => {
            vec![Intent::Warn(format!("No outbox entry {entry} found. Check the id in the list."))]
        }
        _ => return None,
    })
}

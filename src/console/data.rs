//! What the console was told, and what it is asking: pictures of the database, asked for again
//! whenever something differs.

use crate::console::overlays::finder::FinderKind;
use crate::console::overlays::form_files::FormFile;
use crate::console::overlays::{Overlay, Reading, Then};
use crate::console::panes::agents::rows::agent_row_id;
use crate::console::panes::connections::NumberRow;
use crate::console::{Console, Effect, Pane};
use crate::domain::agents::requests::{AgentQuery, AgentsView, AssignmentDetail, RunRecord, StopView};
use crate::domain::change::Change;
use crate::domain::contacts::view::ContactRow;
use crate::domain::flow::{FlowDetail, FlowList, FlowQuery};
use crate::domain::ids::{DeliveryId, EntryId};
use crate::domain::message::media::FileCheck;
use crate::domain::monitoring::activity::{ActivityKind, ActivityRow};
use crate::domain::monitoring::gauge::GaugesView;
use crate::domain::numbers::connected::ConnectionList;
use crate::domain::numbers::connection::Environment;
use crate::domain::numbers::number::{NumberAnswer, NumberQuery};
use crate::domain::numbers::registration::Fetched;
use crate::domain::outbox::job::JobView;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::templates::requests::{TemplateAnswer, TemplateQuery, TemplateRecord};
use crate::domain::templates::template::{Template, TemplateList};
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::domain::view::{
    DeliveryDetail, EntryDetail, EntryRow, FoundMessage, MessageDetail, Overview, RadarRow, SavedView, ThreadRow,
};
use crate::domain::why::Why;

/// Rows that a list asks for: more than any screen shows, few enough to be told at once.
pub(super) const ROWS: u32 = 200;
pub(super) const MESSAGES: u32 = 60;

#[derive(Debug, Default)]
pub(super) struct Data {
    pub overview: Option<Overview>,
    pub connections: Option<ConnectionList>,
    /// What the provider told about numbers, by what was asked.
    pub numbers: Vec<(NumberQuery, Fetched<NumberAnswer>)>,
    /// The answer that opens a form when it comes.
    pub awaited: Option<Query>,
    /// What is being written for the provider.
    pub script: Option<crate::console::overlays::script::Script>,
    pub flows: Option<Vec<FlowList>>,
    /// The Flow that was opened last.
    pub flow: Option<Fetched<FlowDetail>>,
    /// What is read about a Flow.
    pub flow_lines: Vec<String>,
    /// What is asked again while it is read.
    pub followed: Option<Query>,
    /// What is known of the template under the cursor.
    pub record: Option<TemplateRecord>,
    /// What was picked from a list, for what is done with it.
    pub picked: String,
    pub threads: Option<Vec<ThreadRow>>,
    pub outbox: Option<Vec<EntryRow>>,
    pub templates: Option<Vec<TemplateList>>,
    pub agents: Option<AgentsView>,
    /// The assignment under the cursor, with all that is needed to decide about it.
    pub dossier: Option<AssignmentDetail>,
    /// The run that was asked about last.
    pub run: Option<RunRecord>,
    pub stops: Vec<StopView>,
    pub activity: Option<Vec<ActivityRow>>,
    pub entry: Option<EntryDetail>,
    pub delivery: Option<DeliveryDetail>,
    pub message: Option<MessageDetail>,
    pub log: Vec<String>,
    pub contacts: Vec<ContactRow>,
    /// What a search found.
    pub found: Vec<FoundMessage>,
    pub radar: Vec<RadarRow>,
    pub views: Vec<SavedView>,
    pub jobs: Vec<JobView>,
    pub gauges: Option<GaugesView>,
    pub why: Option<Why>,
    /// The file that a form names.
    pub file: Option<FileCheck>,
    pub form_file: FormFile,
    /// The picture in front.
    pub picture: Option<crate::console::overlays::picture::Drawn>,
    pub told: String,
    /// The delivery whose copy is edited once it is revealed.
    pub edits: Option<DeliveryId>,
    /// When something was revealed that is hidden again after a while.
    pub revealed_at: Option<Timestamp>,
    /// The organization and environment that the engine works for.
    pub(super) own: Option<(String, Environment)>,
    /// Questions under way; `true` where it has to be asked once more.
    asking: Vec<(Query, bool)>,
    /// Why the last question of a kind was not answered.
    pub trouble: Option<String>,
}

impl Console {
    /// Asks, unless the same question is under way: then once more afterwards. Nothing is asked that this
    /// person may not be told.
    pub(super) fn ask(&mut self, query: Query) -> Vec<Effect> {
        if !self.settings.actor.has(query.required_right()) {
            return vec![];
        }
        let query = self.scoped(query);
        match self.data.asking.iter_mut().find(|(asked, _)| *asked == query) {
            Some((_, again)) => {
                *again = true;
                vec![]
            }
            None => {
                self.data.asking.push((query.clone(), false));
                vec![Effect::Ask(query)]
            }
        }
    }

    fn answered(&mut self, query: &Query) -> Vec<Effect> {
        let Some(at) = self.data.asking.iter().position(|(asked, _)| asked == query) else { return vec![] };
        let (query, again) = self.data.asking.remove(at);
        // Once more: of what is shown now.
        let query = match query {
            Query::Within { query, .. } => *query,
            query => query,
        };
        if again { self.ask(query) } else { vec![] }
    }

    pub(super) fn query_of(&self, pane: Pane) -> Query {
        let text = self.lists[pane as usize].filter.clone();
        match pane {
            Pane::Connections => Query::Connections,
            Pane::Threads => Query::Threads { text, limit: ROWS, before: None },
            Pane::Delivery => Query::Outbox { text, limit: ROWS, before: None },
            Pane::Templates => Query::Templates,
            Pane::Agents => Query::Agents,
            Pane::Flows => Query::Flow(FlowQuery::List),
            Pane::Activity => Query::Activity { text, limit: ROWS },
        }
    }

    pub(super) fn ask_for_everything(&mut self) -> Vec<Effect> {
        let mut effects = self.ask(Query::Overview);
        effects.extend(self.ask(self.query_of(self.pane)));
        effects.extend(self.ask_for_detail());
        effects
    }

    /// Asks for what is shown beside the list.
    pub(super) fn ask_for_detail(&mut self) -> Vec<Effect> {
        let mut effects = vec![];
        if let Some(thread) = self.open.as_ref().map(|open| open.thread) {
            effects.extend(self.ask(Query::Thread { thread }));
            effects.extend(self.ask(self.query_of_messages(thread)));
            effects.extend(self.ask(Query::Desk(AgentQuery::Waiting { thread })));
        }
        match self.pane {
            Pane::Delivery => {
                if let Some(entry) = self.selected_entry().map(|row| row.id) {
                    effects.extend(self.ask(Query::Entry { entry }));
                }
            }
            Pane::Templates => {
                if let Some((list, one)) = self.selected_template() {
                    let (name, language) = (one.name.as_received().to_owned(), one.language.as_received().to_owned());
                    let query = TemplateQuery::Record { connection: list.connection, name, language };
                    effects.extend(self.ask(Query::Template(query)));
                }
            }
            Pane::Agents => effects.extend(self.ask_about_agent_row()),
            Pane::Activity => {
                if let Some(delivery) = self.selected_delivery() {
                    effects.extend(self.ask(Query::Delivery { delivery }));
                }
            }
            _ => {}
        }
        effects
    }

    /// Asks again for what a change touches, and only if it is on the screen.
    pub(super) fn changed(&mut self, change: Change) -> Vec<Effect> {
        let mut effects = self.ask(Query::Overview);
        let touched = match change {
            Change::Connection(_) => self.pane == Pane::Connections,
            Change::Thread(thread) => {
                if self.open.as_ref().is_some_and(|open| open.thread == thread) {
                    effects.extend(self.ask(Query::Thread { thread }));
                    effects.extend(self.ask(self.query_of_messages(thread)));
                    effects.extend(self.ask(Query::Notes { thread }));
                    effects.extend(self.ask(Query::Desk(AgentQuery::Waiting { thread })));
                    effects.extend(self.ask_for_draft(thread));
                }
                matches!(self.pane, Pane::Threads | Pane::Connections)
            }
            Change::Outbox => {
                let jobs = matches!(&self.overlay, Some(Overlay::Finder(finder)) if finder.kind == FinderKind::Jobs);
                if jobs {
                    effects.extend(self.ask(Query::Jobs));
                }
                self.pane == Pane::Delivery
            }
            Change::Deliveries | Change::Alerts | Change::Activity => self.pane == Pane::Activity,
            Change::Templates => {
                effects.extend(self.ask(Query::Templates));
                false
            }
            Change::Flows => {
                // What was done with the one in front is asked for, too.
                if self.pane == Pane::Flows && self.flow_detail().is_some() {
                    effects.extend(self.ask_flow_detail());
                }
                effects.extend(self.ask(Query::Flow(FlowQuery::List)));
                false
            }
            Change::Agents => self.pane == Pane::Agents,
            Change::Everything => {
                effects.extend(self.ask_for_everything());
                false
            }
        };
        if touched {
            effects.extend(self.ask(self.query_of(self.pane)));
            if matches!(change, Change::Outbox | Change::Deliveries) {
                effects.extend(self.ask_for_detail());
            }
        }
        effects
    }

    pub(super) fn take_answer(&mut self, query: &Query, answer: Answer) -> Vec<Effect> {
        self.data.trouble = None;
        let mut effects = self.answered(query);
        let query = match query {
            // What was asked of another scope is not shown in this one.
            Query::Within { query: inner, .. } if self.scoped(*inner.clone()) == *query => inner,
            Query::Within { .. } => return effects,
            query if self.scoped(query.clone()) != *query => {
                // Before it was known that there is a choice, everything was asked for.
                if let (Query::Overview, Answer::Overview(overview), None) = (query, answer, &self.data.own) {
                    self.data.own = Some((overview.organization, overview.environment));
                }
                return effects;
            }
            query => query,
        };
        match (query, answer) {
            (Query::Overview, Answer::Overview(overview)) => {
                if overview.scope.is_all() {
                    let before = self.shown();
                    self.data.own = Some((overview.organization.clone(), overview.environment));
                    if before != self.shown() {
                        effects.extend(self.ask_in_scope());
                    }
                }
                effects.extend(self.ring(&overview));
                effects.extend(self.is_handed(&overview));
                self.data.overview = Some(*overview);
            }
            (Query::Contacts { text, .. }, Answer::Contacts(rows)) if self.finder_typed() == Some(text.as_str()) => {
                self.data.contacts = rows;
            }
            (Query::Search { text, .. }, Answer::Found(rows)) if self.finder_typed() == Some(text.as_str()) => {
                self.data.found = rows;
            }
            (Query::Radar { .. }, Answer::Radar(rows)) => self.data.radar = rows,
            (Query::Views, Answer::Views(rows)) => self.data.views = rows,
            (Query::Jobs, Answer::Jobs(rows)) => self.data.jobs = rows,
            (Query::Gauges { .. }, Answer::Gauges(view)) => self.data.gauges = Some(*view),
            (Query::Why { .. }, Answer::Why(why)) => {
                self.data.why = Some(*why);
                self.overlay = Some(Overlay::reading(Reading::Why));
            }
            (Query::File { .. }, Answer::File(file)) => self.data.file = Some(*file),
            (Query::Picture { message, .. }, Answer::Picture(picture)) => self.show_picture(*message, picture),
            (Query::Bulk { action, text }, Answer::Bulk(preview)) => {
                let request = Request::Bulk { action: *action, text: text.clone() };
                let then = Then::Perform(self.scoped_request(request));
                self.overlay = Some(Overlay::Confirm { question: preview.words(*action), then });
            }
            (Query::Connections, Answer::Connections(rows)) => effects.extend(self.take_connections(rows)),
            (Query::Flow(query), Answer::Flow(told)) => effects.extend(self.take_flow_answer(query, told)),
            (Query::Template(query), Answer::Template(told)) => {
                effects.extend(self.take_template_answer(query, told.value));
            }
            (Query::Number(query), Answer::Number(told)) => effects.extend(self.take_number_answer(query, told)),
            (Query::Threads { text, .. }, Answer::Threads(rows)) => {
                if *text == self.lists[Pane::Threads as usize].filter {
                    self.data.threads = Some(rows);
                    effects.extend(self.follow_selection());
                }
            }
            (Query::Outbox { text, .. }, Answer::Outbox(rows)) => {
                if *text == self.lists[Pane::Delivery as usize].filter {
                    self.data.outbox = Some(rows);
                    effects.extend(self.follow_selection());
                }
            }
            (Query::Templates, Answer::Templates(lists)) => self.take_templates(lists),
            (Query::Agents, Answer::Agents(view)) => {
                self.data.agents = Some(*view);
                if self.pane == Pane::Agents {
                    effects.extend(self.ask_about_agent_row());
                }
            }
            (Query::Desk(query), Answer::Desk(told)) => effects.extend(self.take_desk_answer(query, *told)),
            (Query::Activity { text, .. }, Answer::Activity(rows)) => {
                let wanted = *text == self.lists[Pane::Activity as usize].filter;
                if wanted && !(self.paused && self.data.activity.is_some()) {
                    self.data.activity = Some(rows);
                    effects.extend(self.follow_selection());
                }
            }
            (Query::Entry { .. }, Answer::Entry(entry)) => self.data.entry = entry.map(|entry| *entry),
            (Query::Delivery { .. }, Answer::Delivery(delivery)) => self.data.delivery = delivery.map(|one| *one),
            (Query::Message { .. }, Answer::Message(message)) => self.data.message = message.map(|one| *one),
            (Query::Log { .. }, Answer::Log(lines)) => self.data.log = lines,
            (query, answer) => effects.extend(self.take_thread_answer(query, answer)),
        }
        effects
    }

    /// A template whose approval changed is told to whoever is looking.
    fn take_templates(&mut self, lists: Vec<TemplateList>) {
        let known: Vec<&Template> = self.data.templates.iter().flatten().flat_map(|list| &list.templates).collect();
        let mut told: Vec<(String, bool)> = vec![];
        for one in lists.iter().flat_map(|list| &list.templates) {
            let before = known.iter().find(|old| old.id == one.id && old.language == one.language);
            if before.is_some_and(|before| before.status != one.status) {
                let status = clean_line(one.status.name()).to_lowercase();
                let said = format!("Template {} ({}) is now {status}.", one.name.line(), one.language.line());
                if !told.iter().any(|(known, _)| *known == said) {
                    told.push((said, !one.status.can_send()));
                }
            }
        }
        for (said, bad) in told {
            self.notice(said, bad);
        }
        self.data.templates = Some(lists);
    }

    fn take_template_answer(&mut self, query: &TemplateQuery, told: TemplateAnswer) -> Vec<Effect> {
        let awaited = self.data.awaited.take_if(|awaited| *awaited == Query::Template(query.clone())).is_some();
        match (query, told) {
            (_, TemplateAnswer::Record(record)) => self.data.record = Some(*record),
            (TemplateQuery::Text { connection, id }, TemplateAnswer::Text(text)) if awaited => {
                let kind = crate::console::overlays::script::ScriptKind::Template {
                    connection: *connection,
                    id: Some(id.clone()),
                };
                return self.edit_script(kind, text);
            }
            _ => {}
        }
        vec![]
    }

    pub(super) fn not_answered(&mut self, query: &Query, why: String) -> Vec<Effect> {
        self.data.asking.retain(|(asked, _)| asked != query);
        let query = match query {
            Query::Within { query, .. } => query,
            query => query,
        };
        let asked_by_hand = matches!(query, Query::Why { .. } | Query::Bulk { .. } | Query::FindThread { .. })
            || matches!(query, Query::Number(_) | Query::Template(_) | Query::Flow(_));
        if asked_by_hand {
            self.data.awaited = None;
            if matches!(self.overlay, Some(Overlay::Reading { what: Reading::Health(_), .. })) {
                self.overlay = None;
            }
            self.notice(why, true);
        } else {
            self.data.trouble = Some(why);
        }
        vec![]
    }

    fn finder_typed(&self) -> Option<&str> {
        match &self.overlay {
            Some(Overlay::Finder(finder)) => Some(finder.typed.text()),
            _ => None,
        }
    }

    /// Rings when there are more alerts than before; never for what was there at the start.
    fn ring(&self, now: &Overview) -> Option<Effect> {
        let before = self.data.overview.as_ref().filter(|before| before.scope == now.scope)?.alerts;
        (now.alerts > before).then(|| {
            let badge = now.environment.badge();
            Effect::Ring(format!("wadeck {badge}: open alerts: {}", now.alerts))
        })
    }

    /// Rings, and says so, when a colleague has handed something over; never for what stood at the start.
    fn is_handed(&mut self, now: &Overview) -> Option<Effect> {
        let before = self.data.overview.as_ref()?.handed.as_ref().map(|handed| handed.at);
        let handed = now.handed.as_ref().filter(|handed| before.is_none_or(|before| before < handed.at))?;
        let (by, contact) = (clean_line(&handed.by), clean_line(&handed.contact));
        let said = format!("{by} transferred {contact} ({}) to you.", handed.thread);
        self.notice(said.clone(), false);
        Some(Effect::Ring(format!("wadeck: {said}")))
    }

    /// The ids of the open pane's rows, as they stand in the list.
    pub(super) fn ids(&self) -> Vec<String> {
        match self.pane {
            Pane::Connections => self.number_rows().iter().map(NumberRow::id).collect(),
            Pane::Threads => self.data.threads.iter().flatten().map(|row| row.id.to_string()).collect(),
            Pane::Delivery => self.data.outbox.iter().flatten().map(|row| row.id.to_string()).collect(),
            Pane::Templates => {
                self.templates().iter().map(|(list, one)| format!("{}/{}", list.connection, one.id)).collect()
            }
            Pane::Agents => self.agent_rows().iter().map(agent_row_id).collect(),
            Pane::Flows => self.flows().iter().map(|(_, flow)| flow.id.clone()).collect(),
            Pane::Activity => self.activity().iter().map(|row| activity_id(row)).collect(),
        }
    }

    /// Templates with the list that they stand in. One account's numbers share their templates: they
    /// are shown once.
    pub(super) fn activity(&self) -> Vec<&ActivityRow> {
        self.data.activity.iter().flatten().collect()
    }

    pub(super) fn selected_thread(&self) -> Option<&ThreadRow> {
        let rows = self.data.threads.as_ref()?;
        let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
        let current = self.lists[Pane::Threads as usize].current(&ids)?;
        rows.iter().find(|row| row.id.to_string() == *current)
    }

    pub(super) fn selected_entry(&self) -> Option<&EntryRow> {
        let rows = self.data.outbox.as_ref()?;
        let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
        let current = self.lists[Pane::Delivery as usize].current(&ids)?;
        rows.iter().find(|row| row.id.to_string() == *current)
    }

    /// The entry that commands of the Delivery pane, or of the message under the cursor, are about.
    pub(super) fn entry_at_hand(&self) -> Option<(EntryId, crate::domain::outbox::entry::EntryState)> {
        match self.pane {
            Pane::Delivery => self.selected_entry().map(|row| (row.id, row.state)),
            Pane::Threads => {
                let message = self.open.as_ref()?.current()?;
                message.entry.as_ref().map(|entry| (entry.id, entry.state))
            }
            _ => None,
        }
    }

    pub(super) fn selected_activity(&self) -> Option<&ActivityRow> {
        let rows = self.activity();
        let ids: Vec<String> = rows.iter().map(|row| activity_id(row)).collect();
        let current = self.lists[Pane::Activity as usize].current(&ids)?;
        rows.into_iter().find(|row| activity_id(row) == *current)
    }

    pub(super) fn selected_delivery(&self) -> Option<DeliveryId> {
        match self.selected_activity()?.kind {
            ActivityKind::Delivery { id, .. } => Some(id),
            _ => None,
        }
    }

    pub(super) fn selected_template(&self) -> Option<(&TemplateList, &Template)> {
        let rows = self.templates();
        let ids: Vec<String> = rows.iter().map(|(list, one)| format!("{}/{}", list.connection, one.id)).collect();
        let at = self.lists[Pane::Templates as usize].index(&ids).unwrap_or(0);
        rows.get(at).copied()
    }
}

pub(super) fn activity_id(row: &ActivityRow) -> String {
    match &row.kind {
        ActivityKind::Alert { id, .. } => id.to_string(),
        ActivityKind::Delivery { id, .. } => id.to_string(),
        ActivityKind::Audit { id, .. } => id.to_string(),
    }
}

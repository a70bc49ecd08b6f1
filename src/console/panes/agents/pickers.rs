//! What is picked and read about agents: whom to silence, a thread's menu, runs, differences, stops.

use super::picker_kinds::AgentFinder;
use super::rows::AgentRow;
use super::run_facts::{Fact, run_facts};
use crate::console::overlays::finder_kind::Row;
use crate::console::overlays::form::FormKind;
use crate::console::overlays::{Overlay, Reading};
use crate::console::panes::agents::forms::AgentForm;
use crate::console::{Console, Effect, PaneId, words};
use crate::domain::agents::requests::{AgentQuery, AgentRequest, StopScope};
use crate::domain::ids::ThreadId;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::clean_line;

impl Console {
    /// The same as lines, for reading it in front.
    pub(in crate::console) fn run_lines(&self) -> Vec<String> {
        let Some(record) = &self.panes.agents.run else { return vec!["Loading …".into()] };
        let mut lines = vec![];
        for fact in run_facts(&self.cx, record) {
            match fact {
                Fact::Heading(text) => lines.extend([String::new(), text]),
                Fact::Field(label, text) | Fact::Trouble(label, text) => lines.push(format!("{label:<14}{text}")),
                Fact::Text(text) => lines.push(format!("  {text}")),
            }
        }
        lines
    }

    /// The contract under the cursor as a difference from today.
    pub(in crate::console) fn difference_lines(&self) -> Vec<String> {
        let dossier =
            self.panes.agents.selected_assignment(&self.cx).and_then(|one| self.panes.agents.dossier_of(one.id));
        let Some(dossier) = dossier else { return vec!["Loading …".into()] };
        let mut lines = match &dossier.instead_of {
            Some(today) => vec![format!("{} is active there now ({}).", clean_line(&today.agent), today.id)],
            None => vec!["No agent is active there now: every term is new.".to_owned()],
        };
        lines.push(String::new());
        for term in dossier.terms() {
            match (&dossier.instead_of, term.today) {
                (None, _) => lines.push(format!("+ {:<12}{}", term.name, term.value)),
                (Some(_), None) => lines.push(format!("  {:<12}{}", term.name, term.value)),
                (Some(_), Some(today)) => {
                    lines.push(format!("- {:<12}{today}", term.name));
                    lines.push(format!("+ {:<12}{}", term.name, term.value));
                }
            }
        }
        lines
    }

    /// What the last stops caught, and what had left.
    pub(in crate::console) fn stop_lines(&self) -> Vec<String> {
        let mut lines = vec![];
        for stop in &self.panes.agents.stops {
            let until = match &stop.lifted {
                None => "active".to_owned(),
                Some((by, at)) => format!("lifted {} by {}", words::exact(*at, self.cx.zone()), clean_line(by)),
            };
            let at = words::exact(stop.at, self.cx.zone());
            lines.push(format!("{at}  {} by {} ({until})", stop.what.words(), clean_line(&stop.by)));
            lines.push(format!("  {} run(s) canceled", stop.runs));
            for (what, list) in [("canceled", &stop.caught), ("already left", &stop.departed)] {
                if list.is_empty() {
                    lines.push(format!("  {what:<13}none"));
                }
                for one in list {
                    let said = format!("{} to {}: {}", one.entry, clean_line(&one.contact), one.text.line());
                    lines.push(format!("  {what:<13}{said}"));
                }
            }
            lines.push(String::new());
        }
        if lines.is_empty() { vec!["No stops.".into()] } else { lines }
    }

    pub(in crate::console) fn agent_finder_rows(&self, kind: AgentFinder) -> Vec<Row> {
        match kind {
            AgentFinder::Stop => self.stop_rows(),
            AgentFinder::Menu(thread) => self.menu_rows(thread),
            AgentFinder::Propose(_) => {
                let agents = self.panes.agents.view.iter().flat_map(|view| &view.agents);
                let row = |agent: &crate::domain::agents::requests::AgentView| Row {
                    id: agent.name.clone(),
                    head: agent.name.clone(),
                    tail: agent.kind.clone(),
                    right: format!("{} runs today", agent.runs_today),
                    ..Row::default()
                };
                agents.map(row).collect()
            }
        }
    }

    /// Whom one may mean from here, the nearest first.
    fn stop_scopes(&self) -> Vec<(StopScope, String)> {
        let mut scopes = vec![];
        let row = if self.cx.pane == PaneId::Threads { self.panes.threads.at_hand(&self.cx) } else { None };
        let thread = row.map(|row| row.id).or_else(|| match self.cx.pane {
            PaneId::Agents => self.panes.agents.thread(&self.cx),
            _ => None,
        });
        if let Some(thread) = thread {
            let known = row.or_else(|| self.panes.threads.rows.iter().flatten().find(|row| row.id == thread));
            let name = known.map_or_else(|| thread.to_string(), |row| row.contact.shown());
            scopes.push((StopScope::Thread(thread), format!("the agent of {name}")));
        }
        let agent = match (row, self.cx.pane) {
            (Some(row), _) => row.assignment.as_ref().map(|one| one.agent.clone()),
            (None, PaneId::Agents) => match self.panes.agents.selected(&self.cx) {
                Some(AgentRow::Agent(agent)) => Some(agent.name.clone()),
                Some(AgentRow::Assignment(row)) => Some(row.assignment.agent.clone()),
                Some(AgentRow::Run(run)) => Some(run.agent.clone()),
                Some(AgentRow::Stop(stop)) => match &stop.what {
                    StopScope::Agent(agent) => Some(agent.clone()),
                    _ => None,
                },
                None => None,
            },
            _ => None,
        };
        scopes.extend(agent.map(|agent| {
            let words = format!("{} everywhere", clean_line(&agent));
            (StopScope::Agent(agent), words)
        }));
        scopes.push((StopScope::All, "every agent".to_owned()));
        scopes
    }

    fn stop_rows(&self) -> Vec<Row> {
        let mut rows = vec![];
        for (number, (what, words)) in self.stop_scopes().into_iter().enumerate() {
            let stopped = self.panes.agents.is_stopped(&what);
            if stopped {
                let head = format!("Resume: {words}");
                let tail = "from the next message on".to_owned();
                rows.push(Row { id: format!("resume {number}"), head, tail, ..Row::default() });
            }
            let head = format!("{}: {words}", if stopped { "Stop again" } else { "Stop" });
            let tail = "cancel replies that have not left yet".to_owned();
            rows.push(Row { id: format!("stop {number}"), head, tail, warn: !stopped, ..Row::default() });
        }
        rows.push(Row {
            id: "list".into(),
            head: "Canceled replies".into(),
            tail: "of the last stops, and replies that had already left".into(),
            ..Row::default()
        });
        rows
    }

    fn menu_rows(&self, thread: ThreadId) -> Vec<Row> {
        let open = self.panes.threads.at_hand(&self.cx).filter(|row| row.id == thread);
        let forgets = open.is_some_and(|row| row.context_from.is_some_and(|from| from >= row.last_message_at));
        let memory = if forgets { "Restore its memory" } else { "Clear its memory" };
        let row = |id: &str, head: &str, tail: &str| Row {
            id: id.into(),
            head: head.into(),
            tail: tail.into(),
            ..Row::default()
        };
        let now = self.cx.now;
        let paused = open.and_then(|row| row.paused_until(now));
        let back = paused.map(|until| {
            let left = crate::console::words::left(until, now);
            row("back", "Answer again now", &format!("a person wrote, so it stays silent for {left} more"))
        });
        let rows = vec![
            row("propose", "Propose an agent for this thread", "only for this contact; an admin decides"),
            row("forget", memory, "earlier messages are no longer passed to it; can be undone"),
            row("run", "The last run", "its input, tool calls and reply"),
            row("runs", "All runs", "in Agents, filtered by this contact"),
            row("stop", "Stop or resume", "this thread, this agent, or all"),
        ];
        back.into_iter().chain(rows).collect()
    }

    pub(in crate::console) fn agent_finder_picks(&mut self, kind: AgentFinder, row: &Row) -> Vec<Effect> {
        match kind {
            AgentFinder::Propose(thread) => self.propose(&row.id, thread),
            AgentFinder::Menu(thread) => match row.id.as_str() {
                "propose" => self.open_finder(crate::console::overlays::finder_kind::FinderKind::Agent(
                    AgentFinder::Propose(Some(thread)),
                )),
                "forget" => {
                    // Takes back what the screen shows as forgotten.
                    let at_hand = self.panes.threads.at_hand(&self.cx).filter(|row| row.id == thread);
                    let undo =
                        at_hand.is_some_and(|row| row.context_from.is_some_and(|from| from >= row.last_message_at));
                    let request = Request::Agents(AgentRequest::Forget { thread, undo });
                    self.ask_first(format!("{}?", row.head.trim_end_matches('.')), request);
                    vec![]
                }
                "back" => vec![Effect::Perform(Request::ReleaseThread { thread })],
                "run" => self.show_run_at_hand(thread),
                "runs" => {
                    let name = self.panes.threads.at_hand(&self.cx).map(|row| row.contact.shown()).unwrap_or_default();
                    let mut effects = self.open_pane(PaneId::Agents);
                    self.list_mut().filter = name;
                    self.list_mut().go_top();
                    effects.extend(self.ask(Query::Agents));
                    effects
                }
                _ => self.open_finder(crate::console::overlays::finder_kind::FinderKind::Agent(AgentFinder::Stop)),
            },
            AgentFinder::Stop if row.id == "list" => self.show_stops(),
            AgentFinder::Stop => {
                let Some((verb, number)) = row.id.split_once(' ') else { return vec![] };
                let number: usize = number.parse().unwrap_or(usize::MAX);
                let Some((what, _)) = self.stop_scopes().into_iter().nth(number) else { return vec![] };
                let resumes = verb == "resume";
                let question = format!("{}?", row.head.trim_end_matches('.'));
                let request = if resumes {
                    AgentRequest::Resume { what }
                } else {
                    AgentRequest::Stop { what, reason: String::new() }
                };
                self.ask_first(question, Request::Agents(request));
                vec![]
            }
        }
    }

    /// Opens the form that proposes an agent, for the number or the thread at hand.
    fn propose(&mut self, agent: &str, thread: Option<ThreadId>) -> Vec<Effect> {
        let row = thread.and_then(|thread| self.panes.threads.at_hand(&self.cx).filter(|row| row.id == thread));
        let form = match row {
            Some(row) => {
                let whom = row.contact.shown();
                AgentForm::Propose { agent: agent.to_owned(), connection: row.connection_id, thread, whom, known: None }
            }
            None => {
                let list = self.cx.connections.iter().flat_map(|list| &list.connected).map(|row| &row.connection);
                let mut shown = list.filter(|one| self.cx.in_scope(&one.organization, one.environment));
                let of_row = self.panes.agents.selected_assignment(&self.cx).map(|one| one.connection);
                let found = shown.clone().find(|one| Some(one.id) == of_row).or_else(|| shown.next());
                let Some(connection) = found else {
                    self.cx.notice("There is no number that an agent could answer.", true);
                    return vec![];
                };
                AgentForm::Propose {
                    agent: agent.to_owned(),
                    connection: connection.id,
                    thread: None,
                    whom: connection.name.clone(),
                    known: None,
                }
            }
        };
        self.open_form(FormKind::Agent(Box::new(form)))
    }

    /// The run behind the message under the cursor, else the last of the thread.
    pub(in crate::console) fn show_run_at_hand(&mut self, thread: ThreadId) -> Vec<Effect> {
        let of_message =
            self.panes.threads.open.as_ref().filter(|open| open.cursor.is_some()).and_then(|open| open.current());
        let waiting = self.panes.threads.proposal().map(|record| record.run.id);
        match of_message.map_or(waiting, |message| message.run) {
            Some(run) => self.show_run(run),
            None => self.ask(Query::Desk(AgentQuery::Runs { thread: Some(thread), limit: 1, before: None })),
        }
    }

    pub(in crate::console) fn show_stops(&mut self) -> Vec<Effect> {
        self.overlay = Some(Overlay::reading(Reading::Stops));
        self.ask(Query::Desk(AgentQuery::Stops { limit: 20 }))
    }
}

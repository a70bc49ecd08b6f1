//! The desk for agents: what was told about assignments and runs, the answer that waits in the open
//! thread, and who can be silenced from where one stands.

pub(in crate::console) mod commands;
pub(in crate::console) mod draw;
pub(in crate::console) mod forms;
pub(in crate::console) mod rows;

use crate::console::overlays::finder::Row;
use crate::console::overlays::form::FormKind;
use crate::console::overlays::{Overlay, Reading};
use crate::console::panes::agents::forms::AgentForm;
use crate::console::panes::agents::rows::AgentRow;
use crate::console::{Console, Effect, Focus, Pane, words};
use crate::domain::access::permission::Permission;
use crate::domain::agents::assignment::Assignment;
use crate::domain::agents::requests::{AgentQuery, AgentRequest, AgentTold, AssignmentDetail, RunRecord, StopScope};
use crate::domain::ids::{AssignmentId, RunId, ThreadId};
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// What is picked from about agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum AgentFinder {
    /// Whom to silence, or to let go on.
    Stop,
    /// What can be done about the agent of a thread.
    Menu(ThreadId),
    /// Which agent to propose, for a thread where one is named.
    Propose(Option<ThreadId>),
}

/// A line of something told at length.
pub(in crate::console) enum Fact {
    Heading(String),
    Field(&'static str, String),
    Trouble(&'static str, String),
    Text(String),
}

impl Console {
    pub(in crate::console) fn take_desk_answer(&mut self, query: &AgentQuery, told: AgentTold) -> Vec<Effect> {
        match (query, told) {
            (AgentQuery::Assignment { .. }, AgentTold::Assignment(dossier)) => {
                self.data.dossier = dossier.map(|one| *one);
            }
            (AgentQuery::Run { .. }, AgentTold::Run(run)) => self.data.run = run.map(|one| *one),
            (AgentQuery::Waiting { thread }, AgentTold::Waiting(run)) => {
                if let Some(open) = self.open.as_mut().filter(|open| open.thread == *thread) {
                    open.proposal = run.map(|one| *one);
                }
            }
            (AgentQuery::Stops { .. }, AgentTold::Stops(stops)) => self.data.stops = stops,
            (AgentQuery::Runs { thread: Some(_), limit: 1, .. }, AgentTold::Runs(runs)) => match runs.first() {
                Some(run) => return self.show_run(run.id),
                None => self.notice("No agent run in this thread yet.", true),
            },
            _ => {}
        }
        vec![]
    }

    pub(in crate::console) fn dossier_of(&self, id: AssignmentId) -> Option<&AssignmentDetail> {
        self.data.dossier.as_ref().filter(|dossier| dossier.row.assignment.id == id)
    }

    pub(in crate::console) fn run_of(&self, id: RunId) -> Option<&RunRecord> {
        self.data.run.as_ref().filter(|record| record.run.id == id)
    }

    /// The answer that waits for a person in the open thread.
    pub(in crate::console) fn proposal(&self) -> Option<&RunRecord> {
        self.open.as_ref()?.proposal.as_ref()
    }

    /// What stands beside the list of the Agents pane.
    pub(in crate::console) fn ask_about_agent_row(&mut self) -> Vec<Effect> {
        let query = match self.selected_agent_row() {
            Some(AgentRow::Assignment(row)) => AgentQuery::Assignment { assignment: row.assignment.id },
            Some(AgentRow::Run(run)) => AgentQuery::Run { run: run.id },
            _ => return vec![],
        };
        self.ask(Query::Desk(query))
    }

    pub(in crate::console) fn selected_assignment(&self) -> Option<&Assignment> {
        match self.selected_agent_row()? {
            AgentRow::Assignment(row) => Some(&row.assignment),
            _ => None,
        }
    }

    /// The thread that a row of the Agents pane is about.
    pub(in crate::console) fn thread_of_agent_row(&self) -> Option<ThreadId> {
        match self.selected_agent_row()? {
            AgentRow::Run(run) => Some(run.thread_id),
            AgentRow::Assignment(row) => row.assignment.thread,
            AgentRow::Stop(stop) => match stop.what {
                StopScope::Thread(thread) => Some(thread),
                _ => None,
            },
            AgentRow::Agent(_) => None,
        }
    }

    /// Everything about one run.
    pub(in crate::console) fn run_facts(&self, record: &RunRecord) -> Vec<Fact> {
        let run = &record.run;
        let mut facts = vec![
            Fact::Field("run", format!("{} under {}", run.id, record.assignment)),
            Fact::Field("agent", format!("{} ({})", clean_line(&run.agent), record.mode.name())),
            Fact::Field("thread", format!("{} ({})", run.contact.shown(), run.thread_id)),
            Fact::Field("state", run.state.name().replace('_', " ")),
        ];
        facts.extend(run.breaches.iter().map(|breach| Fact::Trouble("held", clean_line(breach))));
        if let Some(error) = &run.error {
            facts.push(Fact::Trouble("why", error.line()));
        }
        if let (Some(by), Some(at)) = (&run.decided_by, record.decided_at) {
            facts.push(Fact::Field("decided by", format!("{}, {}", clean_line(by), words::exact(at, self.zone()))));
        }
        facts.push(Fact::Field("batch", format!("{} message(s)", run.batch_size)));
        facts.push(Fact::Field("due", words::exact(run.due_at, self.zone())));
        if let (Some(start), Some(end)) = (run.started_at, run.finished_at) {
            facts.push(Fact::Field("took", format!("{} ms", end.since(start).as_millis())));
        }
        if record.tokens_in + record.tokens_out > 0 {
            let text = format!("{} in, {} out, {}", record.tokens_in, record.tokens_out, record.cost);
            facts.push(Fact::Field("tokens", text));
        }
        if let Some(digest) = &record.agent_digest {
            facts.push(Fact::Field("as", digest.clone()));
        }
        if let Some(said) = &run.said {
            facts.push(Fact::Heading("Reply".into()));
            facts.extend(said.lines().into_iter().map(Fact::Text));
        }
        if !record.messages.is_empty() {
            facts.push(Fact::Heading("Result".into()));
            let line = |(id, text, status): &(_, crate::domain::text::Untrusted, _)| {
                let (tick, _) = self.settings.theme.status(*status);
                format!("{id} {tick} {}: {}", status.name(), text.line())
            };
            facts.extend(record.messages.iter().map(|one| Fact::Text(line(one))));
        }
        if !record.calls.is_empty() {
            facts.push(Fact::Heading("Tools".into()));
            for call in &record.calls {
                let text = clean_line(&call.arguments.to_string());
                let (label, result) = (if call.refused { "refused" } else { "called" }, call.result.to_string());
                let said = format!("{} {text}", clean_line(&call.tool));
                facts.push(if call.refused { Fact::Trouble(label, said) } else { Fact::Field(label, said) });
                facts.push(Fact::Field("", clean_line(&result)));
            }
        }
        for (heading, text) in [("Input", &record.given), ("Between", &record.trace)] {
            if let Some(text) = text {
                facts.push(Fact::Heading(heading.into()));
                facts.extend(text.lines().into_iter().map(Fact::Text));
            }
        }
        facts
    }

    /// The same as lines, for reading it in front.
    pub(in crate::console) fn run_lines(&self) -> Vec<String> {
        let Some(record) = &self.data.run else { return vec!["Loading …".into()] };
        let mut lines = vec![];
        for fact in self.run_facts(record) {
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
        let dossier = self.selected_assignment().and_then(|one| self.dossier_of(one.id));
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
        for stop in &self.data.stops {
            let until = match &stop.lifted {
                None => "active".to_owned(),
                Some((by, at)) => format!("lifted {} by {}", words::exact(*at, self.zone()), clean_line(by)),
            };
            let at = words::exact(stop.at, self.zone());
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
                let agents = self.data.agents.iter().flat_map(|view| &view.agents);
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

    fn is_stopped(&self, what: &StopScope) -> bool {
        let stops = self.data.agents.iter().flat_map(|view| &view.stops);
        stops.into_iter().any(|stop| stop.what == *what && stop.lifted.is_none())
    }

    /// Whom one may mean from here, the nearest first.
    fn stop_scopes(&self) -> Vec<(StopScope, String)> {
        let mut scopes = vec![];
        let row = if self.pane == Pane::Threads { self.thread_at_hand() } else { None };
        let thread = row.map(|row| row.id).or_else(|| match self.pane {
            Pane::Agents => self.thread_of_agent_row(),
            _ => None,
        });
        if let Some(thread) = thread {
            let known = row.or_else(|| self.data.threads.iter().flatten().find(|row| row.id == thread));
            let name = known.map_or_else(|| thread.to_string(), |row| row.contact.shown());
            scopes.push((StopScope::Thread(thread), format!("the agent of {name}")));
        }
        let agent = match (row, self.pane) {
            (Some(row), _) => row.assignment.as_ref().map(|one| one.agent.clone()),
            (None, Pane::Agents) => match self.selected_agent_row() {
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
            let stopped = self.is_stopped(&what);
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
        let open = self.thread_at_hand().filter(|row| row.id == thread);
        let forgets = open.is_some_and(|row| row.context_from.is_some_and(|from| from >= row.last_message_at));
        let memory = if forgets { "Restore its memory" } else { "Clear its memory" };
        let row = |id: &str, head: &str, tail: &str| Row {
            id: id.into(),
            head: head.into(),
            tail: tail.into(),
            ..Row::default()
        };
        let now = self.now;
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
                "propose" => self.open_finder(crate::console::overlays::finder::FinderKind::Agent(
                    AgentFinder::Propose(Some(thread)),
                )),
                "forget" => {
                    // Takes back what the screen shows as forgotten.
                    let at_hand = self.thread_at_hand().filter(|row| row.id == thread);
                    let undo =
                        at_hand.is_some_and(|row| row.context_from.is_some_and(|from| from >= row.last_message_at));
                    let request = Request::Agents(AgentRequest::Forget { thread, undo });
                    self.ask_first(format!("{}?", row.head.trim_end_matches('.')), request);
                    vec![]
                }
                "back" => vec![Effect::Perform(Request::ReleaseThread { thread })],
                "run" => self.show_run_at_hand(thread),
                "runs" => {
                    let name = self.thread_at_hand().map(|row| row.contact.shown()).unwrap_or_default();
                    let mut effects = crate::console::commands::open_pane(self, Pane::Agents);
                    self.list_mut().filter = name;
                    self.list_mut().go_top();
                    effects.extend(self.ask(Query::Agents));
                    effects
                }
                _ => self.open_finder(crate::console::overlays::finder::FinderKind::Agent(AgentFinder::Stop)),
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
        let row = thread.and_then(|thread| self.thread_at_hand().filter(|row| row.id == thread));
        let form = match row {
            Some(row) => {
                let whom = row.contact.shown();
                AgentForm::Propose { agent: agent.to_owned(), connection: row.connection_id, thread, whom, known: None }
            }
            None => {
                let list = self.data.connections.iter().flat_map(|list| &list.connected).map(|row| &row.connection);
                let mut shown = list.filter(|one| self.in_scope(&one.organization, one.environment));
                let of_row = self.selected_assignment().map(|one| one.connection);
                let found = shown.clone().find(|one| Some(one.id) == of_row).or_else(|| shown.next());
                let Some(connection) = found else {
                    self.notice("There is no number that an agent could answer.", true);
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
        let of_message = self.open.as_ref().filter(|open| open.cursor.is_some()).and_then(|open| open.current());
        let waiting = self.proposal().map(|record| record.run.id);
        match of_message.map_or(waiting, |message| message.run) {
            Some(run) => self.show_run(run),
            None => self.ask(Query::Desk(AgentQuery::Runs { thread: Some(thread), limit: 1, before: None })),
        }
    }

    pub(in crate::console) fn show_run(&mut self, run: RunId) -> Vec<Effect> {
        self.data.run = None;
        self.overlay = Some(Overlay::reading(Reading::Run));
        self.ask(Query::Desk(AgentQuery::Run { run }))
    }

    pub(in crate::console) fn show_stops(&mut self) -> Vec<Effect> {
        self.overlay = Some(Overlay::reading(Reading::Stops));
        self.ask(Query::Desk(AgentQuery::Stops { limit: 20 }))
    }

    /// Puts the words of the answer that waits into the composer, to be sent instead of it.
    pub(in crate::console) fn edit_proposal(&mut self) -> Vec<Effect> {
        let Some(record) = self.proposal() else { return vec![] };
        let (run, thread) = (record.run.id, record.run.thread_id);
        let text = record.words.iter().map(|one| one.text.trim()).collect::<Vec<_>>().join("\n\n");
        let mut composer = crate::console::thread::composer::Composer::new(thread, "");
        composer.paste(&text);
        composer.answers = Some(run);
        self.composers.insert(thread, composer);
        self.focus = Focus::Composer;
        vec![]
    }

    /// What was written instead of an answer has gone; or it waits no more, and the words are a draft
    /// like any other.
    pub(in crate::console) fn proposal_decided(&mut self, run: RunId, instead: Option<&str>, done: bool) {
        if let Some(open) = self.open.as_mut().filter(|_| done) {
            open.proposal = open.proposal.take().filter(|record| record.run.id != run);
        }
        let Some(composer) = self.composers.values_mut().find(|composer| composer.answers == Some(run)) else { return };
        composer.answers = None;
        if done && instead == Some(composer.text().as_str()) {
            composer.clear();
        }
    }

    /// Whether something is for this person; the operation says the same.
    pub(in crate::console) fn may(&self, right: Permission) -> Result<(), String> {
        self.settings.actor.may(right).map_err(|refusal| refusal.to_string())
    }
}

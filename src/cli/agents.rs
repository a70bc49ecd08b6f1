//! Agents, who answers what, and what was done: verbs and tables.

use clap::{Args, Subcommand};

use super::print::{at, json, shortened, table};
use super::verbs::Page;
use super::wanted::CliRequest;
use crate::domain::agents::assignment::Mode;
use crate::domain::agents::assignment::Proposal;
use crate::domain::agents::contract::{Conditions, Contract, Hours, Money, Tool};
use crate::domain::agents::requests::{
    AgentQuery, AgentRequest, AgentTold, AssignmentDetail, AssignmentRow, RunRecord, RunView, StopScope,
};
use crate::domain::ids::{AssignmentId, ConnectionId, EventId, RunId, ThreadId};
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;

#[derive(Debug, Subcommand)]
pub enum Agents {
    /// Agents, who answers what, and the last runs
    List,
    /// Ask one something; nothing is sent
    Test { agent: String, words: String },
    /// The last runs
    Runs {
        #[arg(long, value_parser = super::reference::thread)]
        thread: Option<ThreadId>,
        #[command(flatten)]
        page: Page,
        /// Only those before this one
        #[arg(long)]
        before: Option<RunId>,
    },
    /// Everything about one run: what it was given, called, said, and what became of it
    Run { run: RunId },
    /// Send what an agent proposed, as it is or in other words
    Accept {
        run: RunId,
        #[arg(long, value_name = "TEXT")]
        instead: Option<String>,
        #[command(flatten)]
        knowing: super::send::Knowing,
    },
    /// Do not send what an agent proposed
    Dismiss {
        run: RunId,
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Silence now: a thread (t12), an agent by its name, or all
    Stop {
        what: String,
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Let them go on
    Resume { what: String },
    /// Who is silent, what was caught, and what had left
    Stops,
    /// Let an agent forget what was said in a thread so far
    Forget {
        #[arg(value_parser = super::reference::thread)]
        thread: ThreadId,
        /// Take it back: the agent is told of everything again
        #[arg(long)]
        undo: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Assignments {
    /// What waits first, then what is in force
    List {
        #[command(flatten)]
        page: Page,
    },
    /// One, with what stands in its place now and what was rehearsed
    Show { assignment: AssignmentId },
    /// Propose that an agent answers; an admin decides
    Propose(Box<Terms>),
    /// Agree to it, or look again at what became stale (admins)
    Approve { assignment: AssignmentId },
    /// Agree to less (admins)
    Narrow {
        assignment: AssignmentId,
        #[command(flatten)]
        terms: Box<Terms>,
    },
    /// Do not agree (admins)
    Reject {
        assignment: AssignmentId,
        #[arg(long)]
        reason: String,
    },
    /// End it (admins)
    Revoke {
        assignment: AssignmentId,
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Put it off (admins)
    Snooze {
        assignment: AssignmentId,
        /// RFC 3339
        #[arg(long, value_parser = time)]
        until: Timestamp,
    },
    /// Put the last real exchanges to the agent again; nothing is sent
    Rehearse {
        assignment: AssignmentId,
        #[arg(long, default_value_t = 10)]
        exchanges: u32,
    },
}

/// Who answers, and within which bounds.
#[derive(Debug, Args)]
pub struct Terms {
    #[arg(long, value_name = "ID", value_parser = super::reference::connection)]
    connection: ConnectionId,
    /// One thread only
    #[arg(long, value_name = "ID", value_parser = super::reference::thread)]
    thread: Option<ThreadId>,
    #[arg(long)]
    agent: String,
    /// off, draft or auto
    #[arg(long, value_parser = mode, default_value = "draft")]
    mode: Mode,
    /// What it may reach for, comma-separated
    #[arg(long, value_delimiter = ',', value_parser = tool)]
    tools: Option<Vec<Tool>>,
    /// Replies per thread and hour
    #[arg(long)]
    most_per_hour: Option<u32>,
    /// Messages in one answer
    #[arg(long)]
    most_messages: Option<u32>,
    /// Characters in one message
    #[arg(long)]
    longest: Option<u32>,
    #[arg(long)]
    tokens_per_day: Option<u64>,
    #[arg(long, value_parser = money)]
    money_per_day: Option<Money>,
    /// RFC 3339
    #[arg(long, value_parser = time)]
    expires: Option<Timestamp>,
    /// Only then, such as "mon-fri 09:00-18:00"
    #[arg(long, value_parser = Hours::parse)]
    hours: Option<Hours>,
    /// Only who writes for the first time (true), or who has written before (false)
    #[arg(long)]
    first_contact: Option<bool>,
    /// Only what is written in this language, such as es
    #[arg(long)]
    language: Option<String>,
    /// Only where one of these stands in the message, comma-separated
    #[arg(long, value_delimiter = ',')]
    words: Vec<String>,
    /// It may also write to contacts who did not write
    #[arg(long)]
    others: bool,
    /// Minutes of silence in a thread after a person wrote there; without it, as the connection says
    #[arg(long, value_name = "MINUTES")]
    pause_after_person_minutes: Option<u32>,
}

impl Terms {
    fn proposal(self) -> Proposal {
        let usual = Contract::default();
        Proposal {
            connection: self.connection,
            thread: self.thread,
            agent: self.agent,
            mode: self.mode,
            expires_at: self.expires,
            contract: Contract {
                tools: self.tools.unwrap_or(usual.tools),
                most_per_hour: self.most_per_hour.unwrap_or(usual.most_per_hour),
                most_messages: self.most_messages.unwrap_or(usual.most_messages),
                longest: self.longest.unwrap_or(usual.longest),
                tokens_per_day: self.tokens_per_day,
                money_per_day: self.money_per_day,
                others: self.others,
                pause_after_person_minutes: self.pause_after_person_minutes.or(usual.pause_after_person_minutes),
                when: Conditions {
                    first_contact: self.first_contact,
                    hours: self.hours,
                    language: self.language,
                    words: self.words,
                },
            },
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Events {
    /// What happened, the oldest first
    List {
        /// Only what came after this one
        #[arg(long)]
        after: Option<EventId>,
        #[command(flatten)]
        page: Page,
    },
    /// What happens, one JSON object a line, until interrupted
    Follow {
        /// Begin after this one; else with what happens from now on
        #[arg(long)]
        after: Option<EventId>,
    },
}

fn mode(name: &str) -> Result<Mode, String> {
    Mode::from_name(name).ok_or_else(|| "it is off, draft or auto".to_owned())
}

fn tool(name: &str) -> Result<Tool, String> {
    let names: Vec<&str> = Tool::ALL.into_iter().map(Tool::name).collect();
    Tool::from_name(name.trim()).ok_or_else(|| format!("it is one of {}", names.join(", ")))
}

fn money(text: &str) -> Result<Money, String> {
    Money::parse(text).ok_or_else(|| "it is an amount, such as 5.00".to_owned())
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "write it like 2026-06-01T09:00:00Z".to_owned())
}

/// A thread by its id, everything by "all", else an agent by its name.
fn scope(what: &str) -> StopScope {
    match what.parse::<ThreadId>() {
        Ok(thread) => StopScope::Thread(thread),
        Err(_) if what == "all" => StopScope::All,
        Err(_) => StopScope::Agent(what.to_owned()),
    }
}

pub(super) fn look(query: AgentQuery) -> CliRequest {
    CliRequest::Look(Query::Desk(query))
}

fn act(request: AgentRequest) -> CliRequest {
    CliRequest::Act(Request::Agents(request))
}

pub(super) fn agents(verb: Agents) -> CliRequest {
    match verb {
        Agents::List => CliRequest::Look(Query::Agents),
        Agents::Test { agent, words } => act(AgentRequest::Test { agent, words }),
        Agents::Runs { thread, page, before } => look(AgentQuery::Runs { thread, limit: page.limit, before }),
        Agents::Run { run } => look(AgentQuery::Run { run }),
        Agents::Accept { run, instead, knowing } => {
            CliRequest::Act(Request::Agents(AgentRequest::Accept { run, instead }).knowing(knowing.into()))
        }
        Agents::Dismiss { run, reason } => act(AgentRequest::Dismiss { run, reason }),
        Agents::Stop { what, reason } => act(AgentRequest::Stop { what: scope(&what), reason }),
        Agents::Resume { what } => act(AgentRequest::Resume { what: scope(&what) }),
        Agents::Stops => look(AgentQuery::Stops { limit: 20 }),
        Agents::Forget { thread, undo } => act(AgentRequest::Forget { thread, undo }),
    }
}

pub(super) fn assignments(verb: Assignments) -> CliRequest {
    match verb {
        Assignments::List { page } => look(AgentQuery::Assignments { limit: page.limit }),
        Assignments::Show { assignment } => look(AgentQuery::Assignment { assignment }),
        Assignments::Propose(terms) => act(AgentRequest::Propose(Box::new(terms.proposal()))),
        Assignments::Approve { assignment } => act(AgentRequest::Approve { assignment }),
        Assignments::Narrow { assignment, terms } => {
            act(AgentRequest::Narrow { assignment, proposal: Box::new(terms.proposal()) })
        }
        Assignments::Reject { assignment, reason } => act(AgentRequest::Reject { assignment, reason }),
        Assignments::Revoke { assignment, reason } => act(AgentRequest::Revoke { assignment, reason }),
        Assignments::Snooze { assignment, until } => act(AgentRequest::Snooze { assignment, until }),
        Assignments::Rehearse { assignment, exchanges } => act(AgentRequest::Rehearse { assignment, exchanges }),
    }
}

pub(super) fn events(after: Option<EventId>, limit: u32) -> CliRequest {
    look(AgentQuery::Events { after, limit })
}

/// The value inside an answer, as scripts know it.
pub(super) fn answer_json(told: &AgentTold) -> String {
    match told {
        AgentTold::Run(value) | AgentTold::Waiting(value) => json(value),
        AgentTold::Runs(value) => json(value),
        AgentTold::Assignments(value) => json(value),
        AgentTold::Assignment(value) => json(value),
        AgentTold::Stops(value) => json(value),
        AgentTold::Audit(value) => json(value),
        AgentTold::Verified(value) => json(value),
        AgentTold::Events(value) => json(value),
        AgentTold::LastEvent(value) => json(value),
    }
}

/// Whether what was told is bad news, for the exit code.
pub(super) fn is_trouble(told: &AgentTold) -> bool {
    matches!(told, AgentTold::Verified(check) if check.is_trouble())
}

pub(super) fn answer_text(told: &AgentTold) -> String {
    match told {
        AgentTold::Run(None) | AgentTold::Waiting(None) => "There is no such run.".to_owned(),
        AgentTold::Run(Some(record)) | AgentTold::Waiting(Some(record)) => run_text(record),
        AgentTold::Runs(runs) => {
            table(&["id", "agent", "state", "contact", "thread", "said"], runs.iter().map(run_row).collect())
        }
        AgentTold::Assignments(rows) => table(
            &["id", "state", "agent", "mode", "answers", "proposed by", "decided by", "until"],
            rows.iter().map(assignment_row).collect(),
        ),
        AgentTold::Assignment(None) => "There is no such assignment.".to_owned(),
        AgentTold::Assignment(Some(dossier)) => dossier_text(dossier),
        AgentTold::Stops(stops) => {
            let rows = stops.iter().map(|stop| {
                let lifted =
                    stop.lifted.as_ref().map_or_else(|| "holds".to_owned(), |(by, when)| format!("{} {by}", at(*when)));
                vec![
                    stop.id.to_string(),
                    at(stop.at),
                    clean_line(&stop.by),
                    stop.what.words(),
                    stop.caught.len().to_string(),
                    stop.departed.len().to_string(),
                    lifted,
                    clean_line(&stop.reason),
                ]
            });
            table(&["id", "at", "by", "what", "caught", "had left", "lifted", "reason"], rows.collect())
        }
        AgentTold::Audit(rows) => {
            let rows = rows.iter().map(|row| {
                [
                    at(row.at),
                    clean_line(&row.actor),
                    row.action.clone(),
                    clean_line(&row.subject),
                    clean_line(&row.detail),
                ]
                .to_vec()
            });
            table(&["at", "who", "did", "to", "what"], rows.collect())
        }
        AgentTold::Verified(check) => check.said(),
        AgentTold::LastEvent(event) => event.to_string(),
        AgentTold::Events(events) => {
            let rows = events.iter().map(|event| {
                let thread = event.thread.map(|thread| thread.to_string()).unwrap_or_default();
                vec![
                    event.id.to_string(),
                    at(event.at),
                    event.event.clone(),
                    thread,
                    shortened(&clean_line(&event.data.to_string())),
                ]
            });
            table(&["id", "at", "event", "thread", "data"], rows.collect())
        }
    }
}

fn run_row(run: &RunView) -> Vec<String> {
    let said = run.said.as_ref().or(run.error.as_ref()).map(|text| shortened(&text.line())).unwrap_or_default();
    vec![
        run.id.to_string(),
        clean_line(&run.agent),
        run.state.name().replace('_', " "),
        run.contact.shown(),
        run.thread_id.to_string(),
        said,
    ]
}

fn assignment_row(row: &AssignmentRow) -> Vec<String> {
    let one = &row.assignment;
    let state = if one.stale_since.is_some() { "stale" } else { one.state.name() };
    vec![
        one.id.to_string(),
        state.to_owned(),
        clean_line(&one.agent),
        one.mode.name().to_owned(),
        row.contact
            .as_ref()
            .map_or_else(|| row.connection_name.clone(), crate::domain::contacts::view::ContactView::shown),
        clean_line(&one.proposed_by),
        one.decided_by.as_deref().map(clean_line).unwrap_or_default(),
        one.expires_at.map(at).unwrap_or_default(),
    ]
}

fn dossier_text(dossier: &AssignmentDetail) -> String {
    let one = &dossier.row.assignment;
    let mut lines = vec![format!(
        "{} {} {} ({}), {}",
        one.id,
        clean_line(&one.agent),
        dossier.row.connection_name,
        one.mode.name(),
        one.state.name()
    )];
    for term in dossier.terms() {
        let was = term.today.map(|today| format!("   (today: {today})")).unwrap_or_default();
        lines.push(format!("  {:<12}{}{was}", term.name, term.value));
    }
    if let Some(before) = &dossier.instead_of {
        lines.push(format!(
            "  takes the place of {} {} ({})",
            before.id,
            clean_line(&before.agent),
            before.mode.name()
        ));
    }
    match &dossier.rehearsal {
        None => lines.push("  not rehearsed".to_owned()),
        Some(rehearsal) => {
            let digest = rehearsal.digest.as_deref().unwrap_or("still being played");
            lines.push(format!("  rehearsed {} of {}: {digest}", rehearsal.played.len(), rehearsal.wanted));
            for one in &rehearsal.played {
                let now = one.now.as_ref().map(Untrusted::line);
                let now = now.or_else(|| one.hand_off.as_ref().map(|why| format!("(hands off: {})", clean_line(why))));
                let now = now.or_else(|| one.error.as_deref().map(|why| format!("(fails: {})", clean_line(why))));
                lines.push(format!("  asked  {}", shortened(&one.asked.line())));
                lines.push(format!("  said   {}", shortened(&one.said.line())));
                lines.push(format!("  now    {}", shortened(&now.unwrap_or_else(|| "(nothing)".to_owned()))));
                lines.extend(one.breaches.iter().map(|breach| format!("         ! {}", clean_line(breach))));
            }
        }
    }
    lines.join("\n")
}

fn run_text(record: &RunRecord) -> String {
    let run = &record.run;
    let mut lines = vec![
        format!(
            "{} {} {} for {} ({})",
            run.id,
            clean_line(&run.agent),
            run.state.name(),
            run.contact.shown(),
            run.thread_id
        ),
        format!(
            "  under {}, {} tokens in, {} out, {}",
            record.assignment, record.tokens_in, record.tokens_out, record.cost
        ),
    ];
    for call in &record.calls {
        let mark = if call.refused { "refused" } else { "called" };
        lines.push(format!(
            "  {mark} {} {} -> {}",
            clean_line(&call.tool),
            shortened(&clean_line(&call.arguments.to_string())),
            shortened(&clean_line(&call.result.to_string()))
        ));
    }
    lines.extend(run.breaches.iter().map(|breach| format!("  held: {}", clean_line(breach))));
    lines.extend(run.said.iter().flat_map(Untrusted::lines).map(|line| format!("  | {line}")));
    lines.extend(run.error.iter().map(|error| format!("  why: {}", error.line())));
    lines.extend(
        record
            .messages
            .iter()
            .map(|(id, text, status)| format!("  {id} {}: {}", status.name(), shortened(&text.line()))),
    );
    lines.join("\n")
}

//! `wadeck agents`, `assignments` and `events`.

use clap::{Args, Subcommand};

use super::cli_request::CliRequest;
use super::operations::{OfAgents, OfAssignments, OperationVerb};
use crate::cli::argument_error::{self, ArgumentError};
use crate::cli::client::error::CliError;
use crate::cli::verbs::Page;
use crate::domain::agents::assignment::Mode;
use crate::domain::agents::assignment::Proposal;
use crate::domain::agents::contract::{Conditions, Contract, Hours, Money, Tool};
use crate::domain::agents::conversation::{Conversation, ConversationFile};
use crate::domain::agents::foreign_data::Guard;
use crate::domain::agents::requests::{AgentQuery, AgentRequest, StopScope};
use crate::domain::code::Code;
use crate::domain::ids::{AssignmentId, ConnectionId, EventId, RunId, ThreadId};
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::time::Timestamp;

#[derive(Debug, Subcommand)]
pub enum Agents {
    /// List agents, their assignments and their last runs
    #[command(after_help = "Examples:\n  wadeck agents list\n  wadeck agents list --json")]
    List,
    /// Ask an agent for a reply to a text; nothing is sent
    #[command(after_help = "Examples:\n  wadeck agents test helper \"Are you open on Saturday?\"")]
    Test {
        /// Agent name
        agent: String,
        /// Text to reply to
        #[arg(value_name = "TEXT")]
        words: String,
    },
    /// Test an agent with written conversations; nothing is sent. Exits with 1 if a check fails
    #[command(
        after_help = "Examples:\n  wadeck agents rehearse helper --file helper.toml --json\n  wadeck agents rehearse helper --file helper.toml --keep\n  wadeck agents rehearse helper"
    )]
    Rehearse {
        /// Agent name
        agent: String,
        /// File of conversations, in TOML or JSON; without it, the conversations that are kept
        #[arg(long, value_name = "FILE")]
        file: Option<std::path::PathBuf>,
        /// Keep the conversations of the file: they are used again when the agent changes, and every night
        #[arg(long, requires = "file")]
        keep: bool,
    },
    /// Show the results of the last rehearsal with written conversations
    #[command(after_help = "Examples:\n  wadeck agents rehearsals helper --json")]
    Rehearsals {
        /// Agent name
        agent: String,
    },
    /// List runs, newest first
    #[command(after_help = "Examples:\n  wadeck agents runs --thread t12\n  wadeck agents runs --limit 200 --json")]
    Runs {
        /// Only runs of this thread: its id, or the contact's phone number
        #[arg(long, value_parser = super::reference::thread)]
        thread: Option<ThreadId>,
        #[command(flatten)]
        page: Page,
        /// Only runs older than this one
        #[arg(long, value_name = "RUN")]
        before: Option<RunId>,
    },
    /// Show one run: its input, tool calls, reply and result
    #[command(after_help = "Examples:\n  wadeck agents run r5")]
    Run {
        /// Run id
        run: RunId,
    },
    /// Send the reply that an agent suggested, as it is or reworded
    #[command(
        after_help = "Examples:\n  wadeck agents accept r5\n  wadeck agents accept r5 --instead \"Yes, from 9 to 14.\""
    )]
    Accept {
        /// Run id
        run: RunId,
        /// Send this text instead
        #[arg(long, value_name = "TEXT")]
        instead: Option<String>,
        #[command(flatten)]
        knowing: super::send::Knowing,
    },
    /// Stop agents now: in one thread, one agent, or all
    #[command(
        after_help = "Examples:\n  wadeck agents stop all --reason \"Wrong prices\"\n  wadeck agents stop helper\n  wadeck agents stop t12"
    )]
    Stop {
        /// Thread id, agent name, or `all`
        what: String,
        /// Reason, for colleagues and the audit log
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Resume stopped agents
    #[command(after_help = "Examples:\n  wadeck agents resume all")]
    Resume {
        /// Thread id, agent name, or `all`
        what: String,
    },
    /// List stops, with the runs that each cancelled and the replies that had already left
    #[command(after_help = "Examples:\n  wadeck agents stops")]
    Stops,
    /// Clear an agent's memory of a thread: earlier messages are no longer passed to it
    #[command(after_help = "Examples:\n  wadeck agents forget t12\n  wadeck agents forget t12 --undo")]
    Forget {
        /// Thread id, or the contact's phone number
        #[arg(value_parser = super::reference::thread)]
        thread: ThreadId,
        /// Pass the earlier messages to the agent again
        #[arg(long)]
        undo: bool,
    },
    #[command(flatten)]
    Operation(OperationVerb<OfAgents>),
}

#[derive(Debug, Subcommand)]
pub enum Assignments {
    /// List assignments: proposed ones first, then active ones
    #[command(after_help = "Examples:\n  wadeck assignments list")]
    List {
        #[command(flatten)]
        page: Page,
    },
    /// Show one assignment, the one that it replaces, and its rehearsal
    #[command(after_help = "Examples:\n  wadeck assignments show g2")]
    Show {
        /// Assignment id
        assignment: AssignmentId,
    },
    /// Propose that an agent answers a number or a thread; an admin decides
    #[command(
        after_help = "Examples:\n  wadeck assignments propose --connection support --agent helper --mode auto\n  wadeck assignments propose --connection support --agent night --hours \"mon-fri 18:00-09:00\" --max-messages 1"
    )]
    Propose(Box<Terms>),
    /// Approve a proposed assignment with a smaller contract (admins)
    #[command(
        name = "restrict",
        alias = "narrow",
        after_help = "Examples:\n  wadeck assignments restrict g2 --connection support --agent helper --mode draft"
    )]
    Narrow {
        /// Assignment id
        assignment: AssignmentId,
        #[command(flatten)]
        terms: Box<Terms>,
    },
    /// Postpone the decision about a proposed assignment (admins)
    #[command(after_help = "Examples:\n  wadeck assignments snooze g2 --until 2030-06-01T09:00:00Z")]
    Snooze {
        /// Assignment id
        assignment: AssignmentId,
        /// Time, in RFC 3339
        #[arg(long, value_name = "TIME", value_parser = argument_error::time)]
        until: Timestamp,
    },
    /// Rehearse a proposed assignment: the agent answers past messages again; nothing is sent
    #[command(after_help = "Examples:\n  wadeck assignments rehearse g2 --exchanges 20")]
    Rehearse {
        /// Assignment id
        assignment: AssignmentId,
        /// Number of past exchanges to answer again
        #[arg(long, default_value_t = 10, value_name = "N")]
        exchanges: u32,
    },
    #[command(flatten)]
    Operation(OperationVerb<OfAssignments>),
}

/// Who answers, and within which bounds.
#[derive(Debug, Args)]
pub struct Terms {
    /// Connection that the agent answers: id, name or phone number
    #[arg(long, value_name = "CONNECTION", value_parser = super::reference::connection)]
    connection: ConnectionId,
    /// Only in this thread: its id, or the contact's phone number
    #[arg(long, value_name = "THREAD", value_parser = super::reference::thread)]
    thread: Option<ThreadId>,
    /// Agent name
    #[arg(long)]
    agent: String,
    /// Mode: off, draft (a person approves each reply) or auto
    #[arg(long, value_parser = mode, default_value = "draft")]
    mode: Mode,
    /// Tools that the agent may use, comma-separated
    #[arg(long, value_delimiter = ',', value_parser = tool)]
    tools: Option<Vec<Tool>>,
    /// Maximum number of replies per thread and hour
    #[arg(long, alias = "most-per-hour", value_name = "N")]
    max_per_hour: Option<u32>,
    /// Maximum number of messages in one reply
    #[arg(long, alias = "most-messages", value_name = "N")]
    max_messages: Option<u32>,
    /// Maximum number of characters in one message
    #[arg(long, alias = "longest", value_name = "N")]
    max_characters: Option<u32>,
    /// Maximum number of model tokens per day
    #[arg(long, value_name = "N")]
    tokens_per_day: Option<u64>,
    /// Maximum cost per day, such as 5.00
    #[arg(long, value_name = "AMOUNT", value_parser = money)]
    money_per_day: Option<Money>,
    /// End of the assignment, in RFC 3339
    #[arg(long, value_name = "TIME", value_parser = argument_error::time)]
    expires: Option<Timestamp>,
    /// Only during these hours, such as "mon-fri 09:00-18:00"
    #[arg(long, value_parser = Hours::parse)]
    hours: Option<Hours>,
    /// Only contacts who write for the first time (true), or only those who have written before (false)
    #[arg(long)]
    first_contact: Option<bool>,
    /// Only messages in this language, such as es
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// Only messages that contain one of these words, comma-separated
    #[arg(long, value_delimiter = ',')]
    words: Vec<String>,
    /// Allow the agent to write to contacts who did not write first
    #[arg(long, alias = "others")]
    allow_initiating: bool,
    /// Minutes that the agent stays silent in a thread after a person wrote there; without it, as the connection says
    #[arg(long, value_name = "MINUTES")]
    pause_after_person_minutes: Option<u32>,
    /// Hold replies with another contact's data, or send them (off); without it, as the agent's configuration says
    #[arg(long, value_name = "hold|off", value_parser = guard)]
    guard: Option<Guard>,
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
                max_per_hour: self.max_per_hour.unwrap_or(usual.max_per_hour),
                max_messages: self.max_messages.unwrap_or(usual.max_messages),
                max_characters: self.max_characters.unwrap_or(usual.max_characters),
                tokens_per_day: self.tokens_per_day,
                money_per_day: self.money_per_day,
                allow_initiating: self.allow_initiating,
                pause_after_person_minutes: self.pause_after_person_minutes.or(usual.pause_after_person_minutes),
                guard: self.guard,
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
    /// List events, oldest first
    #[command(after_help = "Examples:\n  wadeck events list --after e120 --json")]
    List {
        /// Only events after this one
        #[arg(long, value_name = "EVENT")]
        after: Option<EventId>,
        #[command(flatten)]
        page: Page,
    },
    /// Print events as they happen, one JSON object per line, until interrupted
    #[command(after_help = "Examples:\n  wadeck events follow\n  wadeck events follow --after e120")]
    Follow {
        /// Start after this event; without it, with the next one
        #[arg(long, value_name = "EVENT")]
        after: Option<EventId>,
    },
}

fn guard(name: &str) -> Result<Guard, ArgumentError> {
    Guard::from_name(name).ok_or(ArgumentError::Expected("hold or off"))
}

fn mode(name: &str) -> Result<Mode, ArgumentError> {
    Mode::from_name(name).ok_or(ArgumentError::Expected("off, draft or auto"))
}

fn tool(name: &str) -> Result<Tool, ArgumentError> {
    let unknown = || ArgumentError::UnknownName(Tool::ALL.into_iter().map(Tool::name).collect());
    Tool::from_name(name.trim()).ok_or_else(unknown)
}

fn money(text: &str) -> Result<Money, ArgumentError> {
    Money::parse(text).ok_or(ArgumentError::Expected("an amount such as 5.00"))
}

/// Parses what to stop: a thread id, "all", or the name of an agent.
fn stop_scope(what: &str) -> StopScope {
    match what.parse::<ThreadId>() {
        Ok(thread) => StopScope::Thread(thread),
        Err(_) if what == "all" => StopScope::All,
        Err(_) => StopScope::Agent(what.to_owned()),
    }
}

pub(in crate::cli) fn look(query: AgentQuery) -> CliRequest {
    CliRequest::Fetch(Query::Agent(query))
}

fn act(request: AgentRequest) -> CliRequest {
    CliRequest::Perform(Request::Agents(request))
}

/// Reads a file of conversations: JSON if its name ends in .json, else TOML.
fn conversations(path: &std::path::Path) -> Result<Vec<Conversation>, CliError> {
    let place = path.display();
    let wrong = |why: String| CliError::new(Code::Body, why, "docs/agents.md describes the file.");
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("Cannot read {place}: {error}.")))?;
    let file: ConversationFile = if path.extension().is_some_and(|end| end == "json") {
        serde_json::from_str(&text).map_err(|error| wrong(format!("Cannot read {place}: {error}")))?
    } else {
        toml::from_str(&text).map_err(|error| wrong(format!("Cannot read {place}: {error}")))?
    };
    if file.conversations.is_empty() {
        return Err(wrong(format!("{place} has no conversations.")));
    }
    Ok(file.conversations)
}

/// Returns what a rehearsal asks for, and where its results are.
pub(in crate::cli) fn rehearsal(
    agent: &str,
    file: Option<&std::path::Path>,
    keep: bool,
) -> Result<(Request, Query), CliError> {
    let conversations = file.map(conversations).transpose()?.unwrap_or_default();
    let agent = agent.to_owned();
    let results = Query::Agent(AgentQuery::Conversations { agent: agent.clone() });
    Ok((Request::Agents(AgentRequest::RehearseWritten { agent, conversations, keep }), results))
}

pub(in crate::cli) fn agents(verb: Agents) -> CliRequest {
    match verb {
        Agents::Rehearse { agent, .. } | Agents::Rehearsals { agent } => look(AgentQuery::Conversations { agent }),
        Agents::Operation(verb) => CliRequest::Perform(verb.request),
        Agents::List => CliRequest::Fetch(Query::Agents),
        Agents::Test { agent, words } => act(AgentRequest::Test { agent, words }),
        Agents::Runs { thread, page, before } => look(AgentQuery::Runs { thread, limit: page.limit, before }),
        Agents::Run { run } => look(AgentQuery::Run { run }),
        Agents::Accept { run, instead, knowing } => {
            CliRequest::Perform(Request::Agents(AgentRequest::Accept { run, instead }).with_context(knowing.into()))
        }
        Agents::Stop { what, reason } => act(AgentRequest::Stop { what: stop_scope(&what), reason }),
        Agents::Resume { what } => act(AgentRequest::Resume { what: stop_scope(&what) }),
        Agents::Stops => look(AgentQuery::Stops { limit: 20 }),
        Agents::Forget { thread, undo } => act(AgentRequest::ResetContext { thread, undo }),
    }
}

pub(in crate::cli) fn assignments(verb: Assignments) -> CliRequest {
    match verb {
        Assignments::Operation(verb) => CliRequest::Perform(verb.request),
        Assignments::List { page } => look(AgentQuery::Assignments { limit: page.limit }),
        Assignments::Show { assignment } => look(AgentQuery::Assignment { assignment }),
        Assignments::Propose(terms) => act(AgentRequest::Propose(Box::new(terms.proposal()))),
        Assignments::Narrow { assignment, terms } => {
            act(AgentRequest::Restrict { assignment, proposal: Box::new(terms.proposal()) })
        }
        Assignments::Snooze { assignment, until } => act(AgentRequest::Snooze { assignment, until }),
        Assignments::Rehearse { assignment, exchanges } => act(AgentRequest::Rehearse { assignment, exchanges }),
    }
}

pub(in crate::cli) fn events(after: Option<EventId>, limit: u32) -> CliRequest {
    look(AgentQuery::Events { after, limit })
}

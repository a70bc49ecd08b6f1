//! The command line: every pane has a verb, and `--json` prints one value on standard output. A
//! client of the same queries and requests as the console, through the running engine's socket;
//! where nothing but looking is asked for, also without an engine.

// First: its `print!` and its like stand for the standard ones in all that follows.
#[macro_use]
mod out;

mod agents;
mod ask;
mod audit;
mod consoles;
mod doctor;
mod doctor_environment;
mod events_of;
mod files;
mod flows;
mod no_answer;
mod numbers;
mod plain;
mod print;
mod print_numbers;
mod print_shift;
mod reference;
#[cfg(feature = "ssh")]
mod remote;
mod run;
mod scoped;
mod send;
mod service;
mod shell;
mod simulator;
mod surroundings;
mod switches;
mod tables;
mod templates;
mod tokens;
mod tools;
mod verb;
mod verbs;
mod walk;
mod wanted;
#[cfg(not(feature = "ssh"))]
mod without_ssh;

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Parser, Subcommand};

use crate::domain::code::Code;
use crate::domain::numbers::connection::Environment;

pub use self::no_answer::usage_json;
pub use self::run::run;
#[cfg(not(feature = "ssh"))]
use self::without_ssh as remote;

/// How a command ended, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Refused = 3,
    Uncertain = 5,
}

impl Exit {
    /// Returns how a command ends that ends with an error of this code.
    pub fn of(code: Code) -> Self {
        match code.exit_code() {
            2 => Self::Usage,
            3 => Self::Refused,
            5 => Self::Uncertain,
            _ => Self::Failed,
        }
    }
}

/// What `--version` prints: the version, and the optional features that this build was made without.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    let features =
        [("pictures", cfg!(feature = "pictures")), ("ssh", cfg!(feature = "ssh")), ("mcp", cfg!(feature = "mcp"))];
    let missing: Vec<&str> = features.iter().filter(|(_, built_in)| !built_in).map(|(name, _)| *name).collect();
    match missing.as_slice() {
        [] => env!("CARGO_PKG_VERSION").to_owned(),
        missing => format!("{} (without {})", env!("CARGO_PKG_VERSION"), missing.join(", ")),
    }
});

#[derive(Debug, Parser)]
#[command(name = "wadeck", version, long_version = LONG_VERSION.as_str(), about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    /// The configuration file
    #[arg(long, global = true, env = "WADECK_CONFIG", value_name = "FILE", value_parser = switches::place())]
    pub config: Option<PathBuf>,
    /// Where database, socket, lock and logs are
    #[arg(long, global = true, env = "WADECK_DATA_DIR", value_name = "DIR", value_parser = switches::place())]
    pub data_dir: Option<PathBuf>,
    /// Look, and change nothing: what would write or send is refused
    #[arg(long, global = true, env = "WADECK_READONLY", value_parser = switches::read_only)]
    pub read_only: bool,
    /// Print one JSON value instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// The console in lines, without drawing: for screen readers and serial lines
    #[arg(long, global = true, env = "WADECK_PLAIN", value_parser = switches::plain)]
    pub plain: bool,
    /// After the answer, print what happens as it happens: one JSON value a line
    #[arg(long, global = true)]
    pub follow: bool,
    /// Use no colours
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Only this organization's numbers; without it, those that `status` names
    #[arg(long, global = true)]
    pub organization: Option<String>,
    /// Only the numbers of this environment: development or production
    #[arg(long, global = true, value_parser = numbers::environment)]
    pub environment: Option<Environment>,
    /// Every organization and environment together
    #[arg(long, global = true, conflicts_with_all = ["organization", "environment"])]
    pub everywhere: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The console on simulated providers and people: no account, no network
    Demo {
        /// The same seed tells the same story
        #[arg(long)]
        seed: Option<u64>,
        /// How fast the simulated world goes
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
    },
    /// The engine without a console
    Serve,
    /// The console of the engine that runs
    Attach,
    /// Send one message
    Send(Box<send::Send>),
    /// Why something is as it is: m12, o3, t7, d40, r5, c1, g2, a9, p4, or "template NAME"
    Why { id: String },
    /// What is lost next: windows that close while somebody waits
    Radar {
        #[command(flatten)]
        page: verbs::Page,
    },
    /// Rates, counts and times against the marks
    Marks {
        /// How many hours back
        #[arg(long, default_value_t = 24)]
        hours: u32,
    },
    /// People
    #[command(subcommand)]
    Contacts(verbs::Contacts),
    /// What wants a person
    #[command(subcommand)]
    Alerts(verbs::Alerts),
    /// The state of every part, with proof and age
    Status,
    /// What is wrong, and how to mend it
    Doctor {
        /// Send each number a test through the public address, and wait until it is back
        #[arg(long)]
        webhook: bool,
    },
    /// Numbers, with their proofs
    #[command(subcommand)]
    Connections(numbers::Connections),
    /// Webhooks as they are registered at the provider
    #[command(subcommand)]
    Webhooks(numbers::Webhooks),
    /// Any request to a provider, with its key applied and secrets masked
    Api {
        /// As in the configuration
        provider: String,
        /// GET, POST, PATCH, PUT or DELETE
        method: String,
        /// From the slash on, such as /platform/v1/customers
        path: String,
        /// A JSON value
        #[arg(long)]
        body: Option<String>,
        #[arg(long, value_name = "FILE", conflicts_with = "body")]
        body_file: Option<PathBuf>,
        /// Use this number's own key
        #[arg(long, value_name = "ID", value_parser = reference::connection)]
        connection: Option<crate::domain::ids::ConnectionId>,
    },
    /// What is exchanged with whom
    #[command(subcommand)]
    Threads(verbs::Threads),
    /// Single messages
    #[command(subcommand)]
    Messages(verbs::Messages),
    /// What is to be sent, and what became of it
    #[command(subcommand)]
    Outbox(verbs::Outbox),
    /// Webhooks that arrived
    #[command(subcommand)]
    Deliveries(verbs::Deliveries),
    /// Templates as the provider lists them
    #[command(subcommand)]
    Templates(templates::Templates),
    /// Forms inside the chat
    #[command(subcommand)]
    Flows(flows::Flows),
    /// Agents, assignments and runs
    #[command(subcommand)]
    Agents(agents::Agents),
    /// Who answers what, within which bounds, decided by whom
    #[command(subcommand)]
    Assignments(agents::Assignments),
    /// Who did what, as a chain that shows whether it was changed
    #[command(subcommand)]
    Audit(audit::Audit),
    /// What happened, for other programs
    #[command(subcommand)]
    Events(agents::Events),
    /// Tokens of programs, for the HTTP API
    #[command(subcommand)]
    Tokens(tokens::Tokens),
    /// Tools for a model, as an MCP server on standard input and output
    Mcp,
    /// The configuration file
    #[command(subcommand)]
    Config(verbs::ConfigVerb),
    /// A copy of the database, taken while the engine runs
    Backup {
        /// A file that is not there yet
        to: PathBuf,
        /// Copy the files of messages there too; those that are there already are left
        #[arg(long, value_name = "DIR")]
        media: Option<PathBuf>,
    },
    /// Run the simulated providers alone, for an engine in another process
    #[command(alias = "twin")]
    Simulator(simulator::SimulatorArgs),
    /// Completions for a shell, on standard output
    Completions { shell: clap_complete::Shell },
    /// The manual page, on standard output; with a directory, one for each verb
    Man {
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// What each role may do
    Roles {
        /// As the document docs/roles.md
        #[arg(long)]
        markdown: bool,
    },
    /// The console's keys
    Keys {
        /// As the document docs/keys.md
        #[arg(long)]
        markdown: bool,
    },
}

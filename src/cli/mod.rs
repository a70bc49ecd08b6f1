//! The command line: every pane has a verb, and `--json` prints one value on standard output. It sends the
//! same queries and requests as the console through the running engine's socket; queries also work without
//! an engine.

// First: its `print!` and its like stand for the standard ones in all that follows.
#[macro_use]
mod out;

mod agents;
mod agents_text;
mod ask;
mod audit;
mod chosen;
mod columns;
mod config_file;
mod consoles;
mod doctor;
mod doctor_environment;
mod events_of;
mod files;
mod flows;
mod layout;
mod no_answer;
mod numbers;
mod operations;
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
mod verify;
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

/// Fills the name of a provider into an example.
fn with_provider(example: &str) -> String {
    let name = crate::provider::Registry::SHAPES.first().map_or("PROVIDER", |shape| shape.name);
    example.replace("{provider}", name)
}

#[derive(Debug, Parser)]
#[command(name = "wadeck", version, long_version = LONG_VERSION.as_str(), about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every verb.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Common {
    /// Configuration file
    #[arg(long, global = true, env = "WADECK_CONFIG", value_name = "FILE", value_parser = switches::place())]
    pub config: Option<PathBuf>,
    /// Directory of the database, the socket, the lock and the logs
    #[arg(long, global = true, env = "WADECK_DATA_DIR", value_name = "DIR", value_parser = switches::place())]
    pub data_dir: Option<PathBuf>,
    /// Refuse every change
    #[arg(long, global = true, env = "WADECK_READONLY", value_parser = switches::read_only)]
    pub read_only: bool,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Run the console line by line, for screen readers and serial lines
    #[arg(long, global = true, env = "WADECK_PLAIN", value_parser = switches::plain)]
    pub plain: bool,
    /// Columns of a list, comma-separated: fields as --json names them, such as id,contact.name,status
    #[arg(long, global = true, value_delimiter = ',', value_name = "FIELDS")]
    pub columns: Vec<String>,
    /// After the answer, print related events as they happen, one JSON object per line
    #[arg(long, global = true)]
    pub follow: bool,
    /// Do not use colors
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Only this organization; without it, the one that `wadeck status` shows
    #[arg(long, global = true, value_name = "NAME")]
    pub organization: Option<String>,
    /// Only this environment: development or production
    #[arg(long, global = true, value_parser = numbers::environment)]
    pub environment: Option<Environment>,
    /// All organizations and environments
    #[arg(long, global = true, conflicts_with_all = ["organization", "environment"])]
    pub everywhere: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the console on simulated providers and contacts: no account, no network
    #[command(after_help = "Examples:\n  wadeck demo\n  wadeck demo --seed 7 --speed 3")]
    Demo {
        /// Seed of the simulated traffic; the same seed gives the same traffic
        #[arg(long)]
        seed: Option<u64>,
        /// Speed of the simulated time, 0.1 to 50
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
    },
    /// Run the engine without a console
    #[command(after_help = "Examples:\n  wadeck serve --config /etc/wadeck/config.toml")]
    Serve,
    /// Open a console of the running engine
    #[command(after_help = "Examples:\n  wadeck attach\n  wadeck attach --read-only")]
    Attach,
    /// Send one message
    #[command(
        after_help = "Examples:\n  wadeck send --connection support --to +15550102001 --text \"On its way.\"\n  wadeck send --to +15550102001 --template order_update --lang en_US --param customer_name=Rosa\n  wadeck send --thread t12 --file invoice.pdf --caption \"Your invoice\" --at 18:00"
    )]
    Send(Box<send::Send>),
    /// Explain the state of an item
    #[command(
        after_help = "Examples:\n  wadeck why m12\n  wadeck why o3 --json\n  wadeck why \"template order_update\""
    )]
    Why {
        /// Id of a message (m12), outbox entry (o3), thread (t7), delivery (d40), run (r5), connection (c1),
        /// assignment (g2), alert (a9) or contact (p4), or "template NAME"
        id: String,
    },
    /// Earlier name of `threads expiring`
    #[command(hide = true, after_help = "Examples:\n  wadeck threads expiring")]
    Radar {
        #[command(flatten)]
        page: verbs::Page,
    },
    /// Show statistics: rates, counts and times, compared with their targets
    #[command(
        name = "stats",
        alias = "marks",
        after_help = "Examples:\n  wadeck stats\n  wadeck stats --hours 168 --json"
    )]
    Marks {
        /// Number of past hours
        #[arg(long, default_value_t = 24)]
        hours: u32,
    },
    /// List and manage contacts
    #[command(subcommand)]
    Contacts(verbs::Contacts),
    /// List and acknowledge alerts
    #[command(subcommand)]
    Alerts(verbs::Alerts),
    /// Show the state of all components with the result and age of each check
    #[command(after_help = "Examples:\n  wadeck status\n  wadeck status --json")]
    Status,
    /// Diagnose configuration, credentials and environment
    #[command(after_help = "Examples:\n  wadeck doctor\n  wadeck doctor --webhook --json")]
    Doctor {
        /// Send a test webhook to each number through the public URL and wait for it
        #[arg(long)]
        webhook: bool,
    },
    /// List, set up and check numbers
    #[command(subcommand)]
    Connections(numbers::Connections),
    /// Manage the webhooks that are registered at a provider
    #[command(subcommand)]
    Webhooks(numbers::Webhooks),
    /// Send a request to a provider's API with its key applied; secrets in the answer are masked
    #[command(
        after_help = with_provider("Examples:\n  wadeck api {provider} GET /platform/v1/customers\n  wadeck api {provider} POST /platform/v1/customers --body-file customer.json")
    )]
    Api {
        /// Provider, as in the configuration: kapso, twilio or meta
        provider: String,
        /// HTTP method: GET, POST, PATCH, PUT or DELETE
        method: String,
        /// Path, such as /platform/v1/customers
        path: String,
        /// Request body as JSON
        #[arg(long, value_name = "JSON")]
        body: Option<String>,
        /// File with the request body
        #[arg(long, value_name = "FILE", conflicts_with = "body")]
        body_file: Option<PathBuf>,
        /// Use the key of this connection: id, name or phone number
        #[arg(long, value_name = "CONNECTION", value_parser = reference::connection)]
        connection: Option<crate::domain::ids::ConnectionId>,
    },
    /// List, read and manage threads
    #[command(subcommand)]
    Threads(verbs::Threads),
    /// List, search and manage messages
    #[command(subcommand)]
    Messages(verbs::Messages),
    /// Inspect and manage outgoing messages
    #[command(subcommand)]
    Outbox(verbs::Outbox),
    /// Inspect received webhook deliveries
    #[command(subcommand)]
    Deliveries(verbs::Deliveries),
    /// Manage message templates
    #[command(subcommand)]
    Templates(templates::Templates),
    /// Manage WhatsApp Flows
    #[command(subcommand)]
    Flows(flows::Flows),
    /// Manage agents and their runs
    #[command(subcommand)]
    Agents(agents::Agents),
    /// Manage which agent answers which number, with approvals
    #[command(subcommand)]
    Assignments(agents::Assignments),
    /// Read and verify the audit log
    #[command(subcommand)]
    Audit(audit::Audit),
    /// List and follow events
    #[command(subcommand)]
    Events(agents::Events),
    /// Manage API tokens
    #[command(subcommand)]
    Tokens(tokens::Tokens),
    /// Run an MCP server with tools for a model on standard input and output
    #[command(after_help = "Examples:\n  wadeck mcp --environment development")]
    Mcp,
    /// Check and print the configuration
    #[command(subcommand)]
    Config(verbs::ConfigVerb),
    /// Back up the database while the engine runs
    #[command(after_help = "Examples:\n  wadeck backup copy.db --media copies")]
    Backup {
        /// New file for the copy
        #[arg(value_name = "FILE")]
        to: PathBuf,
        /// Also copy the files of messages to this directory; existing copies are skipped
        #[arg(long, value_name = "DIR")]
        media: Option<PathBuf>,
    },
    /// Run the simulated providers alone, for an engine in another process
    #[command(alias = "twin", after_help = "Examples:\n  wadeck simulator\n  wadeck simulator --scenario drill.json")]
    Simulator(simulator::SimulatorArgs),
    /// Print shell completions
    #[command(after_help = "Examples:\n  wadeck completions bash > /etc/bash_completion.d/wadeck")]
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "Examples:\n  wadeck man | man -l -\n  wadeck man --to /usr/local/share/man/man1")]
    Man {
        /// Write a page for each verb to this directory
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// List what each role may do
    #[command(after_help = "Examples:\n  wadeck roles")]
    Roles {
        /// Print docs/roles.md
        #[arg(long)]
        markdown: bool,
    },
    /// List the error codes with their HTTP status, exit code and remedy
    #[command(after_help = "Examples:\n  wadeck codes\n  wadeck codes --providers --json")]
    Codes {
        /// List the providers' codes instead: what each means, whether it is retried, and who acts
        #[arg(long)]
        providers: bool,
        /// Print docs/codes.md, or with --providers docs/provider-codes.md
        #[arg(long)]
        markdown: bool,
    },
    /// List the console's keys and commands
    #[command(after_help = "Examples:\n  wadeck keys")]
    Keys {
        /// Print docs/keys.md
        #[arg(long)]
        markdown: bool,
    },
}

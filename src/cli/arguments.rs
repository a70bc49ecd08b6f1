//! The commands of the command line and their arguments.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::help::{LONG_VERSION, with_provider};
use super::options::Common;
use super::verbs::flows::Flows;
use super::verbs::openapi::OpenApi;
use super::verbs::templates::Templates;
use super::verbs::{self, agents, audit, connections, flows, reference, send, simulator, stats, templates, tokens};
use super::verbs::{Alerts, Deliveries};

#[derive(Debug, Parser)]
#[command(name = "wadeck", version, long_version = LONG_VERSION.as_str(), about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Option<Command>,
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
        after_help = "Examples:\n  wadeck stats\n  wadeck stats --hours 168 --json\n  wadeck stats costs --by template"
    )]
    Marks {
        /// Number of past hours
        #[arg(long, default_value_t = 24)]
        hours: u32,
        #[command(subcommand)]
        part: Option<stats::Stats>,
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
    Connections(connections::Connections),
    /// Manage the webhooks that are registered at a provider
    #[command(subcommand)]
    Webhooks(connections::Webhooks),
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
    /// List, save and remove canned replies
    #[command(subcommand)]
    Replies(verbs::Replies),
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
    /// Explore the API descriptions that ship with wadeck
    #[command(name = "openapi")]
    #[command(subcommand)]
    OpenApi(OpenApi),
    /// List the console's keys and commands
    #[command(after_help = "Examples:\n  wadeck keys")]
    Keys {
        /// Print docs/keys.md
        #[arg(long)]
        markdown: bool,
    },
}

impl Command {
    /// Returns `true` if the command queries the engine or its database, so that it may print a list.
    pub(in crate::cli) const fn queries_the_engine(&self) -> bool {
        !matches!(
            self,
            Self::Demo { .. }
                | Self::Serve
                | Self::Attach
                | Self::Simulator(_)
                | Self::Mcp
                | Self::Config(_)
                | Self::Backup { .. }
                | Self::Completions { .. }
                | Self::Man { .. }
                | Self::Doctor { .. }
                | Self::Keys { .. }
                | Self::Alerts(Alerts::Kinds { .. })
                | Self::OpenApi(_)
                | Self::Flows(Flows::Starters { .. } | Flows::Lint { .. })
                | Self::Templates(
                    Templates::Starters { .. } | Templates::Preview { .. } | Templates::Lint { connection: None, .. }
                )
                | Self::Deliveries(Deliveries::Verify { delivery: None, .. })
                | Self::Codes { .. }
                | Self::Roles { .. }
        )
    }
}

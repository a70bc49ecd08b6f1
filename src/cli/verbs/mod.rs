//! Commands, one module per group, and their mapping to queries and requests.

pub(super) mod agents;
pub(super) mod audit;
pub(super) mod cli_request;
pub(super) mod config_file;
pub(super) mod connections;
pub(super) mod flows;
pub(super) mod mcp;
pub(super) mod offline;
pub(super) mod openapi;
mod operations;
pub(super) mod reference;
pub(super) mod send;
pub(super) mod setup;
pub(super) mod simulator;
pub(super) mod stats;
pub(super) mod templates;
pub(super) mod to_request;
pub(super) mod tokens;
pub(super) mod verify;

use clap::{Args, Subcommand};

use self::operations::{
    OfAlerts, OfContacts, OfDeliveries, OfLabels, OfMessages, OfOutbox, OfReplies, OfThreads, OperationVerb,
};
use self::send::PhoneArg;
use crate::cli::argument_error::ArgumentError;
use crate::domain::filter::Filter;
use crate::domain::ids::{ConnectionId, DeliveryId, EntryId, MessageId, ThreadId};
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::outbox::entry::EntryState;
use crate::domain::outbox::job::BulkAction;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;

/// How much of a list.
#[derive(Debug, Clone, Args)]
pub struct Page {
    /// Maximum number of rows, up to 500
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
}

#[derive(Debug, Subcommand)]
pub enum Contacts {
    /// List contacts, or find them by name or number
    #[command(after_help = "Examples:\n  wadeck contacts list\n  wadeck contacts list rosa --limit 10")]
    List {
        /// Part of a name or number; small typing errors are tolerated
        #[arg(default_value = "")]
        text: String,
        #[command(flatten)]
        page: Page,
    },
    /// Add a contact that has not written yet (admins)
    #[command(
        after_help = "Examples:\n  wadeck contacts add --connection support --name \"Rosa Field\" --number +15550102001\n  wadeck contacts add --connection support --name \"Rosa Field\" --number +15550102001 --note \"Met at the fair\""
    )]
    Add {
        /// Connection that the contact belongs to: id, name or phone number
        #[arg(long, value_name = "CONNECTION", value_parser = self::reference::connection)]
        connection: ConnectionId,
        /// Name of the contact
        #[arg(long)]
        name: String,
        /// Phone number with country code
        #[arg(long)]
        number: PhoneArg,
        /// Internal note on the contact; the phone number is always added to it
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    #[command(flatten)]
    Operation(OperationVerb<OfContacts>),
}

#[derive(Debug, Subcommand)]
pub enum Alerts {
    /// List alerts, open ones first
    #[command(after_help = "Examples:\n  wadeck alerts list --open\n  wadeck alerts list --json")]
    List {
        /// Only alerts that nobody has acknowledged
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        page: Page,
    },
    /// List the kinds of alerts with what to do about each
    #[command(after_help = "Examples:\n  wadeck alerts kinds")]
    Kinds {
        /// Print docs/alerts.md
        #[arg(long)]
        markdown: bool,
    },
    #[command(flatten)]
    Operation(OperationVerb<OfAlerts>),
}

#[derive(Debug, Subcommand)]
pub enum Threads {
    /// List threads, the most recently used first
    #[command(
        after_help = "Examples:\n  wadeck threads list --filter is:unread\n  wadeck threads list --filter \"conn:support since:2h\" --json"
    )]
    List {
        /// Words and filter terms, such as is:unread num:4567 since:2h
        #[arg(long, default_value = "", value_parser = filter_text)]
        filter: String,
        #[command(flatten)]
        page: Page,
        /// Only threads below this one in the list
        #[arg(long, value_name = "THREAD")]
        before: Option<ThreadId>,
    },
    /// Show one thread
    #[command(after_help = "Examples:\n  wadeck threads show t12\n  wadeck threads show +15550102001")]
    Show {
        /// Thread id, or the contact's phone number
        #[arg(value_parser = self::reference::thread)]
        thread: ThreadId,
    },
    /// List threads whose 24-hour service window closes while somebody waits for a reply
    #[command(after_help = "Examples:\n  wadeck threads expiring\n  wadeck threads expiring --limit 10 --json")]
    Expiring {
        #[command(flatten)]
        page: Page,
    },
    /// List threads whose contact has no answer and that no person, agent or rule attends to; there are none unless something went wrong
    #[command(
        alias = "orphans",
        after_help = "Examples:\n  wadeck threads unattended\n  wadeck threads unattended --json"
    )]
    Unattended {
        #[command(flatten)]
        page: Page,
    },
    /// List the internal notes of a thread
    #[command(after_help = "Examples:\n  wadeck threads notes t12")]
    Notes {
        /// Thread id, or the contact's phone number
        #[arg(value_parser = self::reference::thread)]
        thread: ThreadId,
    },
    /// Print a whole thread as text
    #[command(after_help = "Examples:\n  wadeck threads export t12 > thread.txt")]
    Export {
        /// Thread id, or the contact's phone number
        #[arg(value_parser = self::reference::thread)]
        thread: ThreadId,
    },
    /// List saved filters with the number of threads that each matches
    #[command(after_help = "Examples:\n  wadeck threads views")]
    Views,
    /// List, add and remove labels
    #[command(subcommand)]
    Label(Labels),
    #[command(flatten)]
    Operation(OperationVerb<OfThreads>),
}

#[derive(Debug, Subcommand)]
pub enum Replies {
    /// List the canned replies that you can use
    #[command(after_help = "Examples:\n  wadeck replies list --json")]
    List,
    #[command(flatten)]
    Operation(OperationVerb<OfReplies>),
}

#[derive(Debug, Subcommand)]
pub enum Labels {
    /// List labels with the number of threads that have each
    #[command(after_help = "Examples:\n  wadeck threads label list --json")]
    List,
    #[command(flatten)]
    Operation(OperationVerb<OfLabels>),
}

#[derive(Debug, Subcommand)]
pub enum Messages {
    /// List the messages of a thread, newest first
    #[command(
        after_help = "Examples:\n  wadeck messages list --thread t12\n  wadeck messages list --thread +15550102001 --limit 200 --json"
    )]
    List {
        /// Thread id, or the contact's phone number
        #[arg(long, value_parser = self::reference::thread)]
        thread: ThreadId,
        #[command(flatten)]
        page: Page,
        /// Only messages older than this one
        #[arg(long, value_name = "MESSAGE")]
        before: Option<MessageId>,
    },
    /// Show one message with its statuses, attempts and error
    #[command(after_help = "Examples:\n  wadeck messages show m345 --json")]
    Show {
        /// Message id
        message: MessageId,
    },
    /// React to a message with an emoji, or remove the reaction
    #[command(after_help = "Examples:\n  wadeck messages react m345 👍\n  wadeck messages react m345")]
    React {
        /// Message id
        message: MessageId,
        /// Emoji; without one, the reaction is removed
        emoji: Option<String>,
        #[command(flatten)]
        knowing: self::send::Knowing,
    },
    /// Save the file of a message
    #[command(
        after_help = "Examples:\n  wadeck messages save m345 downloads\n  wadeck messages save m345 - > invoice.pdf"
    )]
    Save {
        /// Message id
        message: MessageId,
        /// Directory, new file, or - for standard output
        #[arg(default_value = ".")]
        to: String,
    },
    /// Search all messages, newest first
    #[command(
        after_help = "Examples:\n  wadeck messages search \"delayed parcel\"\n  wadeck messages search \"status:failed dir:out since:2h\" --json"
    )]
    Search {
        /// Words and filter terms, such as status:failed dir:in since:2h code:131047
        #[arg(value_parser = filter_text)]
        text: String,
        #[command(flatten)]
        page: Page,
    },
    #[command(flatten)]
    Operation(OperationVerb<OfMessages>),
}

#[derive(Debug, Subcommand)]
pub enum Outbox {
    /// List outbox entries, those that need attention first
    #[command(
        after_help = "Examples:\n  wadeck outbox list --filter \"status:failed since:2h\"\n  wadeck outbox list --state uncertain --json"
    )]
    List {
        /// Words and filter terms, such as status:failed since:2h
        #[arg(long, default_value = "", value_parser = filter_text)]
        filter: String,
        /// Only entries in this state
        #[arg(long, value_parser = entry_state)]
        state: Option<EntryState>,
        #[command(flatten)]
        page: Page,
        /// Only entries below this one in the list
        #[arg(long, value_name = "ENTRY")]
        before: Option<EntryId>,
    },
    /// Show one entry with its attempts and state changes
    #[command(after_help = "Examples:\n  wadeck outbox show o3")]
    Show {
        /// Outbox entry id
        entry: EntryId,
    },
    /// Apply one action to every entry that matches a filter; without --yes, only count them
    #[command(
        after_help = "Examples:\n  wadeck outbox bulk retry \"status:failed since:2h\"\n  wadeck outbox bulk retry \"status:failed since:2h\" --yes\n  wadeck outbox bulk reconcile status:uncertain"
    )]
    Bulk {
        /// retry, discard, hold or release; with status:uncertain also reconcile or arrived
        #[arg(value_parser = bulk_action)]
        action: BulkAction,
        /// Filter, such as "status:failed since:2h"; status:uncertain selects uncertain entries
        #[arg(value_parser = filter_text)]
        filter: String,
        /// Start the job instead of counting
        #[arg(long)]
        yes: bool,
    },
    /// List bulk jobs with their progress
    #[command(after_help = "Examples:\n  wadeck outbox jobs")]
    Jobs,
    #[command(flatten)]
    Operation(OperationVerb<OfOutbox>),
}

#[derive(Debug, Subcommand)]
pub enum Deliveries {
    /// List received webhook deliveries, newest first
    #[command(
        after_help = "Examples:\n  wadeck deliveries list --state unreadable\n  wadeck deliveries list --event \"conversation.*\"\n  wadeck deliveries list --limit 200 --json"
    )]
    List {
        /// Only deliveries in this state
        #[arg(long, value_parser = delivery_state)]
        state: Option<DeliveryState>,
        /// Only deliveries of this event: its name or the end of it, with * for any text
        #[arg(long, value_name = "NAME")]
        event: Option<String>,
        #[command(flatten)]
        page: Page,
        /// Only deliveries older than this one
        #[arg(long, value_name = "DELIVERY")]
        before: Option<DeliveryId>,
    },
    /// Show one delivery and its structure; message texts are hidden
    #[command(after_help = "Examples:\n  wadeck deliveries show d40\n  wadeck deliveries show d40 --reveal")]
    Show {
        /// Delivery id
        delivery: DeliveryId,
        /// Print the body as received (admins); the audit log records who did
        #[arg(long)]
        reveal: bool,
    },
    /// Verify a signature: of a stored delivery, or of a body on standard input
    ///
    /// The secrets are those of the environment; a body needs no running engine. Exit code 0 where the signature fits, 1
    /// where it does not.
    #[command(
        after_help = "Examples:\n  wadeck deliveries verify d12\n  wadeck deliveries verify --header 'X-Webhook-Signature: 66f3' --body body.json"
    )]
    Verify {
        /// Stored delivery; without it the body comes from --body, or from standard input
        delivery: Option<DeliveryId>,
        /// Provider of the body; without it, the one that signs with one of the headers
        #[arg(long, conflicts_with = "delivery")]
        provider: Option<String>,
        /// Header that came with the body, as NAME: VALUE; repeatable
        #[arg(long, conflicts_with = "delivery")]
        header: Vec<String>,
        /// Path that it was posted to, where the signature covers the address
        #[arg(long, conflicts_with = "delivery")]
        path: Option<String>,
        /// File with the body, byte for byte; - is standard input
        #[arg(long, value_name = "FILE", conflicts_with = "delivery")]
        body: Option<std::path::PathBuf>,
    },
    /// Show what applying a delivery would do, without doing it
    #[command(
        name = "dry-run",
        alias = "try",
        after_help = "Examples:\n  wadeck deliveries dry-run d40\n  wadeck deliveries dry-run d40 --body edited.json"
    )]
    Try {
        /// Delivery id
        delivery: DeliveryId,
        /// Use this file as the body
        #[arg(long, value_name = "FILE")]
        body: Option<std::path::PathBuf>,
    },
    /// Describe what each kind of inbound message means for its thread
    #[command(after_help = "Examples:\n  wadeck deliveries kinds")]
    Kinds,
    #[command(flatten)]
    Operation(OperationVerb<OfDeliveries>),
}

#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Check the configuration file and report each error with line and column
    #[command(after_help = "Examples:\n  wadeck config check\n  wadeck config check --config staging.toml --json")]
    Check,
    /// Print the effective configuration: the file merged over the defaults, without secrets
    #[command(after_help = "Examples:\n  wadeck config show")]
    Show,
    /// Print the configuration file with renamed keys replaced by their current names
    #[command(after_help = "Examples:\n  wadeck config migrate > new.toml")]
    Migrate,
}

fn entry_state(name: &str) -> Result<EntryState, ArgumentError> {
    let unknown = || ArgumentError::UnknownName(EntryState::ALL.into_iter().map(EntryState::name).collect());
    EntryState::from_name(name).ok_or_else(unknown)
}

/// Checks a filter before the engine is queried; an invalid filter is a usage error.
fn filter_text(text: &str) -> Result<String, Refusal> {
    Filter::read(text, Timestamp::EPOCH).map(|_| text.to_owned())
}

fn bulk_action(name: &str) -> Result<BulkAction, ArgumentError> {
    // `look-up` is the earlier name of `reconcile`.
    let name = if name == "reconcile" { "look-up" } else { name };
    BulkAction::from_name(name)
        .ok_or(ArgumentError::Expected("one of retry, discard, hold, release, reconcile, arrived"))
}

fn delivery_state(name: &str) -> Result<DeliveryState, ArgumentError> {
    let unknown = || ArgumentError::UnknownName(DeliveryState::ALL.into_iter().map(DeliveryState::name).collect());
    DeliveryState::from_name(name).ok_or_else(unknown)
}

//! The verbs of each pane.

use clap::{Args, Subcommand};

use super::send::PhoneArg;
use crate::domain::filter::Filter;
use crate::domain::ids::{AlertId, ConnectionId, ContactId, DeliveryId, EntryId, MessageId, ThreadId};
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::outbox::entry::EntryState;
use crate::domain::outbox::job::BulkAction;
use crate::domain::time::Timestamp;

/// How much of a list.
#[derive(Debug, Clone, Args)]
pub struct Page {
    /// How many rows, at most
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}

#[derive(Debug, Subcommand)]
pub enum Contacts {
    /// By name or number, also with letters missing
    List {
        #[arg(default_value = "")]
        text: String,
        #[command(flatten)]
        page: Page,
    },
    /// Add one that has not written yet (admins)
    Add {
        #[arg(long, value_name = "ID", value_parser = super::reference::connection)]
        connection: ConnectionId,
        #[arg(long)]
        name: String,
        #[arg(long)]
        number: PhoneArg,
    },
    /// Give one a name
    Rename { contact: ContactId, name: String },
    /// Make two of them one person
    Merge { keep: ContactId, gone: ContactId },
    /// Take the last merge back
    Split { contact: ContactId },
    /// Send nothing to the contact of a thread any more
    OptOut {
        #[arg(value_parser = super::reference::thread)]
        thread: ThreadId,
    },
    /// The contact of a thread wants messages again
    OptIn {
        #[arg(value_parser = super::reference::thread)]
        thread: ThreadId,
    },
}

#[derive(Debug, Subcommand)]
pub enum Alerts {
    /// Open ones first
    List {
        /// Only those that nobody has seen
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        page: Page,
    },
    /// Say that you have seen it
    Ack { alert: AlertId },
}

#[derive(Debug, Subcommand)]
pub enum Threads {
    /// The most recently used first
    List {
        /// Words, and terms such as is:unread num:4567 since:2h
        #[arg(long, default_value = "", value_parser = filter_text)]
        filter: String,
        #[command(flatten)]
        page: Page,
        /// Only those below this one
        #[arg(long)]
        before: Option<ThreadId>,
    },
    /// One thread
    Show {
        #[arg(value_parser = super::reference::thread)]
        thread: ThreadId,
    },
    /// Take a thread from its agent
    Take {
        #[arg(value_parser = super::reference::thread)]
        thread: ThreadId,
    },
    /// Give a thread to a colleague who is here
    HandOver {
        #[arg(value_parser = super::reference::thread)]
        thread: ThreadId,
        to: String,
    },
    /// Give a thread back to its agent
    Release {
        #[arg(value_parser = super::reference::thread)]
        thread: ThreadId,
    },
    /// Write a note for colleagues
    Note {
        #[arg(value_parser = super::reference::thread)]
        thread: ThreadId,
        text: String,
    },
    /// What colleagues noted
    Notes {
        #[arg(value_parser = super::reference::thread)]
        thread: ThreadId,
    },
    /// The whole thread as text
    Export {
        #[arg(value_parser = super::reference::thread)]
        thread: ThreadId,
    },
    /// Filters, with how many threads each finds
    Views,
    /// Take back what you sent and what has not gone yet
    TakeBack {
        #[arg(value_parser = super::reference::thread)]
        thread: ThreadId,
    },
}

#[derive(Debug, Subcommand)]
pub enum Messages {
    /// A thread's messages, newest first
    List {
        #[arg(long, value_parser = super::reference::thread)]
        thread: ThreadId,
        #[command(flatten)]
        page: Page,
        /// Only those before this one
        #[arg(long)]
        before: Option<MessageId>,
    },
    /// Everything about one message
    Show { message: MessageId },
    /// Put an emoji on a message; none takes it back
    React {
        message: MessageId,
        emoji: Option<String>,
        #[command(flatten)]
        knowing: super::send::Knowing,
    },
    /// Save a message's file
    Save {
        message: MessageId,
        /// A directory, a file that is not there yet, or - for standard output
        #[arg(default_value = ".")]
        to: String,
    },
    /// Ask the provider again for a file that did not come
    Fetch { message: MessageId },
    /// Ask the provider what became of a message that it has
    Ask { message: MessageId },
    /// Words, and terms such as status:failed dir:in since:2h code:131047; newest first
    Search {
        #[arg(value_parser = filter_text)]
        text: String,
        #[command(flatten)]
        page: Page,
    },
}

#[derive(Debug, Subcommand)]
pub enum Outbox {
    /// What wants attention first
    List {
        /// Words and terms, such as `status:failed since:2h`
        #[arg(long, default_value = "", value_parser = filter_text)]
        filter: String,
        /// Only entries in this state
        #[arg(long, value_parser = entry_state)]
        state: Option<EntryState>,
        #[command(flatten)]
        page: Page,
        /// Only those before this one
        #[arg(long)]
        before: Option<EntryId>,
    },
    /// The life of one entry
    Show { entry: EntryId },
    /// Try it again, as a new series of attempts
    Retry { entry: EntryId },
    /// Take it out: it will not be sent
    #[command(visible_alias = "cancel")]
    Discard { entry: EntryId },
    /// Ask the provider what became of an uncertain one
    LookUp { entry: EntryId },
    /// Hold it until it is released
    Hold { entry: EntryId },
    /// Let it go
    Release { entry: EntryId },
    /// Retry, discard, hold or release everything that a filter finds; with status:uncertain also look up or settle
    Bulk {
        #[arg(value_parser = bulk_action)]
        action: BulkAction,
        /// Such as "status:failed since:2h"; uncertain ones only by "status:uncertain"
        #[arg(value_parser = filter_text)]
        filter: String,
        /// Do it; without this it is only counted
        #[arg(long)]
        yes: bool,
    },
    /// The last bulk actions, with their progress
    Jobs,
    /// Stop a bulk action
    Stop { job: i64 },
    /// Go on with a bulk action that was stopped, from where it was
    Resume { job: i64 },
    /// Forget a bulk action that was stopped; what it did stays done
    DiscardJob { job: i64 },
}

#[derive(Debug, Subcommand)]
pub enum Deliveries {
    /// The newest first
    List {
        /// Only those in this state
        #[arg(long, value_parser = delivery_state)]
        state: Option<DeliveryState>,
        #[command(flatten)]
        page: Page,
        /// Only those before this one
        #[arg(long)]
        before: Option<DeliveryId>,
    },
    /// One delivery, with its shape; what people wrote stays hidden
    Show {
        delivery: DeliveryId,
        /// The body as it came, for admins; the audit names who looked
        #[arg(long)]
        reveal: bool,
    },
    /// Read it again, after a fix
    Replay { delivery: DeliveryId },
    /// Say what would happen, without anything happening
    Try {
        delivery: DeliveryId,
        /// An edited copy of the body
        #[arg(long, value_name = "FILE")]
        body: Option<std::path::PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Explain every fault, with line and column
    Check,
    /// What is in force: the file over the defaults; secrets stand in neither
    Show,
}

fn entry_state(name: &str) -> Result<EntryState, String> {
    EntryState::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = EntryState::ALL.into_iter().map(EntryState::name).collect();
        format!("it is one of {}", names.join(", "))
    })
}

/// A filter is read before anything is asked: a slip of the pen is a usage error and finds nothing less.
fn filter_text(text: &str) -> Result<String, String> {
    match Filter::read(text, Timestamp::EPOCH) {
        Ok(_) => Ok(text.to_owned()),
        Err(refusal) => Err(refusal.to_string()),
    }
}

fn bulk_action(name: &str) -> Result<BulkAction, String> {
    BulkAction::from_name(name).ok_or_else(|| "it is one of retry, discard, hold, release, look-up, arrived".to_owned())
}

fn delivery_state(name: &str) -> Result<DeliveryState, String> {
    DeliveryState::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = DeliveryState::ALL.into_iter().map(DeliveryState::name).collect();
        format!("it is one of {}", names.join(", "))
    })
}

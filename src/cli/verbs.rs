//! The verbs of each pane.

use clap::{Args, Subcommand};

use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{DeliveryId, EntryId, MessageId, ThreadId};
use crate::domain::outbox::EntryState;

/// How much of a list.
#[derive(Debug, Clone, Args)]
pub struct Page {
    /// How many rows, at most
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}

#[derive(Debug, Subcommand)]
pub enum Connections {
    /// All numbers
    List,
}

#[derive(Debug, Subcommand)]
pub enum Threads {
    /// The most recently used first
    List {
        /// Only those that hold this in name, number or last words
        #[arg(long, default_value = "")]
        filter: String,
        #[command(flatten)]
        page: Page,
        /// Only those below this one
        #[arg(long)]
        before: Option<ThreadId>,
    },
    /// One thread
    Show { thread: ThreadId },
    /// Take a thread from its agent
    Take { thread: ThreadId },
    /// Give a thread back to its agent
    Release { thread: ThreadId },
}

#[derive(Debug, Subcommand)]
pub enum Messages {
    /// A thread's messages, newest first
    List {
        #[arg(long)]
        thread: ThreadId,
        #[command(flatten)]
        page: Page,
        /// Only those before this one
        #[arg(long)]
        before: Option<MessageId>,
    },
    /// Everything about one message
    Show { message: MessageId },
    /// Messages that hold all these words, newest first
    Search {
        text: String,
        #[command(flatten)]
        page: Page,
    },
}

#[derive(Debug, Subcommand)]
pub enum Outbox {
    /// What wants attention first
    List {
        /// Only entries in this state
        #[arg(long, value_parser = entry_state)]
        state: Vec<EntryState>,
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
    Discard { entry: EntryId },
    /// Ask the provider what became of an uncertain one
    LookUp { entry: EntryId },
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
    /// One delivery as it came
    Show { delivery: DeliveryId },
    /// Read it again, after a fix
    Replay { delivery: DeliveryId },
}

#[derive(Debug, Subcommand)]
pub enum Templates {
    /// The last list, with its age
    List {
        /// Ask the provider now
        #[arg(long)]
        refresh: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Agents {
    /// Agents, who answers what, and the last runs
    List,
}

#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Explain every fault, with line and column
    Check,
}

fn entry_state(name: &str) -> Result<EntryState, String> {
    EntryState::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = EntryState::ALL.into_iter().map(EntryState::name).collect();
        format!("it is one of {}", names.join(", "))
    })
}

fn delivery_state(name: &str) -> Result<DeliveryState, String> {
    DeliveryState::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = DeliveryState::ALL.into_iter().map(DeliveryState::name).collect();
        format!("it is one of {}", names.join(", "))
    })
}

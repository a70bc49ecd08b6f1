//! Connection history of a number: when it was connected, disconnected and lost.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// Period that the history of a number covers.
pub const HISTORY_SPAN: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Number of losses within [`HISTORY_SPAN`] from which a number counts as unstable.
pub const FLAPS: u32 = 3;

/// A change of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionChange {
    Connected,
    /// wadeck stopped serving the number; it stays connected at the provider.
    Unregistered,
    /// The number was disconnected at the provider.
    Disconnected,
    /// The provider no longer has the number.
    Lost,
}

impl ConnectionChange {
    pub const ALL: [Self; 4] = [Self::Connected, Self::Unregistered, Self::Disconnected, Self::Lost];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Unregistered => "unregistered",
            Self::Disconnected => "disconnected",
            Self::Lost => "lost",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.name() == name)
    }
}

/// A connection change with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedChange {
    pub at: Timestamp,
    pub change: ConnectionChange,
}

/// When a number was last connected and disconnected, and its changes within [`HISTORY_SPAN`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionHistory {
    pub connected_at: Option<Timestamp>,
    pub disconnected_at: Option<Timestamp>,
    /// How often the provider lost the number within [`HISTORY_SPAN`].
    pub lost_in_7_days: u32,
    /// Changes within [`HISTORY_SPAN`], newest first.
    pub changes: Vec<DatedChange>,
}

impl ConnectionHistory {
    /// Builds the history from all changes of a connection, newest first.
    pub fn of(changes: Vec<DatedChange>, now: Timestamp) -> Self {
        let last = |connected: bool| {
            let is = |one: &&DatedChange| (one.change == ConnectionChange::Connected) == connected;
            changes.iter().find(is).map(|one| one.at)
        };
        let (connected_at, disconnected_at) = (last(true), last(false));
        let lately: Vec<DatedChange> = changes.into_iter().filter(|one| now.since(one.at) < HISTORY_SPAN).collect();
        let lost = lately.iter().filter(|one| one.change == ConnectionChange::Lost).count();
        Self { connected_at, disconnected_at, lost_in_7_days: u32::try_from(lost).unwrap_or(u32::MAX), changes: lately }
    }

    /// Describes how often the number was lost; `None` if it was not.
    pub fn losses_text(&self) -> Option<String> {
        match self.lost_in_7_days {
            0 => None,
            1 => Some("lost once in the last 7 days".to_owned()),
            times => Some(format!("lost {times} times in the last 7 days")),
        }
    }
}

/// How messages that arrive over a number are handled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoutingKind {
    /// An agent assigned in wadeck replies.
    Native,
    /// An external workflow receives the messages and replies.
    Workflow,
    /// No automatic handling: people reply.
    #[default]
    None,
}

impl RoutingKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Workflow => "workflow",
            Self::None => "none",
        }
    }
}

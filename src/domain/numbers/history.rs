//! When a number was connected and lost: what a number that comes and goes is known by.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// How far back the history of a number is shown.
pub const HISTORY_SPAN: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A number that is lost so often within [`HISTORY_SPAN`] is told as one that comes and goes.
pub const FLAPS: u32 = 3;

/// What became of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionChange {
    Connected,
    /// We stopped serving it.
    Unregistered,
    /// We gave it back.
    Disconnected,
    /// The provider had it no more.
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

/// One change of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedChange {
    pub at: Timestamp,
    pub change: ConnectionChange,
}

/// When a number was connected last, and disconnected last, and what happened within [`HISTORY_SPAN`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionHistory {
    pub connected_at: Option<Timestamp>,
    pub disconnected_at: Option<Timestamp>,
    /// How often the provider had it no more within [`HISTORY_SPAN`].
    pub lost_in_7_days: u32,
    /// The newest first.
    pub changes: Vec<DatedChange>,
}

impl ConnectionHistory {
    /// From every change of a connection, the newest first.
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

    /// How it comes and goes, in words; none where it does not.
    pub fn flaps(&self) -> Option<String> {
        match self.lost_in_7_days {
            0 => None,
            1 => Some("lost once in the last 7 days".to_owned()),
            times => Some(format!("lost {times} times in the last 7 days")),
        }
    }
}

/// Who takes what comes in over a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoutingKind {
    /// An agent that answers from here.
    Native,
    /// A workflow that is told, and answers by itself.
    Workflow,
    /// Nobody: people answer.
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

//! Progress and results of a bulk job.

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// State of a bulk job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    Running,
    Done,
    Stopped,
}

impl JobState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Running, Self::Done, Self::Stopped].into_iter().find(|state| state.name() == name)
    }
}

/// A bulk job with its progress and results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobView {
    pub id: i64,
    pub action: BulkAction,
    pub terms: String,
    pub actor: String,
    pub state: JobState,
    pub total: u32,
    pub done: u32,
    pub refused: u32,
    /// Retried entries that the provider accepted.
    #[serde(default)]
    pub taken: u32,
    /// Retried entries that failed again.
    #[serde(default)]
    pub failed_again: u32,
    /// Retried entries whose result is not known yet.
    #[serde(default)]
    pub under_way: u32,
    /// Reason of the latest refusal.
    pub said: Option<String>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl JobView {
    /// Describes the job's progress in one sentence.
    pub fn words(&self) -> String {
        let mut words = format!("{} done, {} refused of {}", self.done, self.refused, self.total);
        for (count, what) in [
            (self.taken, "accepted by the provider"),
            (self.failed_again, "failed again"),
            (self.under_way, "in progress"),
        ] {
            if count > 0 {
                words.push_str(&format!(", {count} {what}"));
            }
        }
        words
    }
}

/// An action on the matches of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    Retry,
    Discard,
    Hold,
    Release,
    /// Queries the provider about uncertain entries.
    Reconcile,
    /// Marks uncertain entries as arrived, on the caller's word.
    Arrived,
}

impl BulkAction {
    pub const ALL: [Self; 6] = [Self::Retry, Self::Discard, Self::Hold, Self::Release, Self::Reconcile, Self::Arrived];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Discard => "discard",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Reconcile => "look_up",
            Self::Arrived => "arrived",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name.replace('-', "_"))
    }
}

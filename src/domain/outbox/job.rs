//! How far a bulk action is, and what became of it.

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

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
    /// Of those that were tried again, the ones that the provider took.
    #[serde(default)]
    pub taken: u32,
    /// Of those that were tried again, the ones that failed again.
    #[serde(default)]
    pub failed_again: u32,
    /// Of those that were tried again, the ones whose end is not known yet.
    #[serde(default)]
    pub under_way: u32,
    /// The last reason why something was refused.
    pub said: Option<String>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl JobView {
    /// What became of it so far, in one sentence.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    Retry,
    Discard,
    Hold,
    Release,
    /// Asks the provider what became of uncertain ones.
    LookUp,
    /// Settles uncertain ones as arrived, by the word of whoever asks.
    Arrived,
}

impl BulkAction {
    pub const ALL: [Self; 6] = [Self::Retry, Self::Discard, Self::Hold, Self::Release, Self::LookUp, Self::Arrived];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Discard => "discard",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::LookUp => "look_up",
            Self::Arrived => "arrived",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name.replace('-', "_"))
    }
}

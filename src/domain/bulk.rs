//! One action over everything that a filter finds: what would happen, and how far it is.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    Retry,
    Discard,
    Hold,
    Release,
}

impl BulkAction {
    pub const ALL: [Self; 4] = [Self::Retry, Self::Discard, Self::Hold, Self::Release];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Discard => "discard",
            Self::Hold => "hold",
            Self::Release => "release",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// What an action over a filter would do, counted before it is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkPreview {
    /// Entries that the filter finds.
    pub found: u32,
    /// Of those, the ones that the action would touch.
    pub will: u32,
    /// Freeform after the window closed: only a template reaches them.
    pub need_template: u32,
    pub opted_out: u32,
    /// One business-initiated message per contact and hour: they go, one after the other.
    pub held_hourly: u32,
    /// Their answer was lost: a decision for each, never for all of them.
    pub uncertain: u32,
    /// In a state in which the action means nothing.
    pub not_fitting: u32,
}

impl BulkPreview {
    /// In one sentence, for whoever is about to say yes.
    pub fn words(&self, action: BulkAction) -> String {
        let mut parts = vec![format!("Of {} found {} will be {}", self.found, self.will, past(action))];
        for (count, why) in [
            (self.held_hourly, "of them wait for the hourly rule"),
            (self.need_template, "need a template (window closed)"),
            (self.opted_out, "opted out"),
            (self.uncertain, "are uncertain and want a decision each"),
            (self.not_fitting, "are in another state"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {why}"));
            }
        }
        format!("{}.", parts.join(", "))
    }
}

const fn past(action: BulkAction) -> &'static str {
    match action {
        BulkAction::Retry => "sent again",
        BulkAction::Discard => "discarded",
        BulkAction::Hold => "held",
        BulkAction::Release => "released",
    }
}

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
    /// The last reason why something was refused.
    pub said: Option<String>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

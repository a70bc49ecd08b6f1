//! Outbox entries: their states, and the transitions between them.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::address::Address;
use crate::domain::failure::Failure;
use crate::domain::message::content::Content;
use crate::domain::outbox::retry::{RetryAfter, RetryPolicy};
use crate::domain::time::Timestamp;

/// State of an outbox entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// Waits for its turn, its due time or an earlier message.
    Queued,
    /// Claimed under a lease; the request may be in flight.
    Sending,
    /// The provider stores the message and sends it at its time. Until then it can be cancelled.
    Scheduled,
    /// The provider accepted the message and returned an id.
    Accepted,
    /// The response was lost, so the message may have been sent. It is never retried automatically.
    Uncertain,
    /// A rule of wadeck or the provider refused the message permanently; an unchanged retry fails again.
    Failed,
    /// All attempts of the retry policy failed. A person retries or discards the entry.
    Dead,
    /// Removed by a person or by a newer message before it was sent.
    Discarded,
}

impl EntryState {
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Sending,
        Self::Scheduled,
        Self::Accepted,
        Self::Uncertain,
        Self::Failed,
        Self::Dead,
        Self::Discarded,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Scheduled => "scheduled",
            Self::Accepted => "accepted",
            Self::Uncertain => "uncertain",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Discarded => "discarded",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Returns `true` if a person may retry the entry.
    pub const fn can_retry(self) -> bool {
        matches!(self, Self::Failed | Self::Dead | Self::Discarded | Self::Uncertain)
    }

    /// Returns `true` if a person may discard the entry.
    pub const fn can_discard(self) -> bool {
        matches!(self, Self::Queued | Self::Scheduled | Self::Uncertain | Self::Dead | Self::Failed)
    }
}

/// Who refused a failed entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedBy {
    /// A rule that wadeck checks before sending; the provider was not called.
    OurRule,
    /// The provider, in its response or in a later status.
    Provider,
}

impl FailedBy {
    /// Returns who refused the entry; `None` if it did not fail. A refusal by the provider has a `settled_by`.
    pub fn of(state: EntryState, settled_by: Option<SettledBy>) -> Option<Self> {
        (state == EntryState::Failed).then(|| if settled_by.is_some() { Self::Provider } else { Self::OurRule })
    }

    /// Returns the name shown in lists and details.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OurRule => "our rule",
            Self::Provider => "provider",
        }
    }
}

/// A message as passed to a provider for sending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    pub to: Address,
    pub content: Content,
    /// The provider's id of the quoted message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Our reference, which statuses return.
    pub reference: String,
    /// When the provider has to send it, if it is submitted ahead of time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The sender takes the conversation over from another app.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub take_over: bool,
}

/// Outcome of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The provider accepted the message and returned this id.
    Accepted { provider_message_id: String },
    /// The message was certainly not accepted; a retry may succeed.
    Retry { failure: Failure, after: Option<RetryAfter> },
    /// The message was certainly not accepted; a retry cannot succeed.
    Rejected { failure: Failure },
    /// It is unknown whether the message was accepted.
    Unknown { failure: Failure },
}

/// Next state of an entry after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    Accepted {
        provider_message_id: String,
    },
    /// Back to the queue. `counts` is `false` if the failure is not the message's, so that the attempt does not
    /// count.
    Again {
        failure: Failure,
        due_at: Timestamp,
        counts: bool,
    },
    Failed {
        failure: Failure,
    },
    Dead {
        failure: Failure,
    },
    Uncertain {
        failure: Failure,
    },
}

/// Decides the next state from a verdict; no other code does. `attempt_count` counts the attempts of this series, including
/// this one; `policy` is the schedule for the failure; `chance` is in `0.0..1.0`.
pub fn settle(verdict: Verdict, tried: u32, policy: &RetryPolicy, now: Timestamp, chance: f64) -> Settlement {
    match verdict {
        Verdict::Accepted { provider_message_id } => Settlement::Accepted { provider_message_id },
        Verdict::Rejected { failure } => Settlement::Failed { failure },
        Verdict::Unknown { failure } => Settlement::Uncertain { failure },
        // A rejected key or blocked account is not the message's failure: it waits without losing an attempt until
        // that is fixed.
        Verdict::Retry { failure, after } if failure.stops_number() => {
            let pause = policy.pause(2, after.map(|after| after.from(now)), chance);
            Settlement::Again { failure, due_at: now.plus(pause), counts: false }
        }
        Verdict::Retry { failure, .. } if policy.exhausted(tried) => {
            Settlement::Dead { failure: failure.exhausted(tried) }
        }
        Verdict::Retry { failure, after } => {
            let pause = policy.pause(tried, after.map(|after| after.from(now)), chance);
            Settlement::Again { failure, due_at: now.plus(pause), counts: true }
        }
    }
}

/// How an uncertain entry was resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledBy {
    /// The provider's response.
    Answer,
    /// A status contained our reference.
    Reference,
    /// A status matched the text and time of the message.
    Status,
    /// The provider's message list contains the message.
    Look,
    /// A person decided.
    Person,
}

impl SettledBy {
    pub const ALL: [Self; 5] = [Self::Answer, Self::Reference, Self::Status, Self::Look, Self::Person];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Reference => "reference",
            Self::Status => "status",
            Self::Look => "look",
            Self::Person => "person",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|how| how.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::FailureClass;

    fn failure(class: FailureClass) -> Failure {
        Failure::own(class, "x", "y", "z")
    }

    fn settled(verdict: Verdict, tried: u32) -> Settlement {
        settle(verdict, tried, &RetryPolicy::default(), Timestamp::from_seconds(100), 0.5)
    }

    #[test]
    fn the_third_failed_try_is_the_last() {
        let verdict = || Verdict::Retry { failure: failure(FailureClass::Transient), after: None };
        assert!(matches!(settled(verdict(), 1), Settlement::Again { counts: true, .. }));
        assert!(matches!(settled(verdict(), 2), Settlement::Again { counts: true, .. }));
        assert!(matches!(settled(verdict(), 3), Settlement::Dead { .. }));
    }

    #[test]
    fn a_lost_answer_is_never_tried_again_by_itself() {
        let verdict = Verdict::Unknown { failure: failure(FailureClass::Transient) };
        assert!(matches!(settled(verdict, 1), Settlement::Uncertain { .. }));
    }

    #[test]
    fn a_refused_key_is_not_the_messages_fault() {
        let verdict = Verdict::Retry { failure: failure(FailureClass::Authorization), after: None };
        assert!(matches!(settled(verdict, 99), Settlement::Again { counts: false, .. }));
    }
}

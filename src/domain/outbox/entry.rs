//! The outbox: what must be sent, and the only ways in which an entry may change.

use serde::{Deserialize, Serialize};

use crate::domain::contacts::address::Address;
use crate::domain::failure::Failure;
use crate::domain::message::content::Content;
use crate::domain::outbox::retry::{RetryAfter, RetryPolicy};
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// Waits for its turn, its time, or the message before it.
    Queued,
    /// Claimed under a lease; the request may be on the wire.
    Sending,
    /// The provider keeps it and sends it by itself at its time. Until then it can be called back.
    Scheduled,
    /// The provider has it and gave an id.
    Accepted,
    /// The answer was lost: it may have arrived. Never sent again by itself.
    Uncertain,
    /// A rule of ours or the provider said no for good; sending it again unchanged fails again.
    Failed,
    /// Tried as often as the policy says. A person retries or discards it.
    Dead,
    /// Taken out by a person, or by a newer message, before it went.
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

    /// Whether a person may have it tried again.
    pub const fn can_retry(self) -> bool {
        matches!(self, Self::Failed | Self::Dead | Self::Discarded | Self::Uncertain)
    }

    /// Whether a person may take it out.
    pub const fn can_discard(self) -> bool {
        matches!(self, Self::Queued | Self::Scheduled | Self::Uncertain | Self::Dead | Self::Failed)
    }
}

/// Who said no to an entry that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedBy {
    /// A rule that is checked here before anything goes out: the provider was not asked.
    OurRule,
    /// The provider's answer, or its status after it had accepted the message.
    Provider,
}

impl FailedBy {
    /// Returns `None` for an entry that did not fail. What the provider decided was settled by its answer or a status.
    pub fn of(state: EntryState, settled_by: Option<SettledBy>) -> Option<Self> {
        (state == EntryState::Failed).then(|| if settled_by.is_some() { Self::Provider } else { Self::OurRule })
    }

    /// As lists and details show it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OurRule => "our rule",
            Self::Provider => "provider",
        }
    }
}

/// What a provider is asked to send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    pub to: Address,
    pub content: Content,
    /// The provider message id that this answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Our id, sent along and given back in statuses.
    pub reference: String,
    /// When the provider itself is to send it, where it may be handed over ahead of its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Whoever wrote it knew that another app has the conversation, and takes it over with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub take_over: bool,
}

/// How one try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The provider took it and calls it by this id.
    Accepted { provider_message_id: String },
    /// It was certainly not taken, and may be taken later.
    Retry { failure: Failure, after: Option<RetryAfter> },
    /// It was certainly not taken, and never will be.
    Rejected { failure: Failure },
    /// Nobody here knows whether it was taken.
    Unknown { failure: Failure },
}

/// What becomes of an entry after a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    Accepted {
        provider_message_id: String,
    },
    /// Goes back into the queue. `counts` is false where the entry itself is not to blame.
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

/// The one place that decides what follows from a verdict. `tried` counts this series' attempts,
/// this one included; `policy` is the schedule for the failure; `chance` is in `0.0..1.0`.
pub fn settle(verdict: Verdict, tried: u32, policy: &RetryPolicy, now: Timestamp, chance: f64) -> Settlement {
    match verdict {
        Verdict::Accepted { provider_message_id } => Settlement::Accepted { provider_message_id },
        Verdict::Rejected { failure } => Settlement::Failed { failure },
        Verdict::Unknown { failure } => Settlement::Uncertain { failure },
        // A refused key or a locked account says nothing about the message: it waits, untouched, until that is mended.
        Verdict::Retry { failure, after } if failure.stops_number() => {
            let pause = policy.pause(2, after.map(|after| after.from(now)), chance);
            Settlement::Again { failure, due_at: now.plus(pause), counts: false }
        }
        Verdict::Retry { failure, .. } if policy.exhausted(tried) => {
            Settlement::Dead { failure: failure.given_up(tried) }
        }
        Verdict::Retry { failure, after } => {
            let pause = policy.pause(tried, after.map(|after| after.from(now)), chance);
            Settlement::Again { failure, due_at: now.plus(pause), counts: true }
        }
    }
}

/// How an uncertain entry came to its end, for the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledBy {
    /// The provider's own answer.
    Answer,
    /// A status carried our reference.
    Reference,
    /// A status spoke of the same words at the same time.
    Status,
    /// The provider's message list has it.
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

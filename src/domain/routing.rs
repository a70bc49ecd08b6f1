//! Whether a message that arrived starts an agent run, and if not, why not. Direction decides,
//! never status.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::assignment::Mode;
use super::content::Content;
use super::event::{Direction, Origin};
use super::time::Timestamp;

/// Older messages are history, however they arrived: nobody expects an answer to them now.
pub const STALE_AFTER: Duration = Duration::from_secs(6 * 60 * 60);

/// Everything that the decision may depend on.
#[derive(Debug, Clone)]
pub struct Arrival<'a> {
    pub direction: Direction,
    pub origin: &'a Origin,
    pub content: &'a Content,
    pub test: bool,
    pub sent_at: Timestamp,
    /// The mode of the assignment in force, if there is one.
    pub mode: Option<Mode>,
    /// A person has the thread.
    pub taken_by: Option<&'a str>,
    pub opted_out: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// An agent answers, not before this time.
    Run {
        due_at: Timestamp,
    },
    None(NoRun),
}

/// What stands in the way of an agent run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoRun {
    Outbound,
    Test,
    History,
    Filled,
    Reaction,
    Sticker,
    Stale,
    OptedOut,
    Taken,
    NoAssignment,
    Off,
}

impl NoRun {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Outbound => "it went out from us",
            Self::Test => "it is a test of the provider's: nothing is answered over the network",
            Self::History => "it is history that the provider synchronised",
            Self::Filled => {
                "it was never pushed to us and was found afterwards: an agent does not answer it as if it were new"
            }
            Self::Reaction => "a reaction is attached to its message and needs no answer",
            Self::Sticker => "a sticker needs no answer",
            Self::Stale => "it was hours old when it arrived",
            Self::OptedOut => "the contact opted out",
            Self::Taken => "a person has the thread",
            Self::NoAssignment => "no agent is assigned to this number or thread",
            Self::Off => "the assigned agent is switched off",
        }
    }

    /// Whether a person should look, as nobody else will answer.
    pub const fn leaves_waiting(self) -> bool {
        matches!(self, Self::Taken | Self::NoAssignment | Self::Off | Self::Stale | Self::Filled)
    }
}

/// The rule.
pub fn route(arrival: &Arrival<'_>, debounce: Duration, now: Timestamp) -> Route {
    let refused = match arrival {
        Arrival { direction: Direction::Outbound, .. } => Some(NoRun::Outbound),
        Arrival { origin: Origin::HistorySync, .. } => Some(NoRun::History),
        Arrival { origin: Origin::Filled, .. } => Some(NoRun::Filled),
        Arrival { test: true, .. } => Some(NoRun::Test),
        Arrival { content: Content::Reaction { .. }, .. } => Some(NoRun::Reaction),
        Arrival { content: Content::Sticker(_), .. } => Some(NoRun::Sticker),
        Arrival { sent_at, .. } if now.since(*sent_at) > STALE_AFTER => Some(NoRun::Stale),
        Arrival { opted_out: true, .. } => Some(NoRun::OptedOut),
        Arrival { taken_by: Some(_), .. } => Some(NoRun::Taken),
        Arrival { mode: None, .. } => Some(NoRun::NoAssignment),
        Arrival { mode: Some(Mode::Off), .. } => Some(NoRun::Off),
        _ => None,
    };
    match refused {
        Some(reason) => Route::None(reason),
        None => Route::Run { due_at: now.plus(debounce) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival<'a>(content: &'a Content, origin: &'a Origin) -> Arrival<'a> {
        Arrival {
            direction: Direction::Inbound,
            origin,
            content,
            test: false,
            sent_at: Timestamp::from_seconds(1_000),
            mode: Some(Mode::Auto),
            taken_by: None,
            opted_out: false,
        }
    }

    #[test]
    fn each_reason_stands_alone() {
        let now = Timestamp::from_seconds(1_001);
        let text = Content::text("hi");
        let api = Origin::Api;
        let decide = |arrival: &Arrival<'_>| route(arrival, Duration::from_secs(4), now);
        assert_eq!(decide(&arrival(&text, &api)), Route::Run { due_at: Timestamp::from_seconds(1_005) });

        let refused = |arrival: Arrival<'_>, reason| assert_eq!(decide(&arrival), Route::None(reason));
        refused(Arrival { direction: Direction::Outbound, ..arrival(&text, &api) }, NoRun::Outbound);
        refused(Arrival { test: true, ..arrival(&text, &api) }, NoRun::Test);
        refused(arrival(&text, &Origin::HistorySync), NoRun::History);
        refused(Arrival { taken_by: Some("ada"), ..arrival(&text, &api) }, NoRun::Taken);
        refused(Arrival { mode: None, ..arrival(&text, &api) }, NoRun::NoAssignment);
        refused(Arrival { mode: Some(Mode::Off), ..arrival(&text, &api) }, NoRun::Off);
        refused(Arrival { opted_out: true, ..arrival(&text, &api) }, NoRun::OptedOut);
        let reaction = Content::Reaction { target: "x".into(), emoji: None };
        refused(arrival(&reaction, &api), NoRun::Reaction);
        let old = Arrival { sent_at: Timestamp::from_seconds(1_001 - 7 * 3_600), ..arrival(&text, &api) };
        refused(old, NoRun::Stale);
    }
}

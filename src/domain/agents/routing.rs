//! Decides whether a new message starts an agent run, and of which agent. The decision depends on the message's
//! direction, never on a delivery status, and is recorded with a trace.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::agents::assignment::{Assignment, Mode};
use crate::domain::agents::contract::{Conditions, Contract};
use crate::domain::inbound::event::{Direction, Origin};
use crate::domain::language;
use crate::domain::message::content::Content;
use crate::domain::message::inbound_kind::InboundKind;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// Older messages count as history, because a reply is no longer expected.
pub const STALE_AFTER: Duration = Duration::from_secs(6 * 60 * 60);

/// Origin name of messages in conversations that another app holds; wadeck only receives copies.
pub const STANDBY: &str = "standby";

/// The facts about a new message that routing uses, besides the assignments.
#[derive(Debug, Clone)]
pub struct Arrival<'a> {
    pub direction: Direction,
    pub origin: &'a Origin,
    pub content: &'a Content,
    pub test: bool,
    pub sent_at: Timestamp,
    /// No message was exchanged with the contact before.
    pub first: bool,
    /// The person who owns the thread.
    pub taken_by: Option<&'a str>,
    /// The agent escalated the thread, and no person has released it.
    pub handed_off: bool,
    pub opted_out: bool,
    /// When a person last wrote in the thread, and how long agents pause then unless their contract says otherwise.
    pub person_wrote_at: Option<Timestamp>,
    pub pause_after_person: Duration,
    /// The sender is one of this installation's own numbers.
    pub ours: bool,
    /// Local offset from UTC in seconds.
    pub offset: i64,
}

impl Arrival<'_> {
    /// Returns until when an agent under this contract pauses after a person's message.
    fn paused_until(&self, contract: &Contract) -> Option<Timestamp> {
        paused_until(self.person_wrote_at?, contract.pause_after_person_minutes, self.pause_after_person)
    }
}

/// Returns until when an agent pauses after a person wrote in the thread; `None` for no pause. `minutes` is the
/// contract's setting, `usual` the number's.
pub fn paused_until(person_wrote_at: Timestamp, minutes: Option<u32>, usual: Duration) -> Option<Timestamp> {
    let pause = minutes.map_or(usual, |minutes| Duration::from_secs(u64::from(minutes) * 60));
    (!pause.is_zero()).then(|| person_wrote_at.plus(pause))
}

/// An assignment that could answer, with its current usage.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub assignment: Assignment,
    /// Replies of its agent in this thread within the last hour.
    pub replies: u32,
    /// Tokens used within the last day.
    pub tokens: u64,
    pub money: u64,
    /// Who stopped the agent, and why.
    pub stopped: Option<String>,
}

/// The routing decision with its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub route: Route,
    /// One line per assignment or rule that was evaluated.
    pub trace: Vec<String>,
}

/// Result of routing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The candidate at this index answers, not before `due_at`.
    Run {
        candidate: usize,
        due_at: Timestamp,
    },
    None(NoRun),
}

/// Why no agent run starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoRun {
    Outbound,
    Test,
    History,
    Filled,
    Reaction,
    Sticker,
    Call,
    News,
    Unsupported,
    Ours,
    Standby,
    Stale,
    OptedOut,
    Taken,
    HandedOff,
    NoAssignment,
    /// Agents are assigned, but none covers this message.
    NoneFits,
    Off,
    Stopped,
    /// The agent changed since its approval.
    Changed,
    /// A person wrote in the thread recently.
    PersonWrote,
    Capped,
    Budget,
}

impl NoRun {
    pub const ALL: [Self; 23] = [
        Self::Outbound,
        Self::Test,
        Self::History,
        Self::Filled,
        Self::Reaction,
        Self::Sticker,
        Self::Call,
        Self::News,
        Self::Unsupported,
        Self::Ours,
        Self::Standby,
        Self::Stale,
        Self::OptedOut,
        Self::Taken,
        Self::HandedOff,
        Self::NoAssignment,
        Self::NoneFits,
        Self::Off,
        Self::Stopped,
        Self::Changed,
        Self::PersonWrote,
        Self::Capped,
        Self::Budget,
    ];

    /// Returns the reason with this description.
    pub fn from_words(words: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.words() == words)
    }

    /// Describes the reason. Stored messages contain this text.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Outbound => "it is an outgoing message",
            Self::Test => "it is a test of the provider, and tests are not answered",
            Self::History => "it is history that the provider synchronized",
            Self::Filled => "it was backfilled, and agents do not answer backfilled messages",
            Self::Reaction => "reactions need no reply",
            Self::Sticker => "stickers need no reply",
            Self::Call => "calls are not answered here",
            Self::News => "it is a notice about the conversation and needs no reply",
            Self::Unsupported => "its content is not supported, so an agent cannot read it",
            Self::Ours => "one of our own numbers sent it, and two machines would answer each other",
            Self::Standby => "another app owns the conversation at the provider",
            Self::Stale => "it arrived hours late",
            Self::OptedOut => "the contact opted out",
            Self::Taken => "a person owns the thread",
            Self::HandedOff => "its agent escalated the thread, and nobody has released it",
            Self::NoAssignment => "no agent is assigned to this number or thread",
            Self::NoneFits => "no agent of this number answers such a message, or at this hour",
            Self::Off => "the assigned agent is off",
            Self::Stopped => "the agent is stopped",
            Self::Changed => "the agent has changed since its approval and was not approved again",
            Self::PersonWrote => "a person wrote here recently, and the agent pauses",
            Self::Capped => {
                "the agent has reached its replies per hour in this thread; perhaps two machines answer each other"
            }
            Self::Budget => "the agent has used up its daily budget",
        }
    }

    /// Returns `true` if the thread then waits for a person, because no agent answers.
    pub const fn leaves_waiting(self) -> bool {
        !matches!(
            self,
            Self::Outbound
                | Self::Test
                | Self::History
                | Self::Reaction
                | Self::Sticker
                | Self::Call
                | Self::News
                | Self::Ours
                | Self::Standby
                | Self::OptedOut
        )
    }

    /// Returns `true` if the reason raises its own alert, besides the waiting thread.
    pub const fn alerts(self) -> bool {
        matches!(self, Self::Capped | Self::Budget | Self::Changed)
    }
}

/// Decides which candidate answers. Candidates are in order of precedence: the thread's own assignment, then those
/// with conditions, then the one without.
pub fn route(arrival: &Arrival<'_>, candidates: &[Candidate], debounce: Duration, now: Timestamp) -> Decision {
    let mut trace = vec![];
    if let Some(reason) = refused(arrival, now) {
        trace.push(format!("nobody: {}", reason.words()));
        return Decision { route: Route::None(reason), trace };
    }
    let words = arrival.content.words();
    let mut reason = NoRun::NoAssignment;
    for (at, candidate) in candidates.iter().enumerate() {
        let one = &candidate.assignment;
        let who = format!("{} ({})", clean_line(&one.agent), one.id);
        if let Some(why) = does_not_fit(&one.contract.when, arrival, words.as_received(), now) {
            trace.push(format!("{who}: does not apply, {why}"));
            reason = NoRun::NoneFits;
            continue;
        }
        // The first candidate that covers the message decides: if it is off or at a limit, no other candidate
        // answers.
        let held = held_back(candidate, arrival, now);
        match held {
            Some(why) => {
                trace.push(format!("{who}: {}", detail(candidate, why)));
                return Decision { route: Route::None(why), trace };
            }
            None => {
                let due_at = now.plus(debounce);
                trace.push(format!("{who}: answers ({})", one.mode.name()));
                return Decision { route: Route::Run { candidate: at, due_at }, trace };
            }
        }
    }
    if trace.is_empty() {
        trace.push(format!("nobody: {}", reason.words()));
    }
    Decision { route: Route::None(reason), trace }
}

/// Returns why no agent may answer the message, whichever is assigned.
fn refused(arrival: &Arrival<'_>, now: Timestamp) -> Option<NoRun> {
    Some(match arrival {
        Arrival { direction: Direction::Outbound, .. } => NoRun::Outbound,
        Arrival { origin: Origin::HistorySync, .. } => NoRun::History,
        Arrival { origin: Origin::Filled, .. } => NoRun::Filled,
        Arrival { test: true, .. } => NoRun::Test,
        Arrival { ours: true, .. } => NoRun::Ours,
        Arrival { origin: Origin::Other(name), .. } if name == STANDBY => NoRun::Standby,
        Arrival { content, .. } if let Some(reason) = by_kind(content) => reason,
        Arrival { sent_at, .. } if now.since(*sent_at) > STALE_AFTER => NoRun::Stale,
        Arrival { opted_out: true, .. } => NoRun::OptedOut,
        Arrival { taken_by: Some(_), .. } => NoRun::Taken,
        Arrival { handed_off: true, .. } => NoRun::HandedOff,
        _ => return None,
    })
}

/// Returns why messages of this kind are not answered; `None` if they can be.
fn by_kind(content: &Content) -> Option<NoRun> {
    Some(match InboundKind::of(content) {
        InboundKind::Words => return None,
        InboundKind::Sticker => NoRun::Sticker,
        InboundKind::Reaction => NoRun::Reaction,
        InboundKind::Call => NoRun::Call,
        InboundKind::News | InboundKind::Group => NoRun::News,
        InboundKind::Unsupported => NoRun::Unsupported,
    })
}

/// Returns why a candidate that covers the message does not answer now.
fn held_back(candidate: &Candidate, arrival: &Arrival<'_>, now: Timestamp) -> Option<NoRun> {
    let (one, contract) = (&candidate.assignment, &candidate.assignment.contract);
    Some(match () {
        () if candidate.stopped.is_some() => NoRun::Stopped,
        () if one.mode == Mode::Off => NoRun::Off,
        () if one.stale_since.is_some() => NoRun::Changed,
        () if arrival.paused_until(contract).is_some_and(|until| now < until) => NoRun::PersonWrote,
        () if candidate.replies >= contract.max_per_hour => NoRun::Capped,
        () if contract.tokens_per_day.is_some_and(|most| candidate.tokens >= most) => NoRun::Budget,
        () if contract.money_per_day.is_some_and(|most| candidate.money >= most.0) => NoRun::Budget,
        () => return None,
    })
}

/// Describes a reason with the candidate's figures.
fn detail(candidate: &Candidate, why: NoRun) -> String {
    match (why, &candidate.stopped) {
        (NoRun::Stopped, Some(by)) => format!("stopped by {}", clean_line(by)),
        (NoRun::Capped, _) => format!("{} replies in the last hour, the maximum of its contract", candidate.replies),
        _ => why.words().to_owned(),
    }
}

/// Returns why the conditions do not cover the message; `None` if they do.
fn does_not_fit(when: &Conditions, arrival: &Arrival<'_>, words: &str, now: Timestamp) -> Option<String> {
    if let Some(first) = when.first_contact.filter(|first| *first != arrival.first) {
        return Some(
            if first { "the contact has written before" } else { "the contact writes for the first time" }.to_owned(),
        );
    }
    if let Some(hours) = when.hours.filter(|hours| !hours.hold(now, arrival.offset)) {
        return Some(format!("outside of {hours}"));
    }
    if let Some(wanted) = &when.language {
        match language::detect(words) {
            Some(found) if found.eq_ignore_ascii_case(wanted) => {}
            Some(found) => return Some(format!("the message is in {found}")),
            None => return Some("the language is unknown".to_owned()),
        }
    }
    let lower = words.to_lowercase();
    if !when.words.is_empty() && !when.words.iter().any(|word| lower.contains(&word.to_lowercase())) {
        return Some("the message has none of its words".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agents::assignment::AssignmentState;
    use crate::domain::agents::contract::Hours;
    use crate::domain::ids::{AssignmentId, ConnectionId};

    fn candidate(id: i64, contract: Contract) -> Candidate {
        Candidate {
            assignment: Assignment {
                id: AssignmentId(id),
                connection: ConnectionId(1),
                thread: None,
                agent: "helper".into(),
                mode: Mode::Auto,
                state: AssignmentState::Active,
                from_file: true,
                place: 0,
                contract,
                agent_digest: None,
                stale_since: None,
                evidence: None,
                proposed_by: "ada".into(),
                proposed_at: Timestamp::EPOCH,
                approved_by: None,
                approved_at: None,
                approved_person: None,
                approved_digest: None,
                decided_by: None,
                decided_at: None,
                reason: None,
                expires_at: None,
                snoozed_until: None,
            },
            replies: 0,
            tokens: 0,
            money: 0,
            stopped: None,
        }
    }

    fn arrival<'a>(content: &'a Content, origin: &'a Origin) -> Arrival<'a> {
        Arrival {
            direction: Direction::Inbound,
            origin,
            content,
            test: false,
            sent_at: Timestamp::from_seconds(1_000),
            first: false,
            taken_by: None,
            handed_off: false,
            opted_out: false,
            person_wrote_at: None,
            pause_after_person: Duration::from_secs(3_600),
            ours: false,
            offset: 0,
        }
    }

    const NOW: Timestamp = Timestamp::from_seconds(1_001);

    fn decide(arrival: &Arrival<'_>, candidates: &[Candidate]) -> Route {
        route(arrival, candidates, Duration::from_secs(4), NOW).route
    }

    #[test]
    fn each_reason_stands_alone() {
        let text = Content::text("hi");
        let api = Origin::Api;
        let usual = [candidate(1, Contract::default())];
        let due_at = Timestamp::from_seconds(1_005);
        assert_eq!(decide(&arrival(&text, &api), &usual), Route::Run { candidate: 0, due_at });
        assert_eq!(decide(&arrival(&text, &api), &[]), Route::None(NoRun::NoAssignment));

        let refused = |arrival: Arrival<'_>, reason| assert_eq!(decide(&arrival, &usual), Route::None(reason));
        refused(Arrival { direction: Direction::Outbound, ..arrival(&text, &api) }, NoRun::Outbound);
        refused(Arrival { test: true, ..arrival(&text, &api) }, NoRun::Test);
        refused(arrival(&text, &Origin::HistorySync), NoRun::History);
        refused(Arrival { taken_by: Some("ada"), ..arrival(&text, &api) }, NoRun::Taken);
        refused(Arrival { handed_off: true, ..arrival(&text, &api) }, NoRun::HandedOff);
        refused(Arrival { opted_out: true, ..arrival(&text, &api) }, NoRun::OptedOut);
        let reaction = Content::Reaction { target: "x".into(), emoji: None };
        refused(arrival(&reaction, &api), NoRun::Reaction);
        let old = Arrival { sent_at: Timestamp::from_seconds(1_001 - 7 * 3_600), ..arrival(&text, &api) };
        refused(old, NoRun::Stale);
    }

    #[test]
    fn whoever_fits_is_held_back_alone_and_nobody_steps_in() {
        let (text, api) = (Content::text("hi"), Origin::Api);
        let held = |change: fn(&mut Candidate), reason| {
            let mut first = candidate(1, Contract { tokens_per_day: Some(10), ..Contract::default() });
            change(&mut first);
            let both = [first, candidate(2, Contract::default())];
            assert_eq!(decide(&arrival(&text, &api), &both), Route::None(reason));
        };
        held(|one| one.stopped = Some("ada".into()), NoRun::Stopped);
        held(|one| one.assignment.mode = Mode::Off, NoRun::Off);
        held(|one| one.assignment.stale_since = Some(NOW), NoRun::Changed);
        held(|one| one.replies = 12, NoRun::Capped);
        held(|one| one.tokens = 10, NoRun::Budget);
    }

    #[test]
    fn after_a_person_wrote_the_agent_pauses_as_long_as_it_is_told() {
        let (text, api) = (Content::text("hi"), Origin::Api);
        let decide = |ago: u64, minutes: Option<u32>| {
            let contract = Contract { pause_after_person_minutes: minutes, ..Contract::default() };
            let wrote = Some(NOW.minus(Duration::from_secs(ago)));
            decide(&Arrival { person_wrote_at: wrote, ..arrival(&text, &api) }, &[candidate(1, contract)])
        };
        assert_eq!(decide(3_599, None), Route::None(NoRun::PersonWrote));
        assert!(matches!(decide(3_600, None), Route::Run { .. }));
        assert!(matches!(decide(0, Some(0)), Route::Run { .. }));
        assert_eq!(decide(3_600, Some(61)), Route::None(NoRun::PersonWrote));
    }

    #[test]
    fn conditions_choose_among_agents_and_the_trace_tells_how() {
        let api = Origin::Api;
        let when = |when: Conditions| Contract { when, ..Contract::default() };
        let all = [
            candidate(1, when(Conditions { first_contact: Some(true), ..Conditions::default() })),
            candidate(2, when(Conditions { words: vec!["Invoice".into()], ..Conditions::default() })),
            candidate(3, when(Conditions { hours: Hours::parse("09:00-10:00").ok(), ..Conditions::default() })),
            candidate(4, when(Conditions { language: Some("es".into()), ..Conditions::default() })),
            candidate(5, Contract::default()),
        ];
        let chosen = |arrival: &Arrival<'_>| match decide(arrival, &all) {
            Route::Run { candidate, .. } => all[candidate].assignment.id.0,
            Route::None(reason) => panic!("{reason:?}"),
        };
        let (hi, bill) = (Content::text("hi"), Content::text("where is my invoice?"));
        let spanish = Content::text("Buenos días, quisiera saber cuándo llega mi pedido, por favor");
        assert_eq!(chosen(&Arrival { first: true, ..arrival(&hi, &api) }), 1);
        assert_eq!(chosen(&arrival(&bill, &api)), 2);
        assert_eq!(chosen(&Arrival { offset: 9 * 3_600, ..arrival(&hi, &api) }), 3);
        assert_eq!(chosen(&arrival(&spanish, &api)), 4);
        assert_eq!(chosen(&arrival(&hi, &api)), 5);
        let told = route(&arrival(&hi, &api), &all[..3], Duration::ZERO, NOW);
        assert_eq!(told.route, Route::None(NoRun::NoneFits));
        assert_eq!(
            told.trace,
            [
                "helper (g1): does not apply, the contact has written before",
                "helper (g2): does not apply, the message has none of its words",
                "helper (g3): does not apply, outside of 09:00-10:00",
            ]
        );
    }
}

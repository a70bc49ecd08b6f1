//! What a contact's message means: a function of values. It is decided here and written down by whoever asked; neither
//! clock nor store is asked.

use std::time::Duration;

use crate::domain::agents::routing::{Arrival, Candidate, Route, route};
use crate::domain::contacts::opt_out::OptOutIntent;
use crate::domain::ids::{ContactId, ThreadId};
use crate::domain::inbound::event::{MessageEvent, Origin};
use crate::domain::message::content::Content;
use crate::domain::message::inbound_kind::{Circumstance, InboundKind, KindEffects};
use crate::domain::message::window;
use crate::domain::time::Timestamp;

/// Nothing was written over this platform before: the beginning of 2009.
const FIRST_MESSAGES: Timestamp = Timestamp::from_seconds(1_230_768_000);

/// How far ahead a clock there may run.
const AHEAD: Duration = Duration::from_secs(86_400);

/// A time that can be: from before there were such messages, or from days ahead, it is the time at which it came.
pub fn plausible(at: Timestamp, received_at: Timestamp) -> Timestamp {
    let can_be = at >= FIRST_MESSAGES && at <= received_at.plus(AHEAD);
    if can_be { at } else { received_at }
}

/// The thread that a message belongs to, as it stands before the message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts, each asked by its name")]
pub struct ThreadFacts {
    pub thread: ThreadId,
    pub contact: ContactId,
    pub taken_by: Option<String>,
    pub opted_out: bool,
    /// Nothing was ever exchanged before.
    pub first: bool,
    /// When a person last wrote in it, unless it was given back since.
    pub person_wrote_at: Option<Timestamp>,
    /// Its agent gave it away.
    pub handed_off: bool,
    /// A person said that nothing is left to do in it.
    pub resolved: bool,
    /// Another app was told to hold the conversation last.
    pub held_elsewhere: bool,
    /// Its contact is a number of our own.
    pub ours: bool,
    /// An assignment is in force that could answer in it.
    pub has_agents: bool,
    /// An agent's answer waits for a decision.
    pub has_proposal: bool,
    /// An agent is at work on it, or something waits to be sent in it.
    pub is_busy: bool,
}

/// A message as it came, and what it is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'e> {
    pub event: &'e MessageEvent,
    pub received_at: Timestamp,
    /// Its place in the thread.
    pub created_at: Timestamp,
    pub now: Timestamp,
    /// What its words say about wanting messages.
    pub intent: Option<OptOutIntent>,
    /// How long an agent leaves a thread to a person who wrote in it.
    pub pause_after_person: Duration,
    /// How long an agent waits for further words.
    pub debounce: Duration,
    /// What local time is ahead of UTC, in seconds.
    pub offset: i64,
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answerer {
    /// The candidate at this place, from this time on.
    Agent { candidate: usize, due_at: Timestamp },
    /// Nobody by himself.
    Nobody {
        reason: &'static str,
        /// The thread waits for a person.
        waits: bool,
        /// What people are told, where it is to be said aloud.
        alert: Option<String>,
    },
}

/// What follows from a message for its thread and its contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// It counts as unread.
    pub unread: bool,
    /// It opens a resolved thread again.
    pub reopens: bool,
    /// Until when freeform may be sent on its account.
    pub window_closes_at: Option<Timestamp>,
    /// Whether the contact wants no messages any more, or wants them again; `None` where that stays as it was.
    pub opted_out: Option<bool>,
    /// The words also take back a stop of marketing messages.
    pub wants_marketing: bool,
    /// The file that came with it is to be fetched.
    pub fetches_file: bool,
    pub answerer: Answerer,
    /// How it was decided who answers, a line for each thing that was looked at.
    pub trace: Vec<String>,
    /// Other programs are told of it.
    pub told: bool,
    /// Since when its contact is new, where this is their first message.
    pub new_at: Option<Timestamp>,
    /// Whom a test of the provider's would be answered by, were it none: nothing is sent.
    pub would_answer: Option<usize>,
}

impl Decision {
    /// Whether an answer that an agent proposed before answers a question that has changed.
    pub const fn ends_proposal(&self) -> bool {
        matches!(self.answerer, Answerer::Agent { .. } | Answerer::Nobody { waits: true, .. })
    }
}

/// What follows for the thread by the kind of a message, and by how it came.
pub fn effects_of(event: &MessageEvent) -> KindEffects {
    InboundKind::of(&event.content).effects().under(Circumstance::of(event))
}

/// Whether routing is asked at all: then the assignments in force have to be known. For a test it is asked who would
/// answer.
pub fn asks_for_agents(event: &MessageEvent) -> bool {
    InboundKind::of(&event.content).effects().under(Circumstance::of_untested(event)).routed
}

/// Whether words of a contact may opt out or in: what they themselves wrote now, or what was found later.
pub fn may_opt_out(event: &MessageEvent) -> Option<&str> {
    match &event.content {
        Content::Text { body, .. } if !event.test && matches!(event.origin, Origin::Api | Origin::Filled) => {
            Some(body.as_received())
        }
        _ => None,
    }
}

/// Decides what a message means. Tests and history change nothing but the list of messages.
pub fn decide(judged: &Judged<'_>, thread: &ThreadFacts, candidates: &[Candidate]) -> Decision {
    let event = judged.event;
    let follows = effects_of(event);
    let counts = !event.test && event.origin != Origin::HistorySync;
    let sent_at = plausible(event.sent_at, judged.received_at);
    let opted_out =
        judged.intent.map(|intent| intent == OptOutIntent::Out).filter(|wants_none| *wants_none != thread.opted_out);
    let arrival = Arrival {
        direction: event.direction,
        origin: &event.origin,
        content: &event.content,
        test: event.test,
        sent_at,
        first: thread.first,
        taken_by: thread.taken_by.as_deref(),
        handed_off: thread.handed_off,
        opted_out: opted_out.unwrap_or(thread.opted_out),
        ours: thread.ours,
        person_wrote_at: thread.person_wrote_at,
        pause_after_person: judged.pause_after_person,
        offset: judged.offset,
    };
    let routed = route(&arrival, candidates, judged.debounce, judged.now);
    let would_answer = match route(&Arrival { test: false, ..arrival }, candidates, judged.debounce, judged.now).route {
        Route::Run { candidate, .. } if event.test => Some(candidate),
        _ => None,
    };
    let answerer = match routed.route {
        Route::Run { candidate, due_at } => Answerer::Agent { candidate, due_at },
        Route::None(reason) => Answerer::Nobody {
            reason: reason.words(),
            waits: follows.waits && reason.leaves_waiting(),
            alert: reason.alerts().then(|| routed.trace.last().map_or_else(|| reason.words().to_owned(), Clone::clone)),
        },
    };
    Decision {
        unread: follows.unread,
        reopens: thread.resolved && follows.unread,
        window_closes_at: follows.window.then(|| window::closes_after(sent_at, judged.received_at)),
        opted_out,
        wants_marketing: judged.intent == Some(OptOutIntent::In),
        fetches_file: !event.test && event.content.media().is_some_and(|media| !media.id.is_empty()),
        answerer,
        trace: routed.trace,
        told: counts,
        new_at: (counts && event.first_contact.unwrap_or(thread.first)).then_some(judged.created_at),
        would_answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contacts::address::Address;
    use crate::domain::inbound::event::Direction;
    use crate::domain::message::inbound_content::Extras;

    fn event(content: Content) -> MessageEvent {
        MessageEvent {
            phone_number_id: "1".into(),
            provider_message_id: "wamid.1".into(),
            direction: Direction::Inbound,
            origin: Origin::Api,
            contact: vec![Address::User("u".into())],
            contact_name: None,
            content,
            sent_at: now(),
            reply_to: None,
            statuses: vec![],
            raw_statuses: vec![],
            reference: None,
            other_statuses: vec![],
            first_contact: None,
            counts: None,
            test: false,
            extras: Extras::default(),
            group: None,
            moved: None,
            conversation: None,
        }
    }

    fn now() -> Timestamp {
        Timestamp::parse("2026-06-01T12:00:00Z").expect("a time")
    }

    fn thread() -> ThreadFacts {
        ThreadFacts {
            thread: ThreadId(1),
            contact: ContactId(1),
            taken_by: None,
            opted_out: false,
            first: true,
            person_wrote_at: None,
            handed_off: false,
            resolved: false,
            held_elsewhere: false,
            ours: false,
            has_agents: false,
            has_proposal: false,
            is_busy: false,
        }
    }

    fn decided(event: &MessageEvent, intent: Option<OptOutIntent>, thread: &ThreadFacts) -> Decision {
        let judged = Judged {
            event,
            received_at: now(),
            created_at: now(),
            now: now(),
            intent,
            pause_after_person: Duration::ZERO,
            debounce: Duration::ZERO,
            offset: 0,
        };
        decide(&judged, thread, &[])
    }

    #[test]
    fn words_open_the_window_and_wait_for_a_person_where_no_agent_is() {
        let decision = decided(&event(Content::text("hello")), None, &thread());
        assert!(decision.unread && decision.told && decision.ends_proposal());
        assert_eq!(decision.window_closes_at, Some(now().plus(Duration::from_secs(86_400))));
        assert!(matches!(decision.answerer, Answerer::Nobody { waits: true, .. }), "{decision:?}");
    }

    #[test]
    fn history_and_tests_change_nothing_for_the_thread() {
        for (origin, test) in [(Origin::HistorySync, false), (Origin::Api, true)] {
            let event = MessageEvent { origin, test, ..event(Content::text("hello")) };
            let decision = decided(&event, None, &thread());
            assert!(!decision.unread && !decision.told, "{event:?}");
            assert_eq!(decision.window_closes_at, None, "{event:?}");
            assert_eq!(may_opt_out(&event), None, "{event:?}");
        }
    }

    #[test]
    fn an_intent_counts_only_where_it_changes_something() {
        let stop = event(Content::text("stop"));
        assert_eq!(decided(&stop, Some(OptOutIntent::Out), &thread()).opted_out, Some(true));
        let out = ThreadFacts { opted_out: true, ..thread() };
        assert_eq!(decided(&stop, Some(OptOutIntent::Out), &out).opted_out, None);
        let back = decided(&stop, Some(OptOutIntent::In), &out);
        assert_eq!((back.opted_out, back.wants_marketing), (Some(false), true));
    }

    #[test]
    fn what_another_app_answers_is_read_along() {
        let standby = MessageEvent { origin: Origin::Other("standby".into()), ..event(Content::text("hello")) };
        let decision = decided(&standby, None, &thread());
        assert!(!decision.unread && !decision.ends_proposal(), "{decision:?}");
        assert!(decision.window_closes_at.is_some(), "the window is that of the number");
    }

    #[test]
    fn a_time_that_cannot_be_is_that_of_arrival() {
        let late = now().plus(Duration::from_secs(30 * 86_400));
        assert_eq!(plausible(late, now()), now());
        assert_eq!(plausible(Timestamp::EPOCH, now()), now());
        assert_eq!(plausible(now().minus(Duration::from_secs(60)), now()), now().minus(Duration::from_secs(60)));
    }
}

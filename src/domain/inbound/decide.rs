//! Decides the effects of a contact's message, as a pure function of its arguments: neither clock nor store is read.
//! The caller stores the result.

use std::time::Duration;

use crate::domain::agents::routing::{Arrival, Candidate, Route, route};
use crate::domain::contacts::opt_out::OptOutIntent;
use crate::domain::ids::{ContactId, ThreadId};
use crate::domain::inbound::event::{MessageEvent, Origin};
use crate::domain::message::content::Content;
use crate::domain::message::inbound_kind::{Circumstance, InboundKind, KindEffects};
use crate::domain::message::window;
use crate::domain::time::Timestamp;

/// Earlier reported times are impossible: WhatsApp started in 2009.
const FIRST_MESSAGES: Timestamp = Timestamp::from_seconds(1_230_768_000);

/// Maximum time by which a provider's clock may be ahead.
const AHEAD: Duration = Duration::from_secs(86_400);

/// Returns the reported time, or the time of arrival if the reported time is impossible: before WhatsApp existed, or
/// more than a day ahead.
pub fn plausible(at: Timestamp, received_at: Timestamp) -> Timestamp {
    let can_be = at >= FIRST_MESSAGES && at <= received_at.plus(AHEAD);
    if can_be { at } else { received_at }
}

/// State of the thread before the message is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts, each asked by its name")]
pub struct ThreadFacts {
    pub thread: ThreadId,
    pub contact: ContactId,
    pub taken_by: Option<String>,
    pub opted_out: bool,
    /// No message was exchanged with the contact before.
    pub first: bool,
    /// When a person last wrote in the thread; `None` if the thread was released since.
    pub person_wrote_at: Option<Timestamp>,
    /// The agent escalated the thread.
    pub handed_off: bool,
    /// A person marked the thread as resolved.
    pub resolved: bool,
    /// The thread is snoozed until a time.
    pub snoozed: bool,
    /// The latest report says that another app holds the conversation.
    pub held_elsewhere: bool,
    /// The contact is one of this installation's own numbers.
    pub ours: bool,
    /// An assignment is in force that could answer in the thread.
    pub has_agents: bool,
    /// A suggested reply waits for a decision.
    pub has_proposal: bool,
    /// An agent run is in progress, or a message is queued in the thread.
    pub is_busy: bool,
}

/// A message with the facts that the decision uses.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'e> {
    pub event: &'e MessageEvent,
    pub received_at: Timestamp,
    /// Time by which the message is sorted in the thread.
    pub created_at: Timestamp,
    pub now: Timestamp,
    /// Opt-out or opt-in that the text expresses.
    pub intent: Option<OptOutIntent>,
    /// Pause of agents after a person wrote in the thread.
    pub pause_after_person: Duration,
    /// Time that an agent waits for further messages.
    pub debounce: Duration,
    /// Local offset from UTC in seconds.
    pub offset: i64,
}

/// Who answers a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answerer {
    /// The candidate at this index, from `due_at` on.
    Agent { candidate: usize, due_at: Timestamp },
    /// No agent answers.
    Nobody {
        reason: &'static str,
        /// The thread waits for a person.
        waits: bool,
        /// Text of an alert; `None` raises none.
        alert: Option<String>,
    },
}

/// Effects of a message on its thread and contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The message counts as unread.
    pub unread: bool,
    /// The message reopens a resolved thread.
    pub reopens: bool,
    /// The message ends the thread's snooze.
    pub ends_snooze: bool,
    /// New closing time of the service window; `None` leaves it unchanged.
    pub window_closes_at: Option<Timestamp>,
    /// `true` records an opt-out, `false` an opt-in; `None` changes nothing.
    pub opted_out: Option<bool>,
    /// The text also revokes a stop of marketing messages.
    pub wants_marketing: bool,
    /// The message's file is to be downloaded.
    pub fetches_file: bool,
    pub answerer: Answerer,
    /// Trace of the routing decision, one line per rule that was evaluated.
    pub trace: Vec<String>,
    /// The message is reported to other programs as an event.
    pub told: bool,
    /// Set if this is the contact's first message: since when the contact is new.
    pub new_at: Option<Timestamp>,
    /// For a provider's test: the candidate that would answer a real message. Nothing is sent.
    pub would_answer: Option<usize>,
}

impl Decision {
    /// Returns `true` if an earlier suggested reply is obsolete, because the contact wrote something new.
    pub const fn ends_proposal(&self) -> bool {
        matches!(self.answerer, Answerer::Agent { .. } | Answerer::Nobody { waits: true, .. })
    }
}

/// Returns the effects of an event by its kind and circumstance.
pub fn effects_of(event: &MessageEvent) -> KindEffects {
    InboundKind::of(&event.content).effects().under(Circumstance::of(event))
}

/// Returns `true` if the event is routed, so that the caller has to load the assignments in force. Tests are routed,
/// too, to find the agent that would answer.
pub fn asks_for_agents(event: &MessageEvent) -> bool {
    InboundKind::of(&event.content).effects().under(Circumstance::of_untested(event)).routed
}

/// Returns the text that can express an opt-out or opt-in; `None` for tests, history and content other than text.
pub fn may_opt_out(event: &MessageEvent) -> Option<&str> {
    match &event.content {
        Content::Text { body, .. } if !event.test && matches!(event.origin, Origin::Api | Origin::Filled) => {
            Some(body.as_received())
        }
        _ => None,
    }
}

/// Decides the effects of a message. Tests and history have none besides the list of messages.
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
        ends_snooze: thread.snoozed && follows.unread,
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
            snoozed: false,
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

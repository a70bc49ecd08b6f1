//! What contradicts each other at the same moment, and what colleagues do in one thread.

use std::time::Duration;

use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::access::scope::Scope;
use wadeck::domain::access::token::TokenRequest;
use wadeck::domain::agents::requests::{AgentRequest, StopScope};
use wadeck::domain::ids::{MessageId, RunId};
use wadeck::domain::numbers::number::NumberRequest;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::outbox::job::BulkAction;
use wadeck::domain::request::{Request, SendContext};
use wadeck::operations;
use wadeck::operations::perform;

use super::scenes::{asked, proposed, queued, send, suggested, uncertain};
use super::{ROUNDS, ben, both, code, eve, rows};
use crate::numbers::support;
use crate::sitting::Sitting;
use crate::stage::{Stage, ada, rosa};

/// Two requests of which one has to lose, whichever it is.
async fn contradict(name: &str, make: impl AsyncFn() -> (Stage, (Actor, Request), (Actor, Request))) {
    for round in 0..ROUNDS {
        let (stage, first, second) = make().await;
        let before = rows(&stage).await.0;
        // Each is the first one once.
        let (one, two) = if round % 2 == 0 {
            both(&stage, first, second).await
        } else {
            let (two, one) = both(&stage, second, first).await;
            (one, two)
        };
        let written = rows(&stage).await.0 - before;
        let what = format!("{name}, round {round}: {one:?} and {two:?}, {written} rows");
        assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1, "{what}");
        assert_eq!(written, 1, "{what}");
        code(&one.err().or(two.err()).expect("one is refused"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_contradicts_each_other_is_decided_once() {
    let decides = |one: fn(RunId) -> AgentRequest, other: fn(RunId) -> AgentRequest| {
        async move || {
            let (stage, run) = suggested().await;
            (stage, (ada(), Request::Agents(one(run))), (eve(), Request::Agents(other(run))))
        }
    };
    let accept = |run| AgentRequest::Accept { run, instead: None };
    let edit = |run| AgentRequest::Accept { run, instead: Some("In my words.".into()) };
    let dismiss = |run| AgentRequest::Dismiss { run, reason: String::new() };
    contradict("accept and dismiss", decides(accept, dismiss)).await;
    contradict("accept and edit", decides(accept, edit)).await;
    contradict("edit and dismiss", decides(edit, dismiss)).await;
    contradict("approve and reject", async || {
        let (stage, assignment) = proposed().await;
        let approve = Request::Agents(AgentRequest::Approve { assignment });
        let reject = Request::Agents(AgentRequest::Reject { assignment, reason: "not yet".into() });
        (stage, (ada(), approve), (eve(), reject))
    })
    .await;
    contradict("retry and settle", async || {
        let (stage, _, entry) = uncertain().await;
        (stage, (ada(), Request::RetryEntry { entry }), (eve(), Request::ConfirmArrived { entry }))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retried_entry_is_sent_or_discarded_and_never_both() {
    for _ in 0..ROUNDS {
        let (stage, _, entry) = queued().await;
        stage.act(Request::DiscardEntry { entry }).await.expect("discarded");
        let before = rows(&stage).await.0;
        let retry = (ada(), Request::RetryEntry { entry });
        let (retried, discarded) = both(&stage, retry, (eve(), Request::DiscardEntry { entry })).await;
        retried.expect("it was discarded");
        let rows = rows(&stage).await.0 - before;
        let state = stage.outbox().await[0].state;
        match discarded {
            // It came after the retry, and took it out again.
            Ok(_) => assert_eq!((rows, state), (2, EntryState::Discarded)),
            Err(error) => assert_eq!((code(&error).as_str(), rows, state), ("not_discardable", 1, EntryState::Queued)),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_back_was_not_sent() {
    for _ in 0..2 * ROUNDS {
        let (stage, thread, _) = queued().await;
        let system = stage.system.clone();
        let sender = tokio::spawn(async move { operations::send_next(&system).await.expect("a step") });
        let system = stage.system.clone();
        let undo = tokio::spawn(async move { perform(&system, &ada(), Request::UndoSend { thread }).await });
        let (sent, undone) = tokio::join!(sender, undo);
        sent.expect("no panic");
        let accepted = stage.simulator.accepted().len();
        match undone.expect("no panic") {
            Ok(_) => assert_eq!((accepted, stage.outbox().await[0].state), (0, EntryState::Discarded)),
            Err(error) => assert_eq!((accepted, code(&error).as_str()), (1, "nothing_to_undo")),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_catches_what_was_accepted_or_is_first() {
    for _ in 0..ROUNDS {
        let (stage, run) = suggested().await;
        let accept = (ada(), Request::Agents(AgentRequest::Accept { run, instead: None }));
        let stop = (eve(), Request::Agents(AgentRequest::Stop { what: StopScope::All, reason: String::new() }));
        let (accepted, stopped) = both(&stage, accept, stop).await;
        stopped.expect("a stop is never in vain here");
        stage.send().await;
        assert!(stage.simulator.accepted().is_empty(), "nothing of an agent's leaves after a stop: {accepted:?}");
        if let Err(error) = accepted {
            assert_eq!(code(&error), "decided");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_bulk_action_touches_nothing_after_it_was_acknowledged() {
    let (stage, thread) = asked().await;
    for number in 0..30 {
        stage.act(send(thread, &format!("soon {number}"))).await.expect("queued");
    }
    let bulk = Request::Bulk { action: BulkAction::Discard, text: "soon".into() };
    let job = stage.act(bulk).await.expect("begun").created_id.expect("a number").parse().expect("a number");
    let system = stage.system.clone();
    let worker = tokio::spawn(async move { while operations::step_job(&system).await.expect("a step") {} });
    stage.act(Request::StopJob { job }).await.ok();
    let left = stage.outbox().await.iter().filter(|row| row.state == EntryState::Queued).count();
    worker.await.expect("no panic");
    let after = stage.outbox().await.iter().filter(|row| row.state == EntryState::Queued).count();
    assert_eq!(left, after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_done_by_a_token_that_was_revoked_meanwhile() {
    for _ in 0..ROUNDS {
        let (stage, thread) = asked().await;
        let make = TokenRequest::Create {
            name: "shop".into(),
            role: Role::Operator,
            agent: None,
            expires_at: None,
            scope: Scope::ALL,
        };
        stage.act(Request::Token(make)).await.expect("made");
        let shop =
            Actor::Program { name: "shop".into(), role: Role::Operator, person: "ada".into(), scope: Scope::ALL };
        let revoke = (ada(), Request::Token(TokenRequest::Revoke { name: "shop".into() }));
        let (revoked, sent) = both(&stage, revoke, (shop.clone(), send(thread, "from the shop"))).await;
        revoked.expect("revoked");
        if let Err(error) = &sent {
            assert_eq!(code(error), "token_revoked");
        }
        assert_eq!(stage.outbox().await.len(), usize::from(sent.is_ok()));
        let late = perform(&stage.system, &shop, send(thread, "late")).await.expect_err("it lets nobody in");
        assert_eq!(code(&late), "token_revoked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_is_given_back_sends_nothing_more() {
    for _ in 0..ROUNDS {
        let (stage, thread) = asked().await;
        let connection = support(&stage).await;
        let gone = (ada(), Request::Number(NumberRequest::Unregister { connection }));
        let (gone, sent) = both(&stage, gone, (eve(), send(thread, "too late?"))).await;
        gone.expect("given back");
        if let Err(error) = &sent {
            assert_eq!(code(error), "not_connected");
        }
        assert_eq!(stage.outbox().await.len(), usize::from(sent.is_ok()));
        stage.send().await;
        assert!(stage.simulator.accepted().is_empty());
        let late = perform(&stage.system, &eve(), send(thread, "late")).await.expect_err("not connected");
        assert_eq!(code(&late), "not_connected");
    }
}

#[tokio::test]
async fn a_colleagues_thread_is_written_into_only_by_whoever_says_so() {
    let (mut stage, thread) = asked().await;
    perform(&stage.system, &ben(), Request::TakeThread { thread }).await.expect("taken");
    let refused = stage.act(send(thread, "me too")).await.expect_err("ben has it");
    assert_eq!(code(&refused), "owned_by_colleague");
    assert!(refused.to_string().contains("ben has this thread"), "{refused}");
    let message: MessageId = stage.messages(thread).await[0].id;
    let react = Request::React { message, emoji: Some("👍".into()) };
    assert_eq!(code(&stage.act(react.clone()).await.expect_err("ben has it")), "owned_by_colleague");
    let despite = SendContext { despite_owner: true, ..SendContext::default() };
    stage.act(send(thread, "me too").with_context(despite)).await.expect("recorded by");
    stage.act(react.with_context(despite)).await.expect("recorded by");
    perform(&stage.system, &ben(), send(thread, "mine")).await.expect("it is his");
    // Half an hour after he left it, anybody may go on.
    stage.pass(Duration::from_secs(31 * 60));
    stage.says(&rosa(), "still there?").await;
    stage.act(send(thread, "yes")).await.expect("he left it");
}

#[tokio::test]
async fn whoever_did_not_see_a_colleagues_answer_is_asked() {
    let (mut stage, thread) = asked().await;
    let seen = stage.messages(thread).await.pop().map(|message| message.id);
    let knows = |seen| SendContext { seen, ..SendContext::default() };
    perform(&stage.system, &ben(), send(thread, "Tomorrow.")).await.expect("queued");
    stage.pass(Duration::from_secs(60));
    let refused = stage.act(send(thread, "Friday.").with_context(knows(seen))).await.expect_err("ben replied");
    assert_eq!(code(&refused), "answered_meanwhile");
    assert!(refused.to_string().contains("ben answered 1m ago"), "{refused}");
    stage.act(send(thread, "Friday.")).await.expect("who does not say what they saw is not asked");
    // One's own words are no reason, and neither is what was read a while ago.
    let seen = stage.messages(thread).await.pop().map(|message| message.id);
    stage.act(send(thread, "Or Monday.").with_context(knows(seen))).await.expect("nothing came since");
    // What a colleague wrote a moment ago was perhaps drawn, and not read.
    perform(&stage.system, &ben(), send(thread, "No, Sunday.")).await.expect("queued");
    let seen = stage.messages(thread).await.pop().map(|message| message.id);
    let refused = stage.act(send(thread, "Saturday.").with_context(knows(seen))).await.expect_err("just now");
    assert!(refused.to_string().contains("ben just answered"), "{refused}");
    stage.pass(Duration::from_secs(6));
    stage.act(send(thread, "Saturday.").with_context(knows(seen))).await.expect("it was read");
    // What was taken back before it went counts for nothing.
    stage.says(&rosa(), "so?").await;
    let seen = stage.messages(thread).await.pop().map(|message| message.id);
    perform(&stage.system, &ben(), send(thread, "Hm.")).await.expect("queued");
    perform(&stage.system, &ben(), Request::UndoSend { thread }).await.expect("taken back");
    stage.act(send(thread, "Saturday it is.").with_context(knows(seen))).await.expect("nobody answered");
}

#[tokio::test]
async fn a_console_asks_before_it_writes_into_a_colleagues_thread() {
    let (stage, thread) = asked().await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    perform(&stage.system, &ben(), Request::TakeThread { thread }).await.expect("taken");
    sitting.press(&stage, "2 enter c").await;
    sitting.types(&stage, "It left today.").await;
    sitting.press(&stage, "enter").await;
    sitting.sees("ben has this thread. Send it anyway?");
    assert!(stage.outbox().await.is_empty());
    sitting.press(&stage, "n").await;
    sitting.sees("It left today.");
    assert!(stage.outbox().await.is_empty(), "nothing was said yes to");
    sitting.press(&stage, "enter ctrl-y").await;
    sitting.sees("Queued for Rosa Field");
    assert_eq!(stage.outbox().await.len(), 1);
}

#[tokio::test]
async fn a_console_asks_where_a_colleague_was_faster() {
    let (stage, thread) = asked().await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2 enter c").await;
    sitting.types(&stage, "It left today.").await;
    // Ben's answer is written down; this screen has not drawn it yet.
    perform(&stage.system, &ben(), send(thread, "It left on Tuesday.")).await.expect("queued");
    sitting.press(&stage, "enter").await;
    sitting.sees("ben just answered in this thread. Send it anyway?");
    assert_eq!(stage.outbox().await.len(), 1);
    sitting.press(&stage, "ctrl-y").await;
    sitting.sees("Queued for Rosa Field");
    assert_eq!(stage.outbox().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_is_held_or_released_by_whoever_came_last() {
    for _ in 0..2 * ROUNDS {
        let (stage, _, entry) = queued().await;
        let before = rows(&stage).await.0;
        let hold = (ada(), Request::HoldEntry { entry });
        let (held, released) = both(&stage, hold, (eve(), Request::ReleaseEntry { entry })).await;
        held.expect("it was not held");
        let written = rows(&stage).await.0 - before;
        match released {
            Ok(_) => {
                assert_eq!(written, 2);
                let again = stage.act(Request::ReleaseEntry { entry }).await.expect_err("it is released");
                assert_eq!(code(&again), "no_change");
                stage.send().await;
                assert_eq!(stage.simulator.accepted().len(), 1);
            }
            Err(error) => {
                assert_eq!((code(&error).as_str(), written), ("no_change", 1), "there was nothing to release");
                stage.send().await;
                assert!(stage.simulator.accepted().is_empty(), "it is held");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_is_taken_or_given_back_and_the_record_says_which() {
    for _ in 0..2 * ROUNDS {
        let (stage, thread) = asked().await;
        let before = rows(&stage).await.0;
        let take = (ben(), Request::TakeThread { thread });
        let (taken, released) = both(&stage, take, (eve(), Request::ReleaseThread { thread })).await;
        taken.expect("nobody had it");
        let (row, written) = (stage.thread().await, rows(&stage).await.0 - before);
        match released {
            // An admin gave back what ben had taken just before.
            Ok(_) => assert_eq!((row.taken_by, written), (None, 2)),
            Err(error) => {
                assert_eq!((code(&error).as_str(), row.taken_by.as_deref(), written), ("not_taken", Some("ben"), 1));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_is_disconnected_sends_nothing_more() {
    for _ in 0..ROUNDS {
        let (stage, thread) = asked().await;
        let connection = support(&stage).await;
        let gone = Request::Number(NumberRequest::Disconnect { connection, typed: "+15550100001".into() });
        let (gone, sent) = both(&stage, (ada(), gone), (eve(), send(thread, "too late?"))).await;
        gone.expect("disconnected");
        if let Err(error) = &sent {
            assert_eq!(code(error), "not_connected");
        }
        assert_eq!(stage.outbox().await.len(), usize::from(sent.is_ok()));
        stage.send().await;
        assert!(stage.simulator.accepted().is_empty());
        let late = perform(&stage.system, &eve(), send(thread, "late")).await.expect_err("not connected");
        assert_eq!(code(&late), "not_connected");
    }
}

#[tokio::test]
async fn a_person_who_lost_a_role_decides_nothing_by_the_one_they_came_with() {
    let stage = Stage::set().await;
    let connection = support(&stage).await;
    let asks = || Request::Number(NumberRequest::Disconnect { connection, typed: "+15550100001".into() });
    stage.people.replace(vec![crate::stage::user("ada", Role::Viewer)]);
    // The console was opened while she was an admin.
    assert_eq!(code(&stage.act(asks()).await.expect_err("she is a viewer now")), "role");
    let told = operations::run_query(&stage.system, &ada(), wadeck::domain::query::Query::Tokens).await;
    assert_eq!(code(&told.expect_err("admins only")), "role");
}

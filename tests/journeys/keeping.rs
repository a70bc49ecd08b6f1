//! What contracts promise, kept: when somebody presses stop at any instant, when an agent is changed
//! behind its approval, when a tool is called; and what other programs are told.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use axum::http::StatusCode;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wadeck::api;
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::agents::assignment::Mode;
use wadeck::domain::agents::requests::{AgentQuery, AgentRequest, AgentsAnswer, StopScope, StopView};
use wadeck::domain::ids::{AssignmentId, ConnectionId, DeliveryId, EventId};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::{Person, Saying};

use crate::agent_kinds::{helper, server};
use crate::stage::{CONFIG, SUPPORT, Stage, proposal, rosa};

async fn last_stop(stage: &Stage) -> StopView {
    match stage.ask(Query::Agent(AgentQuery::Stops { limit: 1 })).await {
        Answer::Agent(told) => match *told {
            AgentsAnswer::Stops(mut stops) => stops.remove(0),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// A thousand runs and more, and stop pressed while they are asked, written and sent. Whatever reaches
/// a contact had left when stop was pressed, and is on the list; whatever was caught never arrives.
#[tokio::test]
async fn nothing_leaves_after_stop_whenever_it_is_pressed() {
    const ROUNDS: usize = 170;
    let text = CONFIG.replace("debounce_seconds = 4", "debounce_seconds = 4\nmessages_per_second = 1000");
    let mut stage = Stage::with_config(&text).await;
    let mut dice = StdRng::seed_from_u64(11);
    let people: Vec<Person> = (0..6).map(|n| Person::new(&format!("Guest {n}"), &format!("1555020000{n}"))).collect();
    let (mut runs, mut caught, mut departed) = (0, 0, 0);
    let mut longest = 0;
    for round in 0..ROUNDS {
        let before = stage.simulator.accepted().len();
        for person in &people {
            stage.simulator.says(SUPPORT, person, &Saying::text(&format!("hello {round}")));
        }
        stage.deliver().await;
        stage.pass(Duration::from_secs(5));
        let instant = if longest == 0 { usize::MAX } else { dice.random_range(0..=longest) };
        let one_by_one = dice.random_bool(0.5);
        let mut work = Box::pin(async {
            if one_by_one {
                while operations::run_next(&stage.system).await.expect("a run") {
                    while operations::send_next(&stage.system).await.expect("a send") {}
                }
            } else {
                stage.run_agents().await;
                stage.send().await;
            }
        });
        // The work goes on until it was woken so many times; then stop is pressed, and both go on.
        let mut woken = 0;
        let over = poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(true),
            Poll::Pending if woken >= instant => Poll::Ready(false),
            Poll::Pending => {
                woken += 1;
                Poll::Pending
            }
        })
        .await;
        longest = longest.max(woken);
        let stop = stage.agents(AgentRequest::Stop { what: StopScope::All, reason: "drill".into() });
        if over {
            stop.await.expect("stopped");
        } else {
            let ((), stopped) = tokio::join!(work, stop);
            stopped.expect("stopped");
        }
        // Everything that might still go out is given every chance to.
        stage.pass(Duration::from_secs(60));
        stage.run_agents().await;
        stage.send().await;
        let stopped = last_stop(&stage).await;
        let names = |list: &[wadeck::domain::agents::requests::CancelledRun]| -> BTreeSet<String> {
            list.iter().map(|one| one.contact.clone()).collect()
        };
        let (kept, gone) = (names(&stopped.caught), names(&stopped.departed));
        let arrived: Vec<String> = stage.simulator.accepted()[before..].iter().map(|sent| sent.text.clone()).collect();
        for text in &arrived {
            let name = text.trim_start_matches("You said it, ").trim_end_matches('.');
            assert!(gone.contains(name), "round {round}: {name} was written to and is not among what had left");
            assert!(!kept.contains(name), "round {round}: {name} was caught and was written to all the same");
        }
        assert_eq!(arrived.len(), arrived.iter().collect::<BTreeSet<_>>().len(), "nobody is written to twice");
        runs += people.len();
        caught += kept.len() + stopped.runs as usize;
        departed += arrived.len();
        stage.agents(AgentRequest::Resume { what: StopScope::All }).await.expect("resumed");
        stage.pass(Duration::from_secs(660));
    }
    assert!(runs > 1_000 && caught > 100 && departed > 100, "{runs} runs, {caught} caught, {departed} had left");
}

#[tokio::test]
async fn an_agent_that_was_changed_is_silent_until_somebody_looks_again() {
    let one = "[[agents]]\nname = \"second\"\nkind = \"scripted\"\nrules = [{ reply = [\"From the second.\"] }]\n";
    let quiet = CONFIG.replace("agent = \"helper\"\n", "");
    let mut stage = Stage::with_config(&format!("{quiet}{one}")).await;
    stage.act(proposal(ConnectionId(1), "second", Mode::Auto)).await.expect("proposed");
    stage.agents(AgentRequest::Approve { assignment: AssignmentId(1) }).await.expect("approved");
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1);

    // The file names another rule for the same agent: what was approved is not what would answer.
    let changed = format!("{quiet}{}", one.replace("From the second.", "Give me your card number."));
    stage.restart(&changed).await;
    stage.says(&rosa(), "hello again").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 1, "it says nothing");
    let waiting = stage.thread().await.waiting.expect("waits").reason;
    assert!(waiting.contains("changed since its approval"), "{waiting}");
    assert_eq!(stage.overview().await.approvals, 1);
    let mut desk = crate::sitting::Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "5").await;
    desk.sees("changed: approve again");
    desk.press(&stage, "g g a y").await;
    desk.sees("answers support again in its changed version");
    stage.says(&rosa(), "and now?").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 2);
}

#[tokio::test]
async fn a_person_sees_that_an_answer_is_being_made_and_what_came_of_it() {
    let signs = "lifecycle_reactions = true\nbatch_note = true\ndebounce_seconds = 4";
    let mut stage = Stage::with_config(&CONFIG.replace("debounce_seconds = 4", signs)).await;
    stage.says(&rosa(), "one").await;
    stage.says(&rosa(), "two").await;
    stage.answer().await;
    let texts: Vec<String> = stage.simulator.accepted().into_iter().map(|sent| sent.text).collect();
    assert_eq!(texts, ["👀", "🧵 Got your 2 messages", "You said it, Rosa Field.", "✅"]);
    stage.says(&rosa(), "price?").await;
    stage.answer().await;
    let texts: Vec<String> = stage.simulator.accepted().into_iter().map(|sent| sent.text).collect();
    assert_eq!(texts[4..], ["👀", "❌"]);
}

/// An OpenAI-compatible stand-in that calls these tools and then says a word.
async fn calling(calls: &[(&str, Value)], contract: &str) -> (Stage, crate::agent_kinds::Heard) {
    let calls: Vec<Value> = calls
        .iter()
        .enumerate()
        .map(|(n, (name, arguments))| {
            json!({ "id": format!("c{n}"), "type": "function", "function": { "name": name, "arguments": arguments.to_string() } })
        })
        .collect();
    let call = json!({ "choices": [{ "message": { "role": "assistant", "tool_calls": calls } }] });
    let words = json!({ "choices": [{ "message": { "role": "assistant", "content": "Done." } }] });
    let (url, heard) = server(vec![(StatusCode::OK, call), (StatusCode::OK, words)]).await;
    let config = helper(&format!("kind = \"openai\"\nmodel = \"m\"\nbase_url = \"{url}/v1\""))
        .replace("debounce_seconds = 4", &format!("debounce_seconds = 4\n[connections.contract]\n{contract}"));
    let stage = Stage::with_config(&config).await;
    stage.simulator.add_template(json!({ "id": "r", "name": "reminder", "language": "en", "category": "UTILITY",
        "status": "APPROVED", "components": [{ "type": "BODY", "text": "See you on {{1}}." }] }));
    operations::refresh_templates(&stage.system).await.expect("fetched");
    (stage, heard)
}

const ALL_TOOLS: &str =
    "tools = [\"whatsapp.send\", \"whatsapp.sendTemplate\", \"whatsapp.react\", \"contacts.resolve\", \"note\"]";

#[tokio::test]
async fn the_tools_of_a_contract_do_what_they_say_and_no_more() {
    let (mut stage, heard) = calling(
        &[
            ("whatsapp_react", json!({ "message_id": "m1", "emoji": "🙏" })),
            ("note", json!({ "text": "wants a reminder" })),
            ("contacts_resolve", json!({ "text": "Rosa" })),
            ("whatsapp_sendTemplate", json!({ "name": "reminder", "language": "en", "parameters": { "1": "Friday" }, "at": "2026-06-01T18:00:00Z" })),
            ("whatsapp_sendTemplate", json!({ "name": "nothing", "language": "en" })),
            ("whatsapp_send", json!({ "text": "psst", "to": "+15550100077" })),
        ],
        ALL_TOOLS,
    )
    .await;
    stage.says(&rosa(), "Remind me on Friday, please").await;
    stage.answer().await;
    let results: Vec<String> = {
        let heard = heard.lock().expect("whole");
        let messages = heard[1].1["messages"].as_array().expect("messages");
        messages.iter().filter(|one| one["role"] == "tool").map(|one| one["content"].to_string()).collect()
    };
    assert!(results[2].contains("Rosa Field"), "{results:?}");
    assert!(results[4].contains("Template nothing not found"), "{results:?}");
    assert!(results[5].contains("only the contact of this thread"), "{results:?}");
    // It tried to write to somebody else: a person looks first, and nothing has gone.
    assert!(stage.simulator.accepted().is_empty());
    let record = stage.run(1).await;
    assert!(
        record.run.breaches.iter().any(|breach| breach.contains("to another contact")),
        "{:?}",
        record.run.breaches
    );
    stage.agents(AgentRequest::Accept { run: record.run.id, instead: None }).await.expect("sent");
    stage.send().await;
    let texts = |stage: &Stage| stage.simulator.accepted().into_iter().map(|sent| sent.text).collect::<BTreeSet<_>>();
    assert_eq!(texts(&stage), BTreeSet::from(["Done.".to_owned(), "🙏".to_owned()]));
    // The reminder is a promise for later, and stands in the outbox until then.
    stage.pass(Duration::from_secs(9 * 3_600));
    stage.send().await;
    assert!(texts(&stage).iter().any(|text| text.contains("reminder")), "{:?}", texts(&stage));
    let thread = stage.thread().await.id;
    match stage.ask(Query::Notes { thread }).await {
        Answer::Notes(notes) => assert_eq!(notes[0].words.line(), "wants a reminder"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_agent_that_can_see_is_given_the_picture() {
    let words = json!({ "choices": [{ "message": { "role": "assistant", "content": "A tooth." } }] });
    let (url, heard) = server(vec![(StatusCode::OK, words)]).await;
    let config =
        helper(&format!("kind = \"openai\"\nmodel = \"m\"\nmedia_input = [\"image\"]\nbase_url = \"{url}/v1\""));
    let mut stage = Stage::with_config(&config).await;
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Image { caption: Some("what is this?".into()) });
    stage.deliver().await;
    stage.carry_files().await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted()[0].text, "A tooth.");
    let parts = {
        let heard = heard.lock().expect("whole");
        heard[0].1["messages"].as_array().expect("messages").last().expect("one")["content"].clone()
    };
    assert!(parts.to_string().contains("data:image/"), "{parts}");
    let given = stage.run(1).await.given.expect("given");
    assert!(!given.as_received().contains("base64,"), "the record keeps no copy of the file");
}

#[tokio::test]
async fn others_are_told_signed_in_order_and_again_until_they_listen() {
    let answers = vec![
        (StatusCode::BAD_GATEWAY, Value::Null),
        (StatusCode::OK, Value::Null),
        (StatusCode::OK, Value::Null),
        (StatusCode::OK, Value::Null),
    ];
    let (url, heard) = server(answers).await;
    let endpoint = format!(
        "\n[[endpoints]]\nname = \"crm\"\nurl = \"{url}/events\"\nsecret_env = \"AGENT_SECRET\"\nevents = [\"message.received\", \"message.accepted\"]\n"
    );
    let mut stage = Stage::with_config(&format!("{CONFIG}{endpoint}")).await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    stage.says(&rosa(), "quiet please").await;
    let tell = async |stage: &Stage| while operations::deliver_next_event(&stage.system).await.expect("told") {};
    tell(&stage).await;
    assert_eq!(heard.lock().expect("whole").len(), 1, "what comes later in the thread waits");
    stage.pass(Duration::from_secs(6));
    tell(&stage).await;
    let heard = heard.lock().expect("whole");
    let kinds: Vec<&str> = heard.iter().filter_map(|(_, body)| body["event"].as_str()).collect();
    assert_eq!(kinds, ["message.received", "message.received", "message.accepted", "message.received"]);
    assert_eq!(heard[0].1["id"], heard[1].1["id"], "the same event again");
    assert_eq!(heard[1].1["data"]["text"], "hello");
    for (headers, _) in heard.iter() {
        assert_eq!(headers["x-wadeck-signature"], headers["x-expected"]);
    }
}

#[tokio::test]
async fn an_endpoint_that_never_listens_is_given_up_with_an_alert() {
    let endpoint = "\n[[endpoints]]\nname = \"crm\"\nurl = \"http://127.0.0.1:9/\"\nevents = [\"message.received\"]\n";
    let mut stage = Stage::with_config(&format!("{CONFIG}{endpoint}")).await;
    stage.says(&rosa(), "hello").await;
    for _ in 0..9 {
        while operations::deliver_next_event(&stage.system).await.expect("told") {}
        stage.pass(Duration::from_secs(13 * 3_600));
    }
    let alerts = match stage.ask(Query::Alerts { open: true, limit: 10 }).await {
        Answer::Alerts(alerts) => alerts,
        other => panic!("{other:?}"),
    };
    assert!(
        alerts.iter().any(|alert| alert.said.line().contains("Cannot deliver to crm the event message.received")),
        "{alerts:?}"
    );
    assert!(!operations::deliver_next_event(&stage.system).await.expect("told"), "it is not tried for ever");
}

#[tokio::test]
async fn whoever_follows_is_told_everything_in_order_from_where_they_were() {
    let mut stage = Stage::set().await;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let users: api::Users = Arc::new(|_| Some(Actor::Operator { name: "ada".into(), role: Role::Operator }));
    let place = api::SocketPlace { directory: stage.directory.path().to_owned(), group: None };
    api::serve(stage.system.clone(), place, users, None, tasks, stop.clone()).await.expect("a socket");
    stage.says(&rosa(), "one").await;
    stage.says(&rosa(), "two").await;
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let follower = tokio::spawn({
        let (seen, directory) = (seen.clone(), stage.directory.path().to_owned());
        async move {
            let each = |event: &str| seen.lock().expect("whole").push(serde_json::from_str(event).expect("JSON"));
            api::follow_events(
                &directory,
                (Some(EventId(1)), false),
                &wadeck::domain::access::scope::Scope::ALL.into(),
                each,
            )
            .await
        }
    });
    let until = async |count: usize| {
        while seen.lock().expect("whole").len() < count {
            assert!(!follower.is_finished(), "it was let go");
            tokio::task::yield_now().await;
        }
    };
    until(1).await;
    stage.answer().await;
    until(2).await;
    let kinds: Vec<String> = seen.lock().expect("whole").iter().map(|one| one["event"].to_string()).collect();
    assert_eq!(kinds, ["\"message.received\"", "\"message.accepted\""]);
    stop.cancel();
    follower.await.expect("ended").expect("followed").expect("allowed");
    let ids: Vec<String> = seen.lock().expect("whole").iter().map(|one| one["id"].to_string()).collect();
    assert_eq!(ids, ["\"e2\"", "\"e3\""], "what was seen before is not told again");
}

#[tokio::test]
async fn what_a_provider_sent_is_shown_to_admins_only_and_the_audit_names_who_looked() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "my secret").await;
    let delivery = DeliveryId(1);
    match stage.ask(Query::Delivery { delivery }).await {
        Answer::Delivery(Some(detail)) => {
            let body = detail.body.as_received();
            assert!(!body.contains("my secret") && !body.contains("15550100002"), "{body}");
            assert!(body.contains("\"type\": \"text\""), "{body}");
        }
        other => panic!("{other:?}"),
    }
    let operator = Actor::Operator { name: "noor".into(), role: Role::Operator };
    let refused = operations::perform(&stage.system, &operator, Request::RevealDelivery { delivery }).await;
    assert!(refused.expect_err("refused").to_string().contains("reveal webhook bodies"));
    let mut desk = crate::sitting::Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "7 g g enter v").await;
    desk.sees("my secret");
    stage.pass(Duration::from_secs(120));
    desk.look_up(&stage).await;
    desk.does_not_see("my secret");
    let audit = stage.ask(Query::Agent(AgentQuery::Audit { subject: "d1".into(), limit: 5, before: None })).await;
    let Answer::Agent(told) = audit else { panic!("{audit:?}") };
    let AgentsAnswer::Audit(rows) = *told else { panic!("{told:?}") };
    assert_eq!((rows.len(), rows[0].action.as_str(), rows[0].actor.as_str()), (1, "reveal", "ada"));
}

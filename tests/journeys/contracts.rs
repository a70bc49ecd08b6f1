//! Agents under contract: proposed, decided, kept within bounds, and stopped.

use std::time::Duration;

use sqlx::Connection;
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::agents::assignment::Proposal;
use wadeck::domain::agents::assignment::{AssignmentState, Mode};
use wadeck::domain::agents::contract::{Conditions, Contract, Hours, Tool};
use wadeck::domain::agents::requests::{AgentQuery, AgentRequest, AgentsAnswer, StopScope};
use wadeck::domain::agents::run::RunState;
use wadeck::domain::ids::{AssignmentId, ConnectionId};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations::{self, OperationError};
use wadeck::simulator::Person;

use crate::stage::{CONFIG, Stage, proposal, rosa};

/// A configuration whose helper follows these rules; `more` stands with the connection.
fn helper(more: &str, rules: &str) -> String {
    let head = CONFIG.split("[[agents]]").next().expect("a head");
    format!("{head}{more}\n[[agents]]\nname = \"helper\"\nkind = \"scripted\"\nrules = [{rules}]\n")
}

async fn said(config: &str, words: &str) -> Stage {
    let mut stage = Stage::with_config(config).await;
    stage.says(&rosa(), words).await;
    stage.answer().await;
    stage
}

fn sent(stage: &Stage) -> Vec<String> {
    stage.simulator.accepted().into_iter().map(|sent| sent.text).collect()
}

async fn told(stage: &Stage, query: AgentQuery) -> AgentsAnswer {
    match stage.ask(Query::Agent(query)).await {
        Answer::Agent(told) => *told,
        other => panic!("{other:?}"),
    }
}

async fn state(stage: &Stage, id: AssignmentId) -> (AssignmentState, Option<String>) {
    match told(stage, AgentQuery::Assignment { assignment: id }).await {
        AgentsAnswer::Assignment(Some(dossier)) => (dossier.row.assignment.state, dossier.row.assignment.reason),
        other => panic!("{other:?}"),
    }
}

async fn propose(stage: &Stage, agent: &str, mode: Mode) -> AssignmentId {
    let made = stage.act(proposal(ConnectionId(1), agent, mode)).await.expect("proposed").created_id.expect("an id");
    made.parse().expect("an id")
}

fn refusal<T: std::fmt::Debug>(result: Result<T, OperationError>) -> String {
    match result {
        Err(OperationError::Refused(refusal)) => refusal.to_string(),
        other => panic!("{other:?}"),
    }
}

const SECOND: &str =
    "\n[[agents]]\nname = \"second\"\nkind = \"scripted\"\nrules = [{ reply = [\"From the second.\"] }]\n";

#[tokio::test]
async fn every_misbehaviour_is_held_with_its_reason_and_none_reaches_the_contact() {
    let twelve = ["\"again\""; 12].join(", ");
    let long = format!("\"{}\"", "x".repeat(800));
    for (rule, words, reason) in [
        (format!("{{ reply = [{twelve}] }}"), "hi", "it has 12 messages; the contract allows 3"),
        (format!("{{ reply = [{long}] }}"), "hi", "a message has 800 characters; the contract allows 700"),
        (
            "{ reply = [\"Good morning, your parcel will arrive on Thursday in the afternoon.\"] }".to_owned(),
            "Buenos días, quisiera saber cuándo llega mi pedido, por favor",
            "it is in English, and the contact writes Spanish",
        ),
        ("{ reply = [\"Done.\"], tools = [\"admin.delete\"] }".to_owned(), "hi", "it called the tool admin.delete"),
        (
            "{ reply = [\"Hi Tom Weber, it is ready.\"] }".to_owned(),
            "hi",
            "it contains the name of another contact (t1)",
        ),
        (
            "{ reply = [\"Call +1 555-010-0077.\"] }".to_owned(),
            "hi",
            "it contains the phone number of another contact (t1)",
        ),
    ] {
        let mut stage = Stage::with_config(&helper("", &format!("{{ when = [\"setup\"] }}, {rule}"))).await;
        stage.says(&Person::new("Tom Weber", "15550100077"), "setup").await;
        stage.answer().await;
        stage.says(&rosa(), words).await;
        stage.answer().await;
        assert!(sent(&stage).is_empty(), "{reason}");
        let thread = stage.thread_of("Rosa").await;
        let waiting = thread.waiting.expect("waits").reason;
        assert!(waiting.contains(reason), "{waiting}");
        let record = stage.run(2).await;
        assert_eq!(record.run.state, RunState::Proposed);
        assert!(!record.run.breaches.is_empty());
    }
}

#[tokio::test]
async fn within_its_bounds_it_answers_its_own_contact_by_name() {
    let stage = said(&helper("", "{ reply = [\"Hi Rosa Field, it is ready. Thanks Rosa!\"] }"), "hi").await;
    assert_eq!(sent(&stage).len(), 1);
}

#[tokio::test]
async fn a_draft_is_accepted_edited_or_dismissed_once_and_falls_with_a_newer_message() {
    let config = CONFIG.replace("agent = \"helper\"", "agent = \"helper\"\nmode = \"draft\"");
    let mut stage = said(&config, "hello").await;
    assert!(sent(&stage).is_empty());
    assert_eq!(stage.thread().await.waiting.expect("waits").reason, "helper suggests a reply");
    stage.says(&rosa(), "and another thing").await;
    assert_eq!(stage.run(1).await.run.state, RunState::Superseded);
    stage.answer().await;
    let run = stage.run(2).await;
    assert_eq!((run.run.state, run.run.batch_size), (RunState::Proposed, 2));
    stage.agents(AgentRequest::Accept { run: run.run.id, instead: None }).await.expect("sent");
    let again = stage.agents(AgentRequest::Accept { run: run.run.id, instead: None }).await;
    assert!(refusal(again).contains("r2 was already decided by ada: answered"));
    stage.send().await;
    assert_eq!(sent(&stage), ["You said it, Rosa Field."]);
    assert!(stage.thread().await.waiting.is_none());

    stage.says(&rosa(), "third").await;
    stage.answer().await;
    let run = stage.run(3).await.run.id;
    stage.agents(AgentRequest::Accept { run, instead: Some("In my words.".into()) }).await.expect("sent");
    stage.send().await;
    assert_eq!(sent(&stage)[1], "In my words.");
    let messages = stage.messages(stage.thread().await.id).await;
    assert_eq!(messages.last().and_then(|message| message.author.clone()), Some("ada".into()));

    stage.says(&rosa(), "fourth").await;
    stage.answer().await;
    let run = stage.run(4).await.run.id;
    stage.agents(AgentRequest::Dismiss { run, reason: "too curt".into() }).await.expect("dismissed");
    stage.send().await;
    assert_eq!(sent(&stage).len(), 2);
    assert_eq!(stage.run(4).await.run.state, RunState::Rejected);
    assert!(stage.thread().await.waiting.is_some());
}

#[tokio::test]
async fn a_person_who_answers_lets_the_draft_fall() {
    let config = CONFIG.replace("agent = \"helper\"", "agent = \"helper\"\nmode = \"draft\"");
    let stage = said(&config, "hello").await;
    let thread = stage.thread().await.id;
    let content = Box::new(wadeck::domain::message::content::Content::text("I am here"));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
    assert_eq!(stage.run(1).await.run.state, RunState::Cancelled);
}

#[tokio::test]
async fn two_machines_that_talk_are_stopped_by_the_cap_and_it_says_so() {
    let config = helper("contract = { max_per_hour = 3 }", "{ reply = [\"And you?\"] }")
        .replace("debounce_seconds = 4\n", "debounce_seconds = 0\n");
    let mut stage = Stage::with_config(&config).await;
    for round in 0..10 {
        stage.says(&rosa(), &format!("And you? {round}")).await;
        stage.pass(Duration::from_secs(1));
        stage.run_agents().await;
        stage.send().await;
    }
    assert_eq!(sent(&stage).len(), 3);
    let waiting = stage.thread().await.waiting.expect("waits").reason;
    assert!(waiting.contains("perhaps two machines answer each other"), "{waiting}");
    assert_eq!(stage.overview().await.alerts, 1);
    stage.pass(Duration::from_secs(3_601));
    stage.says(&rosa(), "still there").await;
    stage.answer().await;
    assert_eq!(sent(&stage).len(), 4, "an hour later it may again");
}

#[tokio::test]
async fn an_introduction_stands_on_first_contact_and_questions_are_quoted() {
    let config = helper("", "{ reply = [\"At nine.\", \"Five euros.\"] }")
        .replace("name = \"helper\"\nkind", "name = \"helper\"\nintroduction = \"I am Lumen's assistant.\"\nkind");
    let mut stage = Stage::with_config(&config).await;
    for words in ["when do you open?", "how much is it?"] {
        stage.says(&rosa(), words).await;
    }
    stage.answer().await;
    assert_eq!(sent(&stage), ["I am Lumen's assistant. At nine.", "Five euros."]);
    let quotes: Vec<Option<String>> = stage
        .messages(stage.thread().await.id)
        .await
        .into_iter()
        .filter(|message| message.author.is_some())
        .map(|message| message.quotes.map(|text| text.line()))
        .collect();
    assert_eq!(quotes, [Some("when do you open?".into()), Some("how much is it?".into())]);
}

#[tokio::test]
async fn handing_off_is_three_facts_and_lasts_until_a_person_gives_the_thread_back() {
    let config = helper(
        "hand_off_text = \"A colleague will write to you.\"",
        "{ when = [\"person\"], hand_off = \"asked for a person\" }, { reply = [\"Still me.\"] }",
    );
    let mut stage = said(&config, "a person please").await;
    assert_eq!(sent(&stage), ["A colleague will write to you."]);
    let thread = stage.thread().await;
    assert_eq!(thread.waiting.as_ref().expect("waits").reason, "helper escalates: asked for a person");
    assert!(thread.handed_off_at.is_some());
    assert_eq!(stage.overview().await.alerts, 1);
    stage.says(&rosa(), "hello?").await;
    stage.answer().await;
    assert_eq!(sent(&stage).len(), 1, "the agent stays out");
    stage.act(Request::ReleaseThread { thread: thread.id }).await.expect("released");
    let released = stage.thread().await;
    assert!(released.handed_off_at.is_none() && released.context_from.is_some());
    // The second question has no answer yet, and the agent answers only what comes next.
    assert!(released.waiting.is_some());
    stage.says(&rosa(), "thanks").await;
    stage.answer().await;
    assert_eq!(sent(&stage)[1], "Still me.");
    let given = stage.run(2).await.given.expect("kept");
    assert!(!given.as_received().contains("a person please"), "what led to the hand-off is not told again");
}

#[tokio::test]
async fn stopping_catches_what_has_not_left_and_lists_what_had() {
    let mut stage = said(CONFIG, "first").await;
    assert_eq!(sent(&stage).len(), 1);
    stage.says(&rosa(), "second").await;
    stage.says(&Person::new("Ben Moss", "15550100003"), "third").await;
    stage.pass(Duration::from_secs(5));
    stage.run_agents().await;
    let done =
        stage.agents(AgentRequest::Stop { what: StopScope::All, reason: "drill".into() }).await.expect("stopped");
    assert!(done.message.contains("2 message(s) canceled"), "{}", done.message);
    stage.send().await;
    stage.says(&rosa(), "fourth").await;
    stage.answer().await;
    assert_eq!(sent(&stage).len(), 1);
    let AgentsAnswer::Stops(stops) = told(&stage, AgentQuery::Stops { limit: 5 }).await else { panic!() };
    assert_eq!((stops[0].caught.len(), stops[0].departed.len()), (2, 1));
    assert_eq!(stops[0].reason, "drill");
    assert_eq!(stage.thread_of("Rosa").await.waiting.expect("waits").reason, "the agent is stopped");

    stage.agents(AgentRequest::Resume { what: StopScope::All }).await.expect("lifted");
    assert!(refusal(stage.agents(AgentRequest::Resume { what: StopScope::All }).await).contains("Nobody stopped"));
    stage.says(&rosa(), "fifth").await;
    stage.answer().await;
    assert_eq!(sent(&stage).len(), 2);

    let thread = stage.thread_of("Rosa").await.id;
    stage.agents(AgentRequest::Stop { what: StopScope::Thread(thread), reason: String::new() }).await.expect("stopped");
    stage.says(&rosa(), "sixth").await;
    stage.says(&Person::new("Ben Moss", "15550100003"), "seventh").await;
    stage.answer().await;
    assert_eq!(sent(&stage).len(), 3, "only the other thread is answered");
    let unknown =
        stage.agents(AgentRequest::Stop { what: StopScope::Agent("nobody".into()), reason: String::new() }).await;
    assert!(refusal(unknown).contains("Agent nobody not found"));
}

#[tokio::test]
async fn whoever_decides_decides_once_and_an_expired_proposal_is_not_a_rejected_one() {
    let stage = Stage::with_config(&format!("{CONFIG}{SECOND}")).await;
    let first = propose(&stage, "second", Mode::Auto).await;
    let second = propose(&stage, "second", Mode::Draft).await;
    let noor = Actor::Operator { name: "noor".into(), role: Role::Operator };
    let approve = |assignment| Request::Agents(AgentRequest::Approve { assignment });
    let denied = operations::perform(&stage.system, &noor, approve(first)).await;
    assert!(refusal(denied).contains("needs the role admin"));
    let unsaid = stage.agents(AgentRequest::Reject { assignment: first, reason: " ".into() }).await;
    assert!(refusal(unsaid).contains("has no reason"));
    stage.agents(AgentRequest::Reject { assignment: first, reason: "not yet".into() }).await.expect("rejected");
    assert_eq!(state(&stage, first).await, (AssignmentState::Rejected, Some("not yet".into())));
    stage.pass(Duration::from_secs(73 * 3_600));
    operations::expire_assignments(&stage.system).await.expect("expired");
    assert_eq!(state(&stage, second).await, (AssignmentState::Expired, Some("no decision in time".into())));
    let late = refusal(stage.act(approve(second)).await);
    assert!(late.contains("already expired"), "{late}");
}

#[tokio::test]
async fn two_persons_have_to_agree_where_that_is_wanted() {
    let config = format!("{CONFIG}{SECOND}").replacen(
        "organization = \"lumen\"",
        "organization = \"lumen\"\napprovals = { require_two_approvers = true }",
        1,
    );
    let stage = Stage::with_config(&config).await;
    let id = propose(&stage, "second", Mode::Auto).await;
    let approve = Request::Agents(AgentRequest::Approve { assignment: id });
    stage.act(approve.clone()).await.expect("the first");
    assert_eq!(state(&stage, id).await.0, AssignmentState::Approved);
    assert!(refusal(stage.act(approve.clone()).await).contains("two people"));
    let noor = Actor::Operator { name: "noor".into(), role: Role::Admin };
    operations::perform(&stage.system, &noor, approve).await.expect("the second");
    assert_eq!(state(&stage, id).await.0, AssignmentState::Active);
}

#[tokio::test]
async fn narrowing_allows_less_and_never_more() {
    let stage = Stage::with_config(&format!("{CONFIG}{SECOND}")).await;
    let id = propose(&stage, "second", Mode::Auto).await;
    let terms = |contract| Proposal {
        connection: ConnectionId(1),
        thread: None,
        agent: "second".into(),
        mode: Mode::Draft,
        contract,
        expires_at: None,
    };
    let wider = Contract { max_per_hour: 100, ..Contract::default() };
    let wider = stage.agents(AgentRequest::Restrict { assignment: id, proposal: Box::new(terms(wider)) }).await;
    assert!(refusal(wider).contains("than was proposed"));
    let narrower = Contract { max_per_hour: 2, tools: vec![Tool::Send], ..Contract::default() };
    let done = stage
        .agents(AgentRequest::Restrict { assignment: id, proposal: Box::new(terms(narrower)) })
        .await
        .expect("narrowed");
    let new: AssignmentId = done.created_id.expect("an id").parse().expect("an id");
    assert_eq!(state(&stage, id).await.0, AssignmentState::Revoked);
    assert_eq!(state(&stage, new).await.0, AssignmentState::Active);
}

#[tokio::test]
async fn conditions_choose_who_answers_and_every_message_tells_how() {
    let routes =
        "routes = [{ agent = \"second\", words = [\"invoice\"] }, { agent = \"second\", hours = \"22:00-06:00\" }]";
    let mut stage = Stage::with_config(&format!(
        "{}{SECOND}",
        CONFIG.replace("debounce_seconds = 4\n", &format!("debounce_seconds = 4\n{routes}\n"))
    ))
    .await;
    stage.says(&rosa(), "where is my Invoice?").await;
    stage.answer().await;
    stage.says(&rosa(), "thank you").await;
    stage.answer().await;
    assert_eq!(sent(&stage), ["From the second.", "You said it, Rosa Field."]);
    stage.pass(Duration::from_secs(14 * 3_600));
    stage.says(&rosa(), "hours late").await;
    stage.answer().await;
    assert_eq!(sent(&stage)[2], "From the second.");
    let messages = stage.messages(stage.thread().await.id).await;
    let Answer::Message(Some(detail)) = stage.ask(Query::Message { message: messages[2].id }).await else { panic!() };
    assert_eq!(
        detail.route,
        [
            "second (g1): does not apply, the message has none of its words",
            "second (g2): does not apply, outside of 22:00-06:00",
            "helper (g3): answers (auto)",
        ]
    );
}

#[tokio::test]
async fn a_thread_of_its_own_agent_and_an_end_of_its_own() {
    let mut stage = Stage::with_config(&format!("{CONFIG}{SECOND}")).await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    let thread = stage.thread().await.id;
    let ends = stage.now().plus(Duration::from_secs(3_600));
    let own = Proposal {
        connection: ConnectionId(1),
        thread: Some(thread),
        agent: "second".into(),
        mode: Mode::Auto,
        contract: Contract {
            when: Conditions { hours: Hours::parse("00:00-24:00").ok(), ..Conditions::default() },
            ..Contract::default()
        },
        expires_at: Some(ends),
    };
    let made = stage.agents(AgentRequest::Propose(Box::new(own))).await.expect("proposed").created_id.expect("an id");
    let id: AssignmentId = made.parse().expect("an id");
    stage.agents(AgentRequest::Approve { assignment: id }).await.expect("approved");
    stage.says(&rosa(), "again").await;
    stage.answer().await;
    assert_eq!(sent(&stage)[1], "From the second.");
    stage.pass(Duration::from_secs(3_600));
    stage.says(&rosa(), "later").await;
    stage.answer().await;
    assert_eq!(sent(&stage)[2], "You said it, Rosa Field.", "its time is over, whether or not a worker has looked");
    operations::expire_assignments(&stage.system).await.expect("expired");
    assert_eq!(state(&stage, id).await.0, AssignmentState::Expired);
}

#[tokio::test]
async fn a_rehearsal_shows_what_would_be_said_and_the_approval_names_it() {
    let mut stage = Stage::with_config(&format!("{CONFIG}{SECOND}")).await;
    for words in ["hello", "what else"] {
        stage.says(&rosa(), words).await;
        stage.answer().await;
    }
    let id = propose(&stage, "second", Mode::Auto).await;
    stage.agents(AgentRequest::Rehearse { assignment: id, exchanges: 5 }).await.expect("begun");
    while operations::rehearse_next(&stage.system).await.expect("played") {}
    assert_eq!(stage.send().await, 0, "nothing is sent");
    let AgentsAnswer::Assignment(Some(dossier)) = told(&stage, AgentQuery::Assignment { assignment: id }).await else {
        panic!()
    };
    let rehearsal = dossier.rehearsal.expect("rehearsed");
    assert_eq!(rehearsal.played.len(), 2);
    let newest = &rehearsal.played[0];
    assert_eq!(newest.asked.line(), "what else");
    assert_eq!(newest.said.line(), "You said it, Rosa Field.");
    assert_eq!(newest.now.as_ref().map(wadeck::domain::text::Untrusted::line), Some("From the second.".into()));
    assert_eq!(newest.by, "agent helper");
    stage.agents(AgentRequest::Approve { assignment: id }).await.expect("approved");
    let AgentsAnswer::Assignment(Some(dossier)) = told(&stage, AgentQuery::Assignment { assignment: id }).await else {
        panic!()
    };
    assert_eq!(dossier.row.assignment.evidence, rehearsal.digest);
}

#[tokio::test]
async fn a_rehearsal_goes_on_without_a_message_that_is_gone() {
    let mut stage = Stage::with_config(&format!("{CONFIG}{SECOND}")).await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    let id = propose(&stage, "second", Mode::Auto).await;
    let url = format!("sqlite://{}", stage.directory.path().join("wadeck.db").display());
    let mut beside = sqlx::SqliteConnection::connect(&url).await.expect("opened beside the engine");
    let gone = "json_array('m98', json_extract(wanted, '$[0]'), 'm99')";
    for (wanted, played) in [(gone, Some(1)), ("json_array('m98', 'm99')", None)] {
        stage.agents(AgentRequest::Rehearse { assignment: id, exchanges: 5 }).await.expect("begun");
        let change = format!("UPDATE rehearsals SET wanted = {wanted} WHERE state = 'running'");
        sqlx::query(sqlx::AssertSqlSafe(change)).execute(&mut beside).await.expect("changed");
        let mut steps = 0;
        while operations::rehearse_next(&stage.system).await.expect("played") {
            steps += 1;
            assert!(steps < 10, "it ends");
        }
        let AgentsAnswer::Assignment(Some(dossier)) = told(&stage, AgentQuery::Assignment { assignment: id }).await
        else {
            panic!()
        };
        // One of which nothing is left is no evidence, and takes the earlier one's place nowhere.
        let rehearsal = dossier.rehearsal.expect("the one that was played");
        assert_eq!(rehearsal.played.len(), played.unwrap_or(1));
        assert!(rehearsal.digest.is_some());
    }
}

#[tokio::test]
async fn the_audit_names_the_first_row_that_was_changed() {
    let stage = Stage::with_config(&format!("{CONFIG}{SECOND}")).await;
    for _ in 0..3 {
        propose(&stage, "second", Mode::Auto).await;
    }
    let AgentsAnswer::Verified(check) = told(&stage, AgentQuery::VerifyAudit { against: vec![] }).await else {
        panic!()
    };
    assert!(check.broken.is_none() && check.rows >= 4, "{check:?}");
    let url = format!("sqlite://{}", stage.directory.path().join("wadeck.db").display());
    let mut eve = sqlx::SqliteConnection::connect(&url).await.expect("opened beside the engine");
    let change = "UPDATE audit SET actor = 'eve' WHERE id = 3";
    assert!(sqlx::query(change).execute(&mut eve).await.is_err(), "the database refuses it");
    sqlx::query("DROP TRIGGER audit_is_only_added_to").execute(&mut eve).await.expect("dropped");
    sqlx::query(change).execute(&mut eve).await.expect("changed");
    let AgentsAnswer::Verified(check) = told(&stage, AgentQuery::VerifyAudit { against: vec![] }).await else {
        panic!()
    };
    assert_eq!(check.broken.map(|(id, _)| id.to_string()), Some("u3".into()));
}

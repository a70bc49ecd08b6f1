//! "Why?" is answered right for every cause that can be planted.

use std::collections::BTreeSet;
use std::time::Duration;

use wadeck::domain::agents::assignment::Mode;
use wadeck::domain::agents::assignment::Proposal;
use wadeck::domain::agents::contract::{Conditions, Contract};
use wadeck::domain::agents::requests::{AgentRequest, StopScope};
use wadeck::domain::ids::{AssignmentId, ConnectionId, EntryId, MessageId, ThreadId};
use wadeck::domain::message::content::Content;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::why::Why;
use wadeck::operations::{self, run_query};
use wadeck::simulator::{Person, Saying, SendFault, UploadFault};

use crate::stage::{CONFIG, SUPPORT, Stage, ada, rosa};

/// A stage, and the causes that were told right on it.
struct Planted {
    stage: Stage,
    seen: BTreeSet<String>,
}

impl Planted {
    async fn with(config: &str) -> Self {
        Self { stage: Stage::with_config(config).await, seen: BTreeSet::new() }
    }

    async fn why(&self, id: impl ToString) -> Why {
        match self.stage.ask(Query::Why { id: id.to_string() }).await {
            Answer::Why(why) => *why,
            other => panic!("{other:?}"),
        }
    }

    /// The answer names the cause, and says it in these words.
    async fn is(&mut self, id: impl ToString, cause: &str, words: &str) -> Why {
        let why = self.why(id).await;
        assert_eq!(why.cause, cause, "{why:#?}");
        assert!(why.answer.contains(words), "{words:?} is not in {why:#?}");
        assert!(why.answer.ends_with('.') || why.answer.contains("Your") || !why.answer.is_empty());
        let what = why.id.chars().next().expect("a letter");
        self.seen.insert(format!("{what}:{cause}"));
        why
    }

    async fn thread(&self, words: &str) -> ThreadId {
        self.stage.thread_of(words).await.id
    }

    async fn last(&self, words: &str) -> MessageId {
        let thread = self.thread(words).await;
        let messages = self.stage.messages(thread).await;
        messages.iter().rev().find(|message| message.direction.name() == "inbound").expect("one that came").id
    }

    async fn sends(&self, thread: ThreadId, words: &str) -> EntryId {
        let content = Box::new(Content::text(words));
        self.stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
        self.stage.outbox().await.iter().map(|row| row.id).max().expect("there")
    }

    /// A message to a new person, whose sending meets this.
    async fn meets(&mut self, fault: SendFault, phone: &str) -> EntryId {
        self.stage.says(&Person::new(phone, phone), "hello").await;
        let thread = self.thread(phone).await;
        self.stage.simulator.next_send(fault);
        let entry = self.sends(thread, "answer").await;
        self.stage.send().await;
        entry
    }
}

fn quiet() -> String {
    CONFIG.replace("agent = \"helper\"\n", "")
}

#[tokio::test]
async fn why_a_message_was_not_answered() {
    let mut planted = Planted::with(CONFIG).await;
    let at_once = planted.stage.says(&rosa(), "hello").await;
    assert!(!at_once.is_empty());
    let message = planted.last("rosa").await;
    planted.is(message, "collecting", "waits for further messages").await;
    planted.stage.answer().await;
    let why = planted.is(message, "answered", "agent helper").await;
    assert!(
        why.chain.iter().any(|cause| cause.said.contains("with a valid signature")),
        "from the bytes received: {why:#?}"
    );

    for (words, cause, said) in [
        ("price", "agent_failed", "could not be opened"),
        ("quiet", "silent", "decided not to reply"),
        ("person", "answered", "helper"),
    ] {
        let phone = format!("1555010006{}", words.len());
        planted.stage.says(&Person::new(words, &phone), words).await;
        planted.stage.answer().await;
        let message = planted.last(&phone).await;
        let why = planted.is(message, cause, said).await;
        if cause != "answered" {
            assert!(
                why.answer.contains("the thread has no owner") && why.answer.contains("window closes in"),
                "{}",
                why.answer
            );
        }
    }
    planted.stage.says(&rosa(), "one").await;
    let first = planted.last("rosa").await;
    planted.stage.act(Request::TakeThread { thread: planted.thread("rosa").await }).await.expect("taken");
    planted.is(first, "cancelled", "took the thread").await;
    planted.stage.says(&rosa(), "two").await;
    planted.is(planted.last("rosa").await, "taken", "a person owns the thread").await;

    planted.stage.simulator.says(SUPPORT, &Person::new("Sticky", "15550100070"), &Saying::Sticker);
    planted.stage.deliver().await;
    planted.is(planted.last("sticky").await, "sticker", "sticker").await;
    planted.stage.simulator.says(SUPPORT, &Person::new("Old", "15550100071"), &Saying::History("years ago".into()));
    planted.stage.deliver().await;
    planted.is(planted.last("15550100071").await, "history", "history").await;
    planted.stage.simulator.says(SUPPORT, &Person::new("Test", "15550100072"), &Saying::Test("a test".into()));
    planted.stage.deliver().await;
    planted.is(planted.last("15550100072").await, "test", "test").await;
    let long_ago = planted.stage.now().millis() - 7 * 3_600_000;
    planted.stage.simulator.says_at(SUPPORT, &Person::new("Late", "15550100073"), &Saying::text("hours ago"), long_ago);
    planted.stage.deliver().await;
    planted.is(planted.last("15550100073").await, "stale", "hours late").await;
    planted.stage.says(&Person::new("Stop", "15550100074"), "STOP").await;
    planted.is(planted.last("15550100074").await, "opted_out", "opted out").await;
    let thread = planted.thread("15550100074").await;
    planted.is(thread, "opted_out", "Nothing can be sent").await;

    let mut nobody = Planted::with(&quiet()).await;
    nobody.stage.says(&rosa(), "anybody?").await;
    nobody.is(nobody.last("rosa").await, "no_agent", "no agent is assigned").await;
    nobody.is(nobody.thread("rosa").await, "no_agent", "the thread has no owner").await;
    let entry = nobody.sends(nobody.thread("rosa").await, "yes").await;
    nobody.is(nobody.last("rosa").await, "reply_waits", "not sent yet").await;
    nobody.stage.send().await;
    nobody.is(nobody.last("rosa").await, "answered", &entry.to_string()).await;
    nobody.stage.pass(Duration::from_secs(25 * 3_600));
    nobody.is(nobody.thread("rosa").await, "answered", "answered by ada").await;

    let mut off = Planted::with(&CONFIG.replace("agent = \"helper\"", "agent = \"helper\"\nmode = \"off\"")).await;
    off.stage.says(&rosa(), "hi").await;
    off.is(off.last("rosa").await, "agent_off", "agent is off").await;
    let mut draft = Planted::with(&CONFIG.replace("agent = \"helper\"", "agent = \"helper\"\nmode = \"draft\"")).await;
    draft.stage.says(&rosa(), "hi").await;
    draft.stage.answer().await;
    draft.is(draft.last("rosa").await, "draft_waits", "suggested a reply, which waits for a person").await;
    assert!(planted.seen.len() + nobody.seen.len() + off.seen.len() + draft.seen.len() >= 18, "{:?}", planted.seen);
}

#[tokio::test]
async fn why_a_message_was_not_sent_or_did_not_arrive() {
    let mut planted = Planted::with(&quiet()).await;
    for (code, cause, words) in [
        (131_026, "recipient", "Cannot be delivered"),
        (131_047, "window_closed", "24 hours"),
        (132_001, "template", "emplate"),
        (131_049, "policy", "holds marketing"),
        (131_009, "request", "131009"),
        (131_030, "setup", "test number"),
        (999_999, "unknown_code", "999999"),
    ] {
        let entry = planted
            .meets(SendFault::graph(400, code, "as the provider says"), &format!("1555020{:04}", code % 10_000))
            .await;
        planted.is(entry, cause, words).await;
    }
    let entry = planted.meets(SendFault::graph(400, 131_056, "pair rate"), "15550300001").await;
    planted.is(entry, "retry", "the next attempt is in").await;
    let entry = planted.meets(SendFault::graph(401, 190, "token"), "15550300002").await;
    planted.is(entry, "credentials", "rejects the API key").await;
    planted.stage.pass(Duration::from_secs(400));
    planted.stage.send().await;
    let entry = planted.meets(SendFault::Vanish, "15550300003").await;
    planted.is(entry, "uncertain", "response was lost").await;
    let message = planted.last("15550300003").await;
    planted.is(message, "reply_uncertain", "uncertain").await;
    planted.stage.act(Request::Reconcile { entry }).await.expect("asked");
    planted.is(entry, "uncertain", "was queried").await;
    planted.stage.act(Request::ConfirmArrived { entry }).await.expect("settled");
    let why = planted.is(entry, "accepted", "a person settled it").await;
    assert!(why.chain[0].said.contains("queued by"), "{why:#?}");
    let entry = planted.meets(SendFault::LoseAnswer, "15550300004").await;
    planted.stage.pass(Duration::from_secs(30));
    planted.stage.deliver().await;
    planted.is(entry, "read", "a status with our reference settled it").await;

    let mut entry = planted.meets(SendFault::graph(500, 131_000, "unwell"), "15550300005").await;
    for _ in 0..2 {
        planted.stage.simulator.next_send(SendFault::graph(500, 131_000, "unwell"));
        planted.stage.pass(Duration::from_secs(120));
        planted.stage.send().await;
    }
    planted.is(entry, "dead", "3 attempts failed").await;
    planted.is(planted.last("15550300005").await, "reply_failed", "was not delivered").await;

    planted.stage.simulator.unreachable("15550300006", 131_026);
    planted.stage.says(&Person::new("gone", "15550300006"), "hello").await;
    entry = planted.sends(planted.thread("15550300006").await, "hi").await;
    planted.stage.send().await;
    planted.is(entry, "accepted", "a moment ago").await;
    planted.stage.pass(Duration::from_secs(600));
    planted.is(entry, "no_status", "sent no status since").await;
    planted.stage.deliver().await;
    planted.is(entry, "recipient", "accepted it, and then it failed").await;

    assert!(planted.seen.len() >= 14, "{}: {:?}", planted.seen.len(), planted.seen);
}

#[tokio::test]
async fn why_a_message_waits() {
    let mut planted = Planted::with(&quiet()).await;
    planted.stage.says(&rosa(), "hello").await;
    let thread = planted.thread("rosa").await;
    let first = planted.sends(thread, "one").await;
    planted.is(first, "due", "next in the queue").await;
    let second = planted.sends(thread, "two").await;
    planted.is(second, "behind", &first.to_string()).await;
    planted.stage.act(Request::HoldEntry { entry: first }).await.expect("held");
    planted.is(first, "held_by_person", "a person holds it").await;
    planted.stage.act(Request::DiscardEntry { entry: first }).await.expect("out");
    planted.is(first, "discarded_by_person", "a person discarded it").await;
    let at = planted.stage.now().plus(Duration::from_secs(7_200));
    planted
        .stage
        .act(Request::Send { thread, content: Box::new(Content::text("later")), reply_to: None, at: Some(at) })
        .await
        .expect("queued");
    let later = planted.stage.outbox().await.iter().map(|row| row.id).max().expect("there");
    planted.stage.send().await;
    planted.is(later, "later", "it is scheduled").await;

    let path = planted.stage.outside.path().join("a.txt");
    std::fs::write(&path, "hello").expect("written");
    let request = Request::SendFile {
        thread,
        upload: planted.stage.upload(&path.display().to_string()).await,
        caption: String::new(),
        pad: None,
        voice: false,
        reply_to: None,
        at: None,
    };
    planted.stage.act(request).await.expect("queued");
    let file = planted.stage.outbox().await.iter().map(|row| row.id).max().expect("there");
    planted.is(file, "upload", "its file is being uploaded").await;
    planted.stage.simulator.next_upload(UploadFault::Refused);
    planted.stage.carry_files().await;
    planted.is(file, "request", "Media upload error").await;
    assert!(planted.seen.len() >= 6, "{}: {:?}", planted.seen.len(), planted.seen);
}

#[tokio::test]
async fn why_of_everything_else() {
    let mut planted = Planted::with(&quiet().replace("debounce_seconds = 4", "undo_seconds = 20")).await;
    planted.stage.says(&rosa(), "hello").await;
    let thread = planted.thread("rosa").await;
    let entry = planted.sends(thread, "wait").await;
    planted.is(entry, "undo", "can still be undone").await;
    let Answer::Deliveries(rows) =
        planted.stage.ask(Query::Deliveries { state: None, event: None, limit: 1, before: None }).await
    else {
        panic!()
    };
    planted.is(rows[0].id, "applied", "It was applied").await;
    planted.stage.simulator.says("999", &Person::new("x", "15550100088"), &Saying::text("hi"));
    planted.stage.deliver().await;
    planted.stage.simulator.post_raw("whatsapp.message.received", &serde_json::json!({ "message": {} }));
    planted.stage.deliver().await;
    let Answer::Deliveries(rows) =
        planted.stage.ask(Query::Deliveries { state: None, event: None, limit: 5, before: None }).await
    else {
        panic!()
    };
    planted.is(rows[0].id, "unreadable", "cannot be read").await;
    planted.is(rows[1].id, "quarantined", "no connection has this number").await;

    let Answer::Connections(connections) = planted.stage.ask(Query::Connections).await else { panic!() };
    let connections = connections.connected;
    let connection = connections[0].connection.id;
    operations::check_all(&planted.stage.system).await.expect("checked");
    planted.is(connection, "works", "checks pass").await;
    planted.stage.simulator.switch_webhook(false);
    operations::check_all(&planted.stage.system).await.expect("checked");
    planted.is(connection, "registration", "disabled").await;
    let Answer::Alerts(alerts) = planted.stage.ask(Query::Alerts { open: true, limit: 9 }).await else { panic!() };
    planted.is(alerts[0].id, "open", "").await;
    planted.stage.act(Request::AckAlert { alert: alerts[0].id }).await.expect("seen");
    planted.is(alerts[0].id, "acknowledged", "ada has acknowledged it").await;

    for (name, status, words) in [
        ("a", "APPROVED", "can be sent"),
        ("p", "PENDING", "in review"),
        ("r", "REJECTED", "rejected"),
        ("s", "PAUSED", "blocked"),
        ("d", "DISABLED", "disabled"),
    ] {
        planted
            .stage
            .simulator
            .add_template(serde_json::json!({ "id": name, "name": name, "language": "en", "category": "UTILITY",
            "status": status, "components": [{ "type": "BODY", "text": "Hi" }] }));
        operations::refresh_templates(&planted.stage.system).await.expect("fetched");
        let why = planted.why(format!("template {name}")).await;
        assert!(why.answer.contains(words), "{why:#?}");
        planted.seen.insert(format!("template:{}", why.cause));
    }
    let Answer::Contacts(people) = planted.stage.ask(Query::Contacts { text: "rosa".into(), limit: 1 }).await else {
        panic!()
    };
    planted.is(people[0].id, "reachable", "can be written to").await;
    for nonsense in ["z9", "", "m", "m99999", "hello", "t\u{1b}[2J"] {
        let refused =
            run_query(&planted.stage.system, &ada(), Query::Why { id: nonsense.into() }).await.expect_err("refused");
        assert!(refused.to_string().contains("not found"), "{refused}");
    }
    assert!(planted.seen.len() >= 13, "{:?}", planted.seen);
}

fn assignment(stage: &Stage, contract: Contract, expires_in: Option<Duration>) -> Request {
    Request::Agents(AgentRequest::Propose(Box::new(Proposal {
        connection: ConnectionId(1),
        thread: None,
        agent: "helper".into(),
        mode: Mode::Auto,
        contract,
        expires_at: expires_in.map(|span| stage.now().plus(span)),
    })))
}

async fn decide(stage: &Stage, request: AgentRequest) {
    stage.act(Request::Agents(request)).await.expect("decided");
}

/// Each cause is planted and named, and none that was not planted; each has something to do about it.
#[tokio::test]
async fn why_an_agent_is_silent_and_how_an_assignment_stands() {
    let mut file = Planted::with(CONFIG).await;
    let why = file.is("g1", "active", "helper answers (auto), from configuration").await;
    assert!(why.remedy.is_empty(), "{why:?}");
    file.stage.says(&rosa(), "a person, please").await;
    file.stage.answer().await;
    file.stage.pass(Duration::from_secs(60));
    file.stage.says(&rosa(), "hello?").await;
    let why = file.is(file.last("rosa").await, "handed_off", "escalated the thread").await;
    assert!(why.remedy.contains("release the thread"), "{why:?}");
    file.stage
        .act(Request::Agents(AgentRequest::Stop { what: StopScope::All, reason: String::new() }))
        .await
        .expect("stopped");
    file.is("g1", "stopped", "stopped by ada").await;
    let tom = Person::new("Tom Weber", "15550100077");
    file.stage.says(&tom, "hi").await;
    let why = file.is(file.last("tom").await, "agent_stopped", "the agent is stopped").await;
    assert!(why.remedy.contains("resume"), "{why:?}");

    let mut own = Planted::with(&quiet()).await;
    own.stage.act(assignment(&own.stage, Contract::default(), None)).await.expect("proposed");
    own.is("g1", "proposed", "an admin has to approve it").await;
    decide(&own.stage, AgentRequest::Reject { assignment: AssignmentId(1), reason: "too early".into() }).await;
    own.is("g1", "rejected", "ada rejected it: too early").await;
    let when = Conditions { words: vec!["invoice".into()], ..Conditions::default() };
    own.stage.act(assignment(&own.stage, Contract { when, ..Contract::default() }, None)).await.expect("proposed");
    decide(&own.stage, AgentRequest::Approve { assignment: AssignmentId(2) }).await;
    own.is("g2", "active", "helper answers (auto).").await;
    own.stage.says(&rosa(), "hello").await;
    let why = own.is(own.last("rosa").await, "none_fits", "no agent of this number answers such a message").await;
    assert!(why.remedy.contains("extend"), "{why:?}");
    decide(&own.stage, AgentRequest::Revoke { assignment: AssignmentId(2), reason: "enough".into() }).await;
    own.is("g2", "revoked", "ada revoked it: enough").await;

    let once = Contract { max_per_hour: 1, ..Contract::default() };
    own.stage.act(assignment(&own.stage, once, Some(Duration::from_secs(7_200)))).await.expect("proposed");
    decide(&own.stage, AgentRequest::Approve { assignment: AssignmentId(3) }).await;
    own.is("g3", "active", "for 2h00 more").await;
    let approved_at = own.stage.now();
    own.stage.says(&rosa(), "one").await;
    own.stage.answer().await;
    own.stage.pass(Duration::from_secs(60));
    own.stage.says(&rosa(), "two").await;
    let why = own.is(own.last("rosa").await, "capped", "has reached its replies per hour").await;
    assert!(why.remedy.contains("two machines"), "{why:?}");

    // It is told ahead that it ends, and ends at its time.
    let passed = own.stage.now().since(approved_at);
    own.stage.pass(Duration::from_secs(7_200 - 720).saturating_sub(passed));
    operations::expire_assignments(&own.stage.system).await.expect("looked");
    operations::expire_assignments(&own.stage.system).await.expect("looked");
    let open = own.stage.ask(Query::Alerts { open: true, limit: 20 }).await;
    let Answer::Alerts(alerts) = open else { panic!() };
    let ahead: Vec<_> = alerts.iter().filter(|alert| alert.kind == "assignment_ends").collect();
    assert_eq!((ahead.len(), ahead[0].count), (1, 1), "told once: {alerts:?}");
    let next = operations::next_expiry(&own.stage.system).await.expect("asked").expect("a time");
    assert!(next.since(own.stage.now()) <= Duration::from_secs(30));
    own.stage.pass(Duration::from_secs(710));
    let next = operations::next_expiry(&own.stage.system).await.expect("asked").expect("a time");
    assert_eq!(next.since(own.stage.now()), Duration::from_secs(10), "to the second, not to the half minute");
    own.stage.pass(Duration::from_secs(10));
    operations::expire_assignments(&own.stage.system).await.expect("ended");
    own.is("g3", "ended", "expired").await;
    let Answer::Alerts(alerts) = own.stage.ask(Query::Alerts { open: true, limit: 20 }).await else { panic!() };
    assert!(alerts.iter().any(|alert| alert.kind == "assignment_ended"), "{alerts:?}");
    assert!(alerts.iter().all(|alert| alert.kind != "assignment_ends"), "that is over: {alerts:?}");
    own.stage.act(assignment(&own.stage, Contract::default(), None)).await.expect("proposed");
    own.stage.pass(Duration::from_secs(400 * 86_400));
    operations::expire_assignments(&own.stage.system).await.expect("ended");
    own.is("g4", "expired", "the proposal expired without a decision").await;

    // What is held says what it is held for.
    let mut held = Planted::with(&CONFIG.replace("You said it, {name}.", &"long ".repeat(200))).await;
    held.stage.says(&rosa(), "hello").await;
    held.stage.answer().await;
    let why = held.is(held.last("rosa").await, "held", "the contract allows 700").await;
    assert!(why.remedy.contains("send it, change it"), "{why:?}");
    held.is("r1", "held", "the contract allows 700").await;
}

//! Messages that were not answered, and agents that are silent.

use std::time::Duration;

use serde_json::{Value, json};
use wadeck::domain::agents::assignment::{Mode, Proposal};
use wadeck::domain::agents::contract::{Conditions, Contract};
use wadeck::domain::agents::requests::{AgentRequest, StopScope};
use wadeck::domain::ids::{AssignmentId, ConnectionId, RunId};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::Saying;

use super::{Catalogue, Row, Why};
use crate::cases::{self, enveloped, post, text};
use crate::stage::{CONFIG, MORNING, SUPPORT};

/// Messages that no agent is asked about, by what they are.
pub(super) async fn not_routed() -> Vec<(Row, Why)> {
    let mut catalogue = Catalogue::with(CONFIG).await;
    let long_ago = catalogue.stage.now().millis() - 7 * 3_600_000;
    for (saying, at, planted, expected) in [
        (Saying::Sticker, None, "a sticker", ("sticker", "stickers need no reply", "Reply yourself if")),
        (Saying::History("ago".into()), None, "history", ("history", "synchronized history", "")),
        (Saying::Test("t".into()), None, "a test", ("test", "a test of the provider", "")),
        (Saying::text("late"), Some(long_ago), "hours late", ("stale", "it arrived hours late", "arrive hours late")),
        (Saying::text("STOP"), None, "opt-out", ("opted_out", "the contact opted out", "until the contact opts in")),
    ] {
        let person = catalogue.anybody();
        let at = at.unwrap_or_else(|| catalogue.stage.now().millis());
        catalogue.stage.simulator.says_at(SUPPORT, &person, &saying, at);
        catalogue.stage.deliver().await;
        let message = catalogue.last(&person).await;
        catalogue.row(message, planted, expected).await;
    }
    let person = catalogue.anybody();
    let first = catalogue.stage.says(&person, "hello").await;
    let reaction = Saying::Reaction { to: first, emoji: Some("👍".into()) };
    catalogue.stage.simulator.says(SUPPORT, &person, &reaction);
    catalogue.stage.deliver().await;
    let message = wadeck::domain::ids::MessageId(catalogue.last(&person).await.0 + 1);
    catalogue.row(message, "a reaction", ("reaction", "reactions need none", "")).await;

    // An agent whose thread is somebody else's, for now.
    let person = catalogue.anybody();
    catalogue.stage.says(&person, "one").await;
    let (first, thread) = (catalogue.last(&person).await, catalogue.thread(&person).await);
    catalogue.stage.act(Request::TakeThread { thread }).await.expect("taken");
    catalogue.row(first, "taken while collecting", ("cancelled", "took the thread", "Reply yourself")).await;
    catalogue.stage.says(&person, "two").await;
    let message = catalogue.last(&person).await;
    catalogue.row(message, "a person owns the thread", ("taken", "a person owns the thread", "release")).await;
    let person = catalogue.anybody();
    catalogue.stage.says(&person, "hello").await;
    catalogue.stage.answer().await;
    let thread = catalogue.thread(&person).await;
    catalogue.writes(thread, "I look into it myself.").await;
    catalogue.stage.send().await;
    catalogue.stage.pass(Duration::from_secs(300));
    catalogue.stage.says(&person, "thanks").await;
    let message = catalogue.last(&person).await;
    let wrote = ("person_wrote", "a person wrote here recently", "release the thread");
    catalogue.row(message, "a person wrote recently", wrote).await;
    catalogue.stage.agents(AgentRequest::Stop { what: StopScope::All, reason: String::new() }).await.expect("stopped");
    let person = catalogue.anybody();
    catalogue.stage.says(&person, "hello").await;
    let message = catalogue.last(&person).await;
    catalogue.row(message, "all agents stopped", ("agent_stopped", "the agent is stopped", "resume")).await;
    catalogue.row("g1", "assignment stopped", ("stopped", "stopped by ada", "Resume the agent")).await;
    catalogue.rows.extend(Box::pin(on_the_platform()).await);
    catalogue.rows.extend(Box::pin(assignments()).await);
    catalogue.rows
}

/// What only the platform's own webhooks contain.
async fn on_the_platform() -> Vec<(Row, Why)> {
    let mut catalogue = Catalogue::quiet().await;
    catalogue.stage = cases::stage().await;
    let call = json!({ "id": "wacid.1", "from": "15551600001", "timestamp": (MORNING / 1_000).to_string(),
        "event": "terminate", "direction": "USER_INITIATED", "status": "FAILED" });
    let change = |field: &str, value: Value| {
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": "102290129340398", "changes": [{ "field": field,
            "value": value }] }] })
        .to_string()
    };
    let metadata = json!({ "display_phone_number": "15550783881", "phone_number_id": cases::ONE });
    let standby = change(
        "standby",
        json!({ "messaging_product": "whatsapp", "metadata": metadata, "contacts": [],
            "standby": { "messages": [text("wamid.BY", "15551600003", "Where is my order?")], "message_echoes": [],
                "statuses": [] } }),
    );
    let calls = change("calls", json!({ "messaging_product": "whatsapp", "metadata": metadata, "calls": [call] }));
    for (body, phone, planted, expected) in [
        (cases::case("12"), "", "number changed", ("news", "a notice about the conversation", "")),
        (cases::case("13"), "", "a poll", ("unsupported", "its content is not supported", "another form")),
        (calls, "15551600001", "a missed call", ("call", "calls are not answered", "Call back")),
        (standby, "15551600003", "another app's", ("standby", "another app owns the conversation", "takes the conv")),
        (
            enveloped(json!([]), json!([text("wamid.OURS", "15550783882", "hello")])),
            "15550783882",
            "our own number",
            ("own_number", "one of our own numbers", ""),
        ),
    ] {
        let before = newest(&catalogue).await;
        post(&mut catalogue.stage, "/webhook/meta", &[], &body).await;
        let message = newest(&catalogue).await;
        assert_ne!(before, message, "{planted} {phone}: a message came");
        catalogue.row(message.expect("one"), planted, expected).await;
    }
    let thread = catalogue.stage.thread_of("15551600003").await.id;
    let other = ("held_elsewhere", "took over the conversation at the provider", "Leave it to the other app");
    catalogue.row(thread, "thread of another app", other).await;
    catalogue.rows
}

/// The newest message of all threads.
async fn newest(catalogue: &Catalogue) -> Option<wadeck::domain::ids::MessageId> {
    let mut newest = None;
    for thread in catalogue.stage.threads().await {
        newest = newest.max(catalogue.stage.messages(thread.id).await.iter().map(|message| message.id).max());
    }
    newest
}

fn propose(mode: Mode, contract: Contract) -> AgentRequest {
    AgentRequest::Propose(Box::new(Proposal {
        connection: ConnectionId(1),
        thread: None,
        agent: "helper".into(),
        mode,
        contract,
        expires_at: None,
    }))
}

/// Assignments that are not in force, and what that means for a message.
async fn assignments() -> Vec<(Row, Why)> {
    let mut catalogue = Catalogue::quiet().await;
    let person = catalogue.anybody();
    catalogue.stage.says(&person, "anybody?").await;
    let message = catalogue.last(&person).await;
    catalogue.row(message, "nobody assigned", ("no_agent", "no agent is assigned", "assign an agent")).await;
    let decide = async |stage: &crate::stage::Stage, request| {
        stage.agents(request).await.expect("decided");
    };
    decide(&catalogue.stage, propose(Mode::Auto, Contract::default())).await;
    catalogue.row("g1", "not approved", ("proposed", "an admin has to approve it", "approve or reject")).await;
    let reject = AgentRequest::Reject { assignment: AssignmentId(1), reason: "too early".into() };
    decide(&catalogue.stage, reject).await;
    catalogue.row("g1", "rejected", ("rejected", "ada rejected it: too early", "Propose it again")).await;
    let when = Conditions { words: vec!["invoice".into()], ..Conditions::default() };
    decide(&catalogue.stage, propose(Mode::Auto, Contract { when, ..Contract::default() })).await;
    decide(&catalogue.stage, AgentRequest::Approve { assignment: AssignmentId(2) }).await;
    catalogue.row("g2", "in force", ("active", "helper answers (auto)", "")).await;
    catalogue.stage.says(&person, "hello").await;
    let message = catalogue.last(&person).await;
    catalogue.row(message, "other words", ("none_fits", "answers such a message", "extend the hours")).await;
    let revoke = AgentRequest::Revoke { assignment: AssignmentId(2), reason: "enough".into() };
    decide(&catalogue.stage, revoke).await;
    catalogue.row("g2", "revoked", ("revoked", "ada revoked it: enough", "Propose it again")).await;
    decide(&catalogue.stage, propose(Mode::Auto, Contract { max_per_hour: 1, ..Contract::default() })).await;
    decide(&catalogue.stage, AgentRequest::Approve { assignment: AssignmentId(3) }).await;
    for words in ["one", "two"] {
        catalogue.stage.says(&person, words).await;
        catalogue.stage.answer().await;
        catalogue.stage.pass(Duration::from_secs(60));
    }
    let message = catalogue.last(&person).await;
    catalogue.row(message, "replies of an hour used", ("capped", "its replies per hour", "two machines")).await;
    decide(&catalogue.stage, AgentRequest::Revoke { assignment: AssignmentId(3), reason: "enough".into() }).await;
    decide(&catalogue.stage, propose(Mode::Off, Contract::default())).await;
    let approve = AgentRequest::Approve { assignment: AssignmentId(4) };
    decide(&catalogue.stage, approve).await;
    catalogue.row("g4", "mode off", ("off", "its mode is off", "draft or auto")).await;
    catalogue.stage.says(&person, "three").await;
    let message = catalogue.last(&person).await;
    catalogue.row(message, "agent is off", ("agent_off", "the assigned agent is off", "mode draft or auto")).await;
    decide(&catalogue.stage, propose(Mode::Auto, Contract::default())).await;
    catalogue.stage.pass(Duration::from_secs(400 * 86_400));
    operations::expire_assignments(&catalogue.stage.system).await.expect("ended");
    let expired = ("expired", "expired without a decision", "Propose it again");
    catalogue.row("g5", "proposal expired", expired).await;
    catalogue.rows
}

/// Runs that did not become a reply.
pub(super) async fn runs() -> Vec<(Row, Why)> {
    let mut catalogue = Catalogue::with(CONFIG).await;
    let person = catalogue.anybody();
    catalogue.stage.says(&person, "hello").await;
    let message = catalogue.last(&person).await;
    catalogue.row(message, "debounce", ("collecting", "waits for further messages", "Wait, or take")).await;
    catalogue.row("r1", "run collecting", ("collecting", "It waits for further messages", "")).await;
    catalogue.stage.answer().await;
    catalogue.row(message, "answered", ("answered", "It was answered by agent helper", "")).await;
    catalogue.row("r1", "run answered", ("answered", "It replied", "")).await;
    for (words, planted, of_message, of_run) in [
        (
            "price",
            "agent failed",
            ("agent_failed", "helper failed: the price list could not be opened", "Take the thread"),
            ("agent_failed", "It failed: the price list", "Check the agent"),
        ),
        (
            "quiet",
            "agent silent",
            ("silent", "helper decided not to reply", "Reply yourself if"),
            ("silent", "The agent decided not to reply", ""),
        ),
    ] {
        let person = catalogue.anybody();
        catalogue.stage.says(&person, words).await;
        catalogue.stage.answer().await;
        let message = catalogue.last(&person).await;
        catalogue.row(message, planted, of_message).await;
        let run = newest_run(&catalogue).await;
        catalogue.row(run, &format!("run: {planted}"), of_run).await;
    }
    let person = catalogue.anybody();
    catalogue.stage.says(&person, "a person, please").await;
    catalogue.stage.answer().await;
    let run = newest_run(&catalogue).await;
    catalogue.row(run, "run escalated", ("handed_off", "It escalated the thread", "Take the thread")).await;
    catalogue.stage.pass(Duration::from_secs(60));
    catalogue.stage.says(&person, "hello?").await;
    let message = catalogue.last(&person).await;
    let escalated = ("handed_off", "its agent escalated the thread", "release the thread");
    catalogue.row(message, "escalated before", escalated).await;

    catalogue.moves_to(&CONFIG.replace("agent = \"helper\"", "agent = \"helper\"\nmode = \"draft\"")).await;
    catalogue.stage.says(&person, "hi").await;
    catalogue.stage.answer().await;
    let message = catalogue.last(&person).await;
    catalogue.row(message, "draft", ("draft_waits", "suggested a reply, which waits", "then send it")).await;
    catalogue.row("r1", "run: draft", ("draft_waits", "It suggested a reply", "Read it")).await;
    let dismiss = AgentRequest::Dismiss { run: RunId(1), reason: String::new() };
    catalogue.stage.agents(dismiss).await.expect("dismissed");
    catalogue.row(message, "draft dismissed", ("rejected", "dismissed the reply that helper", "Reply yourself")).await;
    catalogue.row("r1", "run: dismissed", ("rejected", "dismissed its suggested reply", "Reply yourself")).await;

    catalogue.moves_to(&CONFIG.replace("You said it, {name}.", &"long ".repeat(200))).await;
    catalogue.stage.says(&person, "hello").await;
    catalogue.stage.answer().await;
    let message = catalogue.last(&person).await;
    catalogue.row(message, "outside the contract", ("held", "is held: ", "send it, change it")).await;
    catalogue.row("r1", "run: outside the contract", ("held", "Its reply is held", "send it, change it")).await;
    // A second message takes the first one's run along.
    catalogue.stage.says(&person, "and more").await;
    catalogue.stage.answer().await;
    catalogue.row("r1", "run: a newer message", ("superseded", "A newer message arrived", "answers both")).await;
    catalogue.rows
}

async fn newest_run(catalogue: &Catalogue) -> RunId {
    let mut newest = RunId(1);
    while catalogue.stage.system.store().run(RunId(newest.0 + 1)).await.expect("asked").is_some() {
        newest = RunId(newest.0 + 1);
    }
    newest
}

/// Threads and what is written in them.
pub(super) async fn threads() -> Vec<(Row, Why)> {
    let mut catalogue = Catalogue::quiet().await;
    let (person, entry) = catalogue.replies().await;
    let (message, thread) = (catalogue.last(&person).await, catalogue.thread(&person).await);
    catalogue.row(message, "reply queued", ("reply_waits", "A reply is written and not sent yet", "See why o")).await;
    catalogue.stage.send().await;
    catalogue.row(message, "replied", ("answered", &*format!("with {entry}").leak(), "")).await;
    let until = catalogue.stage.now().plus(Duration::from_secs(7_200));
    catalogue.stage.act(Request::SnoozeThread { thread, until }).await.expect("snoozed");
    catalogue.row(thread, "snoozed", ("snoozed", "snoozed this thread", "unsnooze")).await;
    let resolve = Request::ResolveThread { thread, reason: "done".into() };
    catalogue.stage.act(resolve).await.expect("resolved");
    catalogue.row(thread, "resolved", ("resolved", "resolved", "reopen")).await;
    let (uncertain, _) = catalogue.meets(wadeck::simulator::SendFault::Vanish).await;
    let message = catalogue.last(&uncertain).await;
    let doubt = ("reply_uncertain", "it is uncertain whether it arrived", "is uncertain");
    catalogue.row(message, "reply uncertain", doubt).await;
    let fault = wadeck::simulator::SendFault::graph(400, 131_026, "no");
    let (failed, _) = catalogue.meets(fault).await;
    let message = catalogue.last(&failed).await;
    catalogue.row(message, "reply failed", ("reply_failed", "was not delivered", "write a new reply")).await;
    let person = catalogue.anybody();
    catalogue.stage.says(&person, "hello").await;
    let thread = catalogue.thread(&person).await;
    catalogue.stage.act(Request::OptOut { thread, out: true }).await.expect("stopped");
    catalogue.row(thread, "thread opted out", ("opted_out", "Nothing can be sent", "opts in")).await;
    let Answer::Contacts(people) = catalogue.stage.ask(Query::Contacts { text: person.phone, limit: 1 }).await else {
        panic!("contacts")
    };
    catalogue.row(people[0].id, "contact opted out", ("opted_out", "gets no messages", "opts in")).await;
    let person = catalogue.anybody();
    let long_ago = catalogue.stage.now().millis() - 30 * 3_600_000;
    catalogue.stage.simulator.says_at(SUPPORT, &person, &Saying::History("ago".into()), long_ago);
    catalogue.stage.deliver().await;
    let thread = catalogue.thread(&person).await;
    catalogue.row(thread, "window closed", ("window_closed", "Only templates can be sent", "approved template")).await;
    catalogue.rows
}

//! Messages that were not sent, not delivered or not answered.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::ids::ConnectionId;
use wadeck::domain::message::content::Content;
use wadeck::domain::request::Request;
use wadeck::domain::templates::starter;
use wadeck::simulator::{SendFault, UploadFault};

use super::{Catalogue, Row, Why};
use crate::stage::{CONFIG, SUPPORT};

/// Codes that end a message: code, cause, words of the answer, words of the remedy.
const FINAL: &[(u32, &str, &str, &str)] = &[
    (3, "setup", "3 Capability missing", "Grant the permission"),
    (33, "request", "33 No such number", "phone_number_id"),
    (100, "request", "100 Parameter not valid", "response below"),
    (1_026, "recipient", "1026 Contact's app cannot show it", "plain text"),
    (130_472, "policy", "130472 Part of an experiment", "Do not try again"),
    (130_497, "policy", "130497 Country restricted", "country rules"),
    (131_008, "request", "131008 Parameter missing", "response below"),
    (131_009, "request", "131009 Parameter value not valid", "correct it"),
    (131_021, "request", "131021 Sent to our own number", "contact's number"),
    (131_026, "recipient", "131026 Cannot be delivered", "another way"),
    (131_030, "setup", "131030 Not on the test list", "Add the number to the list"),
    (131_047, "window_closed", "131047 Service window closed", "approved template"),
    (131_049, "policy", "131049", "not retried automatically"),
    (131_051, "request", "131051 Kind not supported", "another kind"),
    (131_053, "request", "131053 Media not accepted", "Convert the file"),
    (132_000, "template", "132000 Number of parameters wrong", "fill in every parameter"),
    (132_001, "template", "132001 Template not found", "Choose the template"),
    (132_007, "template", "132007 Template breaks the rules", "Edit the template"),
    (132_012, "template", "132012 Parameter of the wrong kind", "Fill in the parameters"),
    (132_015, "template", "132015 Template paused", "use another"),
    (132_016, "template", "132016 Template disabled", "Create another template"),
    (132_068, "policy", "132068 Flow blocked", "Fix the Flow"),
    (135_000, "unknown_code", "135000 Rejected without a reason", "send it again"),
    (999_999, "unknown_code", "999999", ""),
];

/// Codes after which the message is retried.
const RETRIED: &[(u32, &str)] = &[
    (2, "2 Platform overloaded"),
    (4, "4 Too many calls"),
    (80_007, "80007 Account rate reached"),
    (130_429, "130429 Throughput reached"),
    (131_000, "131000 Platform error"),
    (131_016, "131016 Service unavailable"),
    (131_048, "131048 Spam limit reached"),
    (131_056, "131056 Too fast to one person"),
    (131_057, "131057 Account in maintenance"),
    (132_069, "132069 Flow throttled"),
    (134_101, "134101 Still spreading"),
];

/// Codes that hold the whole number.
const HOLDING: &[(u32, &str, &str, &str)] = &[
    (190, "credentials", "rejects the API key", "Correct the key"),
    (0, "credentials", "rejects the API key", "Correct the key"),
    (10, "account", "10 Permission missing", "Grant the permission"),
    (368, "account", "368 Blocked for a while", "quality page"),
    (131_005, "account", "131005 Access denied", "permissions"),
    (131_031, "account", "131031 Account locked", "Open the account"),
    (131_037, "account", "131037 Display name not approved", "display name review"),
    (131_042, "account", "131042 Payment problem", "payment method"),
    (131_045, "account", "131045 Registration not valid", "Register the number again"),
    (133_010, "account", "133010 Number not registered", "Register the number"),
];

pub(super) async fn refused_by_code() -> Vec<(Row, Why)> {
    let mut catalogue = Catalogue::quiet().await;
    for (code, cause, words, remedy) in FINAL {
        let (_, entry) = catalogue.meets(SendFault::graph(400, *code, "as the provider describes it")).await;
        let expected = (*cause, *words, *remedy);
        if remedy.is_empty() {
            let why = catalogue.why(entry).await;
            assert!(!why.remedy.is_empty(), "an unknown code has a remedy too: {why:#?}");
            continue;
        }
        catalogue.row(entry, &format!("refused with {code}"), expected).await;
    }
    for (code, words) in RETRIED {
        let (_, entry) = catalogue.meets(SendFault::graph(400, *code, "as the provider describes it")).await;
        catalogue.row(entry, &format!("retried after {code}"), ("retry", words, "retried automatically")).await;
        catalogue.stage.act(Request::DiscardEntry { entry }).await.expect("out");
    }
    // The answer of a code that contradicts what is known says so.
    let (_, entry) = catalogue.meets(SendFault::graph(400, 470, "closed")).await;
    let known = ("window_closed", "According to the received messages the window is open for another", "template");
    catalogue.row(entry, "refused with 470 while the window is open", known).await;
    // By status: what the provider accepted fails later.
    for (code, cause, words, remedy) in [
        (131_026, "recipient", "accepted it, and then it failed: 131026", "another way"),
        (131_049, "policy", "accepted it, and then it failed: 131049", "not retried"),
        (131_053, "request", "accepted it, and then it failed: 131053", "Convert"),
    ] {
        let person = catalogue.anybody();
        catalogue.stage.simulator.unreachable(&person.phone, code);
        catalogue.stage.says(&person, "hello").await;
        let entry = catalogue.writes(catalogue.thread(&person).await, "hi").await;
        catalogue.stage.send().await;
        catalogue.stage.pass(Duration::from_secs(60));
        catalogue.stage.deliver().await;
        catalogue.row(entry, &format!("status failed with {code}"), (cause, words, remedy)).await;
    }
    for (code, cause, words, remedy) in HOLDING {
        let mut held = Catalogue::quiet().await;
        let (_, entry) = held.meets(SendFault::graph(400, *code, "as the provider describes it")).await;
        held.row(entry, &format!("number held by {code}"), (cause, words, remedy)).await;
        catalogue.rows.append(&mut held.rows);
    }
    let mut wrong = Catalogue::quiet().await;
    let page = SendFault::Answer { status: 301, body: json!("moved"), retry_after: None };
    let (_, entry) = wrong.meets(page).await;
    wrong.row(entry, "base URL of something else", ("base_url", "not from the provider's API", "_BASE_URL")).await;
    catalogue.rows.append(&mut wrong.rows);
    catalogue.rows
}

pub(super) async fn waiting_and_uncertain() -> Vec<(Row, Why)> {
    let mut catalogue = Catalogue::quiet().await;
    let (person, first) = catalogue.replies().await;
    let thread = catalogue.thread(&person).await;
    catalogue.row(first, "next in the queue", ("due", "next in the queue", "check that the engine runs")).await;
    let second = catalogue.writes(thread, "two").await;
    catalogue.row(second, "behind another", ("behind", "comes before it in the same thread", "See why o")).await;
    catalogue.stage.act(Request::HoldEntry { entry: first }).await.expect("held");
    catalogue.row(first, "held", ("held_by_person", "a person holds it", "Release it")).await;
    catalogue.stage.act(Request::DiscardEntry { entry: first }).await.expect("out");
    catalogue.row(first, "discarded", ("discarded_by_person", "a person discarded it", "Retry it")).await;
    catalogue.stage.send().await;
    let at = Some(catalogue.stage.now().plus(Duration::from_secs(7_200)));
    let content = Box::new(Content::text("later"));
    catalogue.stage.act(Request::Send { thread, content, reply_to: None, at }).await.expect("queued");
    let later = catalogue.last_entry().await;
    catalogue.row(later, "scheduled", ("later", "it is scheduled, in 2h00", "release it to send it now")).await;
    catalogue.stage.act(Request::OptOut { thread, out: true }).await.expect("stopped");
    catalogue.stage.pass(Duration::from_secs(7_300));
    catalogue.stage.send().await;
    catalogue.row(later, "opted out while it waited", ("opted_out", "Opted out", "opt")).await;

    let (_, entry) = catalogue.meets(SendFault::Vanish).await;
    catalogue.row(entry, "no response", ("uncertain", "has not been queried yet", "A retry may send it twice")).await;
    catalogue.stage.act(Request::Reconcile { entry }).await.expect("asked");
    catalogue.row(entry, "queried", ("uncertain", "without a result", "decide by the evidence")).await;
    catalogue.stage.act(Request::ConfirmArrived { entry }).await.expect("settled");
    catalogue.row(entry, "settled by a person", ("accepted", "a person settled it", "Wait")).await;
    let (_, entry) = catalogue.meets(SendFault::LoseAnswer).await;
    catalogue.stage.pass(Duration::from_secs(30));
    catalogue.stage.deliver().await;
    catalogue.row(entry, "response lost", ("read", "a status with our reference settled it", "")).await;
    let unwell = || SendFault::graph(500, 131_000, "unwell");
    let (_, entry) = catalogue.meets(unwell()).await;
    for _ in 0..2 {
        catalogue.stage.simulator.next_send(unwell());
        catalogue.stage.pass(Duration::from_secs(120));
        catalogue.stage.send().await;
    }
    let dead = ("dead", "3 attempts failed, the last with 131000 Platform error", "no further automatic retry");
    catalogue.row(entry, "attempts used up", dead).await;
    let (person, _) = catalogue.replies().await;
    catalogue.stage.send().await;
    let path = catalogue.stage.outside.path().join("a.txt");
    std::fs::write(&path, "hello").expect("written");
    for (refused, planted, expected) in [
        (false, "file not uploaded", ("upload", "its file is being uploaded", "retried automatically")),
        (true, "upload refused", ("request", "Media upload error", "")),
    ] {
        let request = Request::SendFile {
            thread: catalogue.thread(&person).await,
            upload: catalogue.stage.upload(&path.display().to_string()).await,
            caption: String::new(),
            pad: None,
            voice: false,
            reply_to: None,
            at: None,
        };
        catalogue.stage.act(request).await.expect("queued");
        let file = catalogue.last_entry().await;
        if refused {
            catalogue.stage.simulator.next_upload(UploadFault::Refused);
            catalogue.stage.carry_files().await;
            let why = catalogue.why(file).await;
            assert!(why.cause == expected.0 && why.answer.contains(expected.1), "{why:#?}");
            assert!(!why.remedy.is_empty(), "{why:#?}");
            continue;
        }
        catalogue.row(file, planted, expected).await;
        catalogue.stage.act(Request::DiscardEntry { entry: file }).await.expect("out");
    }

    let mut undone = Catalogue::with(&undo()).await;
    let (_, entry) = undone.replies().await;
    undone.row(entry, "can be undone", ("undo", "can still be undone", "Undo it")).await;
    catalogue.rows.append(&mut undone.rows);
    catalogue.rows.extend(Box::pin(limits()).await);
    catalogue.rows
}

fn undo() -> String {
    CONFIG.replace("agent = \"helper\"\n", "").replace("debounce_seconds = 4", "undo_seconds = 20")
}

/// Our own limits, and templates that wait for them.
async fn limits() -> Vec<(Row, Why)> {
    let mut catalogue = Catalogue::quiet().await;
    crate::wishes::templates(&catalogue.stage).await;
    let person = catalogue.anybody();
    let to = PhoneNumber::parse(&format!("+{}", person.phone)).expect("a number");
    for name in ["order_ready", "spring_sale"] {
        let request = Request::SendTemplate {
            connection: ConnectionId(1),
            to: to.clone(),
            name: name.into(),
            language: "en_US".into(),
            parameters: vec![],
            header: None,
            at: None,
        };
        catalogue.stage.act(request).await.expect("queued");
        catalogue.stage.send().await;
        catalogue.stage.pass(Duration::from_secs(10));
    }
    let held = catalogue.last_entry().await;
    let policy = ("hourly_policy", "a business-initiated message within the last hour", "hourly_policy");
    catalogue.row(held, "second template within the hour", policy).await;
    let person = catalogue.anybody();
    catalogue.stage.says(&person, "hello").await;
    let thread = catalogue.thread(&person).await;
    for number in 0..60 {
        catalogue.writes(thread, &format!("message {number}")).await;
        catalogue.stage.send().await;
        let entry = catalogue.last_entry().await;
        if catalogue.why(entry).await.cause == "pair_rate" {
            let pair = ("pair_rate", "at most one message per 6 s", "Wait");
            catalogue.row(entry, "many messages to one contact", pair).await;
            break;
        }
    }
    assert!(catalogue.rows.iter().any(|(row, _)| row.cause == "pair_rate"), "the pair rate holds one");
    catalogue.rows
}

pub(super) async fn accepted() -> Vec<(Row, Why)> {
    let mut catalogue = Catalogue::quiet().await;
    let (_, entry) = catalogue.replies().await;
    catalogue.stage.send().await;
    catalogue.row(entry, "just accepted", ("accepted", "accepted it a moment ago", "Wait")).await;
    catalogue.stage.pass(Duration::from_secs(600));
    catalogue.row(entry, "no status", ("no_status", "has sent no status since", "checks of the connection")).await;
    catalogue.stage.deliver().await;
    catalogue.row(entry, "read", ("read", "It arrived and was read.", "")).await;
    let person = catalogue.anybody();
    catalogue.stage.simulator.switched_off(&person.phone, Duration::from_secs(86_400));
    catalogue.stage.says(&person, "hello").await;
    let entry = catalogue.writes(catalogue.thread(&person).await, "hi").await;
    catalogue.stage.send().await;
    catalogue.stage.pass(Duration::from_secs(60));
    catalogue.stage.deliver().await;
    catalogue.row(entry, "phone off", ("sent", "the phone is off or offline", "WhatsApp retries for days")).await;

    // A Flow that nobody submits.
    let person = catalogue.anybody();
    catalogue.stage.says(&person, "hello").await;
    let entry = flow(&catalogue, &person.phone).await;
    catalogue.stage.pass(Duration::from_secs(60));
    catalogue.stage.deliver().await;
    let open = ("flow_unanswered", "has not submitted the Flow", "invocations");
    catalogue.row(entry, "Flow not submitted", open).await;
    let sent = catalogue.stage.simulator.accepted().pop().expect("sent");
    let form = json!({ "message": { "id": "wamid.FORM", "type": "interactive", "from": person.phone,
            "timestamp": (catalogue.stage.now().millis() / 1_000).to_string(), "context": { "id": sent.id },
            "kapso": { "direction": "inbound", "status": "received", "origin": "cloud_api", "flow_name": "sign_up" },
            "interactive": { "type": "nfm_reply", "nfm_reply": { "name": "flow", "body": "Sent",
                "response_json": "{\"full_name\":\"Rosa\"}" } } },
        "conversation": { "id": "c", "phone_number": person.phone, "phone_number_id": SUPPORT }, "phone_number_id": SUPPORT });
    catalogue.stage.simulator.post_raw("whatsapp.message.received", &form);
    catalogue.stage.deliver().await;
    assert_eq!(catalogue.why(entry).await.cause, "read", "it was submitted");
    catalogue.rows
}

/// Creates and publishes a Flow, and sends it.
async fn flow(catalogue: &Catalogue, phone: &str) -> wadeck::domain::ids::EntryId {
    use wadeck::domain::flow::FlowRequest;
    let connection = ConnectionId(1);
    let json = starter::flow("sign_up").expect("a starter").text.to_owned();
    let act = async |request| catalogue.stage.act(Request::Flow(request)).await.expect("done");
    let id = act(FlowRequest::Create { connection, name: "sign_up".into(), json, accepted: None })
        .await
        .created_id
        .expect("an id");
    let to = PhoneNumber::parse(&format!("+{phone}")).expect("a number");
    act(FlowRequest::Send {
        connection,
        id,
        to,
        body: "Please sign up.".into(),
        button: "Sign up".into(),
        screen: Some("WELCOME".into()),
    })
    .await;
    catalogue.stage.send().await;
    catalogue.last_entry().await
}

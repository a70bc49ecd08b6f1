//! What holds for every provider, whatever its wire: the same journeys, one after another, over each.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::ids::ThreadId;
use wadeck::domain::inbound::event::Direction;
use wadeck::domain::message::content::Content;
use wadeck::domain::message::media::MediaState;
use wadeck::domain::message::status::DeliveryStatus;
use wadeck::domain::numbers::connection::Check;
use wadeck::domain::outbox::entry::{EntryState, FailedBy, SettledBy};
use wadeck::domain::outbox::limits::Hold;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::text::Untrusted;
use wadeck::operations;
use wadeck::simulator::{MediaFault, Number, Person, Saying, SendFault};

use crate::stage::{Stage, rosa};

/// One provider, as the suite has to know it.
pub struct Wire {
    pub provider: &'static str,
    /// What the connection's lines in the configuration are, beside name and agent.
    lines: &'static str,
    pub number: &'static str,
    /// The next send is refused for good, for now, and for its key.
    refusal: fn() -> SendFault,
    pub throttle: fn() -> SendFault,
    key: fn() -> SendFault,
    /// The code with which a message fails that was accepted.
    nobody: u32,
    /// Quotes and reactions can be sent.
    quotes: bool,
    /// Its own list of messages can be asked.
    lists: bool,
}

const SENDER: &str = "15550100300";
pub const DIRECT: &str = "106540352249999";

fn forms(status: u16, code: u32, message: &str) -> SendFault {
    let body = json!({ "code": code, "message": message, "status": status });
    SendFault::Answer { status, body, retry_after: None }
}

pub const WIRES: [Wire; 3] = [
    Wire {
        provider: "kapso",
        lines: "phone_number = \"+15550100001\"\nphone_number_id = \"106540352242922\"\nbusiness_account_id = \"102290129340398\"",
        number: crate::stage::SUPPORT,
        refusal: || SendFault::graph(400, 131_026, "Message undeliverable"),
        throttle: || SendFault::graph(400, 130_429, "Rate limit hit"),
        key: || SendFault::Answer { status: 401, body: json!({ "error": "Invalid API key" }), retry_after: None },
        nobody: 131_026,
        quotes: true,
        lists: true,
    },
    Wire {
        provider: "twilio",
        lines: "phone_number = \"+15550100300\"",
        number: SENDER,
        refusal: || forms(400, 63_003, "Channel could not find To address"),
        throttle: || forms(429, 20_429, "Too Many Requests"),
        key: || forms(401, 20_003, "Authenticate"),
        nobody: 63_024,
        quotes: false,
        lists: true,
    },
    Wire {
        provider: "meta",
        lines: "phone_number = \"+15550100400\"\nphone_number_id = \"106540352249999\"\nbusiness_account_id = \"102290129340399\"",
        number: DIRECT,
        refusal: || SendFault::graph(400, 131_026, "Message undeliverable"),
        throttle: || SendFault::graph(400, 130_429, "Rate limit hit"),
        key: || SendFault::graph(401, 190, "Error validating access token"),
        nobody: 131_026,
        quotes: true,
        lists: false,
    },
];

pub async fn stage(wire: &Wire) -> Stage {
    let text = format!(
        "organization = \"lumen\"\n[[connections]]\nname = \"desk\"\nprovider = \"{}\"\n{}\nagent = \"helper\"\ndebounce_seconds = 4\n\
         [[agents]]\nname = \"helper\"\nkind = \"scripted\"\nrules = [{{ when = [\"hush\"] }}, {{ reply = [\"You said it, {{name}}.\"] }}]\n",
        wire.provider, wire.lines
    );
    let stage = Stage::with_config(&text).await;
    stage.simulator.add_sender(SENDER, false);
    stage.simulator.add_number(Number {
        phone_number_id: DIRECT.into(),
        business_account_id: "102290129340399".into(),
        display: "+1 555-010-0400".into(),
        name: "Lumen Direct".into(),
        kind: "production".into(),
        customer: None,
        direct: true,
    });
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    stage
}

pub async fn says(stage: &mut Stage, wire: &Wire, person: &Person, saying: &Saying) -> String {
    let id = stage.simulator.says(wire.number, person, saying);
    stage.deliver().await;
    id
}

/// Rosa has written, nobody answers by himself, and the thread is open.
pub async fn with_rosa(wire: &Wire) -> (Stage, ThreadId) {
    let mut stage = stage(wire).await;
    says(&mut stage, wire, &rosa(), &Saying::text("hush")).await;
    stage.answer().await;
    let thread = stage.thread().await.id;
    (stage, thread)
}

pub async fn write(stage: &Stage, thread: ThreadId, words: &str) {
    let content = Box::new(Content::text(words));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
}

#[tokio::test]
async fn a_conversation_goes_both_ways_and_every_hop_is_proved() {
    for wire in &WIRES {
        let name = wire.provider;
        let mut stage = stage(wire).await;
        says(&mut stage, wire, &rosa(), &Saying::text("Olá, día ✓ +1 & more?")).await;
        let row = stage.thread().await;
        assert_eq!(row.contact.name.as_ref().map(Untrusted::line).as_deref(), Some("Rosa Field"), "{name}");
        assert_eq!(row.contact.phone_number.as_ref().map(PhoneNumber::digits), Some("15550100002"), "{name}");
        assert!(row.window_closes_at.is_some_and(|until| until.since(stage.now()).as_secs() > 86_000), "{name}");
        stage.answer().await;
        let sent = stage.simulator.accepted();
        assert_eq!((sent.len(), sent[0].to.as_str()), (1, "15550100002"), "{name}");
        assert_eq!(sent[0].text, "You said it, Rosa Field.", "{name}");
        stage.pass(Duration::from_secs(20));
        stage.deliver().await;
        let messages = stage.messages(row.id).await;
        assert_eq!(messages[0].text.line(), "Olá, día ✓ +1 & more?", "{name}");
        assert_eq!((messages[1].status, messages.len()), (DeliveryStatus::Read, 2), "{name}");
        let Answer::Connections(list) = stage.ask(Query::Connections).await else { panic!("connections") };
        for hop in [Check::Signature, Check::Inbound, Check::Agent, Check::Send, Check::Status] {
            let proved = list.connected[0].checks.iter().any(|proof| proof.check == hop && proof.works);
            assert!(proved, "{name}: {hop:?}");
        }
        assert!(stage.simulator.leaked().is_empty(), "{name}: a webhook was answered with words");
        operations::check_all(&stage.system).await.expect("checked");
        let Answer::Connections(list) = stage.ask(Query::Connections).await else { panic!("connections") };
        let provider = list.connected[0].checks.iter().find(|proof| proof.check == Check::Provider).expect("asked");
        assert!(provider.works, "{name}: {}", provider.note);
    }
}

#[tokio::test]
async fn everything_that_a_person_can_send_is_shown() {
    for wire in &WIRES {
        let name = wire.provider;
        let mut stage = stage(wire).await;
        let first = says(&mut stage, wire, &rosa(), &Saying::text("hush")).await;
        let sayings = [
            Saying::Reply { text: "hush, this one".into(), to: first.clone() },
            Saying::Image { caption: Some("hush".into()) },
            Saying::Voice { transcript: None },
            Saying::Document { file_name: "a.pdf".into() },
            Saying::Sticker,
            Saying::Location { name: "Gare du Nord".into(), latitude: 48.88, longitude: 2.355 },
            Saying::Button { text: "Confirm".into(), payload: "appt:42".into() },
            Saying::Choice { id: "keep".into(), title: "Keep it".into() },
            Saying::Contact { name: "Ana".into(), phone: "15550100012".into() },
        ];
        for saying in &sayings {
            says(&mut stage, wire, &rosa(), saying).await;
            stage.pass(Duration::from_secs(1));
        }
        stage.carry_files().await;
        let thread = stage.thread().await;
        let messages = stage.messages(thread.id).await;
        let kinds: Vec<&str> = messages.iter().map(|message| message.kind.as_str()).collect();
        let last = [kinds[8], kinds[9]];
        assert_eq!(
            kinds[..8],
            ["text", "text", "image", "audio", "document", "sticker", "location", "button"],
            "{name}"
        );
        // Over one wire a choice is a button, and a shared contact a file.
        assert!(matches!(last, ["interactive", "contacts"] | ["button", "document"]), "{name}: {last:?}");
        assert_eq!(messages[1].quotes.as_ref().map(Untrusted::line).as_deref(), Some("hush"), "{name}");
        assert!(messages[6].text.line().contains("Gare du Nord"), "{name}");
        assert!(messages.iter().all(|message| !message.text.line().is_empty()), "{name}");
        for message in &messages[2..6] {
            let media = message.media.as_ref().expect("a file");
            assert_eq!(media.state, MediaState::Kept, "{name} {}: {:?}", message.kind, media.said);
        }
    }
}

#[tokio::test]
async fn a_file_from_elsewhere_is_not_fetched_and_one_that_is_not_there_yet_comes_later() {
    for wire in &WIRES {
        let name = wire.provider;
        let mut stage = stage(wire).await;
        stage.simulator.next_media(MediaFault::Elsewhere);
        says(&mut stage, wire, &rosa(), &Saying::Image { caption: Some("hush".into()) }).await;
        stage.carry_files().await;
        let thread = stage.thread().await.id;
        let media = stage.messages(thread).await[0].media.clone().expect("a file");
        assert_eq!(media.state, MediaState::Refused, "{name}: {:?}", media.said);
        stage.simulator.next_media(MediaFault::Gone);
        says(&mut stage, wire, &rosa(), &Saying::Image { caption: Some("hush".into()) }).await;
        stage.carry_files().await;
        assert_eq!(stage.messages(thread).await[1].media.as_ref().map(|media| media.state), Some(MediaState::Wanted));
        stage.pass(Duration::from_secs(60));
        stage.carry_files().await;
        assert_eq!(
            stage.messages(thread).await[1].media.as_ref().map(|media| media.state),
            Some(MediaState::Kept),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_file_goes_out_with_its_words() {
    for wire in &WIRES {
        let name = wire.provider;
        let (stage, thread) = with_rosa(wire).await;
        let path = stage.outside.path().join("door.png");
        image::RgbImage::from_pixel(40, 30, image::Rgb([9, 9, 200])).save(&path).expect("a picture");
        let request = Request::SendFile {
            thread,
            upload: stage.upload(&path.display().to_string()).await,
            caption: "front door".into(),
            pad: None,
            voice: false,
            reply_to: None,
            at: None,
        };
        stage.act(request).await.expect("queued");
        stage.carry_files().await;
        assert_eq!(stage.send().await, 1, "{name}");
        let sent = stage.simulator.accepted().remove(0);
        assert_eq!((sent.kind.as_str(), sent.text.as_str()), ("image", "front door"), "{name}");
        let kept = sent.object["id"].as_str().map_or_else(|| format!("sent-{}", sent.id), str::to_owned);
        let (kind, _, bytes) = stage.simulator.file(&kept).expect("it is there");
        assert_eq!(kind, "image/png", "{name}");
        assert_eq!(bytes, std::fs::read(&path).expect("readable"), "{name}");
        if sent.object["id"].is_null() {
            crate::media::the_link_answers_under_both_paths(&stage).await;
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_never_sent_again_and_its_status_settles_it() {
    for wire in &WIRES {
        let name = wire.provider;
        let (mut stage, thread) = with_rosa(wire).await;
        write(&stage, thread, "hi").await;
        stage.simulator.next_send(SendFault::LoseAnswer);
        stage.send().await;
        assert_eq!(stage.outbox().await[0].state, EntryState::Uncertain, "{name}");
        assert_eq!(stage.send().await, 0, "{name}: not blindly");
        stage.pass(Duration::from_secs(6));
        stage.deliver().await;
        let entry = stage.outbox().await.remove(0);
        assert_eq!((entry.state, entry.settled_by), (EntryState::Accepted, Some(SettledBy::Reference)), "{name}");
        assert_eq!(stage.simulator.accepted().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn where_the_provider_keeps_a_list_a_look_settles_it_and_nowhere_is_it_guessed() {
    for wire in &WIRES {
        let name = wire.provider;
        let (stage, thread) = with_rosa(wire).await;
        write(&stage, thread, "hi").await;
        stage.simulator.next_send(SendFault::GatewayError);
        stage.send().await;
        assert_eq!(stage.outbox().await[0].state, EntryState::Uncertain, "{name}");
        stage.pass(Duration::from_secs(11));
        assert!(operations::look_up_due(&stage.system).await.expect("looked"), "{name}");
        let entry = stage.outbox().await.remove(0);
        let wanted = if wire.lists { EntryState::Accepted } else { EntryState::Uncertain };
        assert_eq!(entry.state, wanted, "{name}");
        // What never arrived is not found, and is not sent again either.
        let (stage, thread) = with_rosa(wire).await;
        write(&stage, thread, "hi").await;
        stage.simulator.next_send(SendFault::Vanish);
        stage.send().await;
        for _ in 0..4 {
            stage.pass(Duration::from_secs(3_600));
            operations::look_up_due(&stage.system).await.expect("looked");
            assert_eq!(stage.send().await, 0, "{name}");
        }
        assert_eq!(stage.outbox().await[0].state, EntryState::Uncertain, "{name}");
        assert_eq!(stage.overview().await.alerts, 1, "{name}: a person is asked");
    }
}

#[tokio::test]
async fn refusals_are_final_throttles_are_waited_out_and_a_refused_key_holds_everything() {
    for wire in &WIRES {
        let name = wire.provider;
        let (stage, thread) = with_rosa(wire).await;
        write(&stage, thread, "one").await;
        stage.simulator.next_send((wire.refusal)());
        stage.send().await;
        let entry = stage.outbox().await.remove(0);
        assert_eq!((entry.state, entry.failed_by), (EntryState::Failed, Some(FailedBy::Provider)), "{name}");
        assert_eq!(entry.error.expect("a reason").code, if name == "twilio" { "63003" } else { "131026" }, "{name}");

        write(&stage, thread, "two").await;
        stage.simulator.next_send((wire.throttle)());
        stage.send().await;
        let of = |rows: Vec<wadeck::domain::view::EntryRow>, text: &str| {
            rows.into_iter().find(|row| row.text.line() == text).expect("there")
        };
        assert_eq!(of(stage.outbox().await, "two").state, EntryState::Queued, "{name}");
        stage.pass(Duration::from_secs(120));
        stage.send().await;
        assert_eq!(of(stage.outbox().await, "two").state, EntryState::Accepted, "{name}");

        write(&stage, thread, "three").await;
        stage.simulator.next_send((wire.key)());
        stage.send().await;
        let held = of(stage.outbox().await, "three");
        assert_eq!((held.state, held.hold), (EntryState::Queued, Some(Hold::Credentials)), "{name}");
        stage.pass(Duration::from_secs(600));
        stage.send().await;
        assert_eq!(of(stage.outbox().await, "three").state, EntryState::Accepted, "{name}");
    }
}

#[tokio::test]
async fn what_fails_after_it_was_accepted_reaches_people_with_its_reason() {
    for wire in &WIRES {
        let name = wire.provider;
        let (mut stage, thread) = with_rosa(wire).await;
        stage.simulator.unreachable(&rosa().phone, wire.nobody);
        write(&stage, thread, "anybody?").await;
        stage.send().await;
        stage.pass(Duration::from_secs(20));
        stage.deliver().await;
        let message = stage.messages(thread).await.pop().expect("there");
        assert_eq!(message.status, DeliveryStatus::Failed, "{name}");
        let error = message.error.expect("a reason");
        assert_eq!(error.code, wire.nobody.to_string(), "{name}");
        assert!(!error.remedy.is_empty() && !error.explanation.contains("This code is unknown"), "{name}");
        assert_eq!(stage.overview().await.alerts, 1, "{name}");
        assert!(stage.thread().await.waiting.is_some(), "{name}: a person is waiting for an answer");
    }
}

#[tokio::test]
async fn forged_and_changed_deliveries_are_refused_and_explained() {
    for wire in &WIRES {
        let name = wire.provider;
        let stage = stage(wire).await;
        let (path, kind, header, body) = match name {
            "kapso" => ("/webhook/kapso/messages", "application/json", "x-webhook-signature", "{\"message\":{}}"),
            "meta" => ("/webhook/meta", "application/json", "x-hub-signature-256", "{\"object\":\"x\"}"),
            _ => {
                let form = "application/x-www-form-urlencoded";
                ("/webhook/twilio/messages", form, "x-twilio-signature", "MessageSid=SM1&Body=forged")
            }
        };
        for signature in [None, Some("AAAA"), Some("sha256=00"), Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA=")] {
            let status =
                post(stage.address, path, &[("content-type", kind)], signature.map(|s| (header, s)), body).await;
            assert_eq!(status, 401, "{name} {signature:?}");
        }
        assert!(stage.threads().await.is_empty(), "{name}");
        let rows = crate::cases::deliveries(&stage).await;
        assert!(!rows.is_empty() && rows.iter().all(|row| row.note.is_some()), "{name}: each says why");
    }
}

/// Posts by hand: the status.
async fn post(
    address: std::net::SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    signature: Option<(&str, &str)>,
    body: &str,
) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("connected");
    let mut text = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers.iter().copied().chain(signature) {
        write!(text, "{name}: {value}\r\n").expect("written");
    }
    write!(text, "content-length: {}\r\n\r\n{body}", body.len()).expect("written");
    stream.write_all(text.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status")
}

fn content(name: &str, status: &str) -> Value {
    json!({ "sid": "HX0123456789abcdef0123456789abcdef", "friendly_name": name, "language": "en",
        "variables": { "1": "Asha", "2": "3 pm" },
        "types": { "twilio/text": { "body": "Hello {{1}}, your visit is at {{2}}." } },
        "approval_requests": { "status": status, "category": "UTILITY", "name": name, "rejection_reason": "" } })
}

#[tokio::test]
async fn a_template_opens_a_conversation_once_an_hour_and_nothing_else_does() {
    for wire in &WIRES {
        let name = wire.provider;
        let mut stage = stage(wire).await;
        stage.simulator.add_content(content("visit", "approved"));
        stage.simulator.add_template(json!({ "id": "1", "name": "visit", "language": "en", "category": "UTILITY",
            "status": "APPROVED", "parameter_format": "POSITIONAL", "rejected_reason": "NONE",
            "components": [{ "type": "BODY", "text": "Hello {{1}}, your visit is at {{2}}." }] }));
        operations::refresh_templates(&stage.system).await.expect("fetched");
        let connection = stage.system.store().connections().await.expect("asked")[0].id;
        let visit = |second: &str| Request::SendTemplate {
            connection,
            to: PhoneNumber::parse("+15550100055").expect("a number"),
            name: "visit".into(),
            language: "en".into(),
            parameters: vec![("1".into(), "Asha".into()), ("2".into(), second.into())],
            header: None,
            at: None,
        };
        stage.act(visit("3 pm & later")).await.expect("queued");
        stage.act(visit("4 pm")).await.expect("queued");
        assert_eq!(stage.send().await, 1, "{name}: one an hour");
        let held = stage.outbox().await.into_iter().find(|row| row.state == EntryState::Queued).expect("held");
        assert_eq!(held.hold, Some(Hold::HourlyPolicy), "{name}");
        let empty = stage.act(visit("")).await.expect_err("an empty place is refused");
        assert!(empty.to_string().contains("empty"), "{name}: {empty}");
        if name == "twilio" {
            let told = stage.simulator.accepted().remove(0);
            assert_eq!(told.text, "Hello Asha, your visit is at 3 pm & later.");
            assert_eq!(told.object["ContentVariables"], "{\"1\":\"Asha\",\"2\":\"3 pm & later\"}");
            assert!(told.object.get("Body").is_none(), "a template never goes as its words");
        }
        stage.pass(Duration::from_secs(20));
        stage.deliver().await;
        let thread = stage.thread().await;
        assert_eq!(stage.messages(thread.id).await[0].status, DeliveryStatus::Read, "{name}");
        let content = Box::new(Content::text("and something else"));
        let refused = stage.act(Request::Send { thread: thread.id, content, reply_to: None, at: None }).await;
        assert!(refused.expect_err("the window is closed").to_string().contains("window"), "{name}");
    }
}

#[tokio::test]
async fn what_the_provider_cannot_send_is_refused_before_it_is_queued() {
    for wire in &WIRES {
        let name = wire.provider;
        let (stage, thread) = with_rosa(wire).await;
        let first = stage.messages(thread).await[0].id;
        let content = Box::new(Content::text("to this"));
        let quoted = stage.act(Request::Send { thread, content, reply_to: Some(first), at: None }).await;
        assert_eq!(quoted.is_ok(), wire.quotes, "{name}");
        let reacted = stage.act(Request::React { message: first, emoji: Some("👍".into()) }).await;
        assert_eq!(reacted.is_ok(), wire.quotes, "{name}");
        let long = Box::new(Content::text("x".repeat(1_601)));
        let sent = stage.act(Request::Send { thread, content: long, reply_to: None, at: None }).await;
        assert_eq!(sent.is_ok(), wire.provider != "twilio", "{name}");
        if let Err(refused) = sent {
            assert!(refused.to_string().contains("1600"), "{refused}");
        }
        let inbound = stage.messages(thread).await.iter().filter(|one| one.direction == Direction::Inbound).count();
        assert_eq!(inbound, 1, "{name}");
    }
}

#[tokio::test]
async fn what_was_never_pushed_is_found_where_there_is_a_list() {
    for wire in WIRES.iter().filter(|wire| wire.lists) {
        let name = wire.provider;
        let mut stage = stage(wire).await;
        says(&mut stage, wire, &rosa(), &Saying::text("hush")).await;
        // Nobody listens meanwhile.
        stage.simulator.forget_webhooks();
        stage.simulator.clear_sender_webhooks();
        stage.pass(Duration::from_secs(60));
        stage.simulator.says(wire.number, &rosa(), &Saying::text("are you there?"));
        stage.deliver().await;
        let thread = stage.thread().await.id;
        assert_eq!(stage.messages(thread).await.len(), 1, "{name}");
        stage.pass(Duration::from_secs(300));
        let connection = stage.system.store().connections().await.expect("asked")[0].id;
        stage.act(Request::Backfill { connection }).await.expect("compared");
        let messages = stage.messages(thread).await;
        assert_eq!(messages.len(), 2, "{name}");
        assert_eq!(messages[1].text.line(), "are you there?", "{name}");
    }
}

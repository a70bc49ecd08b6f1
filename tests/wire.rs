//! The wire: every sample of the provider's documents goes through the reader, signed as it would
//! be, and what comes out is kept as a picture. And the rules that every provider must hold.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::ids::ConnectionId;
use wadeck::domain::inbound::delivery::RawDelivery;
use wadeck::domain::inbound::event::{Direction, InboundEvent, Origin};
use wadeck::domain::message::content::Content;
use wadeck::domain::numbers::connection::{Connection, ConnectionSettings, Environment, ProviderName};
use wadeck::domain::outbox::entry::Outgoing;
use wadeck::domain::time::Timestamp;
use wadeck::provider::{Provider, Registry, SignatureFault};

const SECRET: &str = "whsec_0123456789abcdef";

fn registry() -> Registry {
    let secrets = |name: &str| {
        let value = match name {
            "KAPSO_WEBHOOK_SECRET" | "META_APP_SECRET" | "TWILIO_AUTH_TOKEN" => SECRET,
            "KAPSO_API_KEY" => "key",
            _ => return None,
        };
        Some(SecretString::from(value.to_owned()))
    };
    let registry = Registry::new(Arc::new(secrets), &mut |_| {}).expect("built");
    registry.address().set(Some("https://hooks.example.com".into()));
    registry
}

fn provider() -> Arc<dyn Provider> {
    registry().get(&ProviderName::new("kapso")).expect("known").clone()
}

fn raw(body: &[u8], headers: &[(&str, &str)]) -> RawDelivery {
    RawDelivery {
        provider: ProviderName::new("kapso"),
        path: "/webhook/kapso/messages".into(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.to_vec(),
        received_at: Timestamp::from_seconds(1_780_400_000),
    }
}

fn samples(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).expect("fixtures").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// In the order of the documents.
const EVENTS: [&str; 12] = [
    "whatsapp.message.received",
    "whatsapp.message.sent",
    "whatsapp.message.delivered",
    "whatsapp.message.read",
    "whatsapp.message.failed",
    "whatsapp.conversation.created",
    "whatsapp.conversation.ended",
    "whatsapp.conversation.inactive",
    "workflow.execution.handoff",
    "workflow.execution.failed",
    "project.event",
    "whatsapp.message.received",
];

/// The event that a sample's header names, by its place in the documents.
fn event_of(name: &str) -> Option<&'static str> {
    let number = name.strip_prefix("3-9-one-example-per-event-payload-v2-")?.get(..2)?.parse::<usize>().ok()?;
    EVENTS.get(number - 1).copied()
}

fn told(provider: &dyn Provider, delivery: &RawDelivery) -> String {
    match provider.read(delivery) {
        Ok(reading) => format!("{}: {:#?}", reading.event, reading.events),
        Err(unreadable) => format!("unreadable: {unreadable}"),
    }
}

#[test]
fn every_sample_is_read_the_same_today() {
    let provider = provider();
    let mut picture = String::new();
    for path in samples("kapso").into_iter().chain(samples("raw")) {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let body = fs::read(&path).expect("readable");
        let event = event_of(&name).map(|event| ("x-webhook-event", event));
        let headers: Vec<(&str, &str)> = event.into_iter().collect();
        let _ = writeln!(picture, "## {name}\n{}\n", told(provider.as_ref(), &raw(&body, &headers)));
    }
    insta::assert_snapshot!("samples", picture);
}

#[test]
fn without_its_header_a_message_is_told_by_its_shape() {
    let provider = provider();
    for path in samples("kapso") {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let Some(event) = event_of(&name).filter(|event| event.starts_with("whatsapp.message")) else { continue };
        let body = fs::read(&path).expect("readable");
        let with = provider.read(&raw(&body, &[("x-webhook-event", event)])).expect("read");
        let without = provider.read(&raw(&body, &[])).expect("read");
        assert_eq!(with.events, without.events, "{name}");
    }
}

#[test]
fn type_specific_objects_have_words() {
    let provider = provider();
    let path = samples("kapso").into_iter().find(|path| path.to_string_lossy().contains("3-10")).expect("there");
    let objects: serde_json::Value = serde_json::from_slice(&fs::read(path).expect("readable")).expect("JSON");
    let mut picture = String::new();
    for (key, object) in objects.as_object().expect("an object") {
        let kind = if key.starts_with("interactive") { "interactive" } else { key };
        let body = serde_json::json!({
            "message": { "id": format!("wamid.{key}"), "from": "15550100002", "timestamp": "1780304400", "type": kind,
                kind: object, "kapso": { "direction": "inbound" } },
            "phone_number_id": "106540352242922",
        });
        let reading = provider.read(&raw(body.to_string().as_bytes(), &[])).expect("read");
        let [InboundEvent::Message(message)] = reading.events.as_slice() else { panic!("{reading:?}") };
        assert!(!message.content.details().is_empty(), "{key}");
        let _ = writeln!(picture, "{key}: {}", message.content.words().line());
    }
    insta::assert_snapshot!("type_specific", picture);
}

fn one(body: serde_json::Value, headers: &[(&str, &str)]) -> wadeck::domain::inbound::event::MessageEvent {
    let reading = provider().read(&raw(body.to_string().as_bytes(), headers)).expect("read");
    match reading.events.into_iter().next() {
        Some(InboundEvent::Message(message)) => *message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn direction_decides_never_status() {
    let body = |direction: &str, status: &str| {
        serde_json::json!({ "message": { "id": "wamid.X", "timestamp": "1780304400", "type": "text", "text": { "body": "hi" },
            "kapso": { "direction": direction, "status": status } },
            "conversation": { "phone_number": "+1 (555) 010-0002" }, "phone_number_id": "1" })
    };
    for status in ["received", "delivered", "read", "failed", "pending", "something new"] {
        let inbound = one(body("inbound", status), &[("x-webhook-event", "whatsapp.message.received")]);
        assert_eq!((inbound.direction, inbound.statuses.len()), (Direction::Inbound, 0));
        assert_eq!(inbound.contact[0].key(), "15550100002", "from may be absent");
    }
    for name in ["whatsapp.message.sent", "whatsapp.message.status_update", "whatsapp.message.status_updated"] {
        let outbound = one(body("outbound", "delivered"), &[("x-webhook-event", name)]);
        assert_eq!(outbound.direction, Direction::Outbound);
        assert!(outbound.statuses.iter().any(|report| report.status.name() == "delivered"), "{name}");
    }
}

#[test]
fn identity_is_a_user_id_first_and_a_number_second() {
    let body = serde_json::json!({ "message": { "id": "wamid.X", "from": null, "from_user_id": "US.123", "timestamp": "1780304400",
        "type": "text", "text": { "body": "hi" }, "kapso": { "direction": "inbound", "origin": "history_sync" } },
        "conversation": { "phone_number": null, "contact_name": "Sam" }, "phone_number_id": "1" });
    let message = one(body, &[]);
    assert_eq!(message.contact.len(), 1);
    assert_eq!(message.contact[0].external_id(), "whatsapp:US.123");
    assert_eq!(message.origin, Origin::HistorySync);
    assert_eq!(message.contact_name.expect("a name").line(), "Sam");
}

#[test]
fn nothing_correctly_signed_can_break_the_reader() {
    let provider = provider();
    let deep = "[".repeat(10_000);
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        b"\xff\xfe{}".to_vec(),
        b"{\"message\":[]}".to_vec(),
        b"{\"message\":{\"id\":1}}".to_vec(),
        b"{\"data\":[1,2,3],\"batch\":true}".to_vec(),
        b"{\"message\":{\"id\":\"x\",\"timestamp\":\"99999999999999999999\"},\"phone_number_id\":7}".to_vec(),
        b"{\"a\":\"\\ud800\"}".to_vec(),
        deep.into_bytes(),
        format!("{{\"data\":[{}]}}", vec!["{}"; 2_000].join(",")).into_bytes(),
    ];
    for body in bodies {
        for event in ["", "whatsapp.message.received", "whatsapp.message.failed", "whatsapp.conversation.inactive", "x"]
        {
            let delivery = raw(&body, &[("x-webhook-event", event)]);
            let _ = provider.read(&delivery);
            let _ = provider.key(&delivery);
        }
    }
}

// The rules that every provider in the registry must hold.

/// The header that the provider would sign this with.
fn signed(provider: &dyn Provider, body: &[u8]) -> (&'static str, String) {
    let header = provider.webhook_headers().iter().find(|name| name.contains("signature")).expect("a signature header");
    let hex = || {
        let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key").chain_update(body);
        hex::encode(mac.finalize().into_bytes())
    };
    let signature = match provider.name().as_str() {
        "meta" => format!("sha256={}", hex()),
        "twilio" => {
            // The one field of the form, without what stands between its name and its value.
            let tail: Vec<u8> = body.iter().copied().filter(|byte| *byte != b'=').collect();
            let mac = Hmac::<sha1::Sha1>::new_from_slice(SECRET.as_bytes()).expect("a key");
            let mac = mac.chain_update("https://hooks.example.com/webhook/kapso/messages").chain_update(tail);
            base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
        }
        _ => hex(),
    };
    (header, signature)
}

#[test]
fn conformance_a_changed_body_is_refused_by_everyone() {
    for provider in registry().all() {
        let body = b"type=whatsapp.message.received";
        let (header, signature) = signed(provider.as_ref(), body);
        let form = ("content-type", "application/x-www-form-urlencoded");
        let mut delivery = raw(body, &[(header, &signature), ("host", "hooks.example.com"), form]);
        assert_eq!(provider.verify(&delivery), Ok(()), "{}", provider.name());
        assert!(provider.explain(&delivery).contains("signed with the configured"), "{}", provider.explain(&delivery));
        delivery.body.push(b' ');
        assert_eq!(provider.verify(&delivery), Err(SignatureFault::Mismatch), "{}", provider.name());
        delivery.headers.clear();
        assert_eq!(provider.verify(&delivery), Err(SignatureFault::Missing), "{}", provider.name());
    }
}

#[test]
fn conformance_the_same_delivery_has_the_same_key_and_another_has_another() {
    for provider in registry().all() {
        let first = raw(br#"{"a":1}"#, &[("x-idempotency-key", "k")]);
        let again = first.clone();
        let other = raw(br#"{"a":2}"#, &[("x-idempotency-key", "k")]);
        assert_eq!(provider.key(&first), provider.key(&again));
        assert_ne!(provider.key(&first), provider.key(&other));
    }
}

#[test]
fn conformance_every_path_is_its_own_and_every_request_is_without_secrets() {
    let mut paths: Vec<&str> = vec![];
    for provider in registry().all() {
        paths.extend(provider.webhook_paths());
        let outgoing = Outgoing {
            take_over: false,
            to: wadeck::domain::contacts::address::Address::Phone(PhoneNumber::parse("15550100002").expect("a number")),
            content: Content::text("See https://example.net/menu"),
            reply_to: Some("wamid.Q".into()),
            reference: "w:1".into(),
            at: None,
        };
        let request = provider.compose(&connection(), &outgoing);
        insta::assert_snapshot!(format!("request_{}", provider.name()), request.attempt_text());
        assert!(!request.attempt_text().contains("key"));
    }
    let mut unique = paths.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), paths.len());
}

fn connection() -> Connection {
    Connection {
        id: ConnectionId(1),
        name: "support".into(),
        organization: "acme".into(),
        environment: Environment::Development,
        provider: ProviderName::new("kapso"),
        phone_number: PhoneNumber::parse("15550100001").expect("a number"),
        phone_number_id: "106540352242922".into(),
        business_account_id: "102290129340398".into(),
        kind: wadeck::domain::numbers::number_kind::NumberKind::Production,
        customer_id: None,
        settings: ConnectionSettings::default(),
    }
}

#[test]
fn the_base_address_is_a_host_and_a_path_is_mentioned() {
    let mut warnings = vec![];
    let secrets = |name: &str| {
        (name == "KAPSO_API_BASE_URL").then(|| SecretString::from("https://api.kapso.ai/platform/v1/".to_owned()))
    };
    Registry::new(Arc::new(secrets), &mut |warning| warnings.push(warning)).expect("built");
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("/platform/v1/ was cut off, https://api.kapso.ai is used"), "{warnings:?}");
}

//! `deliveries verify` checks a stored delivery, and a body on standard input without an engine.

use std::io::Write as _;
use std::process::{Output, Stdio};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wadeck::simulator::{Person, Saying};

use crate::world::{SECRET, SUPPORT, World, simulator};

const BODY: &str = "{ \"type\": \"whatsapp.message.received\" }";

fn signature(body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

fn piped(world: &World, arguments: &[&str], body: &str) -> Output {
    let mut child = world
        .command(&[&["deliveries", "verify"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let _ = child.stdin.take().expect("its input").write_all(body.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_on_standard_input_is_verified_without_an_engine() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let header = format!("X-Webhook-Signature: {}", signature(BODY));
    let fits = piped(&world, &["--header", &header], BODY);
    assert!(fits.status.success(), "{}", text(&fits.stderr));
    assert_eq!(text(&fits.stdout).trim(), "signed with the configured secret");
    let changed = piped(&world, &["--header", &header], &BODY.replace(' ', ""));
    assert_eq!(changed.status.code(), Some(1));
    assert!(text(&changed.stdout).contains("matches none of 1 configured secret(s)"), "{}", text(&changed.stdout));
    let rewritten = piped(&world, &["--header", &header, "--json"], &format!("{BODY}\n"));
    let reply: serde_json::Value = serde_json::from_slice(&rewritten.stdout).expect("JSON");
    assert_eq!((&reply["fits"], &reply["provider"]), (&false.into(), &"kapso".into()));
    assert!(reply["verdict"].as_str().is_some_and(|why| why.contains("white space was added")), "{reply}");

    let file = world.directory.path().join("body.json");
    std::fs::write(&file, BODY).expect("written");
    let named = world.run(&["deliveries", "verify", "--header", &header, "--body", file.to_str().expect("UTF-8")]);
    assert!(named.status.success(), "{}", text(&named.stderr));
    let bare = piped(&world, &[], BODY);
    assert_eq!(bare.status.code(), Some(2), "wrong usage");
    assert!(text(&bare.stderr).contains("x-webhook-signature"), "{}", text(&bare.stderr));
    let missing = piped(&world, &["--provider", "kapso"], BODY);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stdout).contains("missing"), "{}", text(&missing.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_delivery_is_verified_with_the_secrets_as_they_are_now() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Hello"));
    world.wait_for_thread(&simulator).await;
    let list = world.json(&["deliveries", "list"]);
    let id = list[0]["id"].as_str().expect("an id").to_owned();
    let fits = world.run(&["deliveries", "verify", &id]);
    assert!(fits.status.success(), "{}", text(&fits.stderr));
    assert!(text(&fits.stdout).contains("signed with the configured secret"), "{}", text(&fits.stdout));
    let forged = reqwest::Client::new().post(format!("{}/webhook/kapso/messages", world.url()));
    let forged = forged.header("x-webhook-signature", "00".repeat(32)).body(BODY).send().await.expect("answered");
    assert_eq!(forged.status(), 401);
    let rejected = world.json(&["deliveries", "list", "--state", "rejected"]);
    let id = rejected[0]["id"].as_str().expect("an id").to_owned();
    let wrong = world.run(&["deliveries", "verify", &id, "--json"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong.stdout).contains("\"fits\": false"), "{}", text(&wrong.stdout));
    assert_eq!(world.run(&["deliveries", "verify", "d999"]).status.code(), Some(3));
    let status = world.json(&["status"]);
    assert_eq!(status["graph_version"], "v24.0");
    assert_eq!(world.json(&["connections", "list"])[0]["graph_version"], "v24.0");
    assert!(text(&world.run(&["status"]).stdout).contains("Graph API    v24.0"));
}

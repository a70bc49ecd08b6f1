//! Webhook registration with the flags of the provider's own tool, and the event stream.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use wadeck::simulator::{Person, Saying};

use crate::world::{SUPPORT, World, simulator};

fn succeed(world: &World, arguments: &[&str]) -> String {
    let output = world.run(arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {out}{err}");
    out.into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_accepted_as_a_list_or_json_with_provider_names() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    let create = ["webhooks", "create", "--connection", SUPPORT, "--url"];
    let array = "[\"whatsapp.message.received\", \"whatsapp.message.sent\"]";
    succeed(&world, &[&create[..], &["https://hooks.example.net/json", "--events", array]].concat());
    let list = "whatsapp.message.received,whatsapp.conversation.ended";
    succeed(&world, &[&create[..], &["https://hooks.example.net/list", "--events", list, "--kind", "kapso"]].concat());
    succeed(&world, &[&create[..], &["https://hooks.example.net/raw", "--kind", "meta"]].concat());
    let made = simulator.webhooks();
    let of = |url: &str| made.iter().find(|one| one["url"] == url).unwrap_or_else(|| panic!("{url}: {made:?}"));
    let json = of("https://hooks.example.net/json");
    assert_eq!(json["events"], serde_json::json!(["whatsapp.message.received", "whatsapp.message.sent"]));
    assert_eq!(of("https://hooks.example.net/list")["events"][1], "whatsapp.conversation.ended");
    assert_eq!(of("https://hooks.example.net/raw")["kind"], "meta");
    for (url, events) in [("https://hooks.example.net/bad", "[\"whatsapp"), ("http://hooks.example.net/bad", list)] {
        let refused = world.run(&[&create[..], &[url, "--events", events]].concat());
        assert!(!refused.status.success(), "{url} {events}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_listed_and_then_followed() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa Field", "15550100002"), &Saying::text("before"));
    world.wait_for_thread(&simulator).await;
    let mut child = world
        .command(&["events", "list", "--follow"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let head = lines.next().expect("a line").expect("text");
    assert!(head.to_lowercase().contains("event"), "{head}");
    simulator.says(SUPPORT, &Person::new("Rosa Field", "15550100002"), &Saying::text("afterwards"));
    let seen = tokio::task::spawn_blocking(move || {
        lines.map_while(Result::ok).find(|line| line.starts_with('{') && line.contains("message.received"))
    });
    let line = tokio::select! {
        () = simulator.run() => unreachable!("it runs for ever"),
        seen = tokio::time::timeout(crate::world::WAIT_LIMIT, seen) => seen.expect("in time").expect("read"),
    };
    let event: serde_json::Value = serde_json::from_str(&line.expect("it is sent as it happens")).expect("JSON");
    assert_eq!(event["data"]["text"], "afterwards");
    let _ = child.kill();
    let _ = child.wait();
}

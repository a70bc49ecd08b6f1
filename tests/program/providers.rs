//! Onboards a number of the second provider, from the URLs to paste to the last verified step.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use wadeck::simulator::{Person, Saying};

use crate::world::{WAIT_LIMIT, World, simulator};

const CLINIC: &str = "15550100300";

#[tokio::test(flavor = "multi_thread")]
async fn setup_steps_are_printed_and_verified() {
    let simulator = Arc::new(simulator().await);
    simulator.add_sender(CLINIC, false);
    let world = World::new(&simulator);
    let file = world.directory.path().join("wadeck.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    let public = format!("[http]\npublic_url = \"{}\"", world.url());
    let clinic = "[[connections]]\nname = \"clinic\"\nprovider = \"twilio\"\nphone_number = \"+15550100300\"\n\
                  agent = \"clinic\"\nmode = \"auto\"\ndebounce_seconds = 0\n";
    std::fs::write(&file, text.replacen("[http]", &public, 1) + clinic).expect("written");
    let _engine = world.serve();

    let before = world.run(&["connections", "setup", "clinic"]);
    assert_eq!(before.status.code(), Some(1), "not everything is proved");
    let output_text = String::from_utf8_lossy(&before.stdout).into_owned();
    assert!(output_text.contains(&format!("{}/webhook/twilio/messages", world.url())), "{output_text}");
    assert!(output_text.contains("[x] 1. our environment: Set TWILIO_ACCOUNT_SID"), "{output_text}");
    assert!(output_text.contains("[-] 2. the WhatsApp sender: When a message comes in (POST):"), "{output_text}");
    assert!(output_text.contains("[-] 4. a phone: Write any word to +15550100300"), "{output_text}");
    let steps = world.json(&["connections", "setup", "clinic"]);
    assert_eq!(steps.as_array().map(Vec::len), Some(5));
    let nobody = world.run(&["connections", "setup", "nobody"]);
    assert_eq!(nobody.status.code(), Some(3), "there is none: it is refused");
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("Declare the number under"));

    // A test webhook through the public URL verifies only that step.
    let reply = world.json(&["doctor", "--webhook"]);
    let about = |name: &str| {
        let mut all = reply.as_array().expect("findings").iter().filter(|one| one["what"] == "webhook");
        all.find(|one| one["said"].as_str().is_some_and(|output_text| output_text.starts_with(name)))
            .expect("looked at")
            .clone()
    };
    assert_eq!(about("clinic")["fine"], true, "{reply}");
    assert!(
        about("clinic")["said"]
            .as_str()
            .is_some_and(|output_text| output_text.contains("the test webhook arrived after")),
        "{reply}"
    );
    assert!(world.json(&["threads", "list"]).as_array().is_some_and(Vec::is_empty), "nobody wrote");
    let steps = world.json(&["connections", "setup", "clinic"]);
    assert_eq!(steps[3]["proved"], serde_json::Value::Null, "it is not taken for somebody's phone");

    // A person pastes the URL and writes; the agent replies, and its status arrives.
    let waiting = world
        .command(&["connections", "setup", "clinic", "--wait"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    simulator.subscribe(&world.url());
    let running = simulator.clone();
    let post = tokio::spawn(async move { running.run().await });
    simulator.says(CLINIC, &Person::new("Asha Rao", "919820000031"), &Saying::text("hello"));
    let ended = tokio::task::spawn_blocking(move || waiting.wait_with_output());
    let ended = tokio::time::timeout(WAIT_LIMIT + Duration::from_secs(10), ended).await.expect("in time");
    let ended = ended.expect("joined").expect("it ended");
    let output_text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{output_text}");
    assert!(
        output_text.contains(&format!("verified: registered: {}/webhook/twilio/messages", world.url())),
        "{output_text}"
    );
    assert!(
        output_text.contains("[x] 4. a phone") && output_text.ends_with("All tasks are done: this number works.\n"),
        "{output_text}"
    );
    assert!(simulator.leaked().is_empty());
    post.abort();
}

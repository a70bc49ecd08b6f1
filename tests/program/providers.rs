//! A number of a second provider, from what has to be pasted to the last proof.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use wadeck::simulator::{Person, Saying};

use crate::world::{PATIENCE, World, simulator};

const CLINIC: &str = "15550100300";

#[tokio::test(flavor = "multi_thread")]
async fn what_has_to_be_pasted_is_said_and_every_step_is_proved() {
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
    let said = String::from_utf8_lossy(&before.stdout).into_owned();
    assert!(said.contains(&format!("{}/webhook/twilio/messages", world.url())), "{said}");
    assert!(said.contains("[x] 1. our environment: Set TWILIO_ACCOUNT_SID"), "{said}");
    assert!(said.contains("[-] 2. the WhatsApp sender: When a message comes in (POST):"), "{said}");
    assert!(said.contains("[-] 4. a phone: Write any word to +15550100300"), "{said}");
    let steps = world.json(&["connections", "setup", "clinic"]);
    assert_eq!(steps.as_array().map(Vec::len), Some(5));
    let nobody = world.run(&["connections", "setup", "nobody"]);
    assert_eq!(nobody.status.code(), Some(3), "there is none: it is refused");
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("Declare the number under"));

    // A test of our own goes round through the public address, and proves that and nothing else.
    let told = world.json(&["doctor", "--webhook"]);
    let about = |name: &str| {
        let mut all = told.as_array().expect("findings").iter().filter(|one| one["what"] == "webhook");
        all.find(|one| one["said"].as_str().is_some_and(|said| said.starts_with(name))).expect("looked at").clone()
    };
    assert_eq!(about("clinic")["fine"], true, "{told}");
    assert!(
        about("clinic")["said"].as_str().is_some_and(|said| said.contains("the test webhook arrived after")),
        "{told}"
    );
    assert!(world.json(&["threads", "list"]).as_array().is_some_and(Vec::is_empty), "nobody wrote");
    let steps = world.json(&["connections", "setup", "clinic"]);
    assert_eq!(steps[3]["proved"], serde_json::Value::Null, "it is not taken for somebody's phone");

    // Somebody pastes the address and writes; the agent answers, and its status comes back.
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
    let ended = tokio::time::timeout(PATIENCE + Duration::from_secs(10), ended).await.expect("in time");
    let ended = ended.expect("joined").expect("it ended");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{said}");
    assert!(said.contains(&format!("verified: registered: {}/webhook/twilio/messages", world.url())), "{said}");
    assert!(said.contains("[x] 4. a phone") && said.ends_with("All tasks are done: this number works.\n"), "{said}");
    assert!(simulator.leaked().is_empty());
    post.abort();
}

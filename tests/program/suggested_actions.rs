//! The commands that are printed beside a number's state work.

use crate::world::{World, simulator, until};

#[tokio::test(flavor = "multi_thread")]
async fn suggested_actions_are_commands_that_work() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let file = world.directory.path().join("wadeck.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    let public = format!("[http]\npublic_url = \"{}\"", world.url());
    std::fs::write(&file, text.replacen("[http]", &public, 1)).expect("written");
    let _engine = world.serve();
    let done = world.run(&["connections", "unregister", "support"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    let shown = world.json(&["connections", "show", "support"]);
    assert_eq!((&shown[0]["life"], &shown[0]["state"]), (&"disconnected".into(), &"disconnected".into()));
    let command = shown[0]["ways_on"][0]["command"].as_str().expect("a way on").to_owned();
    let text = world.run(&["connections", "show", "support"]).stdout;
    let text = String::from_utf8(text).expect("text");
    assert!(text.contains(&command) && text.contains("support is disconnected. Actions:"), "{text}");

    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let done = world.run(&words);
    assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
    until("it is connected again", || {
        let list = world.json(&["connections", "list"]);
        list.as_array().is_some_and(|all| all.iter().any(|one| one["name"] == "support" && one["state"] == "connected"))
    });
    let printed = String::from_utf8(world.run(&["connections", "states"]).stdout).expect("text");
    assert_eq!(printed, std::fs::read_to_string("docs/connections.md").expect("the document"));
}

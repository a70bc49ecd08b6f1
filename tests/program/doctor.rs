//! `doctor` reports three levels, one remedy each, about the settings in force.

use std::process::Stdio;

use serde_json::Value;

use crate::world::{SUPPORT, World, simulator, until};

/// Returns the findings with these environment variables.
fn findings(world: &World, environment: &[(&str, &str)]) -> Vec<Value> {
    let mut command = world.command(&["doctor", "--json"]);
    command.envs(environment.iter().copied());
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    all.as_array().expect("a list").clone()
}

fn finding<'f>(found: &'f [Value], what: &str) -> &'f Value {
    found.iter().find(|one| one["what"] == what).unwrap_or_else(|| panic!("{what} is not looked at: {found:?}"))
}

fn assert_finding(found: &[Value], what: &str, level: &str, words: &str) {
    let one = finding(found, what);
    assert!(
        one["level"] == level && one["said"].as_str().is_some_and(|output_text| output_text.contains(words)),
        "{one}"
    );
    let remedy = one["remedy"].as_str().expect("a remedy");
    assert_eq!(remedy.is_empty(), level == "ok", "{one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_reports_the_settings_in_force_in_three_levels() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let plain = findings(&world, &[]);
    for one in &plain {
        assert!(matches!(one["level"].as_str(), Some("ok" | "WARN" | "FAIL")), "{one}");
        assert_eq!(one["fine"], one["level"] == "ok", "{one}");
        assert_eq!(one["remedy"].as_str().is_some_and(str::is_empty), one["level"] == "ok", "{one}");
    }
    assert_finding(&plain, "Graph version", "ok", "v24.0 (the default), supported until 2028-02-18");
    assert_finding(&findings(&world, &[("META_GRAPH_VERSION", "latest")]), "Graph version", "FAIL", "not a version");
    assert_finding(&findings(&world, &[("META_GRAPH_VERSION", "v16.0")]), "Graph version", "FAIL", "has ended");
    assert_finding(&findings(&world, &[("META_GRAPH_VERSION", "v99.0")]), "Graph version", "ok", "end date is unknown");
    let base = |value: &str| findings(&world, &[("KAPSO_API_BASE_URL", value)]);
    assert_finding(&base("https://api.kapso.ai/platform/v1"), "base URL", "WARN", "only https://api.kapso.ai is used");
    assert_finding(&base("http://api.kapso.ai"), "base URL", "FAIL", "unencrypted");
    assert_finding(&base("kapso"), "base URL", "FAIL", "not a URL");
    assert_finding(&findings(&world, &[("KAPSO_WEBHOOK_SECRET", " , ")]), "webhook secret", "FAIL", "is empty");
    let two = [("KAPSO_WEBHOOK_SECRET", "one"), ("KAPSO_WEBHOOK_HMAC_SECRET", "another")];
    assert_finding(&findings(&world, &two), "webhook secret", "WARN", "differ");
    let check = |arguments: &[&str]| world.command(arguments).envs(two).output().expect("it runs");
    let checked = check(&["config", "check"]);
    assert!(
        checked.status.success()
            && String::from_utf8_lossy(&checked.stdout).contains("Warning: KAPSO_WEBHOOK_SECRET and")
    );
    let checked: Value = serde_json::from_slice(&check(&["config", "check", "--json"]).stdout).expect("JSON");
    assert!(checked["warnings"][0].as_str().is_some_and(|warning| warning.contains("differ")), "{checked}");
    let same = [("KAPSO_WEBHOOK_SECRET", "one"), ("KAPSO_WEBHOOK_HMAC_SECRET", "one")];
    assert_finding(&findings(&world, &same), "webhook secret", "ok", "is set");

    assert_finding(&plain, "sample signature", "ok", "a sample signed here is accepted, a changed one refused");
    let none = findings(&world, &[("KAPSO_WEBHOOK_SECRET", ""), ("KAPSO_WEBHOOK_HMAC_SECRET", "")]);
    assert!(!none.iter().any(|one| one["what"] == "sample signature"), "there is nothing to sign with: {none:?}");

    let file = world.directory.path().join("wadeck.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    let public = |url: &str| {
        std::fs::write(&file, text.replacen("[http]", &format!("[http]\npublic_url = \"{url}\""), 1)).expect("written");
    };
    assert_finding(&plain, "public URL", "FAIL", "public_url is not set");
    public("https://hooks.example.org");
    let addressed = findings(&world, &[]);
    assert_finding(&addressed, "public URL", "ok", "https://hooks.example.org");
    assert_finding(&addressed, "webhook address", "ok", "https://hooks.example.org/webhook/kapso/messages");
    public("http://127.0.0.1:8787");
    assert_finding(&findings(&world, &[]), "public URL", "WARN", "only from this machine");
    public("http://hooks.example.org");
    let refused = world.run(&["config", "check"]);
    assert!(!refused.status.success());
    let output_text = String::from_utf8_lossy(&[refused.stdout, refused.stderr].concat()).into_owned();
    assert!(output_text.contains("https alone"), "{output_text}");
    let text = String::from_utf8(world.run(&["doctor"]).stdout).expect("text");
    assert!(
        text.lines().all(|line| ["ok  ", "WARN", "FAIL", "  "].iter().any(|word| line.starts_with(word))),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_checks_adopted_numbers() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let file = world.directory.path().join("wadeck.toml");
    // The configuration declares no number; this one is adopted from the provider.
    let text = std::fs::read_to_string(&file).expect("readable");
    let start = text.find("[[connections]]").expect("declared");
    let end = text.find("[[agents]]").expect("agents");
    let none = format!("{}{}", &text[..start], &text[end..]);
    let public = format!("[http]\npublic_url = \"{}\"", world.url());
    std::fs::write(&file, none.replacen("[http]", &public, 1)).expect("written");
    let before = findings(&world, &[]);
    assert!(!before.iter().any(|one| one["what"] == "api key"), "no number needs one: {before:?}");
    assert_finding(&before, "connections", "WARN", "no numbers are connected");
    let _engine = world.serve();
    let adopted = world.run(&["connections", "adopt", SUPPORT, "--name", "line", "--provider", "kapso"]);
    assert!(adopted.status.success(), "{}", String::from_utf8_lossy(&adopted.stderr));
    until("it is connected", || {
        let list = world.json(&["connections", "list"]);
        list.as_array().is_some_and(|all| all.iter().any(|one| one["state"] == "connected"))
    });
    let found = findings(&world, &[]);
    assert_finding(&found, "api key", "ok", "KAPSO_API_KEY is set");
    let asked = |simulator: &wadeck::simulator::Simulator| {
        let calls = simulator.calls();
        calls.iter().filter(|call| call.starts_with("GET") && call.contains(SUPPORT)).count()
    };
    let before = asked(&simulator);
    let live = findings(&world, &[]);
    assert!(asked(&simulator) > before, "each number is asked about now");
    let provider = live
        .iter()
        .find(|one| one["said"].as_str().is_some_and(|output_text| output_text.starts_with("line, provider:")));
    assert_eq!(provider.expect("asked about")["level"], "ok");
    assert!(!serde_json::to_string(&live).expect("JSON").contains("program-key"), "a key is never printed");
    assert_finding(&findings(&world, &[("KAPSO_API_KEY", "")]), "api key", "FAIL", "KAPSO_API_KEY is not set");
    let unseen =
        found.iter().find(|one| one["what"] == "connection" && one["level"] == "WARN").expect("not all is seen");
    assert!(
        unseen["said"].as_str().is_some_and(|output_text| output_text.contains("line: not verified yet")),
        "{unseen}"
    );
}

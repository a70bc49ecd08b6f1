//! Verbs print text for people and JSON for programs, and no internal representation.

use serde_json::Value;
use wadeck::simulator::{Person, Saying};

use crate::world::{SUPPORT, World, simulator, until};

/// All reading verbs, and some that are refused.
const VERBS: &[&[&str]] = &[
    &["status"],
    &["threads", "list"],
    &["threads", "show", "t1"],
    &["threads", "notes", "t1"],
    &["threads", "export", "t1"],
    &["threads", "views"],
    &["threads", "take", "t1"],
    &["threads", "release", "t1"],
    &["threads", "release", "t1"],
    &["threads", "take", "t99"],
    &["messages", "list", "t1"],
    &["messages", "show", "m1"],
    &["messages", "search", "hello"],
    &["messages", "fetch", "m1"],
    &["outbox", "list"],
    &["outbox", "show", "o1"],
    &["outbox", "show", "o99"],
    &["outbox", "retry", "o1"],
    &["outbox", "bulk", "retry", "status:failed"],
    &["outbox", "bulk", "discard", "status:failed", "--yes"],
    &["outbox", "jobs"],
    &["deliveries", "list"],
    &["deliveries", "show", "d1"],
    &["deliveries", "show", "d99"],
    &["deliveries", "try", "d1"],
    &["contacts", "list"],
    &["alerts", "list"],
    &["alerts", "ack", "a99"],
    &["agents", "list"],
    &["agents", "stops"],
    &["agents", "test", "helper", "hello"],
    &["assignments", "list"],
    &["assignments", "show", "g1"],
    &["assignments", "approve", "g1"],
    &["audit", "list"],
    &["audit", "verify"],
    &["events", "list"],
    &["templates", "list"],
    &["flows", "list"],
    &["connections", "list"],
    &["connections", "show", "support"],
    &["connections", "health", "support"],
    &["tokens", "list"],
    &["radar"],
    &["marks"],
    &["why", "t1"],
    &["why", "m1"],
    &["why", "o1"],
    &["why", "g1"],
    &["why", "c1"],
    &["why", "z9"],
    &["doctor"],
    &["config", "check"],
    &["threads", "list", "--filter", "staus:failed"],
    &["outbox", "list", "--filter", "is:happy"],
];

/// Returns the internal representation that a text contains. `None` if it contains none.
fn internal_text(text: &str) -> Option<&'static str> {
    let shapes =
        ["Some(", "Ok(", "Err(", "\"nanos\"", "\"secs\"", "Untrusted(", "ThreadId(", "Duration", "::", "None,"];
    let structs = |text: &str| {
        text.split_whitespace().collect::<Vec<_>>().windows(2).any(|pair| {
            pair[1] == "{"
                && pair[0].len() > 2
                && pair[0].chars().next().is_some_and(char::is_uppercase)
                && pair[0].chars().all(char::is_alphanumeric)
        })
    };
    shapes.into_iter().find(|shape| text.contains(shape)).or_else(|| structs(text).then_some("a struct"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_verb_prints_internals_and_json_errors_are_json() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    simulator.subscribe(&world.url());
    let _engine = world.serve();
    simulator.says(SUPPORT, &Person::new("Rosa Field", "15550100002"), &Saying::text("hello"));
    let playing = tokio::spawn(async move { simulator.run().await });
    until("the agent has answered", || world.json(&["outbox", "list"])[0]["state"] == "accepted");
    for verb in VERBS {
        let reply = world.run(verb);
        let text = format!("{}{}", String::from_utf8_lossy(&reply.stdout), String::from_utf8_lossy(&reply.stderr));
        assert!(!text.trim().is_empty(), "{verb:?} says nothing");
        assert_eq!(internal_text(&text), None, "{verb:?}: {text}");
        let reply = world.run(&[*verb, &["--json"]].concat());
        let (out, err) = (String::from_utf8_lossy(&reply.stdout), String::from_utf8_lossy(&reply.stderr));
        assert_eq!(internal_text(&format!("{out}{err}")), None, "{verb:?} --json: {out}{err}");
        if out.trim().is_empty() {
            let error: Value = serde_json::from_str(&err).unwrap_or_else(|_| panic!("{verb:?} --json: {err}"));
            assert!(error["error"]["reason"].as_str().is_some_and(|why| why.len() > 5), "{verb:?}: {error}");
        }
    }
    let reply = world.run(&["threads", "list", "--filter", "staus:failed"]);
    assert_eq!(reply.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&reply.stderr).contains("Did you mean `status:`?"));
    // Lists that support only some filter terms report it too.
    let reply = world.run(&["templates", "list", "--filter", "is:unread"]);
    assert_eq!(reply.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&reply.stderr).contains("status: category: lang:"));
    let preview =
        String::from_utf8_lossy(&world.run(&["outbox", "bulk", "retry", "status:failed"]).stdout).into_owned();
    assert!(preview.contains("Nothing was changed; repeat with --yes to start."), "{preview}");
    let shown = world.json(&["connections", "show", "support"]).to_string();
    assert!(shown.contains("\"undo_seconds\":0"), "{shown}");
    playing.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_list_is_marked_and_too_high_a_limit_is_refused() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _served = world.serve();
    for number in 1..=3 {
        let number = format!("+1555010010{number}");
        world.run(&["contacts", "add", "--connection", "c1", "--name", "Vera", "--number", &number]);
    }
    let shown = |words: &[&str]| String::from_utf8_lossy(&world.run(words).stdout).into_owned();
    let cut = shown(&["contacts", "list", "--limit", "2"]);
    assert!(cut.contains("2 rows are shown, and there may be more: --limit N shows up to 500."), "{cut}");
    assert!(!shown(&["contacts", "list"]).contains("there may be more"));
    assert!(!shown(&["contacts", "list", "--limit", "2", "--json"]).contains("there may be more"));
    for list in ["contacts list", "audit list", "threads list", "agents runs", "events list"] {
        let words: Vec<&str> = list.split(' ').chain(["--limit", "100000"]).collect();
        let refused = world.run(&words);
        let reply = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{list}: {reply}");
        assert!(reply.contains("100000 is not in 1..=500"), "{list}: {reply}");
    }
}

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::domain::ids::ThreadId;

fn operation(verb: &str) -> &'static Operation {
    let (noun, name) = verb.split_once(' ').expect("noun and name");
    let is = |operation: &&&Operation| operation.verb.is_some_and(|verb| (verb.noun, verb.name) == (noun, name));
    OPERATIONS.iter().find(is).expect("the operation")
}

fn members(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("an object") };
    members
}

/// Returns a valid value for an argument.
fn sample(argument: &Argument) -> Value {
    let schema = argument.kind.schema(argument.help);
    match schema["pattern"].as_str() {
        Some(pattern) => json!(format!("{}12", &pattern[1..2])),
        None if schema["type"] == "integer" => json!(12),
        None if schema["format"] == "date-time" => json!("2026-06-02T09:00:00Z"),
        None => json!("some words"),
    }
}

#[test]
fn every_row_describes_the_request_that_it_stands_for() {
    for operation in OPERATIONS {
        let given: Map<String, Value> =
            operation.arguments.iter().map(|one| (one.name.to_owned(), sample(one))).collect();
        let request = operation.request(given.clone()).unwrap_or_else(|error| panic!("{operation:?}: {error}"));
        assert!(std::ptr::eq(request.operation().expect("described"), *operation), "{operation:?}");
        let written = members(serde_json::to_value(&request).expect("JSON"));
        for (name, value) in given {
            assert_eq!(written.get(&name), Some(&value), "{operation:?}");
        }
        assert_eq!(request.subjects().len(), operation.arguments.iter().filter(|one| is_id(one)).count());
    }
}

fn is_id(argument: &Argument) -> bool {
    !matches!(argument.kind, argument::ArgumentKind::Text | argument::ArgumentKind::Time)
}

#[test]
fn routes_and_verbs_are_unique_and_their_placeholders_are_arguments() {
    let (mut routes, mut verbs, mut tools) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for operation in OPERATIONS {
        let route = operation.route.expect("a route");
        assert!(routes.insert(route), "{route}");
        for part in route.split('/').filter(|part| part.starts_with('{')) {
            assert!(operation.arguments.iter().any(|argument| argument.is_placeholder(part)), "{route}: {part}");
        }
        let verb = operation.verb.expect("a verb");
        for name in verb.aliases.iter().chain([&verb.name]) {
            assert!(verbs.insert((verb.noun, *name)), "{verb:?}");
        }
        assert!(operation.tool.is_none_or(|tool| tools.insert(tool)), "{operation:?}");
        assert!(!operation.summary.ends_with('.'), "{operation:?}");
    }
}

#[test]
fn arguments_that_are_missing_unknown_or_of_another_kind_are_named() {
    let error = |given| operation("threads note").request(members(given)).expect_err("refused").to_string();
    assert_eq!(error(json!({ "thread": "t1" })), "missing field `text`");
    assert_eq!(error(json!({ "thread": "t1", "text": "x", "more": 1 })), "unknown field `more`");
    assert_eq!(error(json!({ "thread": "m1", "text": "x" })), "`m1` is not the id of a thread: those look like `t12`");
    let refused = operation("threads take").request(members(json!({ "thread": "t1", "do": "mark_read" })));
    assert_eq!(refused.expect_err("refused").to_string(), "unknown field `do`");
}

#[test]
fn one_request_is_two_operations_by_the_member_that_they_fix() {
    let out = operation("contacts opt-out").request(members(json!({ "thread": "t3" }))).expect("read");
    assert_eq!(out, Request::OptOut { thread: ThreadId(3), out: true });
    let back = operation("contacts opt-in").request(members(json!({ "thread": "t3" }))).expect("read");
    assert_eq!(back, Request::OptOut { thread: ThreadId(3), out: false });
}

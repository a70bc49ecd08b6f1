//! The linter of Flows: starters and samples pass, and every planted fault is found, one by one.

use serde_json::{Value, json};
use wadeck::domain::lint::{Finding, Level, flow, flow_code, passes};
use wadeck::domain::templates::starter;

fn lint(value: &Value) -> Vec<Finding> {
    flow::lint(&value.to_string())
}

/// Two screens without an endpoint.
fn good() -> Value {
    serde_json::from_str(starter::flow("sign_up").expect("a starter").text).expect("json")
}

/// Two screens with one.
fn dynamic() -> Value {
    serde_json::from_str(starter::flow("booking").expect("a starter").text).expect("json")
}

fn with(mut flow: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    match flow.pointer_mut(parent).unwrap_or_else(|| panic!("{parent} is there")) {
        Value::Array(list) => match key.parse::<usize>() {
            Ok(at) if at < list.len() => list[at] = value,
            _ => list.insert(0, value),
        },
        other if value.is_null() => drop(other.as_object_mut().expect("an object").remove(key)),
        other => other[key] = value,
    }
    flow
}

fn first(component: Value) -> Value {
    with(good(), "/screens/0/layout/children/-", component)
}

const FOOTER: &str = "/screens/0/layout/children/4";
const END: &str = "/screens/1/layout/children/3";

fn finds(flow: &Value, rule: &str, level: Level) {
    let findings = lint(flow);
    assert!(
        findings.iter().any(|one| one.rule == rule && one.level == level),
        "{rule} is not found: {findings:#?}\n{flow:#}"
    );
    for one in findings {
        assert!(!one.what.is_empty() && !one.instead.is_empty(), "{one:?} says what and what instead");
    }
}

#[test]
fn every_starter_passes_without_a_word() {
    for one in starter::FLOWS {
        assert_eq!(flow::lint(one.text), vec![], "{}", one.name);
    }
    assert_eq!(flow_code::lint(starter::FLOW_CODE), vec![]);
}

/// Every Flow inside a sample.
fn flows(value: &Value, found: &mut Vec<Value>) {
    if value["screens"].as_array().is_some_and(|screens| !screens.is_empty()) && value["version"].is_string() {
        found.push(value.clone());
    }
    match value {
        Value::Object(members) => members.values().for_each(|one| flows(one, found)),
        Value::Array(list) => list.iter().for_each(|one| flows(one, found)),
        _ => {}
    }
}

#[test]
fn every_sample_passes() {
    let mut seen = 0;
    for entry in std::fs::read_dir("tests/fixtures/kapso").expect("fixtures").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("readable");
        let Ok(value) = serde_json::from_str::<Value>(&text) else { continue };
        let mut found = vec![];
        flows(&value, &mut found);
        for one in found {
            assert!(passes(&lint(&one)), "{}: {:#?}", entry.path().display(), lint(&one));
            seen += 1;
        }
    }
    assert!(seen >= 1, "{seen} samples were looked at");
}

#[test]
fn the_document_itself_and_its_screens() {
    use Level::{Error, Warning};
    let cases: Vec<(&str, Level, Value)> = vec![
        ("F2", Error, with(good(), "/version", json!("9.9"))),
        ("F2", Error, with(good(), "/version", Value::Null)),
        ("F2", Warning, with(good(), "/version", json!("5.0"))),
        ("F3", Error, with(good(), "/endpoint_uri", json!("https://a.b"))),
        ("F3", Error, with(good(), "/screens/0/colour", json!("red"))),
        ("F3", Error, first(json!({ "type": "TextBody", "text": "x", "colour": "red" }))),
        ("F4", Error, with(good(), "/screens", Value::Null)),
        ("F4", Error, with(good(), "/screens/0/layout", Value::Null)),
        ("F4", Error, first(json!({ "type": "TextInput", "name": "x" }))),
        ("F5", Error, with(good(), "/screens/0/layout/children/2/required", json!("yes"))),
        ("F5", Error, first(json!({ "type": "TextBody", "text": "Hello ${form.full_name}!" }))),
        ("F6", Error, first(json!({ "type": "TextBdy", "text": "x" }))),
        ("F6", Error, with(good(), "/screens/0/layout/type", json!("TwoColumns"))),
        ("F6", Error, with(good(), "/screens/0/layout/children/3/input-type", json!("mail"))),
        (
            "F7",
            Error,
            first(
                json!({ "type": "EmbeddedLink", "text": "Read", "on-click-action": { "name": "open_url", "url": "hooks" } }),
            ),
        ),
        ("F8", Error, with(good(), "/screens", json!([]))),
        ("F8", Error, first(json!({ "type": "Dropdown", "name": "d", "label": "D", "data-source": [] }))),
        ("F9", Error, with(good(), "/screens/0/id", json!("WELCOME_1"))),
        ("F9", Error, first(json!({ "type": "TextBody", "text": "  " }))),
        ("F9", Error, with(good(), "/screens/0/layout/children/2/min-chars", json!("three"))),
        ("F10", Error, with(good(), "/screens/1/id", json!("WELCOME"))),
        ("F11", Error, with(good(), "/screens/1/id", json!("Success"))),
        (
            "F12",
            Error,
            json!({ "version": "7.3", "screens": (0..101).map(|_| good()["screens"][1].clone()).collect::<Vec<_>>() }),
        ),
        (
            "F13",
            Error,
            with(
                good(),
                "/screens/0/layout/children",
                (0..51).map(|_| json!({ "type": "TextBody", "text": "x" })).collect(),
            ),
        ),
        ("F14", Error, with(good(), "/screens/1/terminal", json!(false))),
        ("F15", Error, with(good(), "/screens/1/layout/children", json!([{ "type": "TextBody", "text": "x" }]))),
        ("F16", Error, with(good(), "/screens/0/success", json!(true))),
        ("F17", Error, with(good(), "/screens/1/success", json!(false))),
        ("F18", Error, with(dynamic(), "/data_api_version", Value::Null)),
        ("F19", Error, with(dynamic(), "/routing_model", Value::Null)),
        ("F20", Error, with(dynamic(), "/data_api_version", json!("2.0"))),
        ("F21", Error, with(good(), "/screens/1/refresh_on_back", json!(true))),
        ("F22", Warning, with(good(), "/screens/0/sensitive", json!(["stranger"]))),
        ("F22", Error, with(with(good(), "/version", json!("5.0")), "/screens/0/sensitive", json!(["email"]))),
    ];
    find_each(cases);
    assert!(flow::lint("{ \"version\": ").iter().any(|one| one.rule == "F1"));
    assert!(flow::lint(&format!("{{\"x\":\"{}\"}}", "y".repeat(11 * 1024 * 1024))).iter().any(|one| one.rule == "F1"));
}

/// Each flow has the fault that its rule finds.
fn find_each(cases: Vec<(&str, Level, Value)>) {
    for (rule, level, flow) in cases {
        finds(&flow, rule, level);
    }
}

fn go(payload: Value, to: &str) -> Value {
    json!({ "name": "navigate", "next": { "type": "screen", "name": to }, "payload": payload })
}

#[test]
fn routes_between_screens() {
    use Level::{Error, Warning};
    let model = |model: Value| with(dynamic(), "/routing_model", model);
    let eleven: Vec<Value> = (0..11).map(|at| json!(format!("S{}", char::from(b'A' + at)))).collect();
    let mut wide = dynamic();
    for name in &eleven {
        wide["routing_model"][name.as_str().expect("a name")] = json!([]);
        let mut screen = wide["screens"][1].clone();
        screen["id"] = name.clone();
        wide["screens"].as_array_mut().expect("a list").push(screen);
    }
    wide["routing_model"]["SELECT_DATE"] = Value::Array(eleven);
    let cases: Vec<(&str, Level, Value)> = vec![
        ("F23", Error, model(json!({ "SELECT_DATE": ["SELECT_SLOT"] }))),
        ("F23", Error, model(json!({ "SELECT_DATE": ["SELECT_SLOT", "NOWHERE"], "SELECT_SLOT": [] }))),
        ("F23", Warning, model(json!({ "SELECT_DATE": ["SELECT_SLOT"], "SELECT_SLOT": ["SUCCESS"] }))),
        ("F24", Error, model(json!({ "SELECT_DATE": ["SELECT_DATE", "SELECT_SLOT"], "SELECT_SLOT": [] }))),
        ("F24", Error, model(json!({ "SELECT_DATE": ["SELECT_SLOT"], "SELECT_SLOT": ["SELECT_DATE"] }))),
        ("F25", Error, model(json!({ "SELECT_DATE": ["SELECT_SLOT"], "SELECT_SLOT": ["SELECT_DATE"] }))),
        ("F26", Error, model(json!({ "SELECT_DATE": [], "SELECT_SLOT": [] }))),
        (
            "F26",
            Error,
            with(good(), &format!("{FOOTER}/on-click-action"), json!({ "name": "data_exchange", "payload": {} })),
        ),
        ("F27", Error, wide),
        (
            "F28",
            Error,
            with(
                model(json!({ "SELECT_DATE": [], "SELECT_SLOT": [] })),
                "/screens/0/layout/children/2/on-click-action",
                go(json!({}), "SELECT_SLOT"),
            ),
        ),
        ("F28", Warning, with(good(), "/routing_model", json!({ "WELCOME": [], "CONFIRM": [] }))),
    ];
    find_each(cases);
}

#[test]
fn actions_of_components() {
    use Level::Error;
    let cases: Vec<(&str, Level, Value)> = vec![
        ("F29", Error, with(good(), &format!("{FOOTER}/on-click-action/next/name"), json!("NOWHERE"))),
        ("F29", Error, with(good(), &format!("{FOOTER}/on-click-action/next/type"), json!("plugin"))),
        (
            "F30",
            Error,
            with(good(), &format!("{FOOTER}/on-click-action/payload"), json!({ "full_name": "${form.full_name}" })),
        ),
        ("F30", Error, with(good(), &format!("{FOOTER}/on-click-action/payload/extra"), json!("x"))),
        ("F30", Error, with(good(), &format!("{FOOTER}/on-click-action/payload/email"), json!(true))),
        (
            "F31",
            Error,
            with(good(), &format!("{FOOTER}/on-click-action"), json!({ "name": "complete", "payload": {} })),
        ),
        (
            "F31",
            Error,
            first(
                json!({ "type": "EmbeddedLink", "text": "End", "on-click-action": { "name": "complete", "payload": {} } }),
            ),
        ),
        ("F32", Error, with(good(), &format!("{END}/on-click-action"), go(json!({}), "WELCOME"))),
        (
            "F32",
            Error,
            first(
                json!({ "type": "DatePicker", "name": "d", "label": "D", "on-select-action": { "name": "update_data", "payload": {} } }),
            ),
        ),
        ("F33", Error, with(good(), &format!("{FOOTER}/on-click-action/payload/email"), json!("${form.stranger}"))),
        (
            "F34",
            Error,
            with(good(), &format!("{FOOTER}/on-click-action/payload/email"), json!("`'x ' ${form.stranger}`")),
        ),
        (
            "F34",
            Error,
            first(
                json!({ "type": "RadioButtonsGroup", "name": "r", "label": "R", "data-source": [{ "id": "1", "title": "a" }],
            "on-select-action": { "name": "update_data", "payload": { "stranger": true } } }),
            ),
        ),
        ("F4", Error, with(good(), &format!("{FOOTER}/on-click-action/payload"), Value::Null)),
        ("F6", Error, with(good(), &format!("{FOOTER}/on-click-action/name"), json!("jump"))),
    ];
    find_each(cases);
}

#[test]
fn data_and_what_refers_to_it() {
    use Level::{Error, Warning};
    let declares = |one: Value| with(good(), "/screens/1/data/extra", one);
    let shows = |text: &str| with(good(), "/screens/1/layout/children/1/text", json!(text));
    let cases: Vec<(&str, Level, Value)> = vec![
        ("F35", Error, shows("${data.stranger}")),
        ("F35", Error, with(good(), "/screens/1/layout/children/1/visible", json!("${data.email}"))),
        ("F35", Error, with(dynamic(), "/screens/0/data/days/items/properties", json!({ "id": { "type": "string" } }))),
        ("F36", Error, declares(json!({ "__example__": "x" }))),
        ("F36", Error, declares(json!({ "type": "array", "__example__": [] }))),
        ("F36", Error, declares(json!({ "type": "date", "__example__": "x" }))),
        ("F36", Warning, declares(json!({ "type": "object", "__example__": {} }))),
        ("F37", Error, declares(json!({ "type": "string" }))),
        ("F37", Error, declares(json!({ "type": "string", "__example__": 5 }))),
        (
            "F37",
            Error,
            declares(
                json!({ "type": "array", "items": { "type": "string", "__example__": "x" }, "__example__": ["x"] }),
            ),
        ),
        ("F38", Error, shows("${screen.NOWHERE.data.x}")),
        ("F38", Error, shows("${screen.WELCOME.form.stranger}")),
        ("F38", Error, shows("${screen.CONFIRM.data.email}")),
        (
            "F53",
            Error,
            with(
                with(good(), "/version", json!("5.1")),
                "/screens/1/layout/children/1/text",
                json!("`'x ' ${data.email}`"),
            ),
        ),
    ];
    find_each(cases);
}

fn footer() -> Value {
    good()["screens"][0]["layout"]["children"][4].clone()
}

fn children(list: Value) -> Value {
    with(good(), "/screens/0/layout/children", list)
}

fn form(inner: Value, more: Value) -> Value {
    let mut form = json!({ "type": "Form", "name": "f", "children": inner });
    for (key, value) in more.as_object().into_iter().flatten() {
        form[key] = value.clone();
    }
    children(json!([form]))
}

fn input(name: &str) -> Value {
    json!({ "type": "TextInput", "name": name, "label": name })
}

fn photo(most: u32) -> Value {
    json!({ "type": "PhotoPicker", "name": "photo", "label": "Photo", "max-uploaded-photos": most })
}

fn branch(then: Value, or: Value) -> Value {
    children(
        json!([input("full_name"), input("email"), { "type": "If", "condition": "${form.full_name} != ''", "then": then, "else": or }]),
    )
}

#[test]
fn components_in_their_places() {
    use Level::Error;
    let links = (0..3).map(|at| json!({ "type": "EmbeddedLink", "text": format!("L{at}"), "on-click-action": { "name": "open_url", "url": "https://a.b" } }));
    let mut links: Vec<Value> = links.collect();
    links.push(footer());
    let text = json!({ "type": "TextBody", "text": "x" });
    let cases: Vec<(&str, Level, Value)> = vec![
        ("F39", Error, first(input("email"))),
        (
            "F40",
            Error,
            children(
                json!([{ "type": "Form", "name": "f", "children": [input("full_name"), footer()] }, input("email")]),
            ),
        ),
        (
            "F41",
            Error,
            form(
                json!([{ "type": "TextInput", "name": "email", "label": "M", "init-value": "x" }, input("full_name"), footer()]),
                json!({}),
            ),
        ),
        (
            "F41",
            Error,
            form(json!([input("email"), input("full_name"), footer()]), json!({ "init-values": { "stranger": "x" } })),
        ),
        ("F42", Error, children(Value::Array(links))),
        ("F42", Error, first(footer())),
        ("F43", Error, with(good(), &format!("{FOOTER}/left-caption"), json!("x"))),
        ("F44", Error, branch(json!([footer()]), json!([text]))),
        (
            "F45",
            Error,
            children(
                json!([input("full_name"), input("email"), { "type": "Switch", "value": "${form.full_name}", "cases": { "a": [footer()], "b": [text] } }]),
            ),
        ),
    ];
    find_each(cases);
}

#[test]
fn limits_of_components() {
    use Level::Error;
    let text = json!({ "type": "TextBody", "text": "x" });
    let nav = |item: Value| children(json!([{ "type": "NavigationList", "name": "n", "list-items": [item] }]));
    let item = json!({ "id": "1", "main-content": { "title": "One" }, "on-click-action": { "name": "navigate", "next": { "type": "screen", "name": "CONFIRM" },
        "payload": { "full_name": "a", "email": "b" } } });
    let cases: Vec<(&str, Level, Value)> = vec![
        ("F48", Error, first(photo(31))),
        ("F50", Error, first(json!({ "type": "TextInput", "name": "p", "label": "P", "pattern": "[0-9]+" }))),
        (
            "F50",
            Error,
            first(
                json!({ "type": "TextInput", "name": "p", "label": "P", "pattern": "([0-9]+", "helper-text": "digits" }),
            ),
        ),
        (
            "F50",
            Error,
            first(
                json!({ "type": "TextInput", "name": "p", "label": "P", "input-type": "email", "pattern": "x", "helper-text": "x" }),
            ),
        ),
        (
            "F51",
            Error,
            form(
                json!([photo(1), input("email"), input("full_name"), footer()]),
                json!({ "init-values": { "photo": [] } }),
            ),
        ),
        (
            "F52",
            Error,
            with(first(photo(1)), "/screens/0/layout/children/5/on-click-action/payload/email", json!("${form.photo}")),
        ),
        (
            "F52",
            Error,
            with(
                with(good(), "/screens/1/layout/children/-", photo(2)),
                "/screens/1/layout/children/4/on-click-action/payload/photo",
                json!("${form.photo}"),
            ),
        ),
        (
            "F53",
            Error,
            with(
                first(
                    json!({ "type": "ChipsSelector", "name": "c", "label": "C", "data-source": [{ "id": "1", "title": "a" }, { "id": "2", "title": "b" }] }),
                ),
                "/version",
                json!("6.0"),
            ),
        ),
        ("F54", Error, first(json!({ "type": "RichText", "text": "# Title" }))),
        ("F54", Error, with(nav(item.clone()), "/screens/0/terminal", json!(true))),
        ("F54", Error, branch(json!([{ "type": "RichText", "text": "x" }]), json!([text]))),
        ("F4", Error, nav(json!({ "id": "1", "on-click-action": item["on-click-action"] }))),
    ];
    find_each(cases);
    assert!(passes(&lint(&nav(item))), "{:#?}", lint(&nav(json!({}))));
}

#[test]
fn conditions_lengths_and_ranges() {
    use Level::{Error, Warning};
    let when = |condition: &str| {
        first(json!({ "type": "If", "condition": condition, "then": [{ "type": "TextBody", "text": "x" }] }))
    };
    let options =
        |list: Value| first(json!({ "type": "RadioButtonsGroup", "name": "r", "label": "R", "data-source": list }));
    let many: Vec<Value> = (0..21).map(|at| json!({ "id": at.to_string(), "title": at.to_string() })).collect();
    let deep = (0..4).fold(
        json!([{ "type": "TextBody", "text": "x" }]),
        |inner, _| json!([{ "type": "If", "condition": "${form.email} == 'x'", "then": inner }]),
    );
    let cases: Vec<(&str, Level, Value)> = vec![
        ("F46", Error, when(" ")),
        ("F46", Error, when("1 == 1")),
        ("F46", Error, when("(${form.email} == 'x'")),
        ("F46", Error, when("${form.email} == ")),
        ("F46", Error, when("${form.email} == 'x' && 1 == 2")),
        ("F46", Error, when("${form.email} == 'x")),
        (
            "F46",
            Error,
            with(
                good(),
                "/screens/1/layout/children/-",
                json!({ "type": "If", "condition": "${data.email}", "then": [{ "type": "TextBody", "text": "x" }] }),
            ),
        ),
        ("F46", Error, first(json!({ "type": "If", "condition": "${form.email} == 'x'", "then": [] }))),
        ("F46", Error, first(json!({ "type": "Switch", "value": "${form.email}", "cases": {} }))),
        ("F46", Error, with(good(), "/screens/0/layout/children/-", deep[0].clone())),
        (
            "F47",
            Error,
            with(
                with(good(), "/screens/0/layout/children/2/min-chars", json!(9)),
                "/screens/0/layout/children/2/max-chars",
                json!(3),
            ),
        ),
        ("F49", Error, with(good(), "/screens/0/layout/children/2/label", json!("x".repeat(21)))),
        ("F49", Error, with(good(), "/screens/0/title", json!("x".repeat(31)))),
        ("F49", Error, options(Value::Array(many))),
        ("F49", Error, options(json!([{ "id": "1", "title": "x".repeat(31) }]))),
        ("F4", Error, options(json!([{ "id": "1" }]))),
        ("F55", Warning, options(json!([{ "id": "1", "title": "a" }, { "id": "1", "title": "b" }]))),
        ("F56", Warning, first(json!({ "type": "DatePicker", "name": "d", "label": "D", "min-date": "1.6.2026" }))),
    ];
    find_each(cases);
}

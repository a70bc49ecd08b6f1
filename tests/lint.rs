//! The linters: every sample and every starter passes, and every planted fault is found, one by one.

use std::path::Path;

use serde_json::{Value, json};
use wadeck::domain::lint::template::{check_edit, fix, lint};
use wadeck::domain::lint::{Finding, Level, flow_code, passes};
use wadeck::domain::templates::form::read;
use wadeck::domain::templates::starter::{self, TEMPLATES};
use wadeck::domain::templates::template::{Template, TemplateStatus};

fn good() -> Value {
    json!({
        "name": "order_update", "language": "en_US", "category": "UTILITY", "parameter_format": "NAMED",
        "components": [
            { "type": "HEADER", "format": "TEXT", "text": "Order {{order_id}}",
              "example": { "header_text_named_params": [{ "param_name": "order_id", "example": "A-17" }] } },
            { "type": "BODY", "text": "Hello {{customer_name}}, your order is {{status}} now. Thank you for waiting!",
              "example": { "body_text_named_params": [
                { "param_name": "customer_name", "example": "Rosa" }, { "param_name": "status", "example": "shipped" }] } },
            { "type": "FOOTER", "text": "Lumen" },
            { "type": "BUTTONS", "buttons": [
                { "type": "QUICK_REPLY", "text": "Need help" }, { "type": "QUICK_REPLY", "text": "All fine" }] }
        ]
    })
}

fn known(name: &str, status: &str) -> Template {
    Template {
        id: "1".into(),
        name: name.into(),
        language: "en_US".into(),
        category: "UTILITY".into(),
        status: TemplateStatus::new(status),
        header: None,
        header_format: None,
        body: "Hello {{customer_name}}, your order is {{status}} now. Thank you for waiting!".into(),
        footer: Some("Lumen".into()),
        buttons: vec![],
        examples: vec![],
        rejected_reason: None,
        quality: None,
        shared_places: false,
        offer: None,
        cards: vec![],
        since: None,
        unfillable: vec![],
        free_in_window: false,
    }
}

fn finds(findings: &[Finding], rule: &str, level: Level) {
    assert!(findings.iter().any(|one| one.rule == rule && one.level == level), "{rule} is not found: {findings:#?}");
    for one in findings {
        assert!(!one.what.is_empty() && !one.instead.is_empty(), "{one:?} says what and what instead");
    }
}

fn set(pointer: &str, value: Value) -> Value {
    let mut template = good();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = template.pointer_mut(parent).expect("it is there");
    match parent {
        Value::Array(list) => match key.parse::<usize>() {
            Ok(at) if at < list.len() => list[at] = value,
            _ => list.push(value),
        },
        other => other[key] = value,
    }
    template
}

#[test]
fn a_good_template_has_nothing_to_find() {
    assert_eq!(lint(&good(), &[], None), vec![]);
}

/// The text of the body.
const BODY: &str = "/components/1/text";

fn long(count: usize) -> Value {
    Value::from("x".repeat(count))
}

fn buttons(list: Value) -> Value {
    set("/components/3/buttons", list)
}

fn button(one: Value) -> Value {
    buttons(json!([one]))
}

fn positional(text: &str, examples: Value) -> Value {
    json!({ "name": "a", "language": "en_US", "category": "UTILITY",
        "components": [{ "type": "BODY", "text": text, "example": { "body_text": [examples] } }] })
}

fn media(handle: Value) -> Value {
    set("/components/0", json!({ "type": "HEADER", "format": "IMAGE", "example": { "header_handle": handle } }))
}

fn faults_of_texts() -> Vec<(&'static str, Level, Value)> {
    use Level::{Error, Warning};
    vec![
        ("T1", Error, set("/name", json!("Order Update"))),
        ("T2", Error, set("/language", json!("en_us"))),
        ("T2", Error, set("/language_code", json!("en_US"))),
        ("T3", Error, set("/category", json!("SERVICE"))),
        ("T4", Error, set("/parameter_format", json!("BOTH"))),
        ("T6", Error, set("/components/-", json!({ "type": "BODY", "text": "Again." }))),
        ("T6", Error, set("/components/-", json!({ "type": "FOOTER", "text": "Again." }))),
        ("T7", Error, set("/components/-", json!({ "type": "STICKER" }))),
        ("T7", Warning, set("/colour", json!("red"))),
        ("T8", Error, set("/components/0/text", long(61))),
        ("T8", Error, set(BODY, long(1_025))),
        ("T8", Error, set("/components/2/text", long(61))),
        ("T8", Error, set("/components/3/buttons/0/text", long(26))),
        ("T9", Error, set("/components/0/text", json!("{{a}} and {{b}}"))),
        ("T9", Error, set("/components/2/text", json!("For {{name}}"))),
        ("T9", Error, set("/components/3/buttons/0/text", json!("Help {{name}}"))),
        ("T10", Warning, set("/components/0/text", json!("*Order* {{order_id}}"))),
        ("T10", Warning, set("/components/2/text", json!("Lumen 🦷"))),
        ("T11", Error, set(BODY, json!("Hello {{customer_name}, your order is {{status}} now."))),
        ("T11", Error, set(BODY, json!("Hello {{Customer}}, your order is well on its way now."))),
        ("T12", Error, positional("Hello {{1}}, your order {{3}} is on its way to you.", json!(["a", "b"]))),
        ("T12", Warning, positional("Hello {{2}}, your order {{1}} is on its way to you.", json!(["a", "b"]))),
        ("T13", Error, set(BODY, json!("Hello {{status}}, your order is {{status}} now. Thank you for waiting!"))),
        ("T13", Error, set(BODY, json!("Hello {{1}}, your order is {{status}} now. Thank you for waiting!"))),
        ("T13", Error, set("/parameter_format", json!("POSITIONAL"))),
        ("T14", Error, set(BODY, json!("Hello {{customer#name}}, your order is {{status}} now. Thank you!"))),
        (
            "T14",
            Warning,
            set(BODY, json!("Hello {{ customer_name }}, your order is {{status}} now. Thank you for waiting!")),
        ),
        ("T15", Error, set(BODY, json!("{{customer_name}}, your order is {{status}} now. Thank you for waiting!"))),
        ("T15", Error, set(BODY, json!("Hello {{customer_name}}, thank you for waiting, your order is {{status}}"))),
        ("T16", Error, set(BODY, json!("Hello {{customer_name}} {{status}} and thank you very much for waiting!"))),
        ("T17", Warning, set(BODY, json!("Hi {{customer_name}}, {{status}}."))),
    ]
}

fn faults_of_examples_and_places() -> Vec<(&'static str, Level, Value)> {
    use Level::{Error, Warning};
    vec![
        (
            "T18",
            Error,
            set(
                "/components/1/example",
                json!({ "body_text_named_params": [{ "param_name": "status", "example": "x" }] }),
            ),
        ),
        (
            "T18",
            Warning,
            set("/components/2", json!({ "type": "FOOTER", "text": "Lumen" })).pipe(|mut one| {
                one["components"][0] =
                    json!({ "type": "HEADER", "format": "TEXT", "text": "Order", "example": { "header_text": ["x"] } });
                one
            }),
        ),
        ("T19", Error, set("/components/1/example", json!({ "body_text": [["Rosa", "shipped"]] }))),
        (
            "T19",
            Error,
            json!({ "name": "a", "language": "en_US", "category": "UTILITY",
            "components": [{ "type": "BODY", "text": "Hello {{1}}, your order is on its way.", "example": { "body_text": ["x"] } }] }),
        ),
        ("T20", Error, media(json!([]))),
        ("T20", Error, media(json!(["https://scontent.whatsapp.net/x"]))),
        ("T20", Error, set("/components/0", json!({ "type": "HEADER", "format": "LOCATION", "example": { "x": 1 } }))),
        (
            "T21",
            Error,
            buttons((0..11).map(|at| json!({ "type": "QUICK_REPLY", "text": format!("Reply {at}") })).collect()),
        ),
        (
            "T21",
            Error,
            buttons(
                (0..3)
                    .map(|at| json!({ "type": "URL", "text": format!("Link {at}"), "url": "https://example.com" }))
                    .collect(),
            ),
        ),
        (
            "T22",
            Error,
            buttons(
                json!([{ "type": "QUICK_REPLY", "text": "a" }, { "type": "URL", "text": "b", "url": "https://example.com" }, { "type": "QUICK_REPLY", "text": "c" }]),
            ),
        ),
        (
            "T22",
            Error,
            buttons(
                json!([{ "type": "URL", "text": "a", "url": "https://example.com" }, { "type": "QUICK_REPLY", "text": "b" }, { "type": "URL", "text": "c", "url": "https://example.net" }]),
            ),
        ),
    ]
}

fn faults_of_buttons() -> Vec<(&'static str, Level, Value)> {
    use Level::{Error, Warning};
    vec![
        ("T23", Error, button(json!({ "type": "URL", "text": "a", "url": "example.com" }))),
        (
            "T23",
            Error,
            button(json!({ "type": "URL", "text": "a", "url": "https://example.com/{{1}}/x", "example": ["y"] })),
        ),
        (
            "T23",
            Error,
            button(json!({ "type": "URL", "text": "a", "url": "https://example.com/{{name}}", "example": ["y"] })),
        ),
        ("T23", Error, button(json!({ "type": "URL", "text": "a", "url": "https://example.com/{{1}}" }))),
        ("T23", Warning, button(json!({ "type": "URL", "text": "a", "url": "http://example.com/" }))),
        ("T24", Warning, button(json!({ "type": "URL", "text": "a", "url": "https://bit.ly/x" }))),
        (
            "T24",
            Warning,
            button(json!({ "type": "URL", "text": "a", "url": "https://{{1}}", "example": ["https://a.b"] })),
        ),
        ("T25", Error, button(json!({ "type": "PHONE_NUMBER", "text": "Call", "phone_number": "555-CALL" }))),
        ("T26", Error, button(json!({ "type": "COPY_CODE", "example": "X".repeat(21) }))),
        ("T26", Warning, button(json!({ "type": "COPY_CODE", "example": "SAVE10" }))),
        ("T27", Error, button(json!({ "type": "FLOW", "text": "Book", "flow_id": "1", "flow_name": "x" }))),
        (
            "T27",
            Error,
            button(
                json!({ "type": "FLOW", "text": "Book", "flow_id": "1", "flow_action": "data_exchange", "navigate_screen": "A" }),
            ),
        ),
        (
            "T28",
            Warning,
            buttons(json!([{ "type": "QUICK_REPLY", "text": "Yes" }, { "type": "QUICK_REPLY", "text": "Yes" }])),
        ),
        ("T28", Warning, set("/components/3/buttons/0/text", json!("Help 🦷"))),
        (
            "T29",
            Error,
            set(
                "/components/-",
                json!({ "type": "LIMITED_TIME_OFFER", "limited_time_offer": { "text": "Ends soon", "has_expiration": true } }),
            ),
        ),
        (
            "T8",
            Error,
            set(
                "/components/-",
                json!({ "type": "LIMITED_TIME_OFFER", "limited_time_offer": { "text": "x".repeat(17) } }),
            ),
        ),
    ]
}

fn faults_of_categories_and_policy() -> Vec<(&'static str, Level, Value)> {
    use Level::{Error, Warning};
    vec![
        ("T30", Error, set("/components/-", json!({ "type": "CAROUSEL", "cards": [{ "components": [] }] }))),
        ("T31", Error, set("/category", json!("AUTHENTICATION"))),
        (
            "T32",
            Error,
            json!({ "name": "c", "language": "en_US", "category": "AUTHENTICATION", "components": [
            { "type": "BODY" }, { "type": "FOOTER", "code_expiration_minutes": 91 },
            { "type": "BUTTONS", "buttons": [{ "type": "OTP", "otp_type": "COPY_CODE" }] }] }),
        ),
        (
            "T33",
            Error,
            json!({ "name": "c", "language": "en_US", "category": "AUTHENTICATION", "components": [
            { "type": "BODY" }, { "type": "BUTTONS", "buttons": [{ "type": "OTP", "otp_type": "ONE_TAP", "supported_apps": [{ "package_name": "app", "signature_hash": "short" }] }] }] }),
        ),
        (
            "T33",
            Error,
            json!({ "name": "c", "language": "en_US", "category": "AUTHENTICATION", "components": [
            { "type": "BODY" }, { "type": "BUTTONS", "buttons": [{ "type": "OTP", "otp_type": "ZERO_TAP",
                "supported_apps": [{ "package_name": "com.example.app", "signature_hash": "K8a/AINcGX7" }] }] }] }),
        ),
        ("T34", Error, button(json!({ "type": "OTP", "otp_type": "COPY_CODE" }))),
        (
            "T34",
            Warning,
            set(BODY, json!("Dear {{customer_name}}, the number {{status}} is your code for today, keep it.")),
        ),
        ("T35", Error, set("/message_send_ttl_seconds", json!(5))),
        (
            "T37",
            Warning,
            set(BODY, json!("Hello {{customer_name}},\n\n\n\nyour order is {{status}} now. Thank you for waiting!")),
        ),
        (
            "T38",
            Warning,
            set(BODY, json!("Hello {{customer_name}}, a special offer: your order is {{status}} now. Thanks!")),
        ),
        (
            "T39",
            Warning,
            set(BODY, json!("Hello {{customer_name}}, send your credit card and the order is {{status}} now, thanks!")),
        ),
        (
            "T42",
            Warning,
            buttons(
                json!([{ "type": "QUICK_REPLY", "text": "a" }, { "type": "URL", "text": "b", "url": "https://example.com" }]),
            ),
        ),
    ]
}

#[test]
fn each_planted_fault_is_found_by_its_rule() {
    let cases =
        [faults_of_texts(), faults_of_examples_and_places(), faults_of_buttons(), faults_of_categories_and_policy()];
    for (rule, level, template) in cases.into_iter().flatten() {
        finds(&lint(&template, &[], None), rule, level);
    }
}

trait Pipe: Sized {
    fn pipe(self, change: impl FnOnce(Self) -> Self) -> Self {
        change(self)
    }
}
impl Pipe for Value {}

#[test]
fn what_the_account_has_already_is_compared() {
    finds(&lint(&good(), &[known("order_update", "APPROVED")], None), "T5", Level::Error);
    finds(&lint(&good(), &[known("another", "APPROVED")], None), "T36", Level::Warning);
    let mut other = known("order_update", "APPROVED");
    (other.language, other.category) = ("es".into(), "MARKETING".into());
    finds(&lint(&good(), &[other], None), "T40", Level::Warning);
    let many: Vec<Template> =
        (0..250).map(|at| Template { id: at.to_string(), ..known(&format!("t{at}"), "APPROVED") }).collect();
    finds(&lint(&good(), &many, None), "T41", Level::Warning);
    assert!(
        passes(&lint(&good(), &[known("order_update", "APPROVED")], Some("1"))),
        "it does not stand in its own way"
    );
}

#[test]
fn only_what_may_be_edited_is() {
    for (status, change) in [
        ("PENDING", json!(null)),
        ("APPROVED", json!({ "category": "MARKETING" })),
        ("REJECTED", json!({ "language": "es" })),
    ] {
        let mut new = good();
        for (key, value) in change.as_object().into_iter().flatten() {
            new[key] = value.clone();
        }
        let mut findings = vec![];
        check_edit(&mut findings, &known("order_update", status), &new);
        finds(&findings, "T43", Level::Error);
    }
    let mut findings = vec![];
    check_edit(&mut findings, &known("order_update", "REJECTED"), &good());
    assert_eq!(findings, vec![]);
}

#[test]
fn what_can_be_mended_is_mended() {
    let mut broken = json!({
        "name": "Order Update!", "language_code": "en_US", "category": "UTILITY",
        "components": [
            { "type": "BODY", "text": "Hello {{ customer_name }}, your order is {{status}} now. Thank you for waiting!" },
            { "type": "BUTTONS", "buttons": [
                { "type": "QUICK_REPLY", "text": "Help" },
                { "type": "URL", "text": "Track", "url": "https://example.com/o/{{1}}" },
                { "type": "QUICK_REPLY", "text": "Fine" }] }
        ]
    });
    let findings = lint(&broken, &[], None);
    assert!(!passes(&findings));
    assert!(fix(&mut broken, &findings) >= 5, "{findings:#?}");
    let left = lint(&broken, &[], None);
    assert!(passes(&left), "{left:#?}");
    assert_eq!(broken["name"], "order_update_");
    assert_eq!(broken["components"][0]["example"]["body_text_named_params"][0]["example"], "Rosa");
}

#[test]
fn every_starter_passes_as_it_is() {
    for starter in TEMPLATES {
        let value = read(starter.text).expect(starter.name);
        let findings = lint(&value, &[], None);
        assert!(passes(&findings), "{}: {findings:#?}", starter.name);
        assert_eq!(value["name"], starter.name);
    }
}

/// Everything in the fixtures that is a template passes without a false finding.
#[test]
fn every_sample_passes() {
    let mut seen = 0;
    for entry in std::fs::read_dir(Path::new("tests/fixtures/kapso")).expect("fixtures").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("readable");
        let Ok(value) = serde_json::from_str::<Value>(&text) else { continue };
        let listed = value["data"].as_array().cloned().unwrap_or_default();
        for one in listed.into_iter().chain([value.clone()]) {
            let created = one["components"].is_array() && one["category"].is_string() && one["name"].is_string();
            // A list shows what is there already, shortened; what is created is whole.
            if !created || one["id"].is_string() {
                continue;
            }
            let findings = lint(&one, &[], None);
            assert!(passes(&findings), "{}: {findings:#?}", entry.path().display());
            seen += 1;
        }
        // A component on its own stands in a template that is well but for it.
        if let Some(kind) = value["type"].as_str().filter(|kind| matches!(*kind, "BODY" | "HEADER" | "BUTTONS")) {
            let named = text.contains("named_params");
            let mut template =
                json!({ "name": "sample", "language": "en_US", "category": "MARKETING", "components": [value] });
            if named {
                template["parameter_format"] = "NAMED".into();
            }
            if kind != "BODY" {
                template["components"]
                    .as_array_mut()
                    .expect("a list")
                    .push(json!({ "type": "BODY", "text": "Hello there." }));
            }
            let findings = lint(&template, &[], None);
            assert!(passes(&findings), "{}: {findings:#?}", entry.path().display());
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen} samples were looked at");
}

#[test]
fn code_behind_a_flow() {
    let good = starter::FLOW_CODE;
    let cases = [
        ("C1", good.replace("async function handler(request, env)", "const handler = async (request, env) =>")),
        ("C2", format!("{good}\nmodule.exports = handler;\n")),
        ("C3", good.replace("version", "v")),
        ("C4", good.replace("INIT", "OPEN")),
        ("C5", good.replace("extension_message_response", "response")),
        ("C6", format!("{good}}}\n")),
        ("C7", good.replace("version: \"3.0\"", "version: \"2.0\"")),
        ("C7", good.replace("version: \"3.0\"", "\"version\": '2.0'")),
        ("C8", format!("import axios from \"axios\";\n{good}")),
        ("C8", good.replace("const body", "const axios = require(\"axios\");\n  const body")),
        ("C9", good.replace(" || ask.action === \"BACK\"", "")),
    ];
    assert_eq!(flow_code::lint(good), [], "the starter has no fault");
    for (rule, code) in cases {
        assert!(flow_code::lint(&code).iter().any(|one| one.rule == rule), "{rule}: {:#?}", flow_code::lint(&code));
    }
}

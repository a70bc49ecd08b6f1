//! `wadeck openapi` answers from descriptions in the program: without network, engine, configuration or credentials.

use std::process::{Command, Output};

use serde_json::Value;

/// Runs the verb in an empty directory with an empty environment.
fn openapi(arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    Command::new(env!("CARGO_BIN_EXE_wadeck"))
        .env_clear()
        .env("HOME", directory.path())
        .current_dir(directory.path())
        .arg("openapi")
        .args(arguments)
        .output()
        .expect("it runs")
}

fn text(arguments: &[&str]) -> String {
    let output = openapi(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&text(&[arguments, &["--json"]].concat())).expect("JSON")
}

#[test]
fn operations_and_schemas_are_found_by_words() {
    let found = json(&["search", "send message", "--spec", "whatsapp"]);
    assert_eq!((&found[0]["kind"], &found[0]["name"]), (&"operation".into(), &"sendMessage".into()), "{found}");
    assert_eq!(found[0]["detail"], "POST /{Phone-Number-ID}/messages");
    let found = json(&["search", "template", "--limit", "5"]);
    assert_eq!(found.as_array().expect("a list").len(), 5);
    assert!(text(&["search", "template", "--limit", "5"]).contains("more; raise --limit"));
    let link = text(&["search", "setup link", "--spec", "platform"]);
    assert!(link.contains("POST /platform/v1/customers/{customer_id}/setup_links"), "{link}");
    assert!(!link.contains("whatsapp  "), "one description: {link}");
    assert_eq!(text(&["search", "zzzz"]), "No operations, schemas or fields.\n");
}

#[test]
fn an_operation_shows_parameters_body_and_responses() {
    let shown = text(&["op", "sendmessage"]);
    for expected in
        ["POST /{Phone-Number-ID}/messages", "Phone-Number-ID", "path", "Body application/json", "Responses"]
    {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert_eq!(text(&["op", "post /{phone-number-id}/messages"]), shown);
    let told = json(&["op", "setupWhatsappFlowEncryption"]);
    assert_eq!((&told["spec"], &told["method"]), (&"platform".into(), &"POST".into()));
}

#[test]
fn a_schema_shows_its_fields_and_what_uses_it() {
    let schema = json(&["schema", "graphapierror"]);
    assert_eq!(schema["name"], "GraphAPIError");
    assert!(!schema["fields"].as_array().expect("fields").is_empty(), "{schema}");
    let uses = text(&["where", "GraphAPIError"]);
    assert!(uses.contains("response 400"), "{uses}");
    let tagged = json(&["ops", "--tag", "whatsapp flows"]);
    let tagged = tagged.as_array().expect("a list");
    assert!(tagged.len() > 5 && tagged.iter().all(|one| one["tags"][0] == "WhatsApp Flows"), "{tagged:?}");
}

#[test]
fn an_unknown_name_is_refused_with_similar_ones() {
    for (arguments, expected) in [
        (&["op", "Message"][..], "sendMessage"),
        (&["schema", "Graph"], "GraphAPIError"),
        (&["ops", "--spec", "nope"], "whatsapp, platform"),
        (&["ops", "--tag", "nope"], "Tags: "),
    ] {
        let output = openapi(arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    let output = openapi(&["op", "nope", "--json"]);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("\"not_found\"")
            || String::from_utf8_lossy(&output.stdout).contains("\"not_found\"")
    );
}

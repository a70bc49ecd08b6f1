//! The formats of the output: lists as lines of JSON and as CSV, and errors in the same format.

use serde_json::Value;

use crate::world::{World, simulator};

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_four_formats_and_other_answers_say_so() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _served = world.serve();
    let run = |arguments: &[&str]| {
        let output = world.run(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, table, _) = run(&["connections", "list", "--output", "table"]);
    assert!(code == Some(0) && table.contains("support") && !table.starts_with('['), "{table}");
    let (_, json, _) = run(&["connections", "list", "--output", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&json).expect("a list");
    assert!(rows.len() > 1, "{json}");
    let (_, lines, _) = run(&["connections", "list", "--output", "ndjson"]);
    let each: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let names = |rows: &[Value]| rows.iter().map(|row| row["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&each), names(&rows));
    let (_, csv, _) = run(&["connections", "list", "--output", "csv", "--columns", "name,phone_number"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "\"name\",\"phone_number\"");
    assert_eq!(lines.len(), rows.len() + 1, "{csv}");
    assert!(lines[1].contains("\"+1555"), "a phone number stays as it is: {csv}");
    let (code, out, error) = run(&["status", "--output", "csv"]);
    assert!(code == Some(2) && out.is_empty() && error.contains("for lists only"), "{code:?} {out} {error}");
    let (code, out, error) = run(&["roles", "--output", "ndjson"]);
    let error: Value = serde_json::from_str(&error).unwrap_or_else(|_| panic!("JSON: {error}"));
    assert!(code == Some(2) && out.is_empty(), "{out}");
    assert_eq!(error["error"]["code"], "usage");
    let (code, out, _) = run(&["flows", "starters", "--output", "csv"]);
    assert!(code == Some(2) && out.is_empty(), "{out}");
    let (code, _, error) = run(&["connections", "list", "--json", "--output", "csv"]);
    assert!(code == Some(2) && error.contains("cannot be used with"), "{error}");
}

//! Whatever is asked for about something that does not exist is refused as not found, and nothing is written.
//! What is tried is made from the types of requests and queries, so that nobody has to think of it.

use serde_json::Value;
use wadeck::domain::agents::requests::AgentsAnswer;
use wadeck::domain::code::Code;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations::{OperationError, perform, run_query};

use crate::samples;
use crate::stage::{Stage, ada};

/// Whether it names something by an id: none of them exists.
fn names_something(json: &Value) -> bool {
    match json {
        Value::String(text) => {
            let id = text.get(1..).is_some_and(|rest| rest == "999" || rest == "998");
            id && text.starts_with(|letter: char| letter.is_ascii_lowercase())
        }
        Value::Array(items) => items.iter().any(names_something),
        Value::Object(fields) => fields
            .iter()
            // Where a page begins is a place in a list, not something that is asked about.
            .any(|(name, value)| !matches!(name.as_str(), "before" | "after" | "around") && names_something(value)),
        _ => false,
    }
}

fn audited(stage: &Stage) -> impl Future<Output = i64> + '_ {
    use sqlx::Connection;
    async {
        let url = format!("sqlite://{}", stage.directory.path().join("wadeck.db").display());
        let mut line = sqlx::SqliteConnection::connect(&url).await.expect("a database");
        sqlx::query_scalar("SELECT count(*) FROM audit").fetch_one(&mut line).await.expect("counted")
    }
}

#[tokio::test]
async fn requests_about_what_does_not_exist_are_refused_as_not_found() {
    let stage = Stage::set().await;
    let before = audited(&stage).await;
    let mut wrong = vec![];
    let mut tried = 0;
    for (json, request) in samples::all::<Request>() {
        // What names a job or a thing of ours by a word.
        let by_name = json["tokens"] == "revoke" || json["do"] == "stop_job" || json["agents"] == "test";
        if !names_something(&json) && !by_name {
            continue;
        }
        // Nobody opens a file through a door, whichever it is.
        if json["do"] == "open_media" {
            continue;
        }
        tried += 1;
        match perform(&stage.system, &ada(), request).await {
            Err(OperationError::Refused(refusal)) if refusal.code == Code::NotFound => {
                assert!(!refusal.reason.is_empty(), "{json}");
            }
            other => wrong.push(format!("{json}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}\n", wrong.join("\n"));
    assert!(tried > 60, "{tried}");
    assert_eq!(audited(&stage).await, before, "nothing was done");
}

#[tokio::test]
async fn questions_about_what_does_not_exist_have_no_answer() {
    let stage = Stage::set().await;
    let mut wrong = vec![];
    for (json, query) in samples::all::<Query>() {
        let why = json["tell"] == "why";
        if !names_something(&json) && !why {
            continue;
        }
        let told = run_query(&stage.system, &ada(), query).await;
        let nothing = match &told {
            Err(OperationError::Refused(refusal)) => refusal.code == Code::NotFound,
            Ok(
                Answer::Thread(None)
                | Answer::Message(None)
                | Answer::Entry(None)
                | Answer::Delivery(None)
                | Answer::Picture(None),
            ) => true,
            Ok(Answer::Draft(text)) => text.is_empty(),
            Ok(Answer::Agent(told)) => {
                matches!(**told, AgentsAnswer::Run(None) | AgentsAnswer::Assignment(None) | AgentsAnswer::Waiting(None))
            }
            _ => false,
        };
        if !nothing {
            wrong.push(format!("{json}: {told:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n", wrong.join("\n"));
}

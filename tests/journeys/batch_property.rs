//! Many deliveries that wait together leave the database as it is when each is applied as soon as it arrives: the same
//! rows under the same ids. Random sequences of everything that contacts, phones and platforms send.

use serde_json::json;
use sqlx::{ConnectOptions, Row};

use crate::batch_letters::{Dice, Letter, letter};
use crate::cases::stage_with;
use crate::stage::{Stage, signature};

pub const CONFIG: &str = r#"
organization = "lumen"
[[connections]]
name = "one"
provider = "meta"
phone_number = "+15550783881"
phone_number_id = "106540352249999"
business_account_id = "102290129340398"
agent = "helper"
mode = "auto"
debounce_seconds = 4
pause_after_person_minutes = 1
[[connections.routes]]
agent = "greeter"
first_contact = true
[[connections]]
name = "two"
provider = "meta"
phone_number = "+15550783882"
phone_number_id = "106540352242933"
business_account_id = "102290129340398"
agent = "helper"
mode = "draft"
[[connections]]
name = "support"
provider = "kapso"
phone_number = "+15550100001"
phone_number_id = "106540352242922"
business_account_id = "102290129340398"
agent = "helper"
mode = "auto"
debounce_seconds = 4
[connections.contract]
max_per_hour = 1
[[agents]]
name = "helper"
kind = "scripted"
rules = [{ when = ["price"], reply = ["A person knows."], hand_off = "asked for the price" }, { reply = ["You said it, {name}."] }]
[[agents]]
name = "greeter"
kind = "scripted"
rules = [{ reply = ["Welcome."] }]
[[endpoints]]
name = "crm"
url = "https://crm.example.com/wadeck"
secret_env = "AGENT_SECRET"
events = []
"#;

/// When deliveries are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Apply {
    /// Each as soon as it is stored.
    Alone,
    /// Those of a round together, after all of them were stored.
    Together,
    /// Those of a round in the transaction that stores them.
    Arriving,
}

fn request(stage: &Stage, path: &str, headers: &[(&str, &str)], body: &str) -> reqwest::RequestBuilder {
    let signed = signature(body);
    let request = reqwest::Client::new()
        .post(format!("http://{}{path}", stage.address))
        .header("content-type", "application/json")
        .header("x-hub-signature-256", format!("sha256={signed}"))
        .header("x-webhook-signature", signed)
        .body(body.to_owned());
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// Stores a delivery without applying it: another may wait before it.
pub async fn store(stage: &mut Stage, path: &str, headers: &[(&str, &str)], body: &str) {
    stage.system.store().write().await.expect("a transaction").mark_pending();
    let request = request(stage, path, headers, body);
    let Stage { system, inbox, .. } = stage;
    let writer = async { while wadeck::operations::commit_pending_deliveries(system, inbox).await {} };
    let answer = tokio::select! {
        answer = request.send() => answer.expect("an answer"),
        () = writer => unreachable!("the inbox stays open"),
    };
    assert_eq!(answer.status(), 200);
}

/// Stores deliveries that arrive one after the other, all in one transaction.
async fn store_at_once(stage: &mut Stage, letters: &[Letter]) {
    let mut answers = vec![];
    for letter in letters {
        let before = stage.inbox.len();
        answers.push(tokio::spawn(request(stage, letter.path, &letter.headers, &letter.body).send()));
        while stage.inbox.len() == before {
            tokio::task::yield_now().await;
        }
    }
    assert!(wadeck::operations::commit_pending_deliveries(&stage.system, &mut stage.inbox).await);
    for answer in answers {
        assert_eq!(answer.await.expect("joined").expect("an answer").status(), 200);
    }
}

pub async fn database(stage: &Stage) -> sqlx::SqliteConnection {
    let path = stage.directory.path().join("wadeck.db");
    sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.expect("the database opens")
}

/// Every row of every table, a line each.
pub async fn rows(stage: &Stage) -> Vec<String> {
    let mut database = database(stage).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'message_words_%'
            AND name NOT IN ('_sqlx_migrations', 'poison') ORDER BY name",
    )
    .fetch_all(&mut database)
    .await
    .expect("the tables");
    let mut lines = vec![];
    for table in tables {
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
            .bind(&table)
            .fetch_all(&mut database)
            .await
            .expect("the columns");
        let same = |column: &&String| match (table.as_str(), column.as_str()) {
            // It names the port of the stage.
            ("deliveries", "headers" | "body") => false,
            // How deliveries ended is written at the end of a batch: what is told of them has other ids then. Within a
            // thread the order is the same.
            ("alerts" | "events", "id") | ("event_deliveries", "event_id") => false,
            _ => true,
        };
        let mut parts: Vec<String> =
            columns.iter().filter(same).map(|one| format!("'{one}=' || quote({one})")).collect();
        match table.as_str() {
            "message_words" => parts.insert(0, "rowid".to_owned()),
            "events" => parts.insert(
                0,
                "row_number() OVER (PARTITION BY thread_id, CASE WHEN thread_id IS NULL THEN kind END ORDER BY id)"
                    .to_owned(),
            ),
            "event_deliveries" => parts.insert(0, "(SELECT data FROM events WHERE id = event_id)".to_owned()),
            _ => {}
        }
        let text = format!("SELECT '{table}: ' || {} AS line FROM {table}", parts.join(" || ' ' || "));
        let found = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&mut database).await.expect("rows");
        let mut found: Vec<String> =
            found.iter().map(|row| row.get::<String, _>("line").replace(&stage.address.to_string(), "HERE")).collect();
        for line in &mut found {
            *line = without_references(line);
        }
        found.sort();
        lines.extend(found);
    }
    lines
}

/// A line without the references of messages that are sent again: a batch that is undone has drawn some in vain.
fn without_references(line: &str) -> String {
    let mut parts = line.split("w:0000");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + "w:" + part.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
}

/// A message of these words is refused by the database, as a value of it would be.
pub async fn refuse(stage: &Stage, words: &str) {
    let text = format!(
        "CREATE TABLE poison (x INTEGER PRIMARY KEY); INSERT INTO poison VALUES (1);
         CREATE TRIGGER poisoned BEFORE INSERT ON messages WHEN new.words = '{words}' BEGIN INSERT INTO poison VALUES (1); END"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut database(stage).await).await.expect("a trigger");
}

/// One whole story: rounds of deliveries with the life of the engine between them. Returns the database after each.
async fn lived(seed: u64, apply: Apply, poisoned: bool) -> Vec<(Vec<String>, Vec<String>)> {
    let mut stage = stage_with(CONFIG).await;
    refuse(&stage, "poison").await;
    let mut dice = Dice::new(seed);
    let mut after = vec![];
    let mut serial = 0;
    for round in 0..4 {
        let mut letters = vec![];
        let sent = sent(&stage).await;
        for _ in 0..dice.below(9) + 2 {
            serial += 1;
            letters.push(letter(&mut dice, serial, stage.now(), &sent));
        }
        if poisoned {
            let bad = crate::cases::text(&format!("wamid.bad{round}"), "15551600001", "poison");
            let body = crate::cases::enveloped(json!([]), json!([bad]));
            letters.push(Letter { path: "/webhook/meta", headers: vec![], body });
        }
        if apply == Apply::Arriving {
            store_at_once(&mut stage, &letters).await;
        } else {
            for letter in &letters {
                store(&mut stage, letter.path, &letter.headers, &letter.body).await;
                if apply == Apply::Alone {
                    stage.apply().await;
                }
            }
        }
        stage.apply().await;
        let bodies = letters.into_iter().map(|letter| letter.body).collect();
        after.push((rows(&stage).await, bodies));
        stage.answer().await;
        if dice.below(2) == 0 {
            stage.pass(std::time::Duration::from_secs(61));
        }
    }
    after
}

/// The provider's ids of messages that went out.
async fn sent(stage: &Stage) -> Vec<String> {
    let text =
        "SELECT provider_message_id FROM messages WHERE direction = 'outbound' AND provider_message_id IS NOT NULL
        ORDER BY id DESC LIMIT 5";
    sqlx::query_scalar(text).fetch_all(&mut database(stage).await).await.expect("ids")
}

/// What the one has and the other has not.
fn difference(left: &[String], right: &[String]) -> String {
    let only = |these: &[String], those: &[String], mark: char| {
        let those: std::collections::HashSet<&String> = those.iter().collect();
        let lines: Vec<_> =
            these.iter().filter(|line| !those.contains(line)).map(|line| format!("{mark} {line}")).collect();
        lines.join("\n")
    };
    only(left, right, '-') + &only(right, left, '+')
}

async fn same(seed: u64, poisoned: bool) {
    let alone = lived(seed, Apply::Alone, poisoned).await;
    // Each of the two has every second story.
    let way = if seed.is_multiple_of(2) { Apply::Together } else { Apply::Arriving };
    let together = lived(seed, way, poisoned).await;
    for (round, ((alone, sent), (together, _))) in alone.iter().zip(&together).enumerate() {
        let differs = difference(alone, together);
        let sent = sent.join("\n");
        assert!(differs.is_empty(), "seed {seed}, round {round}, {way:?}, poisoned {poisoned}\n{differs}\n{sent}");
    }
}

#[tokio::test]
async fn what_waits_together_means_what_it_means_one_by_one() {
    let (from, count) = seeds();
    for seed in from..from + count {
        same(seed, false).await;
    }
}

#[tokio::test]
async fn an_item_that_the_database_refuses_changes_nothing_for_those_around_it() {
    let (from, count) = seeds();
    for seed in from..from + count / 2 {
        same(seed, true).await;
    }
}

fn seeds() -> (u64, u64) {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse().ok());
    (number("WADECK_SEED").unwrap_or(1), number("WADECK_SEEDS").unwrap_or(6))
}

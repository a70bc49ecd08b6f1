//! What is asked again and again must come from an index: no scan of a table that grows.

use std::path::Path;

use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use wadeck::store::Store;

/// Tables that grow with every message.
const GROWING: [&str; 7] = ["deliveries", "messages", "statuses", "outbox", "attempts", "runs", "audit"];

/// The names and texts of the store's sources, without their tests.
fn sources() -> Vec<(String, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store")];
    let mut paths = vec![];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of the store").flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { paths.push(path) }
        }
    }
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("readable");
        (name, text.split("#[cfg(test)]").next().unwrap_or_default().to_owned())
    };
    paths.into_iter().map(read).collect()
}

/// Everything between quotes in the store's sources that asks a question, filled in where it has gaps.
fn questions() -> Vec<(String, String)> {
    let mut found = vec![];
    for (name, text) in sources() {
        let parts: Vec<&str> = text.split("\"SELECT ").collect();
        for pair in parts.windows(2) {
            // A beginning that others complete is no question yet.
            if pair[0].trim_end().ends_with("&str =") {
                continue;
            }
            let part = pair[1];
            let body = part.split("\",").next().and_then(|body| body.split("\")").next()).unwrap_or_default();
            let body = body.split("\";").next().unwrap_or_default().split("\"\n").next().unwrap_or_default();
            if !body.contains('{') {
                found.push((name.clone(), format!("SELECT {body}")));
            }
        }
    }
    found
}

/// The table behind an alias.
fn table_of<'q>(question: &'q str, alias: &'q str) -> &'q str {
    let words: Vec<&str> = question.split(|c: char| c.is_whitespace() || c == ',' || c == ')').collect();
    let named = words.windows(2).find(|pair| pair[1] == alias && GROWING.contains(&pair[0]));
    named.map_or(alias, |pair| pair[0])
}

#[tokio::test]
async fn no_question_scans_what_grows() {
    let directory = tempfile::tempdir().expect("a directory");
    Store::open(directory.path()).await.expect("made").close().await;
    let options = SqliteConnectOptions::new().filename(directory.path().join("wadeck.db"));
    let pool = SqlitePool::connect_with(options).await.expect("opened");
    let questions = questions();
    assert!(questions.len() > 25, "only {} were found", questions.len());
    let mut looked_at = 0;
    for (file, question) in questions {
        let text = format!("EXPLAIN QUERY PLAN {question}");
        let Ok(rows) = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&pool).await else { continue };
        looked_at += 1;
        // A list that ends after a page may walk its table from the newest.
        let paged = question.contains("LIMIT");
        for row in rows {
            let step: String = row.get("detail");
            let scanned = step.strip_prefix("SCAN ").and_then(|rest| rest.split_whitespace().next());
            let Some(table) = scanned else { continue };
            let table = table_of(&question, table);
            let scans = GROWING.contains(&table) && !step.contains("INDEX");
            assert!(paged || !scans, "{file}: {step}\n{question}");
        }
    }
    assert!(looked_at > 20, "only {looked_at} could be explained");
}

/// SQLite compiles a statement again at each execution if its limit is a bare parameter; with a sign it does not.
#[test]
fn no_limit_is_a_bare_parameter() {
    let mut found = vec![];
    for (name, text) in sources() {
        let bare = text.lines().filter(|line| line.contains("LIMIT $") || line.contains("LIMIT \"")).map(str::to_owned);
        found.extend(bare.map(|line| format!("{name}: {line}")));
    }
    assert!(found.is_empty(), "write `LIMIT +$1`: {found:#?}");
}

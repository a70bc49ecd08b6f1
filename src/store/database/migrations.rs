//! The database migrations, and which of them a file has.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;

use crate::store::{Result, StoreError};

/// Returns the migrations of this program, in order.
pub(in crate::store) fn migrator() -> Migrator {
    migrator_to(i64::MAX)
}

/// Returns the version of the last migration that this program has.
fn newest() -> i64 {
    migrator().iter().map(|step| step.version).max().unwrap_or_default()
}

/// Returns the version of a database's last migration; `None` if it has none. Fails with `Newer` if this program does
/// not have that migration; such a database is neither read nor written.
pub(in crate::store) async fn applied(path: &Path, pool: &SqlitePool) -> Result<Option<i64>> {
    let table = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
    if sqlx::query_scalar::<_, i64>(table).fetch_one(pool).await? == 0 {
        return Ok(None);
    }
    let last = "SELECT max(version) FROM _sqlx_migrations WHERE success";
    let found: Option<i64> = sqlx::query_scalar(last).fetch_one(pool).await?;
    match (found, newest()) {
        (Some(found), known) if found > known => Err(StoreError::Newer { path: path.to_owned(), found, known }),
        _ => Ok(found),
    }
}

/// Waits up to two seconds for a starting engine to migrate its database. Fails with `Version` if it does not.
pub(in crate::store) async fn await_version(path: &Path, readers: &SqlitePool) -> Result<()> {
    for _ in 0..40 {
        match applied(path, readers).await {
            Ok(Some(version)) if version == newest() => return Ok(()),
            Err(error @ StoreError::Newer { .. }) => return Err(error),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    Err(StoreError::Version { path: path.to_owned() })
}

/// Returns the migrations up to a version.
fn migrator_to(last: i64) -> Migrator {
    // The last value tells whether the file contains its own transaction, which a rebuild of a referenced table
    // requires.
    let steps: [(i64, &'static str, &'static str, bool); 35] = [
        (1, "ledger", include_str!("../../../migrations/0001_ledger.sql"), false),
        (2, "desk", include_str!("../../../migrations/0002_desk.sql"), false),
        (3, "numbers", include_str!("../../../migrations/0003_numbers.sql"), true),
        (4, "agents", include_str!("../../../migrations/0004_agents.sql"), true),
        (5, "tokens", include_str!("../../../migrations/0005_tokens.sql"), false),
        (6, "claims", include_str!("../../../migrations/0006_claims.sql"), false),
        (7, "lent", include_str!("../../../migrations/0007_lent.sql"), false),
        (8, "agent_tokens", include_str!("../../../migrations/0008_agent_tokens.sql"), false),
        (9, "scheduled", include_str!("../../../migrations/0009_scheduled.sql"), true),
        (10, "goes_at", include_str!("../../../migrations/0010_goes_at.sql"), false),
        (11, "uploads", include_str!("../../../migrations/0011_uploads.sql"), false),
        (12, "holds", include_str!("../../../migrations/0012_holds.sql"), false),
        (13, "person_wrote", include_str!("../../../migrations/0013_person_wrote.sql"), false),
        (14, "approvals", include_str!("../../../migrations/0014_approvals.sql"), false),
        (15, "inbound", include_str!("../../../migrations/0015_inbound.sql"), false),
        (16, "pace", include_str!("../../../migrations/0016_pace.sql"), false),
        (17, "scopes", include_str!("../../../migrations/0017_scopes.sql"), false),
        (18, "outages", include_str!("../../../migrations/0018_outages.sql"), false),
        (19, "held_elsewhere", include_str!("../../../migrations/0019_held_elsewhere.sql"), false),
        (20, "told_times", include_str!("../../../migrations/0020_told_times.sql"), false),
        (21, "wish_sources", include_str!("../../../migrations/0021_wish_sources.sql"), false),
        (22, "awaits_list", include_str!("../../../migrations/0022_awaits_list.sql"), false),
        (23, "connection_history", include_str!("../../../migrations/0023_connection_history.sql"), false),
        (24, "table_names", include_str!("../../../migrations/0024_table_names.sql"), false),
        (25, "entry_failed", include_str!("../../../migrations/0025_entry_failed.sql"), true),
        (26, "conversations", include_str!("../../../migrations/0026_conversations.sql"), false),
        (27, "agent_usage", include_str!("../../../migrations/0027_agent_usage.sql"), false),
        (28, "resolved_threads", include_str!("../../../migrations/0028_resolved_threads.sql"), false),
        (31, "pricing", include_str!("../../../migrations/0031_pricing.sql"), false),
        (33, "identifiers", include_str!("../../../migrations/0033_identifiers.sql"), false),
        (34, "golden_conversations", include_str!("../../../migrations/0034_golden_conversations.sql"), false),
        (35, "snoozed_threads", include_str!("../../../migrations/0035_snoozed_threads.sql"), false),
        (36, "labels", include_str!("../../../migrations/0036_labels.sql"), false),
        (37, "canned_replies", include_str!("../../../migrations/0037_canned_replies.sql"), false),
        (40, "transcriptions", include_str!("../../../migrations/0040_transcriptions.sql"), false),
    ];
    let steps = steps
        .into_iter()
        .filter(|(version, ..)| *version <= last)
        .map(|(version, title, text, own)| {
            Migration::new(version, title.into(), MigrationType::Simple, sqlx::SqlStr::from_static(text), own)
        })
        .collect::<Vec<_>>();
    Migrator::with_migrations(steps)
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqlitePoolOptions;

    use super::*;
    use crate::store::{DATABASE_FILE, Store, options};

    /// An upgrade from an older version keeps the messages and connections.
    #[tokio::test]
    async fn an_older_database_is_brought_up_to_date_with_everything_in_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(DATABASE_FILE);
        let pool = SqlitePoolOptions::new().max_connections(1);
        let old = pool.connect_with(options(&path).create_if_missing(true)).await.expect("opened");
        migrator_to(2).run(&old).await.expect("the old steps");
        for statement in [
            "INSERT INTO connections (id, name, organization, environment, provider, phone_number, phone_number_id, business_account_id, settings)
             VALUES (7, 'support', 'o', 'production', 'p', '15550100001', '1', '2', '{}')",
            "INSERT INTO contacts (id, folded, created_at) VALUES (1, 'x', 1)",
            "INSERT INTO threads (id, connection_id, contact_id, external_id, last_message_at) VALUES (1, 7, 1, 'whatsapp:1', 1)",
            "INSERT INTO proofs (connection_id, hop, at, works, note) VALUES (7, 'send', 1, 1, 'x')",
            "INSERT INTO messages (id, thread_id, connection_id, direction, origin, kind, content, words, progress, created_at, received_at)
             VALUES (1, 1, 7, 'outbound', 'api', 'text', '{}', 'x', 'queued', 1, 1)",
            "INSERT INTO outbox (id, message_id, thread_id, connection_id, state, reference, outgoing, business_initiated, freeform, due_at,
                                 created_at, not_before) VALUES (3, 1, 1, 7, 'dead', 'w:1', '{}', 1, 0, 1, 1, 5)",
            "INSERT INTO attempts (outbox_id, connection_id, thread_id, business_initiated, series, number, started_at, request)
             VALUES (3, 7, 1, 1, 1, 1, 1, 'x')",
        ] {
            sqlx::query(statement).execute(&old).await.expect(statement);
        }
        old.close().await;
        let store = Store::open(directory.path()).await.expect("brought up to date");
        assert_eq!(store.connections().await.expect("read")[0].id.0, 7);
        assert_eq!(store.checks().await.expect("read").len(), 1);
        let kept: (String, i64, i64) = sqlx::query_as(
            "SELECT o.state, o.not_before, a.id FROM outbox o JOIN attempts a ON a.outbox_id = o.id WHERE o.id = 3",
        )
        .fetch_one(&store.readers)
        .await
        .expect("the entry with its attempt");
        assert_eq!(kept, ("dead".to_owned(), 5, 1));
        let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&store.readers).await.expect("asked");
        assert!(broken.is_empty(), "{} references lead nowhere", broken.len());
        let stranger = "INSERT INTO threads (id, connection_id, contact_id, external_id, last_message_at) VALUES (2, 9, 1, 'w', 1)";
        assert!(sqlx::query(stranger).execute(&store.writer).await.is_err(), "references are held as before");
        store.close().await;
    }

    /// Number of messages in the upgrade test: `WADECK_UPGRADE_MESSAGES=1000000` for a large database.
    fn messages() -> i64 {
        std::env::var("WADECK_UPGRADE_MESSAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000)
    }

    /// Creates a database of version 23 with messages, each with an entry; every tenth was refused, half of those by
    /// a rule.
    async fn of_version_23(path: &Path) {
        let pool = SqlitePoolOptions::new().max_connections(1);
        let old = pool.connect_with(options(path).create_if_missing(true)).await.expect("opened");
        migrator_to(23).run(&old).await.expect("the old migrations");
        let many = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) ", messages());
        for statement in [
            "INSERT INTO connections (id, name, organization, environment, provider, phone_number, phone_number_id, business_account_id, settings)
             VALUES (7, 'support', 'o', 'production', 'p', '15550100001', '1', '2', '{}')".to_owned(),
            "INSERT INTO contacts (id, folded, created_at) VALUES (1, 'x', 1), (2, 'y', 1)".to_owned(),
            "INSERT INTO threads (id, connection_id, contact_id, external_id, last_message_at) VALUES (1, 7, 1, 'whatsapp:1', 1)".to_owned(),
            format!("INSERT INTO messages (id, thread_id, connection_id, direction, origin, kind, content, words, progress, created_at, received_at)
             {many} SELECT i, 1, 7, 'outbound', 'api', 'text', '{{}}', 'words of ' || i, 'queued', i, i FROM n"),
            format!("INSERT INTO outbox (id, message_id, thread_id, connection_id, state, reference, outgoing, business_initiated, freeform, due_at,
                                 created_at, settled_by, awaits_list, held_due_at)
             {many} SELECT i, i, 1, 7, CASE WHEN i % 10 = 0 THEN 'refused' ELSE 'accepted' END, 'w:' || i, '{{}}', 0, 1, i, i,
                CASE WHEN i % 20 <> 0 THEN 'answer' END, i % 2, i FROM n"),
            format!("INSERT INTO attempts (outbox_id, connection_id, thread_id, business_initiated, series, number, started_at, request, finished_at, outcome)
             {many} SELECT i, 7, 1, 0, 1, 1, i, 'x', i, CASE WHEN i % 10 = 0 THEN 'refused' ELSE 'accepted' END FROM n"),
            "INSERT INTO merges (id, kept_id, gone_id, moved, at, by) VALUES (1, 1, 2, '{}', 1, 'ana')".to_owned(),
            "INSERT INTO merged_messages (merge_id, message_id) VALUES (1, 3)".to_owned(),
            "INSERT INTO sightings (subject, state, at) VALUES ('trouble:x:y', 'on', 1)".to_owned(),
            "INSERT INTO fillings (connection_id, at, listed, filled, said) VALUES (7, 1, 2, 1, 'x')".to_owned(),
            "INSERT INTO filters (operator, pane, name, terms) VALUES ('ana', 'delivery', 'bad', 'conn:a status:refused since:2h')".to_owned(),
            "INSERT INTO jobs (action, terms, actor, role, state, total, up_to_id, created_at)
             VALUES ('retry', 'status:refused', 'ana', 'operator', 'running', 1, 9, 1)".to_owned(),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(statement.as_str())).execute(&old).await.expect(&statement);
        }
        old.close().await;
    }

    #[tokio::test]
    async fn every_row_of_the_version_before_is_kept_under_the_new_names() {
        let directory = tempfile::tempdir().expect("a directory");
        of_version_23(&directory.path().join(DATABASE_FILE)).await;
        let store = Store::open(directory.path()).await.expect("brought up to date");
        let count = async |what: &str| -> i64 {
            let text = format!("SELECT count(*) FROM {what}");
            sqlx::query_scalar(sqlx::AssertSqlSafe(text.as_str())).fetch_one(&store.readers).await.expect(what)
        };
        let all = messages();
        assert_eq!(count("messages").await, all);
        assert_eq!(count("outbox").await, all);
        assert_eq!(count("attempts a JOIN outbox o ON o.id = a.outbox_id").await, all);
        assert_eq!(count("outbox WHERE state = 'failed'").await, all / 10);
        assert_eq!(
            count("outbox WHERE state = 'failed' AND settled_by IS NULL").await,
            all / 20,
            "what a rule refused"
        );
        assert_eq!(
            count("outbox WHERE awaits_list = id % 2 AND held_due_at = id AND reference = 'w:' || id").await,
            all
        );
        assert_eq!(count("merged_messages m JOIN contact_merges g ON g.id = m.merge_id").await, 1);
        assert_eq!(count("provider_snapshots").await + count("backfills").await, 2);
        assert_eq!(count("event_deliveries").await + count("idempotency_keys").await, 0);
        let terms: String =
            sqlx::query_scalar("SELECT terms FROM filters").fetch_one(&store.readers).await.expect("a saved filter");
        assert_eq!(terms, "conn:a status:failed since:2h");
        let job: String = sqlx::query_scalar("SELECT terms FROM jobs").fetch_one(&store.readers).await.expect("a job");
        assert_eq!(job, "status:refused", "a job that runs goes on with exactly what was confirmed");
        let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&store.readers).await.expect("asked");
        assert!(broken.is_empty(), "{} references lead nowhere", broken.len());
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as("EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE state IN ('failed', 'dead')")
                .fetch_all(&store.readers)
                .await
                .expect("a plan");
        assert!(plan.iter().any(|(.., step)| step.contains("outbox_failed")), "{plan:?}");
        store.close().await;
    }

    /// Covers a power failure between the end of the migration and the record of it.
    #[tokio::test]
    async fn the_outbox_is_made_anew_twice_without_harm() {
        let directory = tempfile::tempdir().expect("a directory");
        of_version_23(&directory.path().join(DATABASE_FILE)).await;
        let store = Store::open(directory.path()).await.expect("brought up to date");
        let note = "DELETE FROM _sqlx_migrations WHERE version = 25";
        sqlx::query(note).execute(&store.writer).await.expect("the note is lost");
        store.close().await;
        let store = Store::open(directory.path()).await.expect("brought up to date again");
        let failed: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE state = 'failed'")
            .fetch_one(&store.readers)
            .await
            .expect("counted");
        assert_eq!(failed, messages() / 10);
        store.close().await;
    }

    #[tokio::test]
    async fn a_database_of_a_newer_version_is_refused_in_words_and_left_as_it_is() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).await.expect("opened");
        let step = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9000, 'x', 1, x'00', 0)";
        sqlx::query(step).execute(&store.writer).await.expect("a step of the future");
        store.close().await;
        let before = std::fs::read(directory.path().join(DATABASE_FILE)).expect("read");
        for refused in [Store::open(directory.path()).await, Store::open_read_only(directory.path()).await] {
            let words = refused.expect_err("a newer database").to_string();
            assert!(words.contains("written by a newer wadeck") && words.contains("9000"), "{words}");
            assert!(words.contains("restore a backup"), "{words}");
        }
        assert_eq!(std::fs::read(directory.path().join(DATABASE_FILE)).expect("read"), before);
    }
}

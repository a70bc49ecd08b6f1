//! Remember and recall domain values. SQLite in WAL with `synchronous=FULL`: what was committed
//! survives a power cut. One writer connection, several readers, one file per aggregate. Rows
//! never leave this module. Called by `operations`; it decides nothing.

mod agents;
mod codec;
mod database;
mod error;
mod guard;
mod inbound;
mod integrations;
mod media;
mod monitoring;
mod narrow;
mod numbers;
mod outbox;
mod scoped;
mod scoped_readers;
mod scoped_views;
mod search_text;
mod threads;
mod update;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection, Transaction};

pub use self::agents::assignments::RunTally;
pub use self::agents::rehearsals::{Played, ToPlay};
pub use self::agents::runs::{DueRun, Finish, Silenced};
pub use self::error::StoreError;
pub use self::guard::{EntryFacts, SuggestedReply};
pub use self::inbound::changes::{KnownMessage, LateChange};
pub use self::inbound::deliveries::{NewDelivery, StoredDelivery};
pub use self::inbound::messages::{Inserted, Matched, NewInbound, Stored};
pub use self::integrations::events::EventDelivery;
pub use self::integrations::tokens::IdempotencyRecord;
pub use self::media::file_store::{FileStore, Incoming, MEDIA_DIRECTORY, Pinned};
pub use self::media::files::{KeptFile, PendingDownload, ToUpload};
pub use self::media::uploads::StoredUpload;
pub use self::monitoring::activity::NewAlert;
pub use self::monitoring::audit_head::{heads_in_logs, read_heads};
pub use self::narrow::FilterQuery;
pub use self::outbox::entries::BulkGroup;
pub use self::outbox::holds::HeldNumber;
pub use self::outbox::jobs::Job;
pub use self::outbox::queue::{Claimed, NewEntry, Pace, UncertainEntry};
pub use self::outbox::scheduled::ScheduledAtProvider;
pub use self::update::Update;

use crate::domain::access::audit::AuditHead;

type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The name of the database inside the data directory.
pub const DATABASE_FILE: &str = "wadeck.db";

/// The open database.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
    shelf: FileStore,
    /// One connection: whoever writes waits here, in order.
    writer: SqlitePool,
    readers: SqlitePool,
    /// Readers that see one scope.
    scoped: Arc<scoped_readers::ScopedReaders>,
    /// One connection that folds the log back into the file, from beside the writer.
    side: SqlitePool,
    health: Arc<database::health::Health>,
    read_only: bool,
}

/// One write transaction. It is immediate: it never fails halfway because another wrote first.
#[derive(Debug)]
pub struct Write {
    tx: Transaction<'static, Sqlite>,
    health: Arc<database::health::Health>,
    /// The last row of the audit that this transaction adds.
    head: Option<AuditHead>,
}

impl Store {
    /// Opens the database in `directory`, creates it where there is none, and brings it up to date.
    pub async fn open(directory: &Path) -> Result<Self> {
        let path = directory.join(DATABASE_FILE);
        database::inspect::inspect(directory)?;
        let options = options(&path).create_if_missing(true);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(30))
            // After a failed commit SQLite has rolled back already, and the driver still counts a transaction
            // that nothing can end any more: such a connection is closed, and another is opened.
            .before_acquire(|connection, _| {
                let clean = !connection.is_in_transaction();
                Box::pin(async move { Ok(clean) })
            })
            .connect_with(
                options
                    .clone()
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    // The log is folded back from beside; the writer does it only when that falls behind.
                    .pragma("wal_autocheckpoint", "8000"),
            )
            .await
            .map_err(|error| StoreError::open(&path, error))?;
        migrator().run(&writer).await.map_err(|error| StoreError::migrate(&path, error))?;
        let side = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let side = side.connect_with(options.clone()).await.map_err(|error| StoreError::open(&path, error))?;
        let readers = Self::readers(options).await.map_err(|error| StoreError::open(&path, error))?;
        let store = Self {
            shelf: FileStore::new(directory),
            path,
            writer,
            readers,
            scoped: Arc::default(),
            side,
            health: Arc::default(),
            read_only: false,
        };
        store.chain_audit().await?;
        store.recall().await?;
        Ok(store)
    }

    /// Opens an existing database for reading only: for a command line without an engine.
    pub async fn open_read_only(directory: &Path) -> Result<Self> {
        let path = directory.join(DATABASE_FILE);
        let readers = Self::readers(options(&path)).await.map_err(|error| StoreError::open(&path, error))?;
        Self::await_version(&path, &readers).await?;
        let (writer, side) = (readers.clone(), readers.clone());
        let (scoped, health) = (Arc::default(), Arc::default());
        Ok(Self { shelf: FileStore::new(directory), path, writer, side, readers, scoped, health, read_only: true })
    }

    /// A copy of the database as of one moment, in a file that is not there yet; says whether it is
    /// sound.
    pub async fn copy_to(&self, to: &Path) -> Result<String> {
        let mut from =
            options(&self.path).read_only(true).connect().await.map_err(|error| StoreError::open(to, error))?;
        sqlx::query("VACUUM INTO $1").bind(to.display().to_string()).execute(&mut from).await?;
        let options = SqliteConnectOptions::new().filename(to).read_only(true);
        let mut copy = options.connect().await.map_err(|error| StoreError::open(to, error))?;
        Ok(sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut copy).await?)
    }

    /// An engine that starts brings the database up to date, which takes a moment.
    async fn await_version(path: &Path, readers: &SqlitePool) -> Result<()> {
        let wanted = migrator().iter().map(|step| step.version).max();
        for _ in 0..40 {
            let found = sqlx::query_scalar::<_, Option<i64>>("SELECT max(version) FROM _sqlx_migrations WHERE success");
            if matches!(found.fetch_one(readers).await, Ok(version) if version == wanted) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(StoreError::Version { path: path.to_owned() })
    }

    async fn readers(options: SqliteConnectOptions) -> std::result::Result<SqlitePool, sqlx::Error> {
        SqlitePoolOptions::new()
            .max_connections(4)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.pragma("query_only", "ON"))
            .await
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where files are kept, beside the database.
    pub const fn shelf(&self) -> &FileStore {
        &self.shelf
    }

    /// Begins to write. Keep it short, and wait for nothing but the database while it is open.
    pub async fn write(&self) -> Result<Write> {
        match self.writer.begin_with("BEGIN IMMEDIATE").await {
            Ok(tx) => Ok(Write { tx, health: self.health.clone(), head: None }),
            // The database gave the transaction before up by itself (a full disk, an error of the disk), and the
            // connection does not know: it would begin no other.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.writer.acquire().await?.close().await?;
                let tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
                Ok(Write { tx, health: self.health.clone(), head: None })
            }
            Err(error) => {
                let error = StoreError::from(error);
                self.health.failed(&error, true);
                Err(error)
            }
        }
    }

    /// Whether the file is sound, as the database itself sees it.
    pub async fn integrity(&self) -> Result<String> {
        Ok(sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&self.readers).await?)
    }

    /// Folds the log back into the file, as far as nobody is in the way. The writer goes on meanwhile.
    pub async fn checkpoint(&self) -> Result<()> {
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&self.side).await?;
        Ok(())
    }

    /// Ends all connections; what is committed is on the disk already.
    pub async fn close(&self) {
        self.readers.close().await;
        self.scoped.close().await;
        self.side.close().await;
        self.writer.close().await;
    }
}

impl Write {
    pub async fn commit(self) -> Result<()> {
        match self.tx.commit().await {
            Ok(()) => {
                self.health.committed();
                if let Some(head) = self.head {
                    self.health.set_head(head);
                }
                Ok(())
            }
            Err(error) => {
                let error = StoreError::from(error);
                self.health.failed(&error, true);
                Err(error)
            }
        }
    }

    fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.tx
    }

    /// Runs one part so that its failure undoes that part alone.
    pub async fn savepoint(&mut self) -> Result<()> {
        sqlx::query("SAVEPOINT part").execute(self.connection()).await?;
        Ok(())
    }

    pub async fn release_savepoint(&mut self) -> Result<()> {
        sqlx::query("RELEASE part").execute(self.connection()).await?;
        Ok(())
    }

    pub async fn rollback_to_savepoint(&mut self) -> Result<()> {
        sqlx::query("ROLLBACK TO part").execute(self.connection()).await?;
        sqlx::query("RELEASE part").execute(self.connection()).await?;
        Ok(())
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .optimize_on_close(true, None)
        // A page of rows crosses from the database's thread in one go.
        .row_buffer_size(512)
        .pragma("trusted_schema", "OFF")
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", "-32768")
        .pragma("journal_size_limit", "67108864")
}

fn migrator() -> Migrator {
    migrator_to(i64::MAX)
}

/// The steps up to a version.
fn migrator_to(last: i64) -> Migrator {
    // The last word: whether it brings its own transaction, as whoever makes a referenced table anew must.
    let steps: [(i64, &'static str, &'static str, bool); 23] = [
        (1, "ledger", include_str!("../../migrations/0001_ledger.sql"), false),
        (2, "desk", include_str!("../../migrations/0002_desk.sql"), false),
        (3, "numbers", include_str!("../../migrations/0003_numbers.sql"), true),
        (4, "agents", include_str!("../../migrations/0004_agents.sql"), true),
        (5, "tokens", include_str!("../../migrations/0005_tokens.sql"), false),
        (6, "claims", include_str!("../../migrations/0006_claims.sql"), false),
        (7, "lent", include_str!("../../migrations/0007_lent.sql"), false),
        (8, "agent_tokens", include_str!("../../migrations/0008_agent_tokens.sql"), false),
        (9, "scheduled", include_str!("../../migrations/0009_scheduled.sql"), true),
        (10, "goes_at", include_str!("../../migrations/0010_goes_at.sql"), false),
        (11, "uploads", include_str!("../../migrations/0011_uploads.sql"), false),
        (12, "holds", include_str!("../../migrations/0012_holds.sql"), false),
        (13, "person_wrote", include_str!("../../migrations/0013_person_wrote.sql"), false),
        (14, "approvals", include_str!("../../migrations/0014_approvals.sql"), false),
        (15, "inbound", include_str!("../../migrations/0015_inbound.sql"), false),
        (16, "pace", include_str!("../../migrations/0016_pace.sql"), false),
        (17, "scopes", include_str!("../../migrations/0017_scopes.sql"), false),
        (18, "outages", include_str!("../../migrations/0018_outages.sql"), false),
        (19, "held_elsewhere", include_str!("../../migrations/0019_held_elsewhere.sql"), false),
        (20, "told_times", include_str!("../../migrations/0020_told_times.sql"), false),
        (21, "wish_sources", include_str!("../../migrations/0021_wish_sources.sql"), false),
        (22, "awaits_list", include_str!("../../migrations/0022_awaits_list.sql"), false),
        (23, "connection_history", include_str!("../../migrations/0023_connection_history.sql"), false),
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
    use super::*;

    /// Whoever comes from an older version keeps what was said over a number, and the number.
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
        assert_eq!(store.proofs().await.expect("read").len(), 1);
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
}

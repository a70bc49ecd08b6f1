//! Stores and loads domain values in SQLite. WAL mode with `synchronous=FULL`: committed data survives a power
//! failure. One writer connection, several readers, one file per aggregate. Rows do not leave this module.
//! `operations` calls it; it makes no decisions.

mod agents;
mod codec;
mod database;
mod error;
mod guard;
mod inbound;
mod integrations;
mod media;
mod monitoring;
mod multi_row;
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

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection, Transaction};

use self::database::health::Health;
use self::database::migrations;

pub use self::agents::assignments::RunTally;
pub use self::agents::due_runs::DueRun;
pub use self::agents::rehearsals::{PendingRehearsal, Played};
pub use self::agents::runs::{Finish, NewRun, Silenced};
pub use self::error::StoreError;
pub use self::guard::{EntryFacts, SuggestedReply};
pub use self::inbound::changes::{KnownMessage, LateChange};
pub use self::inbound::deliveries::{NewDelivery, StoredDelivery};
pub use self::inbound::elsewhere::KnownElsewhere;
pub use self::inbound::load::{KnownContact, KnownContacts, KnownKeys};
pub use self::inbound::messages::{Inserted, Matched};
pub use self::inbound::people::{NewPerson, NewThread};
pub use self::inbound::rows::{EventRow, MessageRow, NewInbound, ThreadTouch, waits_after};
pub use self::inbound::statuses::{KnownOutbound, StatusRow};
pub use self::integrations::events::EventDelivery;
pub use self::integrations::tokens::IdempotencyRecord;
pub use self::media::file_store::{FileStore, Incoming, MEDIA_DIRECTORY, Pinned};
pub use self::media::files::{KeptFile, PendingDownload, PendingUpload};
pub use self::media::transcriptions::PendingTranscription;
pub use self::media::uploads::StoredUpload;
pub use self::monitoring::activity::Acknowledgement;
pub use self::monitoring::activity::NewAlert;
pub use self::monitoring::audit_head::{heads_in_logs, read_heads};
pub use self::monitoring::costs::PricedMessage;
pub use self::narrow::FilterQuery;
pub use self::outbox::accept::{Acceptance, Accepted, FinishedAttempt};
pub use self::outbox::claims::{Claimed, Pace, Paces};
pub use self::outbox::entries::BulkGroup;
pub use self::outbox::holds::HeldNumber;
pub use self::outbox::jobs::Job;
pub use self::outbox::queue::{NewEntry, UncertainEntry};
pub use self::outbox::scheduled::ScheduledAtProvider;
pub use self::threads::several::Transcript;
pub use self::threads::unattended::Unattended;
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
    /// A single connection; writers wait for it in order.
    writer: SqlitePool,
    readers: SqlitePool,
    /// Readers that see one scope.
    scoped: Arc<scoped_readers::ScopedReaders>,
    /// Connection that checkpoints the write-ahead log while the writer continues.
    side: SqlitePool,
    health: Arc<Health>,
    read_only: bool,
}

/// A write transaction. It begins immediately, so it never fails midway because of another writer.
#[derive(Debug)]
pub struct Write {
    tx: Transaction<'static, Sqlite>,
    health: Arc<Health>,
    /// The last audit row that this transaction adds.
    head: Option<AuditHead>,
    /// Number of statements in this transaction so far.
    statements: u64,
}

impl Store {
    /// Opens the database in `directory`, creates it if there is none, and migrates it.
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
            // After a failed commit SQLite has rolled back already, but the driver still counts an open transaction.
            // Such a connection is closed and replaced.
            .before_acquire(|connection, _| {
                let clean = !connection.is_in_transaction();
                Box::pin(async move { Ok(clean) })
            })
            .connect_with(
                options
                    .clone()
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    // The side connection checkpoints the log; the writer does so only if that falls behind.
                    .pragma("wal_autocheckpoint", "8000"),
            )
            .await
            .map_err(|error| StoreError::open(&path, error))?;
        migrations::applied(&path, &writer).await?;
        migrations::migrator().run(&writer).await.map_err(|error| StoreError::migrate(&path, error))?;
        let side = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let side = side.connect_with(options.clone()).await.map_err(|error| StoreError::open(&path, error))?;
        let health: Arc<Health> = Arc::default();
        let readers = Self::readers(options, &health).await.map_err(|error| StoreError::open(&path, error))?;
        let store = Self {
            shelf: FileStore::new(directory),
            path,
            writer,
            readers,
            scoped: Arc::default(),
            side,
            health,
            read_only: false,
        };
        store.chain_audit().await?;
        store.recall().await?;
        Ok(store)
    }

    /// Opens an existing database for reading only, for a command without an engine.
    pub async fn open_read_only(directory: &Path) -> Result<Self> {
        let path = directory.join(DATABASE_FILE);
        let health: Arc<Health> = Arc::default();
        let readers = Self::readers(options(&path), &health).await.map_err(|error| StoreError::open(&path, error))?;
        migrations::await_version(&path, &readers).await?;
        let (writer, side) = (readers.clone(), readers.clone());
        let scoped = Arc::default();
        Ok(Self { shelf: FileStore::new(directory), path, writer, side, readers, scoped, health, read_only: true })
    }

    /// Copies the database, as of one moment, to a new file. Returns SQLite's check of the copy; `ok` if it is
    /// intact.
    pub async fn copy_to(&self, to: &Path) -> Result<String> {
        let mut from =
            options(&self.path).read_only(true).connect().await.map_err(|error| StoreError::open(to, error))?;
        sqlx::query("VACUUM INTO $1").bind(to.display().to_string()).execute(&mut from).await?;
        let options = SqliteConnectOptions::new().filename(to).read_only(true);
        let mut copy = options.connect().await.map_err(|error| StoreError::open(to, error))?;
        Ok(sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut copy).await?)
    }

    async fn readers(
        options: SqliteConnectOptions,
        health: &Arc<Health>,
    ) -> std::result::Result<SqlitePool, sqlx::Error> {
        let (opened, used) = (health.clone(), health.clone());
        SqlitePoolOptions::new()
            // A reader is taken from the pool for one statement, with few exceptions.
            .after_connect(move |_, _| {
                opened.count_read();
                Box::pin(async { Ok(()) })
            })
            .before_acquire(move |_, _| {
                used.count_read();
                Box::pin(async { Ok(true) })
            })
            .max_connections(4)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.pragma("query_only", "ON"))
            .await
    }

    /// Returns the path of the database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the file store beside the database.
    pub const fn files(&self) -> &FileStore {
        &self.shelf
    }

    /// Begins a write transaction. Keep it short, and await only the database while it is open.
    pub async fn write(&self) -> Result<Write> {
        match self.writer.begin_with("BEGIN IMMEDIATE").await {
            Ok(tx) => Ok(Write { tx, health: self.health.clone(), head: None, statements: 0 }),
            // SQLite rolled the previous transaction back by itself (disk full or disk error), and the driver does
            // not notice: the connection is replaced.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.writer.acquire().await?.close().await?;
                let tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
                Ok(Write { tx, health: self.health.clone(), head: None, statements: 0 })
            }
            Err(error) => {
                let error = StoreError::from(error);
                self.health.failed(&error, true);
                Err(error)
            }
        }
    }

    /// Returns the number of statements in all committed transactions since startup. It measures the cost of writing,
    /// because every statement is a round trip to the database's thread.
    pub fn statements(&self) -> u64 {
        self.health.statements()
    }

    /// Returns how often a reader was taken from its pool since startup, which measures the cost of reading.
    pub fn reads(&self) -> u64 {
        self.health.reads()
    }

    /// Returns SQLite's quick check of the file; `ok` if it is intact.
    pub async fn integrity(&self) -> Result<String> {
        Ok(sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&self.readers).await?)
    }

    /// Checkpoints the write-ahead log as far as open readers allow. The writer continues meanwhile.
    pub async fn checkpoint(&self) -> Result<()> {
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&self.side).await?;
        Ok(())
    }

    /// Closes all connections; committed data is on disk already.
    pub async fn close(&self) {
        self.readers.close().await;
        self.scoped.close().await;
        self.side.close().await;
        self.writer.close().await;
    }
}

impl Write {
    /// Commits the transaction. Once it returns `Ok`, the changes survive a power failure.
    pub async fn commit(self) -> Result<()> {
        match self.tx.commit().await {
            Ok(()) => {
                self.health.committed();
                self.health.count_statements(self.statements);
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

    /// Returns the connection for one statement.
    fn connection(&mut self) -> &mut SqliteConnection {
        self.statements += 1;
        &mut self.tx
    }

    /// Begins a savepoint, to which a failed part can be rolled back alone.
    pub async fn savepoint(&mut self) -> Result<()> {
        sqlx::query("SAVEPOINT part").execute(self.connection()).await?;
        Ok(())
    }

    /// Keeps the changes since the savepoint.
    pub async fn release_savepoint(&mut self) -> Result<()> {
        sqlx::query("RELEASE part").execute(self.connection()).await?;
        Ok(())
    }

    /// Undoes the changes since the savepoint.
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
        // Statements of many rows are prepared once per power of two; a statement that falls out is prepared again.
        .statement_cache_capacity(512)
        // Number of rows that the driver buffers between the database's thread and the caller.
        .row_buffer_size(512)
        .pragma("trusted_schema", "OFF")
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", "-32768")
        .pragma("journal_size_limit", "67108864")
}

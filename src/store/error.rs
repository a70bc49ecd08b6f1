//! Errors of the store.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::domain::monitoring::database::{DatabaseFault, RESTORE};

/// Why the store could not do what was requested.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("Cannot open the database {path}: {source}. Check that the data directory exists and belongs to you.", path = path.display())]
    Open { path: PathBuf, source: sqlx::Error },
    #[error("Cannot migrate the database {path}: {source}. Nothing was changed. Keep the file, and report this message.", path = path.display())]
    Migrate { path: PathBuf, source: sqlx::migrate::MigrateError },
    #[error("The database {path} is from another version of wadeck. Start the engine once to migrate it.", path = path.display())]
    Version { path: PathBuf },
    /// `found` and `known` are versions of migrations.
    #[error(
        "The database {path} was written by a newer wadeck: its schema is version {found}, and this one knows up to {known}. \
         Start that version or a newer one, or restore a backup from before the upgrade into another --data-dir.",
        path = path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("The database {path} is damaged: {found}. {RESTORE}", path = path.display())]
    Damaged { path: PathBuf, found: String },
    #[error(
        "The database {path} is {found}, but {evidence} shows that there was one: nothing was started, so that nothing is lost in silence. \
         To restore a backup: {RESTORE} To start with an empty database on purpose: move {evidence} out of the data directory first.",
        path = path.display()
    )]
    Lost { path: PathBuf, found: &'static str, evidence: String },
    #[error("Database error: {0}")]
    Database(#[from] sqlx::Error),
    /// The token of the request was revoked or has expired; nothing was written.
    #[error("The token {name} was revoked or has expired.")]
    TokenOver { name: String },
    #[error("Unreadable value in table {table}, column {column}, row {key}: {found}")]
    Corrupt { table: &'static str, column: &'static str, key: i64, found: String },
}

impl StoreError {
    /// Returns the error of opening a database: damage, or why it cannot be opened.
    pub(super) fn open(path: &Path, source: sqlx::Error) -> Self {
        if let Some((DatabaseFault::Damaged, found)) = fault_of_sqlx(&source) {
            return Self::Damaged { path: path.to_owned(), found };
        }
        Self::Open { path: path.to_owned(), source }
    }

    /// Returns the error of migrating a database: damage, or why it cannot be migrated.
    pub(super) fn migrate(path: &Path, source: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError::{Execute, ExecuteMigration};
        if let Execute(inner) | ExecuteMigration(inner, _) = &source
            && let Some((DatabaseFault::Damaged, found)) = fault_of_sqlx(inner)
        {
            return Self::Damaged { path: path.to_owned(), found };
        }
        Self::Migrate { path: path.to_owned(), source }
    }

    /// Returns `true` if values caused the error, as opposed to the disk or the database as a whole.
    pub fn is_about_values(&self) -> bool {
        match self {
            Self::Corrupt { .. } => true,
            Self::Database(sqlx::Error::Database(error)) => {
                error.is_check_violation() || error.is_unique_violation() || error.is_foreign_key_violation()
            }
            _ => false,
        }
    }
}

/// Returns the fault of the database behind an error, with SQLite's text; `None` if the error is about values or a
/// statement.
pub(super) fn fault_of(error: &StoreError) -> Option<(DatabaseFault, String)> {
    match error {
        StoreError::Database(error) | StoreError::Open { source: error, .. } => fault_of_sqlx(error),
        StoreError::Damaged { found, .. } => Some((DatabaseFault::Damaged, found.clone())),
        _ => None,
    }
}

fn fault_of_sqlx(error: &sqlx::Error) -> Option<(DatabaseFault, String)> {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code()?.parse().ok()?;
            DatabaseFault::of_code(code).map(|fault| (fault, format!("{} ({code})", error.message())))
        }
        sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => Some((DatabaseFault::NoAnswer, error.to_string())),
        sqlx::Error::Io(error) => Some((DatabaseFault::Disk, error.to_string())),
        _ => None,
    }
}

//! What can go wrong between us and the database.

use std::path::{Path, PathBuf};

use thiserror::Error;

#[derive(Debug, Error)]
pub enum StoreError {
    #[error("The database {path} cannot be opened: {source}. Check that the data directory exists and belongs to you.", path = path.display())]
    Open { path: PathBuf, source: sqlx::Error },
    #[error("The database {path} cannot be brought up to date: {source}. It was perhaps written by a newer wadeck; use that one, or another --data-dir.", path = path.display())]
    Migrate { path: PathBuf, source: sqlx::migrate::MigrateError },
    #[error("The database {path} is of another version of wadeck: start the engine once, and it is brought up to date.", path = path.display())]
    Version { path: PathBuf },
    #[error("The database did not do it: {0}")]
    Database(#[from] sqlx::Error),
    #[error("Table {table}, column {column}, row {key} holds what cannot be read: {found}")]
    Corrupt { table: &'static str, column: &'static str, key: i64, found: String },
}

impl StoreError {
    pub(super) fn open(path: &Path, source: sqlx::Error) -> Self {
        Self::Open { path: path.to_owned(), source }
    }

    pub(super) fn migrate(path: &Path, source: sqlx::migrate::MigrateError) -> Self {
        Self::Migrate { path: path.to_owned(), source }
    }

    /// Whether the values are to blame, as opposed to the disk or the database as a whole.
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

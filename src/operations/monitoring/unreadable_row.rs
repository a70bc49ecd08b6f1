//! Handles a row that a worker cannot read: the worker skips it, and an alert names it.

use crate::domain::ids::ThreadId;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::time::Timestamp;
use crate::store::{NewAlert, StoreError, Write};

/// Identifies the row that an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnreadableRow {
    pub table: &'static str,
    pub column: &'static str,
    pub key: i64,
}

/// Returns the row that cannot be read, if the error is about one of these tables.
pub(crate) fn unreadable_row(error: &StoreError, tables: &[&str]) -> Option<UnreadableRow> {
    match error {
        StoreError::Corrupt { table, column, key, .. } if tables.contains(table) => {
            Some(UnreadableRow { table, column, key: *key })
        }
        _ => None,
    }
}

impl UnreadableRow {
    /// Raises an alert about the row; repeated calls raise only one. `follows` says what is not done, and what to do.
    pub async fn raise(
        self,
        write: &mut Write,
        follows: &str,
        thread: Option<ThreadId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Self { table, column, key } = self;
        tracing::error!(table, column, key, "A row cannot be read; it is stepped over");
        let said = format!("Row {key} of table {table} cannot be read (column {column}). {follows}");
        let subject = format!("{table} {key}");
        write.raise(&NewAlert { kind: AlertKind::UnreadableRows, subject: &subject, said: &said, thread }, now).await
    }
}

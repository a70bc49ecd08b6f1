//! Reads domain values from rows. An unreadable value is reported with its table, column and row.

use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;
use crate::store::{Result, StoreError};

/// Reads the columns of one row.
pub(crate) struct RowReader<'r> {
    row: &'r SqliteRow,
    table: &'static str,
    key: i64,
}

impl<'r> RowReader<'r> {
    /// Creates a reader. The row's `id` column names it in errors.
    pub fn new(row: &'r SqliteRow, table: &'static str) -> Self {
        Self { row, table, key: row.try_get("id").unwrap_or_default() }
    }

    /// Returns the value of a column. A value of another type, such as text that is not UTF-8, is corrupt.
    fn get<'v, T>(&'v self, column: &'static str) -> Result<T>
    where
        T: sqlx::Decode<'v, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        self.row.try_get(column).map_err(|error| match error {
            sqlx::Error::ColumnDecode { source, .. } => self.corrupt(column, &source.to_string()),
            other => other.into(),
        })
    }

    /// Returns an integer.
    pub fn int(&self, column: &'static str) -> Result<i64> {
        self.get(column)
    }

    /// Returns an integer; `None` if the column is NULL.
    pub fn opt_int(&self, column: &'static str) -> Result<Option<i64>> {
        self.get(column)
    }

    /// Returns a count; a value out of range is read as zero.
    pub fn count(&self, column: &'static str) -> Result<u32> {
        Ok(u32::try_from(self.int(column)?).unwrap_or(0))
    }

    /// Returns a boolean; any value other than zero is `true`.
    pub fn flag(&self, column: &'static str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }

    /// Returns a text.
    pub fn text(&self, column: &'static str) -> Result<String> {
        self.get(column)
    }

    /// Returns a text; `None` if the column is NULL.
    pub fn opt_text(&self, column: &'static str) -> Result<Option<String>> {
        self.get(column)
    }

    /// Returns a text from outside.
    pub fn untrusted(&self, column: &'static str) -> Result<Untrusted> {
        Ok(Untrusted::new(self.text(column)?))
    }

    /// Returns a text from outside; `None` if the column is NULL.
    pub fn opt_untrusted(&self, column: &'static str) -> Result<Option<Untrusted>> {
        Ok(self.opt_text(column)?.map(Untrusted::new))
    }

    /// Returns bytes.
    pub fn bytes(&self, column: &'static str) -> Result<Vec<u8>> {
        self.get(column)
    }

    /// Returns a time, stored in milliseconds since 1970.
    pub fn time(&self, column: &'static str) -> Result<Timestamp> {
        Ok(Timestamp::from_millis(self.int(column)?))
    }

    /// Returns a time; `None` if the column is NULL.
    pub fn opt_time(&self, column: &'static str) -> Result<Option<Timestamp>> {
        Ok(self.opt_int(column)?.map(Timestamp::from_millis))
    }

    /// Returns a value that is stored by its name.
    pub fn named<T>(&self, column: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T> {
        let name = self.text(column)?;
        read(&name).ok_or_else(|| self.corrupt(column, &name))
    }

    /// Returns a value that is stored by its name; `None` if the column is NULL.
    pub fn opt_named<T>(&self, column: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        match self.opt_text(column)? {
            None => Ok(None),
            Some(name) => read(&name).map(Some).ok_or_else(|| self.corrupt(column, &name)),
        }
    }

    /// Returns a value that is stored as JSON.
    pub fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|_| self.corrupt(column, &text))
    }

    /// Returns a value that is stored as JSON; `None` if the column is NULL.
    pub fn opt_json<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>> {
        match self.opt_text(column)? {
            None => Ok(None),
            Some(text) => serde_json::from_str(&text).map(Some).map_err(|_| self.corrupt(column, &text)),
        }
    }

    /// Returns the error about an unreadable value of this row.
    pub fn corrupt(&self, column: &'static str, found: &str) -> StoreError {
        let found = clean_line(found).chars().take(80).collect();
        StoreError::Corrupt { table: self.table, column, key: self.key, found }
    }
}

/// Returns every row that can be read. Unreadable rows are left out, so that the others stay usable; the watcher
/// reports them.
pub(super) fn readable<T>(
    rows: &[SqliteRow],
    table: &'static str,
    read: impl Fn(&RowReader<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        match read(&RowReader::new(row, table)) {
            Ok(value) => found.push(value),
            Err(StoreError::Corrupt { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Returns one sentence for each row that cannot be read.
pub(super) fn unreadable<T>(
    rows: &[SqliteRow],
    table: &'static str,
    read: impl Fn(&RowReader<'_>) -> Result<T>,
) -> Vec<String> {
    let fault =
        |row| read(&RowReader::new(row, table)).err().filter(|error| matches!(error, StoreError::Corrupt { .. }));
    rows.iter().filter_map(fault).map(|error| error.to_string()).collect()
}

/// Returns a value as JSON. Domain values always serialize; only maps with keys that are not strings would fail, and
/// there are none.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// Returns the lower-case text in which names and numbers are searched.
pub(super) fn folded(parts: &[&str]) -> String {
    parts.join(" ").to_lowercase()
}

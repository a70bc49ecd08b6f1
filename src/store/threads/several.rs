//! Loads several threads at once.

use std::collections::HashMap;

use sqlx::SqliteExecutor;

use crate::domain::ids::ThreadId;
use crate::domain::view::ThreadRow;
use crate::store::Result;
use crate::store::codec::{RowReader, json};
use crate::store::threads::thread::{ROW, thread_row};

/// Returns these threads as lists show them, without presence. An error about a row names it.
pub(crate) async fn several(over: impl SqliteExecutor<'_>, ids: &[ThreadId]) -> Result<HashMap<ThreadId, ThreadRow>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let text = format!("{ROW} WHERE t.id IN (SELECT value FROM json_each($1))");
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(json(&ids)).fetch_all(over).await?;
    rows.iter()
        .map(|row| {
            let row = thread_row(&RowReader::new(row, "threads"))?;
            Ok((row.id, row))
        })
        .collect()
}

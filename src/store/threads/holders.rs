//! The holder of a conversation at the provider.

use crate::domain::ids::ThreadId;
use crate::domain::message::holder::HeldElsewhere;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::store::codec::RowReader;
use crate::store::{Result, Update, Write};

/// Reads the columns `held_elsewhere` and `holder_told_at`.
pub(crate) fn held(cells: &RowReader<'_>) -> Result<Option<HeldElsewhere>> {
    let role = cells.opt_untrusted("held_elsewhere")?;
    Ok(role.zip(cells.opt_time("holder_told_at")?).map(|(role, told_at)| HeldElsewhere { role, told_at }))
}

impl Write {
    /// Stores that another app holds a conversation, as reported at this time. Returns `Missed` if newer information
    /// is stored: a holder, or a message that we received as the holder.
    pub async fn held_elsewhere(&mut self, thread: ThreadId, role: &Untrusted, at: Timestamp) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE threads SET holder_told_at = $3,
                held_elsewhere = CASE WHEN $2 = '' THEN coalesce(held_elsewhere, '') ELSE $2 END
             WHERE id = $1 AND coalesce(holder_told_at, 0) <= $3 AND NOT EXISTS (SELECT 1 FROM messages m
                WHERE m.thread_id = $1 AND m.created_at > $3 + 1000 AND m.direction = 'inbound' AND m.origin = 'api'
                    AND m.test = 0 AND m.kind NOT IN ('system', 'handover', 'call', 'edit', 'revoke', 'reaction'))",
        )
        .bind(thread.0)
        .bind(role.as_received())
        .bind(at.millis())
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Stores that we hold a conversation, as reported at this time. Returns `Missed` if no other app held it, or if
    /// newer information is stored.
    pub async fn held_here(&mut self, thread: ThreadId, at: Timestamp) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE threads SET held_elsewhere = NULL, holder_told_at = $2
             WHERE id = $1 AND held_elsewhere IS NOT NULL AND holder_told_at <= $2",
        )
        .bind(thread.0)
        .bind(at.millis())
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }
}

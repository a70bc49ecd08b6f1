//! Unattended threads: the contact's latest message has no answer, and no person, agent or rule is responsible for one.

use sqlx::{QueryBuilder, Sqlite};

use crate::domain::agents::routing::NoRun;
use crate::domain::ids::ThreadId;
use crate::domain::time::Timestamp;
use crate::store::codec::json;
use crate::store::{Result, Store, Write};

/// Adds the condition that thread `t` is unattended. An owner attends to a thread while the ownership lasts; an agent by an
/// open run, or one that decided not to reply. Kinds that need no answer, such as stickers, are ignored.
pub(in crate::store) fn push_unattended(query: &mut QueryBuilder<Sqlite>, now: Timestamp) {
    query.push(
        " AND t.waiting_since IS NULL AND t.resolved_at IS NULL AND t.snoozed_until IS NULL AND t.held_elsewhere IS NULL
          AND t.last_message_id IS NOT NULL AND (t.taken_by IS NULL OR coalesce(t.taken_until, 0) <= ",
    );
    query.push_bind(now.millis());
    query.push(
        ") AND NOT EXISTS (SELECT 1 FROM contacts up WHERE up.id = t.contact_id AND up.opted_out = 1)
          AND EXISTS (SELECT 1 FROM messages um WHERE um.id = (SELECT ul.id FROM messages ul
                WHERE ul.thread_id = t.id AND ul.direction = 'inbound' AND ul.test = 0
                    AND ul.kind NOT IN ('reaction', 'sticker', 'call', 'edit', 'revoke', 'system', 'request_welcome', 'handover')
                    AND coalesce(ul.not_routed, '') NOT IN (SELECT value FROM json_each(",
    );
    let needs_none: Vec<&str> =
        NoRun::ALL.into_iter().filter(|reason| !reason.leaves_waiting()).map(NoRun::words).collect();
    query.push_bind(json(&needs_none));
    query.push(
        ")) ORDER BY ul.created_at DESC, ul.id DESC LIMIT 1)
            AND NOT EXISTS (SELECT 1 FROM messages ua LEFT JOIN outbox uo ON uo.message_id = ua.id
                WHERE ua.thread_id = t.id AND ua.direction = 'outbound' AND ua.kind <> 'reaction'
                    AND (ua.created_at, ua.id) > (um.created_at, um.id) AND ua.failed_at IS NULL
                    AND coalesce(uo.state, 'accepted') NOT IN ('failed', 'dead', 'discarded'))
            AND NOT EXISTS (SELECT 1 FROM runs ur WHERE ur.thread_id = t.id
                AND (ur.state IN ('scheduled', 'running', 'proposed')
                    OR (ur.state = 'silent' AND coalesce(ur.finished_at, ur.created_at) >= um.created_at))))",
    );
}

impl Store {
    /// Returns whether a thread with a message since a time is unattended.
    pub async fn has_unattended(&self, since: Timestamp, now: Timestamp) -> Result<bool> {
        let mut query =
            QueryBuilder::<Sqlite>::new("SELECT EXISTS (SELECT 1 FROM threads t WHERE t.last_message_at >= ");
        query.push_bind(since.millis());
        push_unattended(&mut query, now);
        query.push(")");
        Ok(query.build_query_scalar().fetch_one(&self.readers).await?)
    }
}

impl Write {
    /// Marks unattended threads as waiting for a person: one thread, or all with a message since a time. Returns the
    /// threads that were marked.
    pub async fn attend_to(&mut self, which: Unattended, reason: &str, now: Timestamp) -> Result<Vec<ThreadId>> {
        let mut query = QueryBuilder::<Sqlite>::new("UPDATE threads SET waiting_since = ");
        query.push_bind(now.millis()).push(", waiting_reason = ").push_bind(reason.to_owned());
        query.push(" WHERE id IN (SELECT t.id FROM threads t WHERE ");
        match which {
            Unattended::Thread(thread) => query.push("t.id = ").push_bind(thread.0),
            Unattended::Since(since) => query.push("t.last_message_at >= ").push_bind(since.millis()),
        };
        push_unattended(&mut query, now);
        query.push(") RETURNING id");
        let ids: Vec<i64> = query.build_query_scalar().persistent(false).fetch_all(self.connection()).await?;
        Ok(ids.into_iter().map(ThreadId).collect())
    }
}

/// Which threads are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unattended {
    Thread(ThreadId),
    /// Those in which something was said since then.
    Since(Timestamp),
}

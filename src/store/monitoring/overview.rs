//! The counts of the dashboard, each by an index.

use crate::domain::subject::Subject;
use crate::domain::time::Timestamp;
use crate::store::codec::RowReader;
use crate::store::{Result, Store};

/// The dashboard's counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub connections: u32,
    pub connections_in_trouble: u32,
    pub connections_proved: u32,
    pub threads: u32,
    pub unread: u32,
    pub waiting: u32,
    pub queued: u32,
    pub held: u32,
    pub uncertain: u32,
    pub scheduled: u32,
    pub failed: u32,
    pub oldest_queued_at: Option<Timestamp>,
    pub runs_open: u32,
    pub approvals: u32,
    pub stopped: u32,
    pub alerts: u32,
    pub setups: u32,
    pub deliveries_pending: u32,
    pub deliveries_quarantined: u32,
    pub deliveries_unreadable: u32,
    pub deliveries_rejected: u32,
    pub last_delivery_at: Option<Timestamp>,
    pub oldest_pending_at: Option<Timestamp>,
}

impl Store {
    /// Returns `true` if the object exists, by its primary key.
    pub async fn exists(&self, subject: Subject) -> Result<bool> {
        let table = match subject {
            Subject::Thread(_) => "threads",
            Subject::Message(_) => "messages",
            Subject::Entry(_) => "outbox",
            Subject::Contact(_) => "contacts",
            Subject::Alert(_) => "alerts",
            Subject::Delivery(_) => "deliveries",
            Subject::Connection(_) => "connections",
            Subject::Setup(_) => "setups",
            Subject::Assignment(_) => "assignments",
            Subject::Run(_) => "runs",
            Subject::Job(_) => "jobs",
        };
        let text = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE id = $1)");
        let (_, _, id) = subject.parts();
        Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(text)).bind(id).fetch_one(&self.readers).await?)
    }

    /// Returns the numbers of waiting threads whose service window closes within 1, 4 and 24 hours.
    pub async fn windows_closing(&self, now: Timestamp) -> Result<Vec<(&'static str, u32)>> {
        const HOUR: i64 = 3_600_000;
        let mut closing = vec![];
        for (within, span) in [("1h", HOUR), ("4h", 4 * HOUR), ("24h", 24 * HOUR)] {
            let count: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM threads WHERE waiting_since IS NOT NULL AND snoozed_until IS NULL
                    AND window_closes_at > $1 AND window_closes_at <= $2",
            )
            .bind(now.millis())
            .bind(now.millis() + span)
            .fetch_one(&self.readers)
            .await?;
            closing.push((within, u32::try_from(count).unwrap_or(u32::MAX)));
        }
        Ok(closing)
    }

    /// Returns the size of the database with its log, and the free space on its disk, in bytes.
    pub fn room(&self) -> (u64, u64) {
        let size = |path: std::path::PathBuf| std::fs::metadata(path).map_or(0, |meta| meta.len());
        let log = std::path::PathBuf::from(format!("{}-wal", self.path.display()));
        (size(self.path.clone()) + size(log), self.files().free().unwrap_or(0))
    }

    /// Returns the number of pending deliveries and when the oldest arrived; `None` if there is none.
    pub async fn behind(&self) -> Result<Option<(u32, Timestamp)>> {
        let (count, oldest): (i64, Option<i64>) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM deliveries WHERE state = 'pending'),
                    (SELECT received_at FROM deliveries WHERE state = 'pending' ORDER BY id LIMIT 1)",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(oldest.map(|oldest| (u32::try_from(count).unwrap_or(u32::MAX), Timestamp::from_millis(oldest))))
    }

    /// Which checks verify a connection is defined by [`crate::domain::numbers::connection::Check::is_outside`].
    pub(crate) async fn counts(&self) -> Result<Counts> {
        let row = sqlx::query(
            "SELECT 0 AS id,
                (SELECT count(*) FROM connections WHERE state = 'connected') AS connections,
                (SELECT count(*) FROM connections WHERE state = 'connected'
                    AND id IN (SELECT connection_id FROM proofs WHERE works = 0)) AS connections_in_trouble,
                (SELECT count(*) FROM connections WHERE state = 'connected'
                    AND id NOT IN (SELECT connection_id FROM proofs WHERE works = 0)
                    AND id IN (SELECT connection_id FROM proofs WHERE works = 1 AND hop NOT IN ('agent', 'outbox', 'public', 'signature')))
                    AS connections_proved,
                (SELECT count(*) FROM threads) AS threads,
                (SELECT coalesce(sum(unread), 0) FROM threads WHERE unread > 0) AS unread,
                (SELECT count(*) FROM threads WHERE waiting_since IS NOT NULL AND snoozed_until IS NULL) AS waiting,
                (SELECT count(*) FROM outbox WHERE state = 'queued') AS queued,
                (SELECT count(*) FROM outbox WHERE state = 'queued' AND hold IS NOT NULL) AS held,
                (SELECT count(*) FROM outbox WHERE state = 'uncertain') AS uncertain,
                (SELECT count(*) FROM outbox WHERE state = 'scheduled') AS scheduled,
                (SELECT count(*) FROM outbox WHERE state IN ('failed', 'dead')) AS failed,
                (SELECT min(created_at) FROM outbox WHERE state = 'queued' AND hold IS NULL) AS oldest_queued_at,
                (SELECT count(*) FROM runs WHERE state = 'scheduled') + (SELECT count(*) FROM runs WHERE state = 'running')
                    AS runs_open,
                (SELECT count(*) FROM assignments WHERE state IN ('proposed', 'approved'))
                    + (SELECT count(*) FROM assignments WHERE state = 'active' AND stale_since IS NOT NULL) AS approvals,
                (SELECT count(*) FROM stops WHERE lifted_at IS NULL) AS stopped,
                (SELECT count(*) FROM alerts WHERE acked_at IS NULL) AS alerts,
                (SELECT count(*) FROM setups WHERE state IN ('running', 'waiting', 'failed')) AS setups,
                (SELECT count(*) FROM deliveries WHERE state = 'pending') AS pending,
                (SELECT count(*) FROM deliveries WHERE state = 'quarantined') AS quarantined,
                (SELECT count(*) FROM deliveries WHERE state = 'unreadable') AS unreadable,
                (SELECT count(*) FROM deliveries WHERE state = 'rejected') AS rejected,
                (SELECT received_at FROM deliveries WHERE state <> 'rejected' ORDER BY id DESC LIMIT 1) AS last_delivery_at,
                (SELECT received_at FROM deliveries WHERE state = 'pending' ORDER BY id LIMIT 1) AS oldest_pending_at",
        )
        .fetch_one(&self.readers)
        .await?;
        let cells = RowReader::new(&row, "overview");
        Ok(Counts {
            connections: cells.count("connections")?,
            connections_in_trouble: cells.count("connections_in_trouble")?,
            connections_proved: cells.count("connections_proved")?,
            threads: cells.count("threads")?,
            unread: cells.count("unread")?,
            waiting: cells.count("waiting")?,
            queued: cells.count("queued")?,
            held: cells.count("held")?,
            uncertain: cells.count("uncertain")?,
            scheduled: cells.count("scheduled")?,
            failed: cells.count("failed")?,
            oldest_queued_at: cells.opt_time("oldest_queued_at")?,
            runs_open: cells.count("runs_open")?,
            approvals: cells.count("approvals")?,
            stopped: cells.count("stopped")?,
            alerts: cells.count("alerts")?,
            setups: cells.count("setups")?,
            deliveries_pending: cells.count("pending")?,
            deliveries_quarantined: cells.count("quarantined")?,
            deliveries_unreadable: cells.count("unreadable")?,
            deliveries_rejected: cells.count("rejected")?,
            last_delivery_at: cells.opt_time("last_delivery_at")?,
            oldest_pending_at: cells.opt_time("oldest_pending_at")?,
        })
    }
}

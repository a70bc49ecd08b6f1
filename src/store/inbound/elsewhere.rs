//! Loads what a batch needs about messages that were sent over our numbers from other apps.

use std::collections::HashSet;

use crate::domain::ids::ThreadId;
use crate::store::codec::json;
use crate::store::{Result, Write};

/// Facts that show that a message from another app may not be a plain new one.
#[derive(Debug, Default)]
pub struct KnownElsewhere {
    /// The keys that were queried.
    pub keys: HashSet<[u8; 16]>,
    /// The threads that were queried.
    pub threads: HashSet<ThreadId>,
    /// Provider keys that an attempt of ours has, or that a status named before its message arrived.
    pub named: HashSet<[u8; 16]>,
    /// Threads with an uncertain message of ours, which the message may be.
    pub uncertain: HashSet<ThreadId>,
}

const ELSEWHERE: &str = "WITH wanted (key) AS MATERIALIZED (SELECT unhex(value) FROM json_each($1)),
    asked (id) AS MATERIALIZED (SELECT value FROM json_each($2))
    SELECT a.provider_key, NULL FROM wanted w CROSS JOIN attempts a ON a.provider_key = w.key
    UNION ALL SELECT s.provider_key, NULL FROM wanted w CROSS JOIN statuses s ON s.provider_key = w.key
    UNION ALL SELECT NULL, o.thread_id FROM asked t CROSS JOIN outbox o ON o.thread_id = t.id AND o.state = 'uncertain'";

impl Write {
    /// Returns what is stored under these provider keys, and which of these threads have an uncertain message.
    pub async fn known_elsewhere(&mut self, keys: &[[u8; 16]], threads: &[ThreadId]) -> Result<KnownElsewhere> {
        let mut known = KnownElsewhere {
            keys: keys.iter().copied().collect(),
            threads: threads.iter().copied().collect(),
            ..KnownElsewhere::default()
        };
        let keys: Vec<String> = keys.iter().map(hex::encode).collect();
        let threads: Vec<i64> = threads.iter().map(|thread| thread.0).collect();
        let rows: Vec<(Option<Vec<u8>>, Option<i64>)> =
            sqlx::query_as(ELSEWHERE).bind(json(&keys)).bind(json(&threads)).fetch_all(self.connection()).await?;
        for (key, thread) in rows {
            known.named.extend(key.and_then(|key| <[u8; 16]>::try_from(key).ok()));
            known.uncertain.extend(thread.map(ThreadId));
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    /// Each part uses an index.
    #[tokio::test]
    async fn nothing_that_grows_is_scanned() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).await.expect("opened");
        let mut write = store.write().await.expect("a transaction");
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {ELSEWHERE}")))
                .bind("[]")
                .bind("[]")
                .fetch_all(write.connection())
                .await
                .expect("a plan");
        for (.., step) in &plan {
            let small = ["SCAN w", "SCAN t", "SCAN json_each"].iter().any(|small| step.starts_with(small));
            assert!(!step.starts_with("SCAN") || small, "{step}");
        }
        let known = write.known_elsewhere(&[[7; 16]], &[ThreadId(1)]).await.expect("asked");
        assert!(known.named.is_empty() && known.uncertain.is_empty());
    }
}

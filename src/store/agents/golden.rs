//! Written conversations of agents, and what came of them.

use crate::domain::agents::conversation::{Conversation, ConversationResult};
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json, readable};
use crate::store::{Result, Store, Write};

/// Batches of one agent that are kept.
const KEPT_BATCHES: i64 = 60;

/// When an agent was tested last with the conversations that are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastTested {
    pub agent: String,
    /// `None` if it never was.
    pub last: Option<(String, Timestamp)>,
}

impl Store {
    /// Returns the conversations that are kept for an agent, by name.
    pub async fn golden_conversations(&self, agent: &str) -> Result<Vec<Conversation>> {
        let rows = sqlx::query("SELECT 0 AS id, conversation FROM golden_conversations WHERE agent = $1 ORDER BY name")
            .bind(agent)
            .fetch_all(&self.readers)
            .await?;
        readable(&rows, "golden_conversations", |cells| cells.json("conversation"))
    }

    /// Returns the results of the last time that an agent was tested, in the order in which they were made.
    pub async fn golden_results(&self, agent: &str) -> Result<Vec<ConversationResult>> {
        let rows = sqlx::query(
            "SELECT id, result FROM golden_results
             WHERE agent = $1 AND batch = (SELECT max(batch) FROM golden_results WHERE agent = $1) ORDER BY id",
        )
        .bind(agent)
        .fetch_all(&self.readers)
        .await?;
        readable(&rows, "golden_results", |cells| cells.json("result"))
    }

    /// Returns the agents with conversations, and with which digest and when each was tested with them last.
    pub async fn last_tested(&self) -> Result<Vec<LastTested>> {
        let rows: Vec<(String, Option<String>, Option<i64>)> = sqlx::query_as(
            "SELECT c.agent,
                (SELECT r.agent_digest FROM golden_results r WHERE r.agent = c.agent AND r.kept = 1 ORDER BY r.batch DESC LIMIT 1),
                (SELECT r.at FROM golden_results r WHERE r.agent = c.agent AND r.kept = 1 ORDER BY r.batch DESC LIMIT 1)
             FROM golden_conversations c GROUP BY c.agent",
        )
        .fetch_all(&self.readers)
        .await?;
        let last = |digest: Option<String>, at: Option<i64>| digest.zip(at.map(Timestamp::from_millis));
        Ok(rows.into_iter().map(|(agent, digest, at)| LastTested { agent, last: last(digest, at) }).collect())
    }
}

impl Write {
    /// Keeps these conversations for an agent, in the place of those that were kept.
    pub async fn store_golden_conversations(
        &mut self,
        agent: &str,
        all: &[Conversation],
        by: &str,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query("DELETE FROM golden_conversations WHERE agent = $1").bind(agent).execute(self.connection()).await?;
        for one in all {
            sqlx::query(
                "INSERT INTO golden_conversations (agent, name, conversation, by, at) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(agent)
            .bind(&one.name)
            .bind(json(one))
            .bind(by)
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// Adds the results of one time. Older ones are removed.
    pub async fn add_golden_results(
        &mut self,
        agent: &str,
        is_kept: bool,
        results: &[ConversationResult],
    ) -> Result<()> {
        let batch: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) + 1 FROM golden_results")
            .fetch_one(self.connection())
            .await?;
        for one in results {
            sqlx::query(
                "INSERT INTO golden_results (batch, agent, name, agent_digest, kept, at, passed, result)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(batch)
            .bind(agent)
            .bind(&one.name)
            .bind(&one.agent_digest)
            .bind(i64::from(is_kept))
            .bind(one.at.millis())
            .bind(i64::from(one.passed()))
            .bind(json(one))
            .execute(self.connection())
            .await?;
        }
        sqlx::query(
            "DELETE FROM golden_results WHERE agent = $1 AND batch < (SELECT min(batch) FROM
                (SELECT DISTINCT batch FROM golden_results WHERE agent = $1 ORDER BY batch DESC LIMIT +$2))",
        )
        .bind(agent)
        .bind(KEPT_BATCHES)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Returns the results of the last time that an agent was tested as it is now, and whether with kept conversations.
    pub async fn last_golden(&mut self, agent: &str, digest: &str) -> Result<Vec<ConversationResult>> {
        let rows = sqlx::query(
            "SELECT id, result FROM golden_results WHERE agent = $1 AND batch =
                (SELECT max(batch) FROM golden_results WHERE agent = $1 AND agent_digest = $2) ORDER BY id",
        )
        .bind(agent)
        .bind(digest)
        .fetch_all(self.connection())
        .await?;
        rows.iter().map(|row| RowReader::new(row, "golden_results").json("result")).collect()
    }

    /// Lowers the active assignments of an agent from `auto` to `draft`. Returns their ids as text.
    pub async fn drop_to_draft(&mut self, agent: &str) -> Result<Vec<i64>> {
        Ok(sqlx::query_scalar(
            "UPDATE assignments SET mode = 'draft' WHERE agent = $1 AND state = 'active' AND mode = 'auto' RETURNING id",
        )
        .bind(agent)
        .fetch_all(self.connection())
        .await?)
    }
}

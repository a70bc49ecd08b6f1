//! Facts that rules check, read in the transaction that writes, so that they cannot change before the commit.

use std::collections::HashMap;

use crate::domain::agents::contract_check::ReplyPart;
use crate::domain::agents::requests::AgentAction;
use crate::domain::agents::run::RunState;
use crate::domain::ids::{AssignmentId, ConnectionId, DeliveryId, EntryId, MessageId, RunId, SetupId, ThreadId};
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::numbers::connection::{Connection, ProviderName};
use crate::domain::numbers::life::Presence;
use crate::domain::numbers::setup::Setup;
use crate::domain::outbox::entry::EntryState;
use crate::domain::outbox::limits::Hold;
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;
use crate::store::codec::RowReader;
use crate::store::numbers::connections;
use crate::store::numbers::setups;
use crate::store::threads::{several, thread};
use crate::store::{Result, Write};

/// Facts about an outbox entry that rules check.
#[derive(Debug, Clone)]
pub struct EntryFacts {
    pub state: EntryState,
    pub hold: Option<Hold>,
    /// Whether the message may be sent only within the service window.
    pub freeform: bool,
    pub not_before: Option<Timestamp>,
    /// Who requested its cancellation at the provider, if someone did.
    pub recalled_by: Option<String>,
    pub message: MessageId,
    pub thread: ThreadId,
}

/// A reply that an agent suggests, with who decided about it, if someone did.
#[derive(Debug, Clone)]
pub struct SuggestedReply {
    pub state: RunState,
    pub decided_by: Option<String>,
    pub thread: ThreadId,
    pub agent: String,
    pub words: Vec<ReplyPart>,
    pub acts: Vec<AgentAction>,
}

impl Write {
    /// Returns a thread as lists show it, without presence.
    pub async fn thread_row(&mut self, thread: ThreadId) -> Result<Option<ThreadRow>> {
        thread::one(self.connection(), thread).await
    }

    /// Returns threads as lists show them, without presence.
    pub async fn thread_rows(&mut self, threads: &[ThreadId]) -> Result<HashMap<ThreadId, ThreadRow>> {
        several::several(self.connection(), threads).await
    }

    /// Returns a connection if it is connected.
    pub async fn live_connection(&mut self, id: ConnectionId) -> Result<Option<Connection>> {
        connections::one(self.connection(), id).await
    }

    /// Returns whether the number of a setup is connected.
    pub async fn presence(&mut self, setup: &Setup) -> Result<Presence> {
        Ok(match setup.connection_id {
            None => Presence::New,
            Some(id) if self.live_connection(id).await?.is_some() => Presence::Live,
            Some(_) => Presence::Gone,
        })
    }

    /// Returns the thread of a message, with the provider's id of the message.
    pub async fn provider_id(&mut self, message: MessageId) -> Result<Option<(ThreadId, Option<String>)>> {
        let row: Option<(i64, Option<String>)> =
            sqlx::query_as("SELECT thread_id, provider_message_id FROM messages WHERE id = $1")
                .bind(message.0)
                .fetch_optional(self.connection())
                .await?;
        Ok(row.map(|(thread, id)| (ThreadId(thread), id)))
    }

    /// Returns author and time of the last message in a thread that a colleague or an agent sent after the message
    /// `seen`, or that a colleague sent after `recent`. Reactions and discarded messages do not count.
    pub async fn answered_since(
        &mut self,
        thread: ThreadId,
        me: &str,
        seen: MessageId,
        recent: Timestamp,
    ) -> Result<Option<(String, Timestamp)>> {
        let row: Option<(String, i64)> = sqlx::query_as(
            "SELECT m.author, m.created_at FROM messages m LEFT JOIN outbox o ON o.message_id = m.id
             WHERE m.thread_id = $1 AND m.direction = 'outbound' AND m.author <> $2 AND m.kind <> 'reaction'
                AND (m.id > $3 OR (m.created_at > $4 AND m.run_id IS NULL)) AND o.state IS NOT 'discarded'
             ORDER BY m.created_at DESC, m.id DESC LIMIT 1",
        )
        .bind(thread.0)
        .bind(me)
        .bind(seen.0)
        .bind(recent.millis())
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|(author, at)| (author, Timestamp::from_millis(at))))
    }

    /// Returns a person's draft in a thread; empty if there is none.
    pub async fn draft(&mut self, operator: &str, thread: ThreadId) -> Result<String> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM drafts WHERE operator = $1 AND thread_id = $2")
            .bind(operator)
            .bind(thread.0)
            .fetch_optional(self.connection())
            .await?;
        Ok(body.unwrap_or_default())
    }

    /// Returns the facts about an outbox entry.
    pub async fn entry_facts(&mut self, entry: EntryId) -> Result<Option<EntryFacts>> {
        let row = sqlx::query(
            "SELECT id, state, hold, freeform, not_before, recalled_by, recalled_at, message_id, thread_id FROM outbox
             WHERE id = $1",
        )
        .bind(entry.0)
        .fetch_optional(self.connection())
        .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "outbox");
            let recalled = cells.opt_time("recalled_at")?.is_some();
            Ok(EntryFacts {
                state: cells.named("state", EntryState::from_name)?,
                hold: cells.opt_named("hold", Hold::from_name)?,
                freeform: cells.flag("freeform")?,
                not_before: cells.opt_time("not_before")?,
                recalled_by: if recalled { Some(cells.opt_text("recalled_by")?.unwrap_or_default()) } else { None },
                message: MessageId(cells.int("message_id")?),
                thread: ThreadId(cells.int("thread_id")?),
            })
        })
        .transpose()
    }

    /// Returns the reply that an agent suggested in a run, decided or not.
    pub async fn suggested_reply(&mut self, run: RunId) -> Result<Option<SuggestedReply>> {
        let row = sqlx::query("SELECT id, state, decided_by, thread_id, agent, words FROM runs WHERE id = $1")
            .bind(run.0)
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| {
            let cells = RowReader::new(&row, "runs");
            let (words, acts) = cells.opt_json("words")?.unwrap_or_default();
            Ok(SuggestedReply {
                state: cells.named("state", RunState::from_name)?,
                decided_by: cells.opt_text("decided_by")?,
                thread: ThreadId(cells.int("thread_id")?),
                agent: cells.text("agent")?,
                words,
                acts,
            })
        })
        .transpose()
    }

    /// Returns the digest of the last rehearsal of an assignment (`None` while it runs), with the agent's digest at
    /// that time.
    pub async fn rehearsal_digest(&mut self, assignment: AssignmentId) -> Result<Option<(Option<String>, String)>> {
        Ok(sqlx::query_as(
            "SELECT digest, agent_digest FROM rehearsals WHERE assignment_id = $1 ORDER BY id DESC LIMIT 1",
        )
        .bind(assignment.0)
        .fetch_optional(self.connection())
        .await?)
    }

    /// Returns who is rehearsing an assignment with the agent's current version.
    pub async fn rehearsing(&mut self, assignment: AssignmentId, agent_digest: &str) -> Result<Option<String>> {
        Ok(sqlx::query_scalar(
            "SELECT by FROM rehearsals WHERE assignment_id = $1 AND state = 'running' AND agent_digest = $2",
        )
        .bind(assignment.0)
        .bind(agent_digest)
        .fetch_optional(self.connection())
        .await?)
    }

    /// Returns the id of the running bulk action.
    pub async fn running_job(&mut self) -> Result<Option<i64>> {
        Ok(sqlx::query_scalar("SELECT id FROM jobs WHERE state = 'running' ORDER BY id LIMIT 1")
            .fetch_optional(self.connection())
            .await?)
    }

    /// Returns the state of a stored webhook delivery.
    pub async fn delivery_state(&mut self, id: DeliveryId) -> Result<Option<DeliveryState>> {
        let row = sqlx::query("SELECT id, state FROM deliveries WHERE id = $1")
            .bind(id.0)
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| RowReader::new(&row, "deliveries").named("state", DeliveryState::from_name)).transpose()
    }

    /// Returns a setup without its step results.
    pub async fn setup(&mut self, id: SetupId) -> Result<Option<Setup>> {
        setups::one(self.connection(), id).await
    }

    /// Returns the name of the open setup of a connection.
    pub async fn open_setup_of(&mut self, connection: ConnectionId) -> Result<Option<String>> {
        Ok(sqlx::query_scalar(
            "SELECT name FROM setups WHERE connection_id = $1 AND state IN ('running', 'waiting', 'failed') LIMIT 1",
        )
        .bind(connection.0)
        .fetch_optional(self.connection())
        .await?)
    }

    /// Returns the name of the connection, or of the open setup, that has a provider's number. The setup `but` does
    /// not count.
    pub async fn number_claimed(
        &mut self,
        provider: &ProviderName,
        phone_number_id: &str,
        but: Option<SetupId>,
    ) -> Result<Option<String>> {
        Ok(sqlx::query_scalar(
            "SELECT name FROM connections WHERE provider = $1 AND phone_number_id = $2 AND state = 'connected'
                AND id IS NOT (SELECT connection_id FROM setups WHERE id = $3)
             UNION ALL SELECT name FROM setups WHERE provider = $1 AND phone_number_id = $2
                AND state IN ('running', 'waiting', 'failed') AND id IS NOT $3 AND connection_id IS NULL LIMIT 1",
        )
        .bind(provider.as_str())
        .bind(phone_number_id)
        .bind(but.map(|id| id.0))
        .fetch_optional(self.connection())
        .await?)
    }
}

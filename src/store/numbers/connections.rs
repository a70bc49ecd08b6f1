//! Connections and the results of their checks.

use sqlx::SqliteExecutor;

use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connection::{Check, CheckResult, Connection, Environment, ProviderName};
use crate::domain::numbers::history::{ConnectionChange, DatedChange};
use crate::domain::numbers::number_kind::NumberKind;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json, readable, unreadable};
use crate::store::{Result, Store, Update, Write};

/// Selects the columns that `connection` reads.
pub(in crate::store) const CONNECTION: &str = "SELECT id, name, organization, environment, provider, phone_number, phone_number_id,
        business_account_id, CASE WHEN kind_told THEN kind ELSE 'unknown' END AS kind, customer_id, settings FROM connections";

impl Store {
    /// Returns the connected connections; disconnected ones are listed as setups.
    pub async fn connections(&self) -> Result<Vec<Connection>> {
        let text = format!("{CONNECTION} WHERE state = 'connected' ORDER BY name");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&self.readers).await?;
        readable(&rows, "connections", connection)
    }

    /// Returns one sentence for each connection that cannot be read; lists leave these out.
    pub async fn unreadable_connections(&self) -> Result<Vec<String>> {
        let rows = sqlx::query(CONNECTION).fetch_all(&self.readers).await?;
        Ok(unreadable(&rows, "connections", connection))
    }

    /// Returns a connection if it is connected.
    pub async fn connection(&self, id: ConnectionId) -> Result<Option<Connection>> {
        one(&self.readers, id).await
    }

    /// Returns a connected connection by its name.
    pub async fn connection_named(&self, name: &str) -> Result<Option<Connection>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{CONNECTION} WHERE name = $1 AND state = 'connected'")))
            .bind(name)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| connection(&RowReader::new(&row, "connections"))).transpose()
    }

    /// Returns the results of all checks, in the order in which a message passes them.
    pub async fn checks(&self) -> Result<Vec<(ConnectionId, CheckResult)>> {
        let rows = sqlx::query("SELECT connection_id AS id, hop, at, works, note FROM proofs")
            .fetch_all(&self.readers)
            .await?;
        let mut proofs = readable(&rows, "proofs", |cells| {
            let proof = CheckResult {
                check: cells.named("hop", Check::from_name)?,
                at: cells.time("at")?,
                works: cells.flag("works")?,
                note: cells.text("note")?,
            };
            Ok((ConnectionId(cells.int("id")?), proof))
        })?;
        proofs.sort_by_key(|(connection, proof)| (*connection, proof.check));
        Ok(proofs)
    }

    /// Returns the history of all connections, newest first, at most 10000 changes.
    pub async fn connection_changes(&self) -> Result<Vec<(ConnectionId, DatedChange)>> {
        let rows = sqlx::query(
            "SELECT connection_id AS id, at, change FROM connection_history ORDER BY at DESC, connection_history.id DESC
             LIMIT 10000",
        )
        .fetch_all(&self.readers)
        .await?;
        readable(&rows, "connection_history", |cells| {
            let change = cells.named("change", ConnectionChange::from_name)?;
            Ok((ConnectionId(cells.int("id")?), DatedChange { at: cells.time("at")?, change }))
        })
    }

    /// Returns the numbers of threads, unread messages, queued and failed entries of each connection.
    pub async fn connection_counts(&self) -> Result<Vec<(ConnectionId, [u32; 4])>> {
        let rows = sqlx::query(
            "SELECT c.id,
                (SELECT count(*) FROM threads t WHERE t.connection_id = c.id) AS threads,
                (SELECT coalesce(sum(t.unread), 0) FROM threads t WHERE t.connection_id = c.id AND t.unread > 0) AS unread,
                (SELECT count(*) FROM outbox o WHERE o.state = 'queued' AND o.connection_id = c.id) AS queued,
                (SELECT count(*) FROM outbox o WHERE o.state IN ('failed', 'dead') AND o.connection_id = c.id) AS failed
             FROM connections c",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let cells = RowReader::new(row, "connections");
                let counts =
                    [cells.count("threads")?, cells.count("unread")?, cells.count("queued")?, cells.count("failed")?];
                Ok((ConnectionId(cells.int("id")?), counts))
            })
            .collect()
    }
}

impl Write {
    /// Stores a connection by its name; `id` in the argument is ignored. A disconnected connection is not changed,
    /// and `None` is returned, unless `reconnect_with_ids` is set, which reconnects it with its earlier settings.
    pub async fn put_connection(&mut self, new: &Connection, revive: bool) -> Result<Option<ConnectionId>> {
        let id: Option<i64> = sqlx::query_scalar(
            "INSERT INTO connections (name, organization, environment, provider, phone_number, phone_number_id,
                                      business_account_id, settings, kind, customer_id, kind_told)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE $9 WHEN 'unknown' THEN 'production' ELSE $9 END, $10, $9 <> 'unknown')
             ON CONFLICT (name) DO UPDATE SET organization = excluded.organization, environment = excluded.environment,
                provider = excluded.provider, phone_number = excluded.phone_number,
                phone_number_id = excluded.phone_number_id, business_account_id = excluded.business_account_id,
                settings = CASE WHEN $11 THEN connections.settings ELSE excluded.settings END,
                state = 'connected', disconnected_at = NULL,
                kind = CASE WHEN $11 THEN excluded.kind ELSE connections.kind END,
                kind_told = CASE WHEN $11 THEN excluded.kind_told ELSE connections.kind_told END,
                customer_id = coalesce(excluded.customer_id, connections.customer_id)
             WHERE connections.state = 'connected' OR $11
             RETURNING id",
        )
        .bind(&new.name)
        .bind(&new.organization)
        .bind(new.environment.name())
        .bind(new.provider.as_str())
        .bind(new.phone_number.digits())
        .bind(&new.phone_number_id)
        .bind(&new.business_account_id)
        .bind(json(&new.settings))
        .bind(new.kind.name())
        .bind(&new.customer_id)
        .bind(revive)
        .fetch_optional(self.connection())
        .await?;
        Ok(id.map(ConnectionId))
    }

    /// Returns the environment variable of a connection's own key, connected or not; `None` if it uses the provider's
    /// key.
    pub async fn api_key_env(&mut self, connection: ConnectionId) -> Result<Option<String>> {
        let name: Option<Option<String>> =
            sqlx::query_scalar("SELECT json_extract(settings, '$.api_key_env') FROM connections WHERE id = $1")
                .bind(connection.0)
                .fetch_optional(self.connection())
                .await?;
        Ok(name.flatten())
    }

    /// Disconnects a connection and removes its number and ids; its messages stay. Returns `Missed` if it is
    /// disconnected already.
    pub async fn disconnect(
        &mut self,
        connection: ConnectionId,
        change: ConnectionChange,
        now: Timestamp,
    ) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE connections SET state = 'disconnected', phone_number = NULL, phone_number_id = NULL,
                disconnected_at = $2 WHERE id = $1 AND state = 'connected'",
        )
        .bind(connection.0)
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        if done.rows_affected() > 0 {
            self.note_change(connection, change, now).await?;
        }
        sqlx::query("DELETE FROM proofs WHERE connection_id = $1")
            .bind(connection.0)
            .execute(self.connection())
            .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Returns the connection with this name, connected or not.
    pub async fn connection_id_named(&mut self, name: &str) -> Result<Option<ConnectionId>> {
        let id: Option<i64> = sqlx::query_scalar("SELECT id FROM connections WHERE name = $1")
            .bind(name)
            .fetch_optional(self.connection())
            .await?;
        Ok(id.map(ConnectionId))
    }

    /// Reconnects a number with its earlier ids. Returns `Missed` if it is connected.
    pub async fn reconnect_with_ids(
        &mut self,
        connection: ConnectionId,
        number: &PhoneNumber,
        phone_number_id: &str,
    ) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE connections SET state = 'connected', disconnected_at = NULL, phone_number = $2, phone_number_id = $3
             WHERE id = $1 AND state = 'disconnected'",
        )
        .bind(connection.0)
        .bind(number.digits())
        .bind(phone_number_id)
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Stores the number's kind, as the provider reports it.
    pub async fn note_kind(&mut self, connection: ConnectionId, kind: NumberKind) -> Result<()> {
        if kind == NumberKind::Unknown {
            return Ok(());
        }
        sqlx::query("UPDATE connections SET kind = $2, kind_told = 1 WHERE id = $1 AND (kind <> $2 OR kind_told = 0)")
            .bind(connection.0)
            .bind(kind.name())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Stores when the connection was connected.
    pub async fn note_connected(&mut self, connection: ConnectionId, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE connections SET connected_at = $2 WHERE id = $1")
            .bind(connection.0)
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        self.note_change(connection, ConnectionChange::Connected, now).await
    }

    /// Stores `now` as the time of connecting a declared connection, if none is stored.
    pub async fn note_declared(&mut self, connection: ConnectionId, now: Timestamp) -> Result<()> {
        let known: Option<i64> = sqlx::query_scalar("SELECT connected_at FROM connections WHERE id = $1")
            .bind(connection.0)
            .fetch_one(self.connection())
            .await?;
        if known.is_none() {
            self.note_connected(connection, now).await?;
        }
        Ok(())
    }

    async fn note_change(&mut self, connection: ConnectionId, change: ConnectionChange, now: Timestamp) -> Result<()> {
        sqlx::query("INSERT INTO connection_history (connection_id, at, change) VALUES ($1, $2, $3)")
            .bind(connection.0)
            .bind(now.millis())
            .bind(change.name())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Returns how often a number was lost since a time.
    pub async fn lost_since(&mut self, connection: ConnectionId, since: Timestamp) -> Result<u32> {
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM connection_history WHERE connection_id = $1 AND at >= $2 AND change = 'lost'",
        )
        .bind(connection.0)
        .bind(since.millis())
        .fetch_one(self.connection())
        .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Returns the connection with a provider's number id.
    pub async fn connection_of(
        &mut self,
        provider: &ProviderName,
        phone_number_id: &str,
    ) -> Result<Option<Connection>> {
        let text = format!("{CONNECTION} WHERE provider = $1 AND phone_number_id = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(provider.as_str())
            .bind(phone_number_id)
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| connection(&RowReader::new(&row, "connections"))).transpose()
    }

    /// Returns the connection over which our message with this reference was sent.
    pub async fn connection_of_reference(
        &mut self,
        provider: &ProviderName,
        reference: &str,
    ) -> Result<Option<Connection>> {
        let text = format!(
            "{CONNECTION} WHERE provider = $1 AND id = (SELECT connection_id FROM outbox WHERE reference = $2)"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(provider.as_str())
            .bind(reference)
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| connection(&RowReader::new(&row, "connections"))).transpose()
    }

    /// Stores that checks passed, each with its time and a note, unless a newer result is stored.
    pub async fn record_successes(&mut self, checks: &[(ConnectionId, Check, Timestamp, String)]) -> Result<()> {
        let checks: Vec<_> =
            checks.iter().map(|(connection, check, at, note)| (*connection, *check, *at, true, note.clone())).collect();
        self.record_checks(&checks).await
    }

    /// Stores the results of checks, each with its time, whether it passed, and a note, unless a newer one is stored.
    pub async fn record_checks(&mut self, checks: &[(ConnectionId, Check, Timestamp, bool, String)]) -> Result<()> {
        if checks.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = checks
            .iter()
            .map(|(connection, check, at, works, note)| (connection.0, check.name(), at.millis(), works, note))
            .collect();
        sqlx::query(
            "INSERT INTO proofs (connection_id, hop, at, works, note)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each($1) WHERE true
             ON CONFLICT (connection_id, hop) DO UPDATE SET at = excluded.at, works = excluded.works, note = excluded.note
             WHERE excluded.at >= proofs.at",
        )
        .bind(json(&rows))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Stores the result of a check unless a newer one is stored.
    pub async fn record_check(
        &mut self,
        connection: ConnectionId,
        hop: Check,
        at: Timestamp,
        works: bool,
        note: &str,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO proofs (connection_id, hop, at, works, note) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (connection_id, hop) DO UPDATE SET at = excluded.at, works = excluded.works, note = excluded.note
             WHERE excluded.at >= proofs.at",
        )
        .bind(connection.0)
        .bind(hop.name())
        .bind(at.millis())
        .bind(works)
        .bind(note)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

/// Returns a connection if it is connected, over any database connection.
pub(crate) async fn one(over: impl SqliteExecutor<'_>, id: ConnectionId) -> Result<Option<Connection>> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("{CONNECTION} WHERE id = $1 AND state = 'connected'")))
        .bind(id.0)
        .fetch_optional(over)
        .await?;
    row.map(|row| connection(&RowReader::new(&row, "connections"))).transpose()
}

/// Reads a connection from a row.
pub(in crate::store) fn connection(cells: &RowReader<'_>) -> Result<Connection> {
    Ok(Connection {
        id: ConnectionId(cells.int("id")?),
        name: cells.text("name")?,
        organization: cells.text("organization")?,
        environment: cells.named("environment", Environment::from_name)?,
        provider: ProviderName::new(cells.text("provider")?),
        phone_number: cells.named("phone_number", |digits| PhoneNumber::parse(digits).ok())?,
        phone_number_id: cells.text("phone_number_id")?,
        business_account_id: cells.text("business_account_id")?,
        kind: cells.named("kind", NumberKind::from_name)?,
        customer_id: cells.opt_text("customer_id")?,
        settings: cells.json("settings")?,
    })
}

//! Connections and the proofs of their hops.

use super::codec::{Cells, json};
use super::{Result, Store, Write};
use crate::domain::connection::{Connection, Environment, Hop, Proof, ProviderName};
use crate::domain::ids::ConnectionId;
use crate::domain::phone::PhoneNumber;
use crate::domain::time::Timestamp;

const CONNECTION: &str = "SELECT id, name, organization, environment, provider, phone_number, phone_number_id,
        business_account_id, settings FROM connections";

impl Store {
    pub async fn connections(&self) -> Result<Vec<Connection>> {
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(format!("{CONNECTION} ORDER BY name"))).fetch_all(&self.readers).await?;
        rows.iter().map(|row| connection(&Cells::new(row, "connections"))).collect()
    }

    pub async fn connection(&self, id: ConnectionId) -> Result<Option<Connection>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{CONNECTION} WHERE id = $1")))
            .bind(id.0)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| connection(&Cells::new(&row, "connections"))).transpose()
    }

    pub async fn proofs(&self) -> Result<Vec<(ConnectionId, Proof)>> {
        let rows =
            sqlx::query("SELECT connection_id AS id, hop, at, works, note FROM proofs ORDER BY connection_id, hop")
                .fetch_all(&self.readers)
                .await?;
        rows.iter()
            .map(|row| {
                let cells = Cells::new(row, "proofs");
                let proof = Proof {
                    hop: cells.named("hop", Hop::from_name)?,
                    at: cells.time("at")?,
                    works: cells.flag("works")?,
                    note: cells.text("note")?,
                };
                Ok((ConnectionId(cells.int("id")?), proof))
            })
            .collect()
    }

    /// Threads, unread messages, queued and failed entries of each connection.
    pub async fn connection_counts(&self) -> Result<Vec<(ConnectionId, [u32; 4])>> {
        let rows = sqlx::query(
            "SELECT c.id,
                (SELECT count(*) FROM threads t WHERE t.connection_id = c.id) AS threads,
                (SELECT coalesce(sum(t.unread), 0) FROM threads t WHERE t.connection_id = c.id AND t.unread > 0) AS unread,
                (SELECT count(*) FROM outbox o WHERE o.state = 'queued' AND o.connection_id = c.id) AS queued,
                (SELECT count(*) FROM outbox o WHERE o.state IN ('refused', 'dead') AND o.connection_id = c.id) AS failed
             FROM connections c",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let cells = Cells::new(row, "connections");
                let counts =
                    [cells.count("threads")?, cells.count("unread")?, cells.count("queued")?, cells.count("failed")?];
                Ok((ConnectionId(cells.int("id")?), counts))
            })
            .collect()
    }
}

impl Write {
    /// Writes a connection by its name; `id` in the argument is ignored.
    pub async fn put_connection(&mut self, new: &Connection) -> Result<ConnectionId> {
        let id = sqlx::query_scalar(
            "INSERT INTO connections (name, organization, environment, provider, phone_number, phone_number_id,
                                      business_account_id, settings)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (name) DO UPDATE SET organization = excluded.organization, environment = excluded.environment,
                provider = excluded.provider, phone_number = excluded.phone_number,
                phone_number_id = excluded.phone_number_id, business_account_id = excluded.business_account_id,
                settings = excluded.settings
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
        .fetch_one(self.connection())
        .await?;
        Ok(ConnectionId(id))
    }

    /// The connection that a provider's number id stands for.
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
        row.map(|row| connection(&Cells::new(&row, "connections"))).transpose()
    }

    /// Keeps the newest proof of a hop.
    pub async fn prove(
        &mut self,
        connection: ConnectionId,
        hop: Hop,
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

fn connection(cells: &Cells<'_>) -> Result<Connection> {
    Ok(Connection {
        id: ConnectionId(cells.int("id")?),
        name: cells.text("name")?,
        organization: cells.text("organization")?,
        environment: cells.named("environment", Environment::from_name)?,
        provider: ProviderName::new(cells.text("provider")?),
        phone_number: cells.named("phone_number", |digits| PhoneNumber::parse(digits).ok())?,
        phone_number_id: cells.text("phone_number_id")?,
        business_account_id: cells.text("business_account_id")?,
        settings: cells.json("settings")?,
    })
}

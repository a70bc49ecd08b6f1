//! Setups: numbers that are being connected, step by step.

use std::time::Duration;

use sqlx::SqliteExecutor;

use crate::domain::ids::{ConnectionId, SetupId};
use crate::domain::numbers::connection::{Environment, ProviderName};
use crate::domain::numbers::setup::{Setup, SetupOptions, SetupState, SetupStep, StepResult};
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, json, readable, unreadable};
use crate::store::{Result, Store, Update, Write};

const SETUP: &str = "SELECT id, name, organization, environment, provider, options, state, step, customer_id, link,
        phone_number_id, connection_id, trouble, started_by, started_at, updated_at FROM setups";

impl Store {
    /// Returns open setups and disconnected ones, newest first.
    pub async fn setups(&self) -> Result<Vec<Setup>> {
        self.some_setups("WHERE state IN ('running', 'waiting', 'failed', 'disconnected') ORDER BY id DESC", 0).await
    }

    /// Returns one setup with its step results.
    pub async fn setup(&self, id: SetupId) -> Result<Option<Setup>> {
        Ok(self.some_setups("WHERE id = $1", id.0).await?.pop())
    }

    /// Returns the last setup of a connection.
    pub async fn setup_of(&self, connection: ConnectionId) -> Result<Option<Setup>> {
        Ok(self.some_setups("WHERE connection_id = $1 ORDER BY id DESC LIMIT 1", connection.0).await?.pop())
    }

    async fn some_setups(&self, tail: &str, id: i64) -> Result<Vec<Setup>> {
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(format!("{SETUP} {tail}"))).bind(id).fetch_all(&self.readers).await?;
        let mut setups = readable(&rows, "setups", setup)?;
        for setup in &mut setups {
            let rows = sqlx::query(
                "SELECT setup_id AS id, step, at, works, note FROM setup_steps WHERE setup_id = $1 ORDER BY at",
            )
            .bind(setup.id.0)
            .fetch_all(&self.readers)
            .await?;
            setup.taken = readable(&rows, "setup_steps", taken)?;
            setup.taken.sort_by_key(|one| one.step);
        }
        Ok(setups)
    }

    /// Returns one sentence for each setup that cannot be read; lists leave these out.
    pub async fn unreadable_setups(&self) -> Result<Vec<String>> {
        let rows = sqlx::query(SETUP).fetch_all(&self.readers).await?;
        Ok(unreadable(&rows, "setups", setup))
    }

    /// Returns the setup whose next step is due.
    pub async fn setup_due(&self, now: Timestamp) -> Result<Option<Setup>> {
        let tail = "WHERE state IN ('running', 'waiting') AND due_at <= $1 ORDER BY due_at, id LIMIT 1";
        Ok(self.some_setups(tail, now.millis()).await?.pop())
    }

    /// Returns `true` if a setup waits for its link to be opened.
    pub async fn links_awaited(&self) -> Result<bool> {
        let found: i64 = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM setups WHERE state IN ('running', 'waiting') AND step = 'used')",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(found != 0)
    }

    /// Returns when the next step of a setup is due.
    pub async fn next_setup_due(&self) -> Result<Option<Timestamp>> {
        let due: Option<i64> =
            sqlx::query_scalar("SELECT min(due_at) FROM setups WHERE state IN ('running', 'waiting')")
                .fetch_one(&self.readers)
                .await?;
        Ok(due.map(Timestamp::from_millis))
    }
}

impl Write {
    /// Stores a new setup; `id` in the argument is ignored.
    pub async fn begin_setup(&mut self, new: &Setup) -> Result<SetupId> {
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO setups (name, organization, environment, provider, options, state, step, customer_id, link,
                                 phone_number_id, connection_id, started_by, started_at, updated_at, due_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13) RETURNING id",
        )
        .bind(&new.name)
        .bind(&new.organization)
        .bind(new.environment.name())
        .bind(new.provider.as_str())
        .bind(json(&new.options))
        .bind(new.state.name())
        .bind(new.step.name())
        .bind(&new.customer_id)
        .bind(new.link.as_ref().map(json))
        .bind(&new.phone_number_id)
        .bind(new.connection_id.map(|id| id.0))
        .bind(&new.started_by)
        .bind(new.started_at.millis())
        .fetch_one(self.connection())
        .await?;
        Ok(SetupId(id))
    }

    /// Saves a setup. Returns `Missed` if its state or step is no longer `was`, because another change came first.
    pub async fn save_setup(&mut self, setup: &Setup, was: (SetupState, SetupStep), due: Timestamp) -> Result<Update> {
        let done = sqlx::query(
            "UPDATE setups SET state = $2, step = $3, customer_id = $4, link = $5, phone_number_id = $6,
                connection_id = $7, trouble = $8, updated_at = $9, due_at = $10, options = $13
             WHERE id = $1 AND state = $11 AND step = $12",
        )
        .bind(setup.id.0)
        .bind(setup.state.name())
        .bind(setup.step.name())
        .bind(&setup.customer_id)
        .bind(setup.link.as_ref().map(json))
        .bind(&setup.phone_number_id)
        .bind(setup.connection_id.map(|id| id.0))
        .bind(&setup.trouble)
        .bind(setup.updated_at.millis())
        .bind(due.millis())
        .bind(was.0.name())
        .bind(was.1.name())
        .bind(json(&setup.options))
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Makes awaited links due as soon as `pause` has passed since their last check.
    pub async fn reschedule_links(&mut self, pause: Duration, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE setups SET due_at = max($1, updated_at + $2)
             WHERE state = 'waiting' AND step = 'used' AND due_at > max($1, updated_at + $2)",
        )
        .bind(now.millis())
        .bind(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Stores the result of a step; it replaces an earlier result.
    pub async fn note_step(&mut self, setup: SetupId, taken: &StepResult) -> Result<()> {
        sqlx::query(
            "INSERT INTO setup_steps (setup_id, step, at, works, note) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (setup_id, step) DO UPDATE SET at = excluded.at, works = excluded.works, note = excluded.note",
        )
        .bind(setup.0)
        .bind(taken.step.name())
        .bind(taken.at.millis())
        .bind(taken.works)
        .bind(&taken.note)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Deletes the step results of a setup that begins again.
    pub async fn forget_steps(&mut self, setup: SetupId) -> Result<()> {
        sqlx::query("DELETE FROM setup_steps WHERE setup_id = $1").bind(setup.0).execute(self.connection()).await?;
        Ok(())
    }

    /// Returns the setup that waits for a customer to open its link.
    pub async fn setup_awaiting(&mut self, provider: &ProviderName, customer: &str) -> Result<Option<Setup>> {
        let text = format!(
            "{SETUP} WHERE provider = $1 AND customer_id = $2 AND step = 'used'
                 AND state IN ('running', 'waiting', 'failed') LIMIT 1"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(provider.as_str())
            .bind(customer)
            .fetch_optional(self.connection())
            .await?;
        row.map(|row| setup(&RowReader::new(&row, "setups"))).transpose()
    }

    /// Returns the last setup of a connection, without its step results.
    pub async fn last_setup_of(&mut self, connection: ConnectionId) -> Result<Option<Setup>> {
        let text = format!("{SETUP} WHERE connection_id = $1 ORDER BY id DESC LIMIT 1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(connection.0).fetch_optional(self.connection()).await?;
        row.map(|row| setup(&RowReader::new(&row, "setups"))).transpose()
    }

    /// Returns a setup for each disconnected connection that has no open or disconnected setup and could thus not be
    /// reconnected: its last setup, or a new one.
    pub async fn stranded_connections(&mut self, now: Timestamp) -> Result<Vec<Setup>> {
        let rows = sqlx::query(
            "SELECT id, name, organization, environment, provider, customer_id FROM connections c
             WHERE state = 'disconnected' AND NOT EXISTS (SELECT 1 FROM setups s
                 WHERE (s.connection_id = c.id OR s.name = c.name)
                   AND s.state IN ('running', 'waiting', 'failed', 'disconnected'))",
        )
        .fetch_all(self.connection())
        .await?;
        let mut found = vec![];
        for row in &rows {
            let cells = RowReader::new(row, "connections");
            let id = ConnectionId(cells.int("id")?);
            let setup = match self.last_setup_of(id).await? {
                Some(last) => last,
                None => Setup {
                    id: SetupId(0),
                    name: cells.text("name")?,
                    organization: cells.text("organization")?,
                    environment: cells.named("environment", Environment::from_name)?,
                    provider: ProviderName::new(cells.text("provider")?),
                    options: SetupOptions::default(),
                    state: SetupState::Cancelled,
                    step: SetupStep::Verified,
                    customer_id: cells.opt_text("customer_id")?,
                    link: None,
                    phone_number_id: None,
                    connection_id: Some(id),
                    trouble: None,
                    started_by: "system".to_owned(),
                    started_at: now,
                    updated_at: now,
                    taken: vec![],
                },
            };
            found.push(setup);
        }
        Ok(found)
    }

    /// Returns `true` if a connection or an open setup has this name.
    pub async fn name_taken(&mut self, name: &str) -> Result<bool> {
        let found: i64 = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM connections WHERE name = $1)
                 OR EXISTS (SELECT 1 FROM setups WHERE name = $1 AND state IN ('running', 'waiting', 'failed', 'disconnected'))",
        )
        .bind(name)
        .fetch_one(self.connection())
        .await?;
        Ok(found != 0)
    }
}

/// Returns a setup without its step results, over any database connection.
pub(crate) async fn one(over: impl SqliteExecutor<'_>, id: SetupId) -> Result<Option<Setup>> {
    let text = format!("{SETUP} WHERE id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(over).await?;
    row.map(|row| setup(&RowReader::new(&row, "setups"))).transpose()
}

fn setup(cells: &RowReader<'_>) -> Result<Setup> {
    Ok(Setup {
        id: SetupId(cells.int("id")?),
        name: cells.text("name")?,
        organization: cells.text("organization")?,
        environment: cells.named("environment", Environment::from_name)?,
        provider: ProviderName::new(cells.text("provider")?),
        options: cells.json("options")?,
        state: cells.named("state", SetupState::from_name)?,
        step: cells.named("step", SetupStep::from_name)?,
        customer_id: cells.opt_text("customer_id")?,
        link: cells.opt_json("link")?,
        phone_number_id: cells.opt_text("phone_number_id")?,
        connection_id: cells.opt_int("connection_id")?.map(ConnectionId),
        trouble: cells.opt_text("trouble")?,
        started_by: cells.text("started_by")?,
        started_at: cells.time("started_at")?,
        updated_at: cells.time("updated_at")?,
        taken: vec![],
    })
}

fn taken(cells: &RowReader<'_>) -> Result<StepResult> {
    Ok(StepResult {
        step: cells.named("step", SetupStep::from_name)?,
        at: cells.time("at")?,
        works: cells.flag("works")?,
        note: cells.text("note")?,
    })
}

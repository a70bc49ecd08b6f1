//! Tokens of programs, and idempotency keys of their requests.

use crate::domain::access::role::Role;
use crate::domain::access::scope::Scope;
use crate::domain::access::token::TokenView;
use crate::domain::ids::TokenId;
use crate::domain::numbers::connection::Environment;
use crate::domain::time::Timestamp;
use crate::store::codec::{RowReader, readable};
use crate::store::{Result, Store, Update, Write};

const TOKEN: &str = "SELECT id, name, role, agent, organization, environment, made_by, made_at, expires_at, used_at, revoked_by, revoked_at FROM tokens";

/// State of a request with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdempotencyRecord {
    /// The key is new; the caller performs the request.
    First,
    /// The key was used for another request.
    Other,
    /// The request was begun, and its outcome is unknown.
    Begun(Timestamp),
    /// The request was performed, with this status and response.
    Done(u16, String),
}

impl Store {
    /// Returns the tokens: valid ones first, then the newest.
    pub async fn tokens(&self) -> Result<Vec<TokenView>> {
        let text = format!("{TOKEN} ORDER BY revoked_at IS NOT NULL, id DESC LIMIT 500");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&self.readers).await?;
        readable(&rows, "tokens", token)
    }

    /// Returns the token with this id.
    pub async fn token(&self, id: TokenId) -> Result<Option<TokenView>> {
        let text = format!("{TOKEN} WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(&self.readers).await?;
        row.map(|row| token(&RowReader::new(&row, "tokens"))).transpose()
    }

    /// Returns the token with this digest.
    pub async fn token_of(&self, hash: &[u8; 32]) -> Result<Option<TokenView>> {
        let text = format!("{TOKEN} WHERE hash = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(&hash[..]).fetch_optional(&self.readers).await?;
        row.map(|row| token(&RowReader::new(&row, "tokens"))).transpose()
    }
}

impl Write {
    /// Stores a token. Returns `Missed` if the name is taken.
    pub async fn make_token(
        &mut self,
        (name, role, agent, scope): (&str, Role, Option<&str>, &Scope),
        hash: &[u8; 32],
        by: &str,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Update> {
        let done = sqlx::query(
            "INSERT INTO tokens (name, hash, role, made_by, made_at, expires_at, agent, organization, environment)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT DO NOTHING",
        )
        .bind(name)
        .bind(&hash[..])
        .bind(role.name())
        .bind(by)
        .bind(now.millis())
        .bind(expires_at.map(Timestamp::millis))
        .bind(agent)
        .bind(scope.organization.as_deref())
        .bind(scope.environment.map(Environment::name))
        .execute(self.connection())
        .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Revokes a token. Returns `Missed` if no such token is valid.
    pub async fn revoke_token(&mut self, name: &str, by: &str, now: Timestamp) -> Result<Update> {
        let done =
            sqlx::query("UPDATE tokens SET revoked_by = $2, revoked_at = $3 WHERE name = $1 AND revoked_at IS NULL")
                .bind(name)
                .bind(by)
                .bind(now.millis())
                .execute(self.connection())
                .await?;
        Ok(Update::of(done.rows_affected()))
    }

    /// Returns `true` if a token with this name is valid at this time.
    pub(crate) async fn token_holds(&mut self, name: &str, now: Timestamp) -> Result<bool> {
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT id FROM tokens WHERE name = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
        )
        .bind(name)
        .bind(now.millis())
        .fetch_optional(self.connection())
        .await?;
        Ok(found.is_some())
    }

    /// Stores when a token was used last, at most once a minute, to avoid a write per request.
    pub async fn used_token(&mut self, id: TokenId, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE tokens SET used_at = $2 WHERE id = $1 AND coalesce(used_at, 0) < $2 - 60000")
            .bind(id.0)
            .bind(now.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Claims an idempotency key for a request.
    pub async fn with_idempotency(
        &mut self,
        id: TokenId,
        key: &str,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<IdempotencyRecord> {
        let made = sqlx::query(
            "INSERT INTO idempotency_keys (token_id, key, digest, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(id.0)
        .bind(key)
        .bind(&digest[..])
        .bind(now.millis())
        .execute(self.connection())
        .await?;
        if made.rows_affected() == 1 {
            return Ok(IdempotencyRecord::First);
        }
        let row = sqlx::query(
            "SELECT token_id AS id, digest, at, status, body FROM idempotency_keys WHERE token_id = $1 AND key = $2",
        )
        .bind(id.0)
        .bind(key)
        .fetch_one(self.connection())
        .await?;
        let cells = RowReader::new(&row, "idempotency_keys");
        if cells.bytes("digest")? != digest[..] {
            return Ok(IdempotencyRecord::Other);
        }
        Ok(match (cells.opt_int("status")?, cells.opt_text("body")?) {
            (Some(status), Some(body)) => IdempotencyRecord::Done(u16::try_from(status).unwrap_or(500), body),
            _ => IdempotencyRecord::Begun(cells.time("at")?),
        })
    }

    /// Stores the response under a key; `None` releases the key.
    pub async fn asked(&mut self, id: TokenId, key: &str, answer: Option<(u16, &str)>) -> Result<()> {
        let Some((status, body)) = answer else {
            sqlx::query("DELETE FROM idempotency_keys WHERE token_id = $1 AND key = $2")
                .bind(id.0)
                .bind(key)
                .execute(self.connection())
                .await?;
            return Ok(());
        };
        sqlx::query("UPDATE idempotency_keys SET status = $3, body = $4 WHERE token_id = $1 AND key = $2")
            .bind(id.0)
            .bind(key)
            .bind(i64::from(status))
            .bind(body)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Deletes idempotency keys from before this time.
    pub async fn delete_idempotency_keys(&mut self, before: Timestamp) -> Result<()> {
        sqlx::query("DELETE FROM idempotency_keys WHERE at < $1")
            .bind(before.millis())
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

fn token(cells: &RowReader<'_>) -> Result<TokenView> {
    Ok(TokenView {
        id: TokenId(cells.int("id")?),
        name: cells.text("name")?,
        role: cells.named("role", Role::from_name)?,
        agent: cells.opt_text("agent")?,
        scope: scope(cells)?,
        made_by: cells.text("made_by")?,
        maker_role: None,
        made_at: cells.time("made_at")?,
        expires_at: cells.opt_time("expires_at")?,
        used_at: cells.opt_time("used_at")?,
        revoked_by: cells.opt_text("revoked_by")?,
        revoked_at: cells.opt_time("revoked_at")?,
    })
}

/// Returns the scope stored in a row.
pub(crate) fn scope(cells: &RowReader<'_>) -> Result<Scope> {
    let environment = cells.opt_named("environment", Environment::from_name)?;
    Ok(Scope { organization: cells.opt_text("organization")?, environment })
}

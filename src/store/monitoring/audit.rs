//! The audit log: rows are only added, each with a digest over itself and the row before.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sqlx::{ConnectOptions, SqliteConnection};

use crate::domain::access::actor::Actor;
use crate::domain::access::audit::{AuditCheck, AuditHead, AuditRow, KnownHead, RestoredRows, link};
use crate::domain::access::audit_action::AuditAction;
use crate::domain::ids::AuditId;
use crate::domain::time::Timestamp;
use crate::store::codec::RowReader;
use crate::store::{Result, Store, StoreError, Write};

/// Number of rows verified at a time.
const PAGE: i64 = 1_000;

const ROW: &str = "SELECT id, at, actor, action, subject, detail, digest FROM audit";

fn read(cells: &RowReader<'_>) -> Result<AuditRow> {
    Ok(AuditRow {
        id: AuditId(cells.int("id")?),
        at: cells.time("at")?,
        actor: cells.text("actor")?,
        action: cells.text("action")?,
        subject: cells.text("subject")?,
        detail: cells.text("detail")?,
        digest: cells.opt_text("digest")?.unwrap_or_default(),
    })
}

fn head(cells: &RowReader<'_>) -> Result<AuditHead> {
    let row = read(cells)?;
    Ok(AuditHead { row: row.id, digest: row.digest, at: row.at })
}

impl Store {
    /// Returns audit rows, newest first, of one subject or of all.
    pub async fn audit(&self, subject: &str, limit: u32, before: Option<AuditId>) -> Result<Vec<AuditRow>> {
        let condition = if subject.is_empty() { "$1 = ''" } else { "subject = $1" };
        let text = format!("{ROW} WHERE {condition} AND id < $2 ORDER BY id DESC LIMIT +$3");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(subject)
            .bind(before.map_or(i64::MAX, |id| id.0))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| read(&RowReader::new(row, "audit"))).collect()
    }

    /// Follows the chain to its end or to the first row that does not match, and compares it with heads stored
    /// outside the database. `known` are this engine's heads, of which some may be accepted as missing from a
    /// restored copy; `given` are heads that the caller provides.
    pub async fn verify_audit(&self, known: &[KnownHead], given: &[KnownHead]) -> Result<AuditCheck> {
        let mut check = AuditCheck::default();
        let mut connection = self.readers.acquire().await?;
        let accepted = accepted_rows(&mut connection).await?;
        let lost: BTreeSet<&str> = accepted.iter().flat_map(|row| RestoredRows::lost_digests(&row.detail)).collect();
        let known = known.iter().filter(|known| !lost.contains(known.head.digest.as_str()));
        let known: Vec<KnownHead> = known.chain(given).cloned().collect();
        let mut found = BTreeMap::new();
        for known in &known {
            let digest = digest_of(&mut connection, known.head.row).await?;
            found.extend(digest.map(|digest| (known.head.row.0, digest)));
        }
        drop(connection);
        self.follow_audit(&mut check).await?;
        check.compare(&known, &found);
        check.accepted = accepted
            .iter()
            .map(|row| format!("{} accepted a restored copy at {} ({}): {}.", row.actor, row.at, row.id, row.detail))
            .collect();
        Ok(check)
    }

    /// Returns the digests that were accepted as missing from a restored copy.
    pub(crate) async fn accepted_audit_digests(&self) -> Result<BTreeSet<String>> {
        let mut connection = self.readers.acquire().await?;
        let rows = accepted_rows(&mut connection).await?;
        Ok(rows.iter().flat_map(|row| RestoredRows::lost_digests(&row.detail)).map(str::to_owned).collect())
    }

    /// Returns the row with this digest, if there is one.
    pub async fn audit_row_of(&self, digest: &str) -> Result<Option<AuditId>> {
        let row: Option<i64> = sqlx::query_scalar("SELECT id FROM audit WHERE digest = $1 LIMIT 1")
            .bind(digest)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.map(AuditId))
    }

    /// Returns the last audit row of a database copy.
    pub async fn audit_head_of(copy: &Path) -> Result<Option<AuditHead>> {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(copy).read_only(true);
        let mut copy = options.connect().await?;
        let text = format!("{ROW} ORDER BY id DESC LIMIT 1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_optional(&mut copy).await?;
        row.map(|row| head(&RowReader::new(&row, "audit"))).transpose()
    }

    /// Returns the last audit row in the database.
    pub(crate) async fn stored_audit_head(&self) -> Result<Option<AuditHead>> {
        let text = format!("{ROW} ORDER BY id DESC LIMIT 1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_optional(&self.readers).await?;
        row.map(|row| head(&RowReader::new(&row, "audit"))).transpose()
    }

    async fn follow_audit(&self, check: &mut AuditCheck) -> Result<()> {
        let mut last = 0;
        loop {
            let text = format!("{ROW} WHERE id > $1 ORDER BY id LIMIT +$2");
            let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(last).bind(PAGE).fetch_all(&self.readers).await?;
            for row in &rows {
                let row = read(&RowReader::new(row, "audit"))?;
                last = row.id.0;
                if !check.follow(row) {
                    return Ok(());
                }
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }

    /// Adds rows of an older version, which have no digest, to the chain.
    pub(crate) async fn chain_audit(&self) -> Result<()> {
        let open: i64 = sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 FROM audit WHERE digest IS NULL LIMIT 1)")
            .fetch_one(&self.writer)
            .await?;
        if open == 0 {
            return Ok(());
        }
        let mut write = self.write().await?;
        let mut before = String::new();
        let text = format!("{ROW} ORDER BY id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(write.connection()).await?;
        for row in &rows {
            let row = read(&RowReader::new(row, "audit"))?;
            before = link(&before, &row);
            sqlx::query("UPDATE audit SET digest = $2 WHERE id = $1 AND digest IS NULL")
                .bind(row.id.0)
                .bind(&before)
                .execute(write.connection())
                .await?;
        }
        write.commit().await
    }
}

/// Returns the rows that record the acceptance of a restored copy.
async fn accepted_rows(connection: &mut SqliteConnection) -> Result<Vec<AuditRow>> {
    let text = format!("{ROW} WHERE subject = 'audit' AND action = $1 ORDER BY id");
    let rows =
        sqlx::query(sqlx::AssertSqlSafe(text)).bind(AuditAction::AcceptRestored.as_str()).fetch_all(connection).await?;
    rows.iter().map(|row| read(&RowReader::new(row, "audit"))).collect()
}

async fn digest_of(connection: &mut SqliteConnection, row: AuditId) -> Result<Option<String>> {
    let digest: Option<Option<String>> =
        sqlx::query_scalar("SELECT digest FROM audit WHERE id = $1").bind(row.0).fetch_optional(connection).await?;
    Ok(digest.flatten())
}

impl Write {
    /// Returns heads stored outside the database that it lacks and whose absence was not accepted, without
    /// duplicates.
    pub async fn lost_audit_heads(&mut self, known: &[KnownHead]) -> Result<Vec<AuditHead>> {
        let accepted = accepted_rows(self.connection()).await?;
        let accepted: BTreeSet<&str> =
            accepted.iter().flat_map(|row| RestoredRows::lost_digests(&row.detail)).collect();
        let mut lost: Vec<AuditHead> = vec![];
        for KnownHead { head, .. } in known.iter().filter(|known| known.head.row.0 > 0) {
            let known = accepted.contains(head.digest.as_str()) || lost.iter().any(|one| one.digest == head.digest);
            if !known && digest_of(self.connection(), head.row).await?.as_ref() != Some(&head.digest) {
                lost.push(head.clone());
            }
        }
        Ok(lost)
    }

    /// Returns the last audit row.
    pub async fn audit_end(&mut self) -> Result<Option<AuditHead>> {
        let text = format!("{ROW} ORDER BY id DESC LIMIT 1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_optional(self.connection()).await?;
        row.map(|row| head(&RowReader::new(&row, "audit"))).transpose()
    }

    /// Adds an audit row. Fails with `TokenOver` if the acting program's token was revoked or has expired since its
    /// request.
    pub async fn audit(
        &mut self,
        actor: &Actor,
        action: AuditAction,
        subject: &str,
        detail: &str,
        now: Timestamp,
    ) -> Result<()> {
        if let Actor::Program { name, .. } = actor
            && !self.token_holds(name, now).await?
        {
            return Err(StoreError::TokenOver { name: name.clone() });
        }
        let last = sqlx::query_as::<_, (i64, String)>("SELECT id, digest FROM audit ORDER BY id DESC LIMIT 1");
        let (id, before) = last.fetch_optional(self.connection()).await?.unwrap_or_default();
        let mut row = AuditRow {
            id: AuditId(id + 1),
            at: now,
            actor: actor.to_string(),
            action: action.as_str().to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            digest: String::new(),
        };
        row.digest = link(&before, &row);
        sqlx::query(
            "INSERT INTO audit (id, at, actor, action, subject, detail, digest) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(row.id.0)
        .bind(now.millis())
        .bind(row.actor)
        .bind(action.as_str())
        .bind(subject)
        .bind(detail)
        .bind(&row.digest)
        .execute(self.connection())
        .await?;
        self.head = Some(AuditHead { row: row.id, digest: row.digest, at: now });
        Ok(())
    }
}

//! A store that sees one scope. Its readers shadow the tables with views that leave out everything else, so that
//! a question cannot forget to narrow itself. Whoever writes goes on to see everything: rules hold over all of it.

use std::sync::{Mutex, PoisonError};

use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

use crate::domain::access::scope::Scope;
use crate::domain::numbers::connection::Environment;
use crate::store::codec::Cells;
use crate::store::scoped_views::views;
use crate::store::{Result, Store, StoreError, options};

/// Scopes whose readers are kept open.
const KEPT: usize = 16;

/// Readers by scope, the last used last.
#[derive(Debug, Default)]
pub(super) struct ScopedReaders(Mutex<Vec<(Scope, SqlitePool)>>);

impl ScopedReaders {
    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<(Scope, SqlitePool)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, scope: &Scope) -> Option<SqlitePool> {
        let mut kept = self.kept();
        let at = kept.iter().position(|(known, _)| known == scope)?;
        let one = kept.remove(at);
        kept.push(one);
        kept.last().map(|(_, readers)| readers.clone())
    }

    /// Keeps these, and returns those that have to go.
    fn keep(&self, scope: &Scope, readers: &SqlitePool) -> Vec<SqlitePool> {
        let mut kept = self.kept();
        kept.retain(|(known, _)| known != scope);
        kept.push((scope.clone(), readers.clone()));
        let over = kept.len().saturating_sub(KEPT);
        kept.drain(..over).map(|(_, readers)| readers).collect()
    }

    pub(super) async fn close(&self) {
        let all = std::mem::take(&mut *self.kept());
        for (_, readers) in all {
            readers.close().await;
        }
    }
}

impl Store {
    /// Every organization's environment that has a number, or one that is being set up.
    pub async fn scopes(&self) -> Result<Vec<(String, Environment)>> {
        let rows = sqlx::query(
            "SELECT 0 AS id, organization, environment FROM connections WHERE state = 'connected'
             UNION SELECT 0, organization, environment FROM setups WHERE state IN ('running', 'waiting', 'failed')",
        )
        .fetch_all(&self.readers)
        .await?;
        let scope = |row| {
            let cells = Cells::new(row, "connections");
            Ok((cells.text("organization")?, cells.named("environment", Environment::from_name)?))
        };
        rows.iter().map(scope).collect()
    }

    /// The same store, of which only what belongs to the scope can be read.
    pub async fn within(&self, scope: &Scope) -> Result<Self> {
        if scope.is_all() {
            return Ok(self.clone());
        }
        let readers = match self.scoped.of(scope) {
            Some(readers) => readers,
            None => {
                let views = views(scope);
                let readers = SqlitePoolOptions::new()
                    .max_connections(2)
                    .acquire_timeout(std::time::Duration::from_secs(10))
                    .after_connect(move |connection, _| {
                        let views = views.clone();
                        Box::pin(async move {
                            sqlx::raw_sql(sqlx::AssertSqlSafe(views)).execute(connection).await.map(|_| ())
                        })
                    })
                    .connect_with(options(&self.path))
                    .await
                    .map_err(|error| StoreError::open(&self.path, error))?;
                for old in self.scoped.keep(scope, &readers) {
                    tokio::spawn(async move { old.close().await });
                }
                readers
            }
        };
        Ok(Self { readers, ..self.clone() })
    }
}

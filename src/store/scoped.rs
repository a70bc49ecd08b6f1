//! A store restricted to one scope. Its readers shadow the tables with views that contain only the scope's rows, so
//! no query can forget the restriction. Writers see all rows, because rules apply to all of them.

use sqlx::sqlite::SqlitePoolOptions;

use crate::domain::access::scope::Scope;
use crate::domain::numbers::connection::Environment;
use crate::store::codec::RowReader;
use crate::store::scoped_views::views;
use crate::store::{Result, Store, StoreError, options};

impl Store {
    /// Returns every organization and environment that has a connected number or an open setup.
    pub async fn scopes(&self) -> Result<Vec<(String, Environment)>> {
        let rows = sqlx::query(
            "SELECT 0 AS id, organization, environment FROM connections WHERE state = 'connected'
             UNION SELECT 0, organization, environment FROM setups WHERE state IN ('running', 'waiting', 'failed')",
        )
        .fetch_all(&self.readers)
        .await?;
        let scope = |row| {
            let cells = RowReader::new(row, "connections");
            Ok((cells.text("organization")?, cells.named("environment", Environment::from_name)?))
        };
        rows.iter().map(scope).collect()
    }

    /// Returns the store with readers restricted to the scope.
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

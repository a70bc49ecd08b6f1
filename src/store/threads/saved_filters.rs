//! Saved filters.

use crate::store::{Result, Store, Write};

/// The list whose filters are saved.
const PANE: &str = "threads";

impl Store {
    /// Returns a person's saved filters, as name and terms, by name.
    pub async fn saved_filters(&self, operator: &str) -> Result<Vec<(String, String)>> {
        Ok(sqlx::query_as("SELECT name, terms FROM filters WHERE operator = $1 AND pane = $2 ORDER BY name")
            .bind(operator)
            .bind(PANE)
            .fetch_all(&self.readers)
            .await?)
    }
}

impl Write {
    /// Saves a filter; empty terms delete it.
    pub async fn save_filter(&mut self, operator: &str, name: &str, terms: &str) -> Result<()> {
        if terms.trim().is_empty() {
            sqlx::query("DELETE FROM filters WHERE operator = $1 AND pane = $2 AND name = $3")
                .bind(operator)
                .bind(PANE)
                .bind(name)
                .execute(self.connection())
                .await?;
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO filters (operator, pane, name, terms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (operator, pane, name) DO UPDATE SET terms = excluded.terms",
        )
        .bind(operator)
        .bind(PANE)
        .bind(name)
        .bind(terms)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

//! Apply lag: whether acknowledged deliveries are applied in time. While they are not, every list is out of date, and
//! an alert is raised.

use std::time::Duration;

use crate::domain::change::Change;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::time::{Timestamp, short_span};
use crate::operations::monitoring::conditions::condition;
use crate::operations::{Result, System, unpoisoned};

/// How long a delivery may wait to be applied before an alert is raised.
const TOO_LONG: Duration = Duration::from_secs(10);

impl System {
    /// Returns a text such as `applying: 29,754 deliveries behind, 5m`; `None` if no delivery waits.
    pub async fn lag_words(&self) -> Result<Option<String>> {
        let Some((behind, since)) = self.store().behind().await? else { return Ok(None) };
        Ok(Some(words(behind, self.now().since(since))))
    }
}

fn words(behind: u32, lag: Duration) -> String {
    let deliveries = if behind == 1 { "delivery" } else { "deliveries" };
    format!("applying: {} {deliveries} behind, {}", crate::domain::text::grouped(behind), short_span(lag))
}

/// Raises or clears the alert about apply lag. `oldest` is the time of receipt of the oldest pending delivery. Writes
/// only when the state changes.
pub(in crate::operations) async fn note_lag(system: &System, oldest: Option<Timestamp>) -> Result<()> {
    let now = system.now();
    let late = oldest.is_some_and(|oldest| now.since(oldest) > TOO_LONG);
    let before = std::mem::replace(&mut unpoisoned(&system.shared.meters).late, late);
    if before == late {
        return Ok(());
    }
    let said = match system.store().behind().await? {
        Some((behind, since)) if late => {
            let lag = now.since(since);
            Some(format!(
                "Webhooks are applied more slowly than they are acknowledged ({}). Threads and lists are out of date by that much.",
                words(behind, lag)
            ))
        }
        _ => None,
    };
    let mut write = system.store().write().await?;
    condition(&mut write, AlertKind::Lag, "deliveries", said, now).await?;
    write.commit().await?;
    system.bus().publish([Change::Alerts]);
    Ok(())
}

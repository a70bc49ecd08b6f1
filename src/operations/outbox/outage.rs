//! Outages of a provider: entries are retried automatically, and an alert is raised before they are dead.

use crate::domain::change::Change;
use crate::domain::failure::Failure;
use crate::domain::ids::ConnectionId;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Check, Connection};
use crate::domain::numbers::shared_trouble::SharedTrouble;
use crate::domain::outbox::outage::Outage;
use crate::domain::time::Timestamp;
use crate::operations::monitoring::conditions::{over, raise_condition};
use crate::operations::{Result, System};
use crate::store::{StoreError, Write};

const KIND: AlertKind = AlertKind::Outage;

/// Records a failed attempt. If the provider caused it, an outage begins or continues; an alert is raised once it has
/// lasted.
pub(crate) async fn note_failure(
    system: &System,
    write: &mut Write,
    connection: ConnectionId,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !failure.is_outage() {
        return Ok(());
    }
    let Some(outage) = write.note_outage(connection, failure, now).await? else { return Ok(()) };
    if outage.raises_alert(now) {
        write.record_check(connection, Check::Send, now, false, &failure.line()).await?;
        let connections = system.store().connections().await?;
        renew(system, write, &connections, connection, now).await?;
    }
    Ok(())
}

/// Records that an entry used up its attempts; the caller raises that alert. The outage ends with the last entry that
/// it affects.
pub(crate) async fn record_exhausted_entry(
    system: &System,
    write: &mut Write,
    connection: ConnectionId,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), StoreError> {
    if failure.is_outage()
        && let Some(outage) = write.note_outage(connection, failure, now).await?
        && outage.retried == 0
    {
        provider_works(system, write, connection, now).await?;
    }
    Ok(())
}

/// Records that the provider works: it accepted a message, or examined and rejected one. Returns `true` if that ends
/// an outage.
pub(crate) async fn provider_works(
    system: &System,
    write: &mut Write,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let ended = write.end_outage(connection).await?.applied();
    if ended {
        let connections = system.store().connections().await?;
        renew(system, write, &connections, connection, now).await?;
    }
    Ok(ended)
}

/// The watcher's part: updates the duration in the alerts, and ends outages for which no retry is left.
pub(crate) async fn watch_outages(system: &System) -> Result<()> {
    if !system.store().has_outages().await? {
        return Ok(());
    }
    let connections = system.store().connections().await?;
    let now = system.now();
    let mut write = system.store().write().await?;
    for outage in write.outages().await? {
        let connected = connections.iter().any(|one| one.id == outage.connection);
        if !connected || outage.is_forgotten(now) {
            write.end_outage(outage.connection).await?.ignore();
            renew(system, &mut write, &connections, outage.connection, now).await?;
        } else if outage.retried > 0 && outage.raises_alert(now) {
            renew(system, &mut write, &connections, outage.connection, now).await?;
        }
    }
    write.commit().await?;
    system.bus().publish([Change::Alerts]);
    Ok(())
}

/// Updates the one alert for all numbers of a provider that the same people see. It counts the affected numbers and
/// is cleared when no lasting outage remains.
async fn renew(
    system: &System,
    write: &mut Write,
    connections: &[Connection],
    connection: ConnectionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sharing = SharedTrouble::of(connections, connection);
    let mut outages = write.outages().await?;
    outages.retain(|one| sharing.includes(one.connection));
    let told = outages.iter().any(|one| one.raises_alert(now));
    let Some(all) = Outage::merged(&outages).filter(|_| told) else {
        over(write, KIND, &sharing.subject, now).await?;
        return Ok(());
    };
    let numbers = sharing.numbers(&outages.iter().map(|one| one.connection).collect::<Vec<_>>());
    let provider = connections.iter().find(|one| one.id == connection).map(|one| &one.provider);
    let provider = provider.and_then(|name| system.providers().get(name));
    let base_url = provider.map(|provider| provider.base_url().to_owned()).unwrap_or_default();
    raise_condition(write, KIND, &sharing.subject, &all.words(&numbers, &base_url, now), now).await
}

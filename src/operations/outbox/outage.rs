//! A provider that does not answer: entries are tried again by themselves, and people are told before they die.

use crate::domain::change::Change;
use crate::domain::failure::Failure;
use crate::domain::ids::ConnectionId;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Check, Connection};
use crate::domain::outbox::outage::Outage;
use crate::domain::time::Timestamp;
use crate::operations::monitoring::conditions::{over, raise_condition};
use crate::operations::{Result, System};
use crate::store::{StoreError, Write};

const KIND: AlertKind = AlertKind::Outage;

/// A try failed: where the provider is to blame, an outage begins, or goes on and is told when it has lasted.
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
    if outage.is_told(now)
        && let Some(connection) = system.store().connection(connection).await?
    {
        write.prove(connection.id, Check::Send, now, false, &failure.line()).await?;
        told(write, &outage, &connection, now).await?;
    }
    Ok(())
}

/// An entry was tried as often as it is: that is an alert of its own. The outage goes on for the others, and is
/// nobody's with the last of them.
pub(crate) async fn entry_died(
    write: &mut Write,
    connection: ConnectionId,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), StoreError> {
    if failure.is_outage()
        && let Some(outage) = write.note_outage(connection, failure, now).await?
        && outage.retried == 0
    {
        provider_works(write, connection, now).await?;
    }
    Ok(())
}

/// The provider took a message, or looked at one and refused it: it works. `true` where an outage is over.
pub(crate) async fn provider_works(
    write: &mut Write,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let ended = write.end_outage(connection).await?.applied();
    if ended {
        over(write, KIND, &connection.to_string(), now).await?;
    }
    Ok(ended)
}

/// The watcher's part: the alerts say how long it lasts by now, and end where nothing is tried any more.
pub(crate) async fn watch_outages(system: &System) -> Result<()> {
    if !system.store().has_outages().await? {
        return Ok(());
    }
    let connections = system.store().connections().await?;
    let now = system.now();
    let mut write = system.store().write().await?;
    for outage in write.outages().await? {
        match connections.iter().find(|one| one.id == outage.connection) {
            Some(connection) if !outage.is_forgotten(now) => {
                if outage.retried > 0 && outage.is_told(now) {
                    told(&mut write, &outage, connection, now).await?;
                }
            }
            _ => {
                provider_works(&mut write, outage.connection, now).await?;
            }
        }
    }
    write.commit().await?;
    system.bus().publish([Change::Alerts]);
    Ok(())
}

async fn told(write: &mut Write, outage: &Outage, connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    raise_condition(write, KIND, &connection.id.to_string(), &outage.words(&connection.name, now), now).await
}

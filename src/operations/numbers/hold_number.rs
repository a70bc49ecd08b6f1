//! Holds a number that may not send, probes it at intervals, and releases it when a probe succeeds.

use crate::domain::failure::{Failure, FailureClass};
use crate::domain::ids::{ConnectionId, EntryId};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Check;
use crate::domain::numbers::shared_trouble::SharedTrouble;
use crate::domain::outbox::limits::Hold;
use crate::domain::outbox::retry::RetryPolicy;
use crate::domain::time::Timestamp;
use crate::operations::monitoring::conditions::{over, raise_condition};
use crate::operations::{Result, System};
use crate::store::{Claimed, StoreError, Write};

/// Returns the provider's own retry schedule for an error code; `None` if it has none.
pub(crate) async fn schedule(
    system: &System,
    connection: ConnectionId,
    code: &str,
) -> Result<Option<RetryPolicy>, StoreError> {
    if code.is_empty() {
        return Ok(None);
    }
    let connection = system.store().connection(connection).await?;
    let provider = connection.and_then(|connection| system.providers().get(&connection.provider));
    Ok(provider.and_then(|provider| provider.schedule(code)))
}

/// Holds a number whose key, account or number the provider rejects, in a response or, for the entry `status_of`, in
/// a status. No further message is sent over it, and an alert says what to do. Returns when it is probed.
pub(crate) async fn hold_number(
    system: &System,
    write: &mut Write,
    connection: ConnectionId,
    failure: &Failure,
    status_of: Option<EntryId>,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    let probe_at = write.hold_connection(connection, failure, status_of, now, system.chance()).await?;
    write.record_check(connection, Check::Send, now, false, &failure.line()).await?;
    if failure.class == FailureClass::Endpoint {
        wrong_base_url(system, write, connection, failure, now).await?;
    } else if failure.class == FailureClass::Authorization {
        refused_key(system, write, connection, failure, now).await?;
    } else {
        let said = format!("Sending is on hold: {}. {} {}", failure.line(), failure.explanation, failure.remedy);
        raise_condition(write, alert_of(Hold::of_number(failure)), &connection.to_string(), &said, now).await?;
    }
    Ok(probe_at)
}

/// Raises the alert that the base URL does not lead to the provider's API. It affects every number of the provider,
/// so one alert names all that are on hold.
pub(crate) async fn wrong_base_url(
    system: &System,
    write: &mut Write,
    connection: ConnectionId,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), StoreError> {
    let connections = system.store().connections().await?;
    let sharing = SharedTrouble::of(&connections, connection);
    let mut held = write.held_by_base_url().await?;
    held.retain(|one| sharing.includes(*one));
    let numbers = sharing.numbers(&held);
    let said =
        format!("Sending via {numbers} is on hold: {}. {} {}", failure.line(), failure.explanation, failure.remedy);
    raise_condition(write, AlertKind::BaseUrl, &sharing.subject, &said, now).await
}

/// Clears that alert for all numbers of the provider, because its API answers.
pub(crate) async fn base_url_is_right(
    system: &System,
    write: &mut Write,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let connections = system.store().connections().await?;
    over(write, AlertKind::BaseUrl, &SharedTrouble::of(&connections, connection).subject, now).await?;
    Ok(())
}

/// Raises the alert that the provider rejects the key. One alert names all affected numbers that share the key.
pub(crate) async fn refused_key(
    system: &System,
    write: &mut Write,
    connection: ConnectionId,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), StoreError> {
    let connections = system.store().connections().await?;
    let sharing = SharedTrouble::of_key(&connections, connection);
    let mut refused = write.refused_by_key(Some(&failure.line())).await?;
    refused.push(connection);
    let numbers = sharing.numbers(&refused);
    let said =
        format!("The API key of {numbers} is refused: {}. {} {}", failure.line(), failure.explanation, failure.remedy);
    raise_condition(write, AlertKind::Credentials, &sharing.subject, &said, now).await
}

/// Records that the provider accepts the key for this number. The alert is cleared when no number that shares the key
/// is rejected.
pub(crate) async fn key_is_right(
    system: &System,
    write: &mut Write,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let connections = system.store().connections().await?;
    let sharing = SharedTrouble::of_key(&connections, connection);
    let refused = write.refused_by_key(None).await?;
    if !refused.iter().any(|one| *one != connection && sharing.includes(*one)) {
        over(write, AlertKind::Credentials, &sharing.subject, now).await?;
    }
    Ok(())
}

/// Returns the kind of the alert about a number on hold.
const fn alert_of(hold: Hold) -> AlertKind {
    match hold {
        Hold::Account => AlertKind::Account,
        _ => AlertKind::Credentials,
    }
}

/// Releases a held number and clears its alerts. Its entries are sent at their own due times.
pub(crate) async fn number_sends_again(
    system: &System,
    write: &mut Write,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    write.release_connection(connection).await?;
    base_url_is_right(system, write, connection, now).await?;
    key_is_right(system, write, connection, now).await?;
    over(write, AlertKind::Account, &connection.to_string(), now).await?;
    Ok(())
}

/// The probe ended without showing whether the number may send, so the next entry becomes the probe.
pub(crate) async fn another_probe(write: &mut Write, claimed: &Claimed, now: Timestamp) -> Result<(), StoreError> {
    if claimed.held.is_some() {
        write.probe_at(claimed.connection, now).await?;
        write.hold_due_now(claimed.connection, now).await?;
    }
    Ok(())
}

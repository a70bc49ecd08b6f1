//! A number that may not send: held as a whole, probed now and then, released when a probe succeeds.

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

/// The provider's own schedule for a code.
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

/// Our key, account or number is refused, by an answer or by a status of an entry: nothing more is sent over it, with
/// one alert that says what to do. Returns when it is tried again.
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

/// It was not the provider's API that answered. That is so for every number of the provider: one alert, with as many as
/// have met it.
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

/// The provider's API answers: the alert that it does not is over, for all numbers that share it.
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

/// The provider refuses the key, for one number or for more that are reached with it: one alert, with as many as have
/// met it.
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

/// The provider takes the key for this number: the alert is over with the last of those that share it.
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

/// The alert about a number that is held for this reason.
const fn alert_of(hold: Hold) -> AlertKind {
    match hold {
        Hold::Account => AlertKind::Account,
        _ => AlertKind::Credentials,
    }
}

/// What was held goes, each at its own time, and the alerts are over.
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

/// The probe ended in another way, which says nothing about the number: the next entry is the next probe.
pub(crate) async fn another_probe(write: &mut Write, claimed: &Claimed, now: Timestamp) -> Result<(), StoreError> {
    if claimed.held.is_some() {
        write.probe_at(claimed.connection, now).await?;
        write.hold_due_now(claimed.connection, now).await?;
    }
    Ok(())
}

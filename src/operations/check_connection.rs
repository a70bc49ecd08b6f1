//! Ask the provider about a number: the proof that key, address and number work, or the reason why
//! not. A silent network is no wrong key, and is not called one.

use super::{Result, System, require};
use crate::domain::change::Change;
use crate::domain::connection::{Connection, Hop};
use crate::domain::failure::FailureClass;
use crate::domain::ids::ConnectionId;
use crate::domain::request::{Done, Refusal};
use crate::domain::role::{Actor, Role};
use crate::store::NewAlert;

/// Checks every connection: the worker's step.
pub async fn check_all(system: &System) -> Result<()> {
    for connection in system.store().connections().await? {
        check(system, &connection).await?;
    }
    Ok(())
}

pub async fn check_connection(system: &System, actor: &Actor, connection: ConnectionId) -> Result<Done> {
    require(actor, Role::Operator, "check a connection")?;
    let Some(connection) = system.store().connection(connection).await? else {
        return Err(Refusal::new("no_such_connection", format!("There is no connection {connection}."), "").into());
    };
    let said = check(system, &connection).await?;
    Ok(Done { said, made: None })
}

async fn check(system: &System, connection: &Connection) -> Result<String> {
    let answer = match system.providers().get(&connection.provider) {
        Some(provider) => provider.check(connection).await,
        None => return Ok(format!("{}: its provider is not part of this program.", connection.name)),
    };
    let now = system.now();
    let subject = connection.id.to_string();
    let mut write = system.store().write().await?;
    let said = match &answer {
        Ok(note) => {
            write.prove(connection.id, Hop::Provider, now, true, note).await?;
            if write.clear_alert("credentials", &subject, now).await? {
                write.release_connection(connection.id, now).await?;
                system.wakes().sender.notify_one();
            }
            format!("{}: {note}.", connection.name)
        }
        Err(trouble) => {
            write.prove(connection.id, Hop::Provider, now, false, &trouble.line()).await?;
            if matches!(trouble.class, FailureClass::Authorization | FailureClass::Setup) {
                let said = format!("{}: {} {}", connection.name, trouble.explanation, trouble.remedy);
                let kind = if trouble.class == FailureClass::Authorization { "credentials" } else { "setup" };
                write.raise(&NewAlert { kind, subject: &subject, said: &said, thread: None }, now).await?;
            }
            format!("{}: {}. {}", connection.name, trouble.line(), trouble.remedy)
        }
    };
    write.commit().await?;
    system.bus().publish([Change::Connection(connection.id), Change::Alerts]);
    Ok(said)
}

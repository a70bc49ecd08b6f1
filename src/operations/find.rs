//! Finds connections and threads by the names that people and programs have for them.

use super::{Result, System};
use crate::domain::connection::Connection;
use crate::domain::connection_lookup;
use crate::domain::ids::ThreadId;
use crate::domain::phone::PhoneNumber;
use crate::domain::request::Refusal;

/// The connection with this id, name, phone number id or phone number; without a text the only one that is
/// connected. Refused where there is none, or several.
pub async fn find_connection(system: &System, text: Option<&str>) -> Result<Connection> {
    let connections = system.store().connections().await?;
    match (text, connections.as_slice()) {
        (Some(text), all) => Ok(connection_lookup::find_connection(all, text)?.clone()),
        (None, [only]) => Ok(only.clone()),
        (None, all) => {
            let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
            let instead = if names.is_empty() {
                "Set one up first: no number is connected.".to_owned()
            } else {
                format!("Name one of: {}.", names.join(", "))
            };
            Err(Refusal::new("place", "No connection is named, and there is not exactly one.", instead).into())
        }
    }
}

/// The thread with a phone number over a connection, or over the only one where it is not named.
pub async fn find_thread(system: &System, connection: Option<&str>, number: &str) -> Result<ThreadId> {
    let number = PhoneNumber::parse(number).map_err(|error| {
        Refusal::new("number", format!("{error}."), "Write it with its country code, such as +15550100002.")
    })?;
    let connection = find_connection(system, connection).await?;
    match system.store().thread_with(connection.id, &number).await? {
        Some(row) => Ok(row.id),
        None => {
            let why = format!("{number} has never written to {}.", connection.name);
            Err(Refusal::new("not_found", why, "Only an approved template can begin.").into())
        }
    }
}

//! Finds connections and threads by the names that people and programs use.

use crate::domain::code::Code;
use crate::domain::contacts::thread_name::{ThreadName, only_thread};
use crate::domain::ids::ThreadId;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::lookup;
use crate::domain::refusal::Refusal;
use crate::domain::subject::Subject;
use crate::operations::{Result, System};

/// Returns the connection with this id, name, phone number id or phone number. Without a text it returns the only
/// connection, or the one that the environment names. Refuses if there is none, or more than one.
pub async fn find_connection(system: &System, text: Option<&str>) -> Result<Connection> {
    let connections = system.store().connections().await?;
    match (text, connections.as_slice()) {
        (Some(text), all) => Ok(lookup::find_connection(all, text)?.clone()),
        (None, [only]) => Ok(only.clone()),
        (None, all) => {
            let usual: Vec<&Connection> = all.iter().filter(|one| system.providers().is_default_number(one)).collect();
            if let [one] = usual.as_slice() {
                return Ok((*one).clone());
            }
            let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
            let instead = if names.is_empty() {
                "Connect a number first.".to_owned()
            } else {
                format!("Name one of: {}.", names.join(", "))
            };
            Err(Refusal::new(Code::Place, "No connection is named, and there is more than one or none.", instead)
                .into())
        }
    }
}

/// Returns the thread with this id, or with a contact of this phone number. Without a connection, all connections are
/// searched. Refuses if there is none, or more than one.
pub async fn find_thread(system: &System, connection: Option<&str>, text: &str) -> Result<ThreadId> {
    let number = match ThreadName::read(text)? {
        ThreadName::Number(number) => number,
        ThreadName::Id(thread) => {
            let there = system.store().exists(Subject::Thread(thread)).await?;
            return if there { Ok(thread) } else { Err(Subject::Thread(thread).not_found().into()) };
        }
    };
    let connections = match connection {
        Some(name) => vec![find_connection(system, Some(name)).await?],
        None => system.store().connections().await?,
    };
    let mut found = vec![];
    for one in connections {
        if let Some(row) = system.store().thread_with(one.id, &number).await? {
            found.push((row.id, one.name));
        }
    }
    Ok(only_thread(&number, &found)?)
}

//! Replaces names in requests by ids: a connection by any of its names, a thread by a phone number.

use serde_json::{Map, Value};

use crate::domain::access::actor::Actor;
use crate::domain::ids::ConnectionId;
use crate::operations::{OperationError, System, find_connection, find_thread};

/// Replaces names in arguments by ids: `connection` may be a name, a phone number id or a phone number; `phoneNumber`
/// without `thread` becomes the thread with that number. Fails if a name matches nothing that the caller may see, or
/// several items.
pub(super) async fn resolve(
    system: &System,
    actor: &Actor,
    arguments: &mut Map<String, Value>,
) -> Result<(), OperationError> {
    let system = &system.restricted_to(actor).await?;
    if let Some(Value::String(number)) = arguments.get("phoneNumber").cloned()
        && !arguments.contains_key("thread")
    {
        let connection = arguments.remove("connection");
        let thread = find_thread(system, connection.as_ref().and_then(Value::as_str), &number).await?;
        arguments.remove("phoneNumber");
        arguments.insert("thread".to_owned(), Value::String(thread.to_string()));
        return Ok(());
    }
    if let Some(Value::String(name)) = arguments.get("connection") {
        let id = id_of(system, name).await?;
        arguments.insert("connection".to_owned(), Value::String(id));
    }
    Ok(())
}

/// Returns the id of a connection by any of its names.
pub(super) async fn connection(system: &System, actor: &Actor, name: &str) -> Result<String, OperationError> {
    id_of(&system.restricted_to(actor).await?, name).await
}

/// Returns an id unchanged; whether it exists is checked where it is used.
async fn id_of(system: &System, name: &str) -> Result<String, OperationError> {
    if name.parse::<ConnectionId>().is_ok() {
        return Ok(name.to_owned());
    }
    Ok(find_connection(system, Some(name)).await?.id.to_string())
}

//! Sends a test message to the connection's tester; its statuses verify sending.

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::code::Code;
use crate::domain::ids::ConnectionId;
use crate::domain::message::content::Content;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::request::SendContext;
use crate::domain::text::clean_line;
use crate::operations::outbox::send_message::{SendMessage, send};
use crate::operations::{Result, System, require};

/// Queues the test message. Refused if the tester has not written to the number.
pub(crate) async fn send_test(system: &System, actor: &Actor, connection: ConnectionId) -> Result<Done> {
    require(actor, Permission::SendMessages)?;
    let Some(connection) = system.store().connection(connection).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Connection {connection} not found."), "").into());
    };
    let name = clean_line(&connection.name);
    let Some(tester) = &connection.settings.tester else {
        let why = format!("{name} has no tester.");
        let instead = "Set `tester` of the connection to a colleague's number, and restart.";
        return Err(Refusal::new(Code::Tester, why, instead).into());
    };
    let Some(thread) = system.store().thread_with(connection.id, tester).await? else {
        let why = format!("{tester} has not written to {name} yet, so only a template can be sent.");
        return Err(Refusal::new(Code::Window, why, "Send a message from that phone first.").into());
    };
    let words = format!("wadeck test message of {name}, {}. No action needed.", system.now());
    let content = Content::text(words);
    // The thread's owner does not matter, because the message only verifies sending.
    let context = SendContext { despite_owner: true, despite_duplicate: true, ..SendContext::default() };
    send(system, actor, thread.id, SendMessage { content, reply_to: None, at: None }, &context).await
}

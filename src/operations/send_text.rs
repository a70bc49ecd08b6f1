//! Send words to a thread's contact: message and outbox entry in one transaction.

use super::{Result, System, require};
use crate::domain::address::Address;
use crate::domain::change::Change;
use crate::domain::content::Content;
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::outbox::Outgoing;
use crate::domain::request::{Done, Refusal, check_text, check_window};
use crate::domain::role::{Actor, Role};
use crate::domain::view::ThreadRow;
use crate::store::NewEntry;

pub(super) async fn send_text(
    system: &System,
    actor: &Actor,
    thread: ThreadId,
    text: String,
    reply_to: Option<MessageId>,
) -> Result<Done> {
    require(actor, Role::Operator, "write to people")?;
    check_text(&text)?;
    let row = thread_row(system, thread).await?;
    let now = system.now();
    check_window(row.window_closes_at, now)?;
    if let Some((_, true)) = system.store().thread_contact(thread).await? {
        let why = format!("{} asked not to be written to.", row.contact.shown());
        return Err(Refusal::new("opted_out", why, "Write when they write.").into());
    }
    let quoted = match reply_to {
        None => None,
        Some(message) => match system.store().provider_id(message).await? {
            Some((of, Some(id))) if of == thread => Some(id),
            _ => {
                let why = format!("{message} cannot be quoted: it has no provider id in this thread.");
                return Err(Refusal::new("cannot_quote", why, "Send it without a quote.").into());
            }
        },
    };
    let outgoing =
        Outgoing { to: address(&row)?, content: Content::text(text), reply_to: quoted, reference: system.reference() };
    let author = actor.to_string();
    let new = NewEntry {
        thread,
        connection: row.connection_id,
        outgoing: &outgoing,
        author: &author,
        run: None,
        business_initiated: false,
        now,
    };
    let mut write = system.store().write().await?;
    let (message, entry) = write.enqueue(&new).await?;
    // A person answers: whatever the agent has not sent yet is taken back, here and now.
    write.silence_agent(thread, &format!("{author} answered"), now).await?;
    write.clear_unread(thread).await?;
    write.save_draft(&author, thread, "", now).await?;
    write.audit(actor, "send", &thread.to_string(), &entry.to_string(), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Outbox, Change::Agents, Change::Activity]);
    system.wakes().sender.notify_one();
    Ok(Done { said: format!("Queued for {} as {entry}.", row.contact.shown()), made: Some(message.to_string()) })
}

pub(super) async fn thread_row(system: &System, thread: ThreadId) -> Result<ThreadRow> {
    system.store().thread(thread).await?.ok_or_else(|| {
        Refusal::new("no_such_thread", format!("There is no thread {thread}."), "List them with `wadeck threads list`.")
            .into()
    })
}

/// Where the contact is written to: the number where there is one.
pub(super) fn address(row: &ThreadRow) -> Result<Address, Refusal> {
    let phone = row.contact.phone_number.clone().map(Address::Phone);
    phone.or_else(|| row.contact.user_id.clone().map(Address::User)).ok_or_else(|| {
        Refusal::new(
            "no_address",
            "This contact has neither a phone number nor a user id.",
            "Wait until they write again.",
        )
    })
}

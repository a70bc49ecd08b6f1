//! Sends an approved template. Only a template may begin a conversation.

mod approved;
mod files;
mod filled;

pub(crate) use self::filled::Filled;
use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::inbound::decide::ThreadFacts;
use crate::domain::message::content::Content;
use crate::domain::message::window;
use crate::domain::numbers::connection::Connection;
use crate::domain::outbox::entry::Outgoing;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::request::SendContext;
use crate::domain::templates::template::Template;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::operations::outbox::duplicate::check_duplicate;
use crate::operations::outbox::send_message::thread_within;
use crate::operations::threads::ownership;
use crate::operations::{Result, System, require};
use crate::store::{NewEntry, Write};

/// Refuses empty parameters and a time in the past.
fn check_input(filled: &Filled, now: Timestamp) -> Result<()> {
    if let Some((name, _)) = filled.parameters.iter().find(|(_, value)| value.trim().is_empty()) {
        let why = format!("The parameter {name} is empty, and WhatsApp refuses empty parameters.");
        return Err(Refusal::new(Code::EmptyParameter, why, "Give it a value.").into());
    }
    if filled.at.is_some_and(|at| at < now) {
        return Err(Refusal::new(Code::Past, "That time is in the past.", "Choose a future time.").into());
    }
    Ok(())
}

/// Loads or creates the thread with the recipient, in the transaction that enqueues the message. Refuses a recipient
/// that cannot be sent to.
async fn open_thread(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    (outgoing, number): (&Outgoing, &PhoneNumber),
    now: Timestamp,
) -> Result<ThreadFacts> {
    if write.live_connection(connection.id).await?.is_none() {
        let why = format!("{} is disconnected, so it cannot send.", connection.name);
        return Err(Refusal::new(Code::NotConnected, why, "Reconnect it first.").into());
    }
    let (to, content) = (&outgoing.to, &outgoing.content);
    if let Some(refusal) =
        crate::operations::outbox::send_message::recipient::forbidden(system, write, connection.id, to, content).await?
    {
        return Err(refusal.into());
    }
    let (contact, _) = write.contact(std::slice::from_ref(&outgoing.to), None, now).await?;
    let thread = write.thread(connection.id, contact, &outgoing.to.external_id(), now).await?;
    if thread.opted_out {
        let why = format!("{number} opted out.");
        return Err(Refusal::new(Code::OptedOut, why, "Wait until the contact opts in again.").into());
    }
    Ok(thread)
}

/// Queues a template message and opens a thread for its recipient if there is none.
pub(crate) async fn send_template(
    system: &System,
    actor: &Actor,
    mut filled: Filled,
    context: &SendContext,
) -> Result<Done> {
    require(actor, Permission::SendMessages)?;
    let connection = system
        .store()
        .connection(filled.connection)
        .await?
        .ok_or_else(|| Refusal::new(Code::NotFound, format!("Connection {} not found.", filled.connection), ""))?;
    check_input(&filled, system.now())?;
    let template = approved::find(system, &connection, &filled.name, &filled.language).await?;
    template.check_recipient(&filled.to)?;
    files::take_header_upload(&mut filled);
    template.check(&filled.parameters, filled.header.is_some())?;
    template.check_offer(&filled.parameters, filled.at.unwrap_or_else(|| system.now()))?;
    let rendered = Some(template.render(&filled.parameters));
    // The file stays in the store until the message that names it is stored.
    let (header, _pinned) = files::header(system, actor, &template, filled.header).await?;
    files::upload_cards(system, actor, (&connection, &template), &mut filled.parameters).await?;
    let parameters = template.parameters(&filled.parameters);
    let now = system.now();
    // A media link expires, so a message with a file is scheduled in wadeck and not at the provider.
    let provider = system.providers().get(&connection.provider);
    let ahead = provider.and_then(|provider| provider.scheduling_limits(&connection)).filter(|_| header.is_none());
    let provider_takes_at = ahead.zip(filled.at).map(|(ahead, at)| ahead.opens(at, now));
    let outgoing = Outgoing {
        take_over: false,
        to: Address::Phone(filled.to.clone()),
        content: Content::Template {
            name: filled.name.clone(),
            language: template.language.as_received().to_owned(),
            id: Some(template.id.clone()).filter(|id| !id.is_empty()),
            parameters: parameters.into_iter().map(|(name, value)| (name, Untrusted::new(value))).collect(),
            header: header.map(Box::new),
            rendered,
        },
        reply_to: None,
        reference: system.reference(),
        at: provider_takes_at.and(filled.at),
    };
    let author = actor.to_string();
    let mut write = system.store().write().await?;
    let thread = open_thread(system, &mut write, &connection, (&outgoing, &filled.to), now).await?;
    let row = thread_within(&mut write, thread.thread).await?;
    ownership::check_ownership(&mut write, &row, &author, context, now).await?;
    let due = filled.at.unwrap_or(now);
    template.check_window(window::is_open(row.window_closes_at, due))?;
    check_duplicate(&mut write, row.id, &outgoing.content, due, &author, context, now).await?;
    let open = window::is_open(row.window_closes_at, now);
    // The undo period applies, as for any other message of a person.
    let undo = Some(connection.settings.undo).filter(|undo| !undo.is_zero());
    let new = NewEntry {
        thread: thread.thread,
        connection: connection.id,
        outgoing: &outgoing,
        author: &author,
        run: None,
        business_initiated: !open,
        not_before: filled.at.or_else(|| undo.map(|undo| now.plus(undo))),
        provider_takes_at,
        now,
    };
    let (message, entry) = write.enqueue(&new).await?;
    write
        .audit(actor, AuditAction::SendTemplate, &thread.thread.to_string(), &format!("{} {entry}", filled.name), now)
        .await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread.thread), Change::Outbox, Change::Activity]);
    system.wakeups().uploader.notify_one();
    system.wakeups().sender.notify_one();
    let marketing = if template.is_marketing() { format!(" {}", Template::MARKETING_NOTE) } else { String::new() };
    Ok(Done {
        message: format!("Queued {} for {} as {entry}.{marketing}", filled.name, filled.to),
        created_id: Some(message.to_string()),
    })
}

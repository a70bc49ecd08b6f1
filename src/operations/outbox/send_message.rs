//! Sends a message to a thread's contact: stores the message and its outbox entry in one transaction.

pub(crate) mod marketing;
pub(crate) mod recipient;

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::contacts::address::Address;
use crate::domain::ids::{EntryId, MessageId, ThreadId};
use crate::domain::message::content::{Content, is_one_emoji};
use crate::domain::message::window::check_window;
use crate::domain::numbers::connection::{Capabilities, Connection};
use crate::domain::outbox::entry::Outgoing;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::request::SendContext;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;
use crate::operations::outbox::duplicate::check_duplicate;
use crate::operations::threads::ownership;
use crate::operations::{Result, System, require};
use crate::store::{NewEntry, Write};

/// A message that a person sends.
pub(crate) struct SendMessage {
    pub content: Content,
    pub reply_to: Option<MessageId>,
    pub at: Option<Timestamp>,
}

/// Queues a message in a thread. Templates and reactions have their own requests.
pub(crate) async fn send(
    system: &System,
    actor: &Actor,
    thread: ThreadId,
    letter: SendMessage,
    context: &SendContext,
) -> Result<Done> {
    require(actor, Permission::SendMessages)?;
    if matches!(letter.content, Content::Template { .. } | Content::Reaction { .. }) {
        let why = format!("A {} cannot be sent as content.", letter.content.kind());
        return Err(Refusal::new(Code::Content, why, "Use the request for templates or for reactions.").into());
    }
    from_outside(&letter.content)?;
    letter.content.check()?;
    let at = letter.at;
    let queued = queue(system, actor, thread, Piece::Message(Box::new(letter)), context).await?;
    let (entry, name) = (queued.entry, queued.name);
    let said = match queued.later {
        Some(then) if at.is_some() => format!("Scheduled {entry} for {name} at {then}."),
        Some(_) => format!("{entry} will be sent to {name} in a moment; u undoes it."),
        None => format!("Queued for {name} as {entry}."),
    };
    Ok(Done { message: said, created_id: Some(queued.message.to_string()) })
}

/// Refuses content from outside that names a file of the file store, or that names no file id of the provider.
fn from_outside(content: &Content) -> Result<(), Refusal> {
    let Some(media) = content.media() else { return Ok(()) };
    if media.file.is_some() {
        let why = "The content names a file of the file store.";
        return Err(Refusal::new(Code::File, why, "Upload the file, and send it by the upload's id."));
    }
    if media.id.trim().is_empty() {
        let why = "The content has no file id of the provider.";
        return Err(Refusal::new(
            Code::File,
            why,
            "Give the provider's file `id`, or upload the file and send the upload.",
        ));
    }
    Ok(())
}

/// Reacts to a message. A new reaction replaces the earlier one; `None` removes it.
pub(crate) async fn react(
    system: &System,
    actor: &Actor,
    message: MessageId,
    emoji: Option<String>,
    context: &SendContext,
) -> Result<Done> {
    require(actor, Permission::ReactToMessages)?;
    let Some((thread, _)) = system.store().provider_id(message).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Message {message} not found."), "").into());
    };
    let emoji = emoji.map(|emoji| emoji.trim().to_owned()).filter(|emoji| !emoji.is_empty());
    if let Some(emoji) = &emoji
        && !is_one_emoji(emoji)
    {
        return Err(Refusal::new(Code::Content, "The reaction is not one emoji.", "Use one emoji.").into());
    }
    let piece = Piece::Reaction { message, emoji: emoji.clone() };
    let queued = queue(system, actor, thread, piece, context).await?;
    let entry = queued.entry;
    let said = match emoji {
        Some(emoji) => format!("Queued {emoji} as {entry}."),
        None => format!("Removing the reaction ({entry})."),
    };
    Ok(Done { message: said, created_id: Some(queued.message.to_string()) })
}

/// Checks the rules for freeform messages: time, service window and opt-out.
pub(crate) fn check_freeform(row: &ThreadRow, at: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    if at.is_some_and(|at| at < now) {
        return Err(Refusal::new(Code::Past, "That time is in the past.", "Choose a future time."));
    }
    check_window(row.window_closes_at, at.unwrap_or(now), now)?;
    if row.opted_out {
        let why = format!("{} opted out.", row.contact.display_name());
        return Err(Refusal::new(Code::OptedOut, why, "Wait until the contact opts in again."));
    }
    Ok(())
}

/// What is put into a thread's queue.
pub(crate) enum Piece {
    Message(Box<SendMessage>),
    Reaction { message: MessageId, emoji: Option<String> },
}

/// A queued message.
pub(crate) struct Queued {
    pub message: MessageId,
    pub entry: EntryId,
    /// When the message is sent, if not at once.
    pub later: Option<Timestamp>,
    /// Display name of the recipient.
    pub name: String,
}

/// Checks every rule and stores message and outbox entry in one transaction. It also cancels what the thread's agent
/// has not sent yet.
pub(crate) async fn queue(
    system: &System,
    actor: &Actor,
    thread: ThreadId,
    piece: Piece,
    context: &SendContext,
) -> Result<Queued> {
    let (now, author) = (system.now(), actor.to_string());
    let at = if let Piece::Message(letter) = &piece { letter.at } else { None };
    let mut write = system.store().write().await?;
    let row = thread_within(&mut write, thread).await?;
    check_freeform(&row, at, now)?;
    ownership::check_ownership(&mut write, &row, &author, context, now).await?;
    let Some(connection) = write.live_connection(row.connection_id).await? else {
        let why = format!("{} is disconnected, so it cannot send.", row.connection);
        return Err(Refusal::new(Code::NotConnected, why, "Reconnect it first.").into());
    };
    let (content, reply_to) = match piece {
        Piece::Message(letter) => {
            let quoted = match letter.reply_to {
                None => None,
                Some(message) => Some(provider_id(&mut write, thread, message).await?),
            };
            (letter.content, quoted)
        }
        Piece::Reaction { message, emoji } => {
            let target = provider_id(&mut write, thread, message).await?;
            (Content::Reaction { target, emoji: emoji.as_deref().map(Untrusted::from) }, None)
        }
    };
    capabilities(system, &connection).forbid(&content, reply_to.is_some())?;
    let undo = Some(connection.settings.undo).filter(|undo| !undo.is_zero());
    let reaction = matches!(content, Content::Reaction { .. });
    let not_before = at.or_else(|| undo.filter(|_| !reaction).map(|undo| now.plus(undo)));
    let text = matches!(content, Content::Text { .. });
    // If another app holds the conversation, the sender was warned and confirmed.
    let take_over = row.held_by_other(now).is_some();
    let outgoing =
        Outgoing { to: address(&row)?, content, reply_to, reference: system.reference(), at: None, take_over };
    let new = NewEntry {
        thread: row.id,
        connection: row.connection_id,
        outgoing: &outgoing,
        author: &author,
        run: None,
        business_initiated: false,
        not_before,
        provider_takes_at: None,
        now,
    };
    let (to, content) = (&outgoing.to, &outgoing.content);
    check_duplicate(&mut write, row.id, content, at.unwrap_or(now), &author, context, now).await?;
    if let Some(refusal) = recipient::forbidden(system, &mut write, row.connection_id, to, content).await? {
        return Err(refusal.into());
    }
    let (message, entry) = write.enqueue(&new).await?;
    ownership::keep(&mut write, row.id, &author, now).await?;
    if !reaction {
        silence(&mut write, row.id, &author, now).await?;
        if text {
            write.save_draft(&author, row.id, "", now).await?;
        }
    }
    write.audit(actor, AuditAction::Send, &row.id.to_string(), &entry.to_string(), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(row.id), Change::Outbox, Change::Agents, Change::Activity]);
    system.wakeups().sender.notify_one();
    Ok(Queued { message, entry, later: not_before, name: row.contact.display_name() })
}

/// Returns what the provider of a connection supports.
pub(crate) fn capabilities(system: &System, connection: &Connection) -> Capabilities {
    system.providers().get(&connection.provider).map_or_else(Capabilities::default, |one| one.capabilities())
}

/// Silences the thread's agent after a person replied, and marks the thread as read.
async fn silence(write: &mut Write, thread: ThreadId, author: &str, now: Timestamp) -> Result<()> {
    write.silence_agent(thread, &format!("{author} replied"), now).await?;
    write.person_wrote(thread, now).await?;
    write.clear_unread(thread).await?.ignore();
    Ok(())
}

async fn provider_id(write: &mut Write, thread: ThreadId, message: MessageId) -> Result<String> {
    match write.provider_id(message).await? {
        Some((of, Some(id))) if of == thread => Ok(id),
        _ => {
            let why =
                format!("{message} cannot be quoted or reacted to, because it has no provider id in this thread.");
            Err(Refusal::new(Code::CannotQuote, why, "Send it without a quote.").into())
        }
    }
}

/// Loads a thread; fails if it does not exist.
pub(crate) async fn thread_row(system: &System, thread: ThreadId) -> Result<ThreadRow> {
    system.store().thread(thread).await?.ok_or_else(|| no_such_thread(thread).into())
}

/// Loads the thread in the caller's transaction, so that it cannot change before the commit.
pub(crate) async fn thread_within(write: &mut Write, thread: ThreadId) -> Result<ThreadRow> {
    write.thread_row(thread).await?.ok_or_else(|| no_such_thread(thread).into())
}

fn no_such_thread(thread: ThreadId) -> Refusal {
    Refusal::new(Code::NotFound, format!("Thread {thread} not found."), "List the threads.")
}

/// Returns the contact's address: the phone number if there is one, or else the user id.
pub(crate) fn address(row: &ThreadRow) -> Result<Address, Refusal> {
    let phone = row.contact.phone_number.clone().map(Address::Phone);
    phone.or_else(|| row.contact.user_id.clone().map(Address::User)).ok_or_else(|| {
        Refusal::new(
            Code::NoAddress,
            "This contact has neither a phone number nor a user id.",
            "Wait until they write again.",
        )
    })
}

//! Applies events that change stored data: edits, deletions, duplicate messages, changed addresses, marketing
//! preferences, and handoffs from an app that held the conversation at the provider.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::change::Change;
use crate::domain::contacts::address::Address;
use crate::domain::ids::{ConnectionId, ThreadId};
use crate::domain::inbound::delivery::DUPLICATE_OF;
use crate::domain::inbound::event::{Direction, MessageEvent, Moved};
use crate::domain::key::message_key;
use crate::domain::message::content::Content;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Connection;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;
use crate::operations::System;
use crate::operations::inbound::effects::{ApplyError, ApplyResult, Effects, Source};
use crate::store::{KnownMessage, NewAlert, StoreError, Write};

/// Maximum number of different texts under one id kept with the message; the stored deliveries contain all of them.
const DUPLICATES: usize = 5;
/// Maximum number of repeated deliveries kept with a message.
const REPEATS: usize = 20;

/// Applies an edit or a deletion to its message, if that message is stored in the same thread and has the same
/// direction. Other contents change nothing.
pub(crate) async fn change(
    write: &mut Write,
    connection: ConnectionId,
    (thread, direction): (ThreadId, Direction),
    content: &Content,
    at: Timestamp,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    if matches!(content, Content::Edit { .. }) && content.replacement().is_none() {
        effects.notes.push("Edited; the new text was not sent. The earlier text stays.".to_owned());
    }
    let (Content::Edit { target, .. } | Content::Deletion { target }) = content else { return Ok(()) };
    let Some(known) = write.known_message(&message_key(connection, target)).await? else {
        let id: String = clean_line(target).chars().take(80).collect();
        effects.notes.push(format!(
            "Recorded; it changes {id}, which is not known here. It is applied when that message arrives."
        ));
        return Ok(());
    };
    if known.thread != thread || known.direction != direction {
        return Ok(());
    }
    rewrite(write, known, content, at).await
}

/// Stores a reaction with its target message. If the target is unknown, the reaction is stored until the target
/// arrives.
pub(crate) async fn react(
    write: &mut Write,
    connection: ConnectionId,
    (target, side): (&str, Direction),
    emoji: Option<&Untrusted>,
    at: Timestamp,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let key = message_key(connection, target);
    write.react(&key, side, emoji, at).await?;
    if write.known_message(&key).await?.is_none() && write.earlier_attempt(&key).await?.is_none() {
        let id: String = clean_line(target).chars().take(80).collect();
        effects.notes.push(format!(
            "Recorded; it reacts to {id}, which is not known here. It is shown when that message arrives."
        ));
    }
    Ok(())
}

/// Applies edits and deletions that arrived before their message.
pub(crate) async fn early_changes(write: &mut Write, key: &[u8; 16]) -> Result<(), StoreError> {
    for late in write.early_changes(key).await? {
        let Some(known) = write.known_message(key).await? else { return Ok(()) };
        if known.thread == late.thread && known.direction == late.direction {
            rewrite(write, known, &late.content, late.at).await?;
        }
    }
    Ok(())
}

async fn rewrite(
    write: &mut Write,
    mut known: KnownMessage,
    content: &Content,
    at: Timestamp,
) -> Result<(), StoreError> {
    match content {
        Content::Deletion { .. } => known.extras.deleted = Some(at),
        Content::Edit { .. } => {
            // An older change that arrives late does not undo a newer one.
            if known.extras.edited.as_ref().is_some_and(|(before, _)| *before > at) {
                return Ok(());
            }
            let first = match known.extras.edited.take() {
                Some((_, first)) => first,
                None => known.content.words(),
            };
            known.extras.edited = Some((at, first));
            let Some(edited) = content.replacement() else { return write.rewrite_message(&known).await };
            let mut edited = edited.clone();
            // An edited caption does not repeat the file id, so the stored file is kept.
            if let (Some(new), Some(old)) = (edited.media_mut(), known.content.media())
                && new.id.is_empty()
            {
                let caption = new.caption.clone();
                *new = crate::domain::message::media::Media { caption, ..old.clone() };
            }
            known.content = edited;
        }
        _ => return Ok(()),
    }
    write.rewrite_message(&known).await
}

/// Handles a message whose id is stored already. The same delivery changes nothing; another delivery is recorded as a
/// duplicate, with its text if that differs. A different text from another contact under the same id is set aside as
/// unreadable.
pub(crate) async fn duplicate(
    write: &mut Write,
    source: &Source,
    key: &[u8; 16],
    event: &MessageEvent,
    effects: &mut Effects,
) -> ApplyResult {
    let Some(delivery) = source.delivery else { return Ok(Ok(())) };
    let Some(mut known) = write.known_message(key).await? else { return Ok(Ok(())) };
    let words = event.content.words();
    let first = known.extras.edited.as_ref().map_or_else(|| known.content.words(), |(_, first)| first.clone());
    if words != first && write.contact_with(&event.contact).await? != Some(write.contact_of_thread(known.thread).await?)
    {
        let id: String = clean_line(&event.provider_message_id).chars().take(80).collect();
        let why = format!("the message id {id} is that of {}, which is a message of somebody else", known.id);
        return Ok(Err(ApplyError::Unreadable(why)));
    }
    if known.delivery == Some(delivery) {
        return Ok(Ok(()));
    }
    if event.test {
        effects.notes.push(format!("A test with the id of {}, which stays as it is.", known.id));
        return Ok(Ok(()));
    }
    let is_new = known.extras.repeated_by.len() < REPEATS && !known.extras.repeated_by.contains(&delivery);
    if is_new {
        known.extras.repeated_by.push(delivery);
    }
    if words == first {
        effects.notes.push(format!("{DUPLICATE_OF}{}.", known.id));
        rewrite_repeated(write, &known, is_new, effects).await?;
        return Ok(Ok(()));
    }
    let (ours, theirs): (String, String) =
        (first.line().chars().take(200).collect(), words.line().chars().take(200).collect());
    effects.notes.push(format!(
        "{DUPLICATE_OF}{}, with another text: \u{201c}{theirs}\u{201d} instead of \u{201c}{ours}\u{201d}.",
        known.id
    ));
    let other = known.extras.duplicates.len() < DUPLICATES && !known.extras.duplicates.contains(&words);
    if other {
        known.extras.duplicates.push(words);
    }
    rewrite_repeated(write, &known, is_new || other, effects).await?;
    Ok(Ok(()))
}

async fn rewrite_repeated(
    write: &mut Write,
    known: &KnownMessage,
    differs: bool,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    if differs {
        effects.changes.push(Change::Thread(known.thread));
        write.rewrite_message(known).await?;
    }
    Ok(())
}

/// Moves a contact to a new number or id. If another contact has it already, a merge is suggested, and a person
/// decides. If it is one of our own numbers, the contact keeps the old one and an alert is raised.
pub(crate) async fn move_contact(
    write: &mut Write,
    thread: ThreadId,
    moved: &Moved,
    now: Timestamp,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    if let Some(name) = write.own_number(&moved.to).await? {
        let told = format!("a notice says that {} is now {}", moved.from.display_name(), moved.to.display_name());
        let said = format!(
            "{thread}: {told}, which is our own number ({}): the contact keeps the old one. Ask them for the new one.",
            clean_line(&name)
        );
        effects.notes.push(format!("Not moved: {told}, which is our own number ({}).", clean_line(&name)));
        let alert = NewAlert {
            kind: AlertKind::MovedToOwnNumber,
            subject: &thread.to_string(),
            said: &said,
            thread: Some(thread),
        };
        write.raise(&alert, now).await?;
        effects.changes.push(Change::Alerts);
        return Ok(());
    }
    if let Some((contact, other)) = write.move_address(&moved.from, &moved.to).await? {
        crate::operations::inbound::effects::suggest_merge(write, contact, Some(other), now, effects).await?;
    }
    Ok(())
}

/// Records a group message with its delivery and raises an alert. Group messages appear in no thread, and no agent
/// answers them.
pub(crate) async fn record_group_message(
    write: &mut Write,
    connection: &Connection,
    event: &MessageEvent,
    group: &str,
    now: Timestamp,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let group: String = clean_line(group).chars().take(80).collect();
    let who = event.contact_name.as_ref().map(Untrusted::line);
    let who = who.or_else(|| event.contact.first().map(Address::display_name)).unwrap_or_else(|| "somebody".to_owned());
    let words: String = event.content.words().line().chars().take(200).collect();
    effects.notes.push(format!("Set aside: {who} said in the group {group}: {words}"));
    let said = format!(
        "{}: messages arrive in the group {group}. They are stored with their deliveries, but shown in no thread and not answered.",
        connection.name
    );
    write.raise(&NewAlert { kind: AlertKind::Group, subject: &group, said: &said, thread: None }, now).await?;
    effects.changes.push(Change::Alerts);
    Ok(())
}

/// A contact's marketing preference.
pub(crate) struct MarketingPreference<'w> {
    pub contact: &'w [Address],
    pub stop: bool,
    pub at: Timestamp,
    /// How the preference is known, for the audit log.
    pub by: &'w str,
}

/// Stores a marketing preference. A contact who opted out receives no marketing templates until they opt in again;
/// their scheduled marketing messages are cancelled.
pub(crate) async fn store_marketing_preference(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    wish: &MarketingPreference<'_>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let now = system.now();
    let (contact, _) = write.contact(wish.contact, None, now).await?;
    if !write.store_marketing_preference(contact, wish.stop, wish.by, wish.at).await? {
        return Ok(());
    }
    if wish.stop {
        Box::pin(crate::operations::outbox::send_message::marketing::cancel_scheduled_marketing(
            system, write, contact, now,
        ))
        .await?;
        effects.looks = true;
    }
    let action = if wish.stop { AuditAction::MarketingStop } else { AuditAction::MarketingResume };
    let thread = write.thread_with(connection.id, contact).await?;
    let subject = thread.map_or_else(|| contact.to_string(), |thread| thread.to_string());
    write.audit(&Actor::System, action, &subject, wish.by, now).await?;
    effects.changes.extend(thread.map(Change::Thread));
    effects.changes.push(Change::Activity);
    Ok(())
}

/// A handoff: the app that held the conversation at the provider gave it to a person, or failed.
pub(crate) struct Handoff<'h> {
    pub name: &'h str,
    pub number: &'h str,
    pub conversation: Option<&'h str>,
    pub contact: &'h [Address],
    pub note: &'h Untrusted,
}

/// Marks the threads of the conversation as waiting for a person and raises an alert for each.
pub(crate) async fn mark_handed_off(
    write: &mut Write,
    source: &Source,
    told: &Handoff<'_>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let at = source.received_at;
    let mut threads = match told.conversation {
        Some(id) => write.threads_of_conversation(&source.provider, id).await?,
        None => vec![],
    };
    if threads.is_empty()
        && let Some(connection) = write.connection_of(&source.provider, told.number).await?
        && let Some(contact) = write.contact_with(told.contact).await?
    {
        threads.extend(write.thread_with(connection.id, contact).await?);
    }
    let failed = told.name.ends_with("failed");
    let what = if failed { "the provider's workflow failed" } else { "the provider's workflow escalated it" };
    let note: String = told.note.line().chars().take(200).collect();
    let reason = if note.is_empty() { what.to_owned() } else { format!("{what}: {note}") };
    if threads.is_empty() {
        effects.notes.push(format!("Recorded: {reason}, in an unknown conversation."));
        return Ok(());
    }
    for thread in threads {
        write.wait(thread, &reason, at).await?;
        let said = format!("{thread} waits for a person: {reason}.");
        let alert =
            NewAlert { kind: AlertKind::Workflow, subject: &thread.to_string(), said: &said, thread: Some(thread) };
        write.raise(&alert, at).await?;
        effects.changes.extend([Change::Thread(thread), Change::Alerts]);
    }
    Ok(())
}

//! Messages sent over our numbers from other apps, most of them from the phone app. A plain new message is collected
//! in the batch; anything else is applied on its own.

use crate::domain::change::Change;
use crate::domain::costs::pricing::PricingRecord;
use crate::domain::ids::{ConnectionId, ThreadId};
use crate::domain::inbound::decide::ThreadFacts;
use crate::domain::inbound::event::{Direction, MessageEvent, Origin};
use crate::domain::key::message_key;
use crate::domain::message::holder::Holder;
use crate::domain::message::inbound_content::Extras;
use crate::domain::message::inbound_kind::InboundKind;
use crate::domain::message::status::{DeliveryRecord, DeliveryStatus};
use crate::domain::numbers::connection::Connection;
use crate::domain::time::Timestamp;
use crate::operations::inbound::apply_changes::early_changes;
use crate::operations::inbound::batch::Batch;
use crate::operations::inbound::batch_statuses::status_rows;
use crate::operations::inbound::effects::{Effects, Source, as_of, external_id, extras_of, suggest_merge};
use crate::store::{KnownOutbound, NewInbound, StoreError, ThreadTouch};

/// Returns `true` if a person replied from the phone app. The agent is then silenced, and the contact no longer
/// waits.
pub(crate) fn replied_from_phone(event: &MessageEvent) -> bool {
    event.origin == Origin::BusinessApp
        && !event.test
        && matches!(InboundKind::of(&event.content), InboundKind::Words | InboundKind::Sticker)
}

/// Returns the row of a message that was sent from another app.
pub(crate) fn elsewhere_message<'m>(
    source: &Source,
    connection: ConnectionId,
    event: &'m MessageEvent,
    (thread, extras): (ThreadId, &'m Extras),
    now: Timestamp,
) -> NewInbound<'m> {
    let author = match event.origin {
        Origin::BusinessApp => Some("phone app"),
        _ if event.is_observed() => Some("another app"),
        _ => None,
    };
    NewInbound {
        thread,
        connection,
        direction: Direction::Outbound,
        origin: &event.origin,
        content: &event.content,
        provider_message_id: &event.provider_message_id,
        reply_to: event.reply_to.as_deref(),
        test: event.test,
        created_at: as_of(event.sent_at, source.received_at, now),
        received_at: source.received_at,
        delivery: source.delivery,
        author,
        extras,
    }
}

/// Returns `true` if an unknown message needs nothing but storing: it changes no other message, refers to none of
/// ours, and did not fail.
fn is_plain(event: &MessageEvent) -> bool {
    !event.test
        && event.reference.is_none()
        && event.other_statuses.is_empty()
        && event.statuses.len() == event.raw_statuses.len()
        && event.statuses.iter().all(|report| report.status != DeliveryStatus::Failed)
        && !event.contact.is_empty()
        && Holder::from_event(event).is_none()
        && !matches!(InboundKind::of(&event.content), InboundKind::Reaction | InboundKind::News)
}

impl Batch<'_> {
    /// Collects a message that was sent from another app. Returns `false`, and collects nothing, if it is known
    /// already, if it may be one of our uncertain messages, or if an agent is working on what it answers.
    pub async fn sent_elsewhere(
        &mut self,
        source: &Source,
        connection: &Connection,
        event: &MessageEvent,
        effects: &mut Effects,
    ) -> Result<bool, StoreError> {
        let key = message_key(connection.id, &event.provider_message_id);
        let unheard = self.elsewhere.keys.contains(&key)
            && !self.elsewhere.named.contains(&key)
            && !self.outbound.contains_key(&key);
        if !unheard || !is_plain(event) || self.has(&key).await? {
            return Ok(false);
        }
        let now = self.now();
        let to = external_id(&event.contact).unwrap_or_default();
        let (mut thread, other) = self.thread_of(connection.id, event, &to, now).await?;
        let by_person = replied_from_phone(event);
        let at_work = thread.is_busy || self.runs.iter().any(|run| run.thread == thread.thread);
        if by_person && at_work || self.is_uncertain(&thread).await? {
            return Ok(false);
        }
        suggest_merge(self.beside(), thread.contact, other, now, effects).await?;
        let extras = extras_of(event, source.received_at);
        let new = elsewhere_message(source, connection.id, event, (thread.thread, &extras), now);
        let Some(inserted) = self.insert(&new).await? else { return Ok(false) };
        effects.changes.push(Change::Thread(thread.thread));
        let mut touch = ThreadTouch {
            conversation: event.conversation.clone(),
            ..ThreadTouch::plain(thread.thread, inserted.id, new.created_at)
        };
        if by_person {
            let at = Some(event.sent_at.min(now));
            touch.answered = true;
            touch.person_wrote_at = at;
            thread.person_wrote_at = thread.person_wrote_at.max(at);
            thread.has_proposal = false;
            self.silenced.push(thread.thread);
            effects.changes.push(Change::Agents);
        }
        self.touch(touch);
        let rows = status_rows(source, key, &event.statuses, &event.raw_statuses);
        let record = rows.iter().fold(DeliveryRecord::new(DeliveryStatus::Accepted), |all, row| all.merge(&row.report));
        let pricing = rows.iter().fold(PricingRecord::default(), |all, row| all.merge(&row.report));
        if record.progress != DeliveryStatus::Accepted || !pricing.is_empty() {
            self.progress.insert(inserted.id, (record.clone(), pricing.clone()));
        }
        self.statuses.extend(rows);
        let (message, thread_id) = (inserted.id, thread.thread);
        let known = KnownOutbound { message, thread: thread_id, record, pricing, entry: None, awaits_proof: false };
        self.outbound.insert(key, known);
        thread.first = false;
        self.note_thread(connection.id, thread);
        if inserted.changed {
            early_changes(self.write().await?, &key).await?;
        }
        Ok(true)
    }

    /// Returns `true` if the thread has a message of which it is uncertain whether it was sent.
    async fn is_uncertain(&mut self, thread: &ThreadFacts) -> Result<bool, StoreError> {
        if !thread.first && !self.elsewhere.threads.contains(&thread.thread) {
            let known = self.write.known_elsewhere(&[], &[thread.thread]).await?;
            self.elsewhere.threads.extend(known.threads);
            self.elsewhere.uncertain.extend(known.uncertain);
        }
        Ok(self.elsewhere.uncertain.contains(&thread.thread))
    }
}

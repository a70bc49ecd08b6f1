//! Status reports that the batch can collect: one of our messages progressed, or failed permanently, and nothing else
//! follows.

use std::collections::BTreeMap;

use crate::domain::change::Change;
use crate::domain::event_name::EventName;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::inbound::decide::plausible;
use crate::domain::inbound::event::{Direction, InboundEvent, OtherStatus};
use crate::domain::key::message_key;
use crate::domain::message::conversation::ConversationRecord;
use crate::domain::message::status::{DeliveryStatus, StatusReport};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Check, Connection};
use crate::domain::outbox::entry::{EntryState, SettledBy};
use crate::operations::inbound::batch::Batch;
use crate::operations::inbound::effects::{Effects, Source};
use crate::operations::outbox::failure_alerts::{ENTRY_ALERTS, not_delivered, waits_for};
use crate::store::{Acceptance, KnownOutbound, StatusRow, StoreError};

/// Reports about one of our messages.
pub(crate) struct Reported<'a> {
    pub provider_message_id: &'a str,
    pub statuses: &'a [StatusReport],
    /// Each status as the provider wrote it.
    pub raw: &'a [String],
    pub others: &'a [OtherStatus],
    /// The provider's conversation counts.
    pub counts: Option<&'a ConversationRecord>,
}

/// Returns the status rows to store. Implausible times are replaced; the reported ones are stored beside them.
pub(crate) fn status_rows(source: &Source, key: [u8; 16], reports: &[StatusReport], raw: &[String]) -> Vec<StatusRow> {
    let row = |(report, raw): (&StatusReport, &String)| {
        let at = plausible(report.at, source.received_at);
        let told_at = Some(report.at).filter(|told| *told != at);
        let report = StatusReport { at, ..report.clone() };
        StatusRow { key, report, raw: raw.clone(), received_at: source.received_at, told_at }
    };
    reports.iter().zip(raw).map(row).collect()
}

impl Batch<'_> {
    /// Marks messages in flight as accepted if a report names our reference: it can arrive before the response to the
    /// send request is recorded. Messages about which more is stored are left to be handled one by one.
    pub(super) async fn adopt_in_flight(&mut self, events: &[(&Source, &InboundEvent)]) -> Result<(), StoreError> {
        let mut named = BTreeMap::new();
        for (source, event) in events {
            let (number, id, reference) = match event {
                InboundEvent::Status(status) => {
                    (&status.phone_number_id, &status.provider_message_id, status.reference.as_deref())
                }
                InboundEvent::Message(message)
                    if message.direction == Direction::Outbound && !message.test && !message.is_observed() =>
                {
                    (&message.phone_number_id, &message.provider_message_id, message.reference.as_deref())
                }
                _ => continue,
            };
            let Some(connection) = self.known_connection(&source.provider, number).map(|known| known.id) else {
                continue;
            };
            let key = message_key(connection, id);
            if let Some(reference) = reference.filter(|_| !self.outbound.contains_key(&key)) {
                named.entry((connection, reference)).or_insert((id.as_str(), key));
            }
        }
        let named: Vec<_> =
            named.into_iter().map(|((connection, reference), (id, key))| (connection, reference, id, key)).collect();
        let found = self.write.in_flight(&named, &ENTRY_ALERTS).await?;
        if found.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = found
            .iter()
            .filter_map(|found| {
                let (connection, _, id, _) = named.get(found.place)?;
                let (entry, message) = (found.entry, found.message);
                let by = SettledBy::Reference;
                Some(Acceptance { entry, message, connection: *connection, provider_message_id: id, by })
            })
            .collect();
        let now = self.now();
        self.write.accept_entries(&rows, now).await?;
        let answers: Vec<_> = found.iter().map(|found| (found.thread, found.message)).collect();
        self.write.answered(&answers).await?;
        let keys: Vec<_> = found.iter().filter_map(|found| named.get(found.place).map(|(.., key)| *key)).collect();
        let known = self.write.known_outbound(&keys).await?;
        self.outbound.extend(known);
        Ok(())
    }

    /// Collects statuses of a known message. Returns `false`, and collects nothing, if more may follow from them: a
    /// retry, an arrival after a failure, an entry that is not accepted yet, or a held number that waits for a
    /// successful send.
    #[must_use = "where more follows from them, nothing was kept"]
    pub fn advance(
        &mut self,
        source: &Source,
        connection: &Connection,
        reported: &Reported<'_>,
        effects: &mut Effects,
    ) -> bool {
        let now = self.now();
        let key = message_key(connection.id, reported.provider_message_id);
        let Some(known) = self.outbound.get(&key) else { return false };
        if reported.statuses.len() != reported.raw.len() || !reported.others.is_empty() || known.awaits_proof {
            return false;
        }
        let rows = status_rows(source, key, reported.statuses, reported.raw);
        let before = known.record.clone();
        // Of two failures at the same time the table keeps one, so the table decides which one counts.
        let failures = rows.iter().filter(|row| row.report.status == DeliveryStatus::Failed).count();
        if failures + usize::from(before.failed.is_some()) > 1 && failures > 0 {
            return false;
        }
        let after = rows.iter().fold(before.clone(), |record, row| record.merge(&row.report));
        let priced = known.pricing.clone();
        let pricing = rows.iter().fold(priced.clone(), |record, row| record.merge(&row.report));
        let (was, is) = (before.status(), after.status());
        let (failed_before, failed) = (was == DeliveryStatus::Failed, is == DeliveryStatus::Failed);
        let open = match known.entry {
            None => true,
            Some((_, EntryState::Accepted)) => !failed_before,
            Some((_, EntryState::Failed)) => failed_before,
            Some(_) => false,
        };
        let revised = failed_before && !failed || after.contradictory() && !before.contradictory();
        let mut reasons = rows.iter().filter_map(|row| row.report.failure.as_ref());
        let withdrawn = reasons.any(|failure| failure.class == FailureClass::Withdrawn);
        let newly = after.failure().filter(|_| failed && !failed_before);
        if !open || revised || withdrawn || newly.is_some_and(|failure| !self.ends_with(connection, known, failure)) {
            return false;
        }
        let (message, thread) = (known.message, known.thread);
        if let (Some(failure), Some((entry, _))) = (newly, known.entry) {
            self.failed.push((entry, failure.clone()));
            let said = not_delivered(entry, failure);
            self.alerts.push((AlertKind::DeliveryFailed, entry.to_string(), said, thread));
            self.wait(thread, waits_for(failure), now);
            effects.changes.push(Change::Alerts);
        }
        if let Some(known) = self.outbound.get_mut(&key) {
            known.record = after.clone();
            known.pricing.clone_from(&pricing);
            known.entry = known.entry.map(|(entry, state)| (entry, if failed { EntryState::Failed } else { state }));
        }
        self.statuses.extend(rows);
        effects.check_passed(connection.id, Check::Status, now, "status received");
        effects.changes.extend([Change::Thread(thread), Change::Outbox]);
        if let Some(counts) = reported.counts {
            self.counts.push((thread, counts.clone()));
        }
        if after == before && pricing == priced {
            return true;
        }
        let error = after.failure().cloned();
        self.progress.insert(message, (after, pricing));
        let event = match is {
            _ if was == is => return true,
            DeliveryStatus::Delivered => EventName::MessageDelivered,
            DeliveryStatus::Read | DeliveryStatus::Played => EventName::MessageRead,
            DeliveryStatus::Failed => EventName::MessageFailed,
            _ => return true,
        };
        let data = serde_json::json!({ "message": message, "status": is, "error": error });
        self.record_event(event, thread, &data);
        effects.tells = true;
        true
    }

    /// Returns `true` if a failure affects this message alone: it is not retried, does not report an opt-out, and has
    /// no cause that other messages share.
    fn ends_with(&self, connection: &Connection, known: &KnownOutbound, failure: &Failure) -> bool {
        if failure.opt_out_kind().is_some() {
            return false;
        }
        let scheduled = || {
            let provider = self.system.providers().get(&connection.provider);
            provider.and_then(|provider| provider.schedule(&failure.code)).is_some()
        };
        known.entry.is_none() || !failure.is_shared() && !scheduled()
    }
}

//! Statuses that only say that a message of ours went on: nothing has to be asked for them one by one.

use crate::domain::change::Change;
use crate::domain::event_name::EventName;
use crate::domain::inbound::decide::plausible;
use crate::domain::inbound::event::OtherStatus;
use crate::domain::key::message_key;
use crate::domain::message::conversation::ConversationRecord;
use crate::domain::message::status::{DeliveryStatus, StatusReport};
use crate::domain::numbers::connection::{Check, Connection};
use crate::domain::outbox::entry::EntryState;
use crate::operations::inbound::batch::Batch;
use crate::operations::inbound::effects::{Effects, Source};
use crate::store::StatusRow;

/// What is reported of one message of ours.
pub(crate) struct Reported<'a> {
    pub provider_message_id: &'a str,
    pub statuses: &'a [StatusReport],
    /// Each status as the provider wrote it.
    pub raw: &'a [String],
    pub others: &'a [OtherStatus],
    /// What the provider counts of the conversation.
    pub counts: Option<&'a ConversationRecord>,
}

impl Batch<'_> {
    /// Keeps statuses of a message that is known and under way or arrived. `false` where more may follow from them: a
    /// failure, an entry that is not accepted yet, a number that waits for a result. Nothing is kept then.
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
        let Some(known) = self.outbound.get_mut(&key) else { return false };
        let accepted = known.entry.is_none_or(|(_, state)| state == EntryState::Accepted);
        let failing = known.failed || reported.statuses.iter().any(|report| report.status == DeliveryStatus::Failed);
        let whole = reported.statuses.len() == reported.raw.len() && reported.others.is_empty();
        if !accepted || failing || known.awaits_proof || !whole {
            return false;
        }
        let was = known.progress;
        for (report, raw) in reported.statuses.iter().zip(reported.raw) {
            let at = plausible(report.at, source.received_at);
            let told_at = Some(report.at).filter(|told| *told != at);
            let report = StatusReport { at, ..report.clone() };
            known.progress = known.progress.max(report.status);
            self.statuses.push(StatusRow { key, report, raw: raw.clone(), received_at: source.received_at, told_at });
        }
        let (message, thread, is) = (known.message, known.thread, known.progress);
        effects.check_passed(connection.id, Check::Status, now, "status received");
        effects.changes.extend([Change::Thread(thread), Change::Outbox]);
        if let Some(counts) = reported.counts {
            self.counts.push((thread, counts.clone()));
        }
        if was == is {
            return true;
        }
        self.progress.insert(message, is);
        let event = match is {
            DeliveryStatus::Delivered => EventName::MessageDelivered,
            DeliveryStatus::Read | DeliveryStatus::Played => EventName::MessageRead,
            _ => return true,
        };
        let data = serde_json::json!({ "message": message, "status": is, "error": null });
        self.record_event(event, thread, &data);
        effects.tells = true;
        true
    }
}

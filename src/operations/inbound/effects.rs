//! What applying an event comes to, and what all kinds of events need to be applied.

use crate::domain::change::Change;
use crate::domain::contacts::address::Address;
use crate::domain::ids::{ConnectionId, ContactId, DeliveryId};
use crate::domain::inbound::decide::plausible;
use crate::domain::inbound::event::{MessageEvent, TemplateState};
use crate::domain::message::inbound_content::Extras;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Check, Connection, ProviderName};
use crate::domain::time::Timestamp;
use crate::store::{NewAlert, StoreError, StoredDelivery, Write};
use std::borrow::Cow;
use std::time::Duration;

/// What is said of an event that is known, or kept, and changes nothing here.
pub(crate) const NOTHING_TO_DO: &str = "Recorded; nothing to do.";

/// What follows once the transaction is committed.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub changes: Vec<Change>,
    /// Hops that were seen to work, with the newest time and what was seen.
    pub checks: Vec<(ConnectionId, Check, Timestamp, String)>,
    pub runs: bool,
    /// An agent is to be asked what it would say to a test.
    pub dry_runs: bool,
    pub sends: bool,
    /// The provider is to be asked about something.
    pub looks: bool,
    pub files: bool,
    pub setups: bool,
    pub tells: bool,
    /// Templates that were spoken of, each with its account.
    pub templates: Vec<(String, TemplateState)>,
    /// What is to be said about the delivery although it was applied: duplicates, and what changes nothing.
    pub notes: Vec<String>,
}

impl Effects {
    pub fn absorb(&mut self, other: Self) {
        for change in other.changes {
            if !self.changes.contains(&change) {
                self.changes.push(change);
            }
        }
        for (connection, check, at, note) in other.checks {
            self.check_passed(connection, check, at, &note);
        }
        self.runs |= other.runs;
        self.dry_runs |= other.dry_runs;
        self.sends |= other.sends;
        self.looks |= other.looks;
        self.files |= other.files;
        self.setups |= other.setups;
        self.tells |= other.tells;
        self.templates.extend(other.templates);
        self.notes.extend(other.notes);
    }

    /// One result per check and transaction: the newest.
    pub(crate) fn check_passed(&mut self, connection: ConnectionId, check: Check, at: Timestamp, note: &str) {
        match self.checks.iter_mut().find(|(of, known, ..)| *of == connection && *known == check) {
            Some(known) => (known.2, known.3) = (at, note.to_owned()),
            None => self.checks.push((connection, check, at, note.to_owned())),
        }
    }
}

/// Where an event comes from: a delivery, or the provider's own list.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub provider: ProviderName,
    pub delivery: Option<DeliveryId>,
    pub event: String,
    pub received_at: Timestamp,
}

impl Source {
    pub fn pushed(delivery: &StoredDelivery) -> Self {
        Self {
            provider: delivery.raw.provider.clone(),
            delivery: Some(delivery.id),
            event: delivery.event.clone(),
            received_at: delivery.raw.received_at,
        }
    }

    pub fn listed(connection: &Connection, now: Timestamp) -> Self {
        Self { provider: connection.provider.clone(), delivery: None, event: "listed".to_owned(), received_at: now }
    }
}

pub(crate) type ApplyResult = Result<Result<(), ApplyError>, StoreError>;

/// Why an event is not applied, without anything being broken.
#[derive(Debug)]
pub(crate) enum ApplyError {
    UnknownNumber(String),
    Unreadable(String),
}

/// When a message was written, for its place in the thread. Providers tell whole seconds: within its
/// second, what we know better is when it came. What came after `now` was noted by a clock that was ahead:
/// then the order of arrival is all that is known.
pub(crate) fn as_of(sent_at: Timestamp, received_at: Timestamp, now: Timestamp) -> Timestamp {
    if received_at > now {
        return received_at;
    }
    let sent_at = plausible(sent_at, received_at);
    sent_at.plus(Duration::from_millis(999)).min(received_at)
}

/// `whatsapp:{digits}` where there is a number, else the user id.
pub(crate) fn external_id(addresses: &[Address]) -> Option<String> {
    let phone = addresses.iter().find(|address| address.phone().is_some());
    phone.or_else(|| addresses.first()).map(Address::external_id)
}

/// The contact of a message, made where there is none, and a second one where its addresses belong to two. A test
/// teaches nothing of somebody who is known: neither an address nor a name.
pub(crate) async fn contact_of(
    write: &mut Write,
    event: &MessageEvent,
    now: Timestamp,
) -> Result<(ContactId, Option<ContactId>), StoreError> {
    if event.test
        && let Some(known) = write.contact_with(&event.contact).await?
    {
        return Ok((known, None));
    }
    write.contact(&event.contact, event.contact_name.as_ref(), now).await
}

/// One message that names two contacts says that they are one person; a person decides.
pub(crate) async fn suggest_merge(
    write: &mut Write,
    contact: ContactId,
    other: Option<ContactId>,
    now: Timestamp,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let Some(other) = other else { return Ok(()) };
    let subject = format!("{contact}+{other}");
    let said =
        format!("{contact} and {other} are the same person according to the provider. Merge them, or leave them.");
    write.raise(&NewAlert { kind: AlertKind::SamePerson, subject: &subject, said: &said, thread: None }, now).await?;
    effects.changes.push(Change::Alerts);
    Ok(())
}

/// What a message carries, with the time that was told of it where that cannot be.
pub(crate) fn extras_of(event: &MessageEvent, received_at: Timestamp) -> Cow<'_, Extras> {
    if plausible(event.sent_at, received_at) == event.sent_at {
        return Cow::Borrowed(&event.extras);
    }
    Cow::Owned(Extras { impossible_time: Some(event.sent_at), ..event.extras.clone() })
}

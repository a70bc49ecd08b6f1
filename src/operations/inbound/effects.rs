//! Results of applying an event, and helpers that all kinds of events use.

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

/// Note on an event that is stored and changes nothing.
pub(crate) const NOTHING_TO_DO: &str = "Recorded; nothing to do.";

/// What follows after the commit.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub changes: Vec<Change>,
    /// Connection checks that passed, each with the latest time and a note.
    pub checks: Vec<(ConnectionId, Check, Timestamp, String)>,
    pub runs: bool,
    /// An agent's dry run on a test message is due.
    pub dry_runs: bool,
    pub sends: bool,
    /// A query to the provider is due.
    pub looks: bool,
    pub files: bool,
    pub setups: bool,
    pub tells: bool,
    /// Templates that events reported on, each with its account.
    pub templates: Vec<(String, TemplateState)>,
    /// Notes to show with the delivery although it was applied, such as duplicates and events that change nothing.
    pub notes: Vec<String>,
}

impl Effects {
    /// Adds the effects of another event.
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

    /// Adds a passed check. One result per check and connection is kept: the latest.
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
    /// Returns the source of a webhook delivery.
    pub fn pushed(delivery: &StoredDelivery) -> Self {
        Self {
            provider: delivery.raw.provider.clone(),
            delivery: Some(delivery.id),
            event: delivery.event.clone(),
            received_at: delivery.raw.received_at,
        }
    }

    /// Returns the source of messages from the provider's list.
    pub fn listed(connection: &Connection, now: Timestamp) -> Self {
        Self { provider: connection.provider.clone(), delivery: None, event: "listed".to_owned(), received_at: now }
    }
}

/// Result of applying an event: the outer error is the store's, the inner one sets the event aside.
pub(crate) type ApplyResult = Result<Result<(), ApplyError>, StoreError>;

/// Why an event cannot be applied although nothing is broken.
#[derive(Debug)]
pub(crate) enum ApplyError {
    UnknownNumber(String),
    Unreadable(String),
}

/// Returns a message's time for its place in the thread. Providers report whole seconds, so within that second the
/// time of receipt orders better. If the time of receipt is later than `now`, the clock was ahead when it was noted,
/// and the order of receipt is used.
pub(crate) fn as_of(sent_at: Timestamp, received_at: Timestamp, now: Timestamp) -> Timestamp {
    if received_at > now {
        return received_at;
    }
    let sent_at = plausible(sent_at, received_at);
    sent_at.plus(Duration::from_millis(999)).min(received_at)
}

/// Returns `whatsapp:{digits}` of the first phone number, or else the first user id.
pub(crate) fn external_id(addresses: &[Address]) -> Option<String> {
    let phone = addresses.iter().find(|address| address.phone().is_some());
    phone.or_else(|| addresses.first()).map(Address::external_id)
}

/// Returns the contact of a message, creating it if needed, and a second contact if the message's addresses belong to
/// two. A test adds no address or name to a known contact.
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

/// Raises an alert that suggests merging two contacts that one message names as the same person. A person decides.
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

/// Returns the extras of a message; an implausible time of sending is stored in them.
pub(crate) fn extras_of(event: &MessageEvent, received_at: Timestamp) -> Cow<'_, Extras> {
    if plausible(event.sent_at, received_at) == event.sent_at {
        return Cow::Borrowed(&event.extras);
    }
    Cow::Owned(Extras { impossible_time: Some(event.sent_at), ..event.extras.clone() })
}

//! Finds the people of a batch who write for the first time, so that their contacts and threads are created together.
//! They get the ids that they would get one by one; a batch in which that is not certain is left as it is.

use std::collections::{HashMap, HashSet};

use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::ConnectionId;
use crate::domain::inbound::event::{Direction, InboundEvent, MessageEvent, OWN_TEST};
use crate::domain::message::inbound_kind::InboundKind;
use crate::domain::time::Timestamp;
use crate::operations::inbound::effects::external_id;
use crate::store::{KnownContacts, NewPerson, NewThread, StoreError, Write};

/// A message from somebody over a connection, with its key.
pub(super) type Incoming<'e> = (ConnectionId, [u8; 16], &'e MessageEvent);

/// What is stored about the sender of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// One contact has all addresses and a thread over the connection.
    Known,
    /// No contact has any of the addresses.
    New,
    /// The tables have to decide.
    Unclear,
}

/// Creates the contacts and threads of people who write for the first time, and adds them to `people`.
pub(super) async fn create_people(
    write: &mut Write,
    people: &mut KnownContacts,
    messages: &[Incoming<'_>],
    has: impl Fn(&[u8; 16]) -> bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some((persons, threads)) = new_people(messages, |connection, event| sender(people, connection, event), has)
    else {
        return Ok(());
    };
    let numbers = persons.iter().flat_map(|person| person.addresses.iter().filter_map(Address::phone));
    let variants = numbers.flat_map(PhoneNumber::variants).map(|other| other.digits().to_owned());
    // Somebody who is known under another spelling is not new.
    if persons.is_empty() || write.knows_number(&variants.collect::<Vec<_>>()).await? {
        return Ok(());
    }
    write.insert_people(&persons, &threads, now).await?;
    let addresses: Vec<_> = threads
        .iter()
        .filter_map(|thread| Some((persons.get(thread.person)?, thread.connection)))
        .flat_map(|(person, connection)| person.addresses.iter().map(move |address| (address, connection)))
        .collect();
    let created = write.known_people(&addresses).await?;
    people.contacts.extend(created.contacts);
    people.threads.extend(created.threads);
    Ok(())
}

fn sender(people: &KnownContacts, connection: ConnectionId, event: &MessageEvent) -> Sender {
    let known: Vec<_> = event.contact.iter().map(|one| people.contacts.get(one)).collect();
    if known.iter().all(Option::is_none) {
        return Sender::New;
    }
    let ids: HashSet<_> = known.iter().map(|known| known.map(|known| known.contact)).collect();
    match ids.into_iter().collect::<Vec<_>>()[..] {
        [Some(contact)] if people.threads.contains_key(&(connection, contact)) => Sender::Known,
        _ => Sender::Unclear,
    }
}

/// Returns `true` if the events of a batch are messages and statuses only, and no message reports news that could move
/// an address to another contact.
pub(super) fn is_plain<'e>(events: impl IntoIterator<Item = &'e InboundEvent>) -> bool {
    events.into_iter().all(|event| match event {
        InboundEvent::Status(_) => true,
        InboundEvent::Message(message) => {
            message.moved.is_none() && InboundKind::of(&message.content) != InboundKind::News
        }
        _ => false,
    })
}

/// Returns the people whose addresses are all unknown, and their threads, in the order of their first messages. `has`
/// tells whether a message is stored. Returns `None` if the sender of any message is unclear, or if two messages name
/// addresses that overlap in part.
fn new_people<'e>(
    messages: &[Incoming<'e>],
    sender: impl Fn(ConnectionId, &MessageEvent) -> Sender,
    has: impl Fn(&[u8; 16]) -> bool,
) -> Option<(Vec<NewPerson<'e>>, Vec<NewThread>)> {
    let mut seen = HashSet::new();
    // Each address in each spelling, with the person who has it.
    let mut persons: HashMap<String, usize> = HashMap::new();
    let (mut people, mut threads): (Vec<NewPerson<'e>>, Vec<NewThread>) = (vec![], vec![]);
    for (connection, key, message) in messages {
        let Some(external_id) = external_id(&message.contact) else { continue };
        if !seen.insert(*key) || has(key) || message.provider_message_id.starts_with(OWN_TEST) {
            continue;
        }
        match sender(*connection, message) {
            Sender::Known => continue,
            Sender::New if message.direction == Direction::Inbound && !message.test => {}
            _ => return None,
        }
        let named: HashSet<_> =
            message.contact.iter().flat_map(spellings).map(|one| persons.get(&one).copied()).collect();
        let person = match named.into_iter().collect::<Vec<_>>()[..] {
            [Some(person)] if people[person].addresses == message.contact => person,
            [None] => {
                people.push(NewPerson { addresses: &message.contact, name: message.contact_name.as_ref() });
                people.len() - 1
            }
            _ => return None,
        };
        persons.extend(message.contact.iter().flat_map(spellings).map(|one| (one, person)));
        if threads.iter().all(|known| (known.person, known.connection) != (person, *connection)) {
            threads.push(NewThread { person, connection: *connection, external_id, at: message.sent_at });
        }
    }
    Some((people, threads))
}

/// Returns an address in all spellings, with its kind.
fn spellings(address: &Address) -> impl Iterator<Item = String> {
    let own = format!("{}:{}", address.kind(), address.key());
    let others = address.phone().map(PhoneNumber::variants).unwrap_or_default();
    std::iter::once(own).chain(others.into_iter().map(|other| format!("phone:{}", other.digits())))
}

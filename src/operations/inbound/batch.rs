//! Applies events in one transaction: loads what all of them need in a few statements, collects their changes, and
//! stores the changes in a few statements. Code that needs the current tables calls [`Batch::write`], which stores
//! the collected changes first.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::agents::routing::Candidate;
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::costs::pricing::PricingRecord;
use crate::domain::event_name::EventName;
use crate::domain::failure::Failure;
use crate::domain::ids::{AssignmentId, ConnectionId, ContactId, EntryId, MessageId, ThreadId};
use crate::domain::inbound::decide::{Answerer, Decision, ThreadFacts};
use crate::domain::inbound::event::{Direction, InboundEvent, MessageEvent};
use crate::domain::key::message_key;
use crate::domain::message::conversation::ConversationRecord;
use crate::domain::message::media::Media;
use crate::domain::message::status::DeliveryRecord;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Connection, ProviderName};
use crate::domain::time::Timestamp;
use crate::operations::System;
use crate::operations::inbound::effects::{Source, contact_of};
use crate::operations::inbound::new_people::{create_people, is_plain};
use crate::store::{
    EventRow, Inserted, KnownContact, KnownContacts, KnownElsewhere, KnownKeys, KnownOutbound, MessageRow, NewAlert,
    NewInbound, NewRun, StatusRow, StoreError, ThreadTouch, Write, waits_after,
};

/// Why an agent is silenced after a reply from the phone app.
pub(super) const REPLIED_FROM_PHONE: &str = "a person replied from the phone app";

/// Maximum number of events loaded together; further events load their data themselves.
const MAX_LOADED: usize = 4_096;

type Result<T> = std::result::Result<T, StoreError>;

/// Loaded data and collected changes of one transaction.
pub(crate) struct Batch<'b> {
    pub(super) system: &'b System,
    pub(super) write: &'b mut Write,
    connections: Vec<Connection>,
    numbers: HashSet<String>,
    pub(super) people: KnownContacts,
    keys: Option<KnownKeys>,
    asked: HashSet<[u8; 16]>,
    /// Our messages that statuses of the batch are about.
    pub(super) outbound: HashMap<[u8; 16], KnownOutbound>,
    /// Stored data about messages of the batch that were sent from another app.
    pub(super) elsewhere: KnownElsewhere,
    /// Our own numbers; loaded when an address may be another spelling of one of them.
    own: Option<HashSet<String>>,
    candidates: HashMap<ThreadId, Vec<Candidate>>,
    messages: Vec<MessageRow>,
    touches: Vec<ThreadTouch>,
    files: Vec<(MessageId, ConnectionId, Media)>,
    events: Vec<EventRow>,
    pub(super) runs: Vec<NewRun>,
    /// Threads in which a person replied from the phone app; their agents are silenced.
    pub(super) silenced: Vec<ThreadId>,
    /// Threads that start to wait for a person and have no entry in `touches`.
    waits: BTreeMap<ThreadId, (Cow<'static, str>, Timestamp)>,
    /// Entries that failed after they were accepted.
    pub(super) failed: Vec<(EntryId, Failure)>,
    /// Alerts to raise: kind, subject, text and thread.
    pub(super) alerts: Vec<(AlertKind, String, String, ThreadId)>,
    pub(super) statuses: Vec<StatusRow>,
    pub(super) progress: BTreeMap<MessageId, (DeliveryRecord, PricingRecord)>,
    pub(super) counts: Vec<(ThreadId, ConversationRecord)>,
}

impl<'b> Batch<'b> {
    /// Creates an empty batch in this transaction.
    pub fn new(system: &'b System, write: &'b mut Write) -> Self {
        Self {
            system,
            write,
            connections: vec![],
            numbers: HashSet::new(),
            people: KnownContacts::default(),
            keys: None,
            asked: HashSet::new(),
            outbound: HashMap::new(),
            elsewhere: KnownElsewhere::default(),
            own: None,
            candidates: HashMap::new(),
            messages: vec![],
            touches: vec![],
            files: vec![],
            events: vec![],
            runs: vec![],
            silenced: vec![],
            waits: BTreeMap::new(),
            failed: vec![],
            alerts: vec![],
            statuses: vec![],
            progress: BTreeMap::new(),
            counts: vec![],
        }
    }

    /// Loads what the events need: three statements for messages, one more if agents could answer, two for statuses,
    /// and one for messages that were sent from another app.
    pub async fn load(&mut self, events: &[(&Source, &InboundEvent)]) -> Result<()> {
        let events = &events[..events.len().min(MAX_LOADED)];
        let mut numbers: Vec<&str> = events
            .iter()
            .filter_map(|(_, event)| match event {
                InboundEvent::Message(message) => Some(message.phone_number_id.as_str()),
                InboundEvent::Status(status) => Some(status.phone_number_id.as_str()),
                _ => None,
            })
            .filter(|number| !number.is_empty())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        if !numbers.is_empty() {
            self.connections.extend(self.write.connections_of(&numbers).await?);
            self.numbers.extend(numbers.into_iter().map(str::to_owned));
        }
        self.load_outbound(events).await?;
        self.load_messages(events).await
    }

    /// Loads our messages that the events report on.
    async fn load_outbound(&mut self, events: &[(&Source, &InboundEvent)]) -> Result<()> {
        let keys: HashSet<[u8; 16]> = events
            .iter()
            .filter_map(|(source, event)| {
                let (number, id) = match event {
                    InboundEvent::Status(status) => (&status.phone_number_id, &status.provider_message_id),
                    InboundEvent::Message(message) if message.direction == Direction::Outbound => {
                        (&message.phone_number_id, &message.provider_message_id)
                    }
                    _ => return None,
                };
                Some(message_key(self.known_connection(&source.provider, number)?.id, id))
            })
            .collect();
        if !keys.is_empty() {
            let keys: Vec<_> = keys.into_iter().collect();
            self.outbound = self.write.known_outbound(&keys).await?;
        }
        self.adopt_in_flight(events).await
    }

    async fn load_messages(&mut self, events: &[(&Source, &InboundEvent)]) -> Result<()> {
        let messages = events.iter().filter_map(|(source, event)| match event {
            InboundEvent::Message(message) => Some((*source, &**message)),
            _ => None,
        });
        let mut people: Vec<(&Address, ConnectionId)> = vec![];
        let (mut keys, mut elsewhere, mut from) = (vec![], vec![], vec![]);
        for (source, message) in messages {
            let Some(connection) = self.known_connection(&source.provider, &message.phone_number_id) else { continue };
            let connection = connection.id;
            let key = message_key(connection, &message.provider_message_id);
            let outbound = message.direction == Direction::Outbound;
            if message.group.is_none() && !(outbound && self.outbound.contains_key(&key)) {
                people.extend(message.contact.iter().map(|address| (address, connection)));
                keys.push(key);
                from.push((connection, key, message));
                elsewhere.extend(outbound.then_some(key));
            }
        }
        if keys.is_empty() {
            return Ok(());
        }
        people.sort_unstable();
        people.dedup();
        self.people = self.write.known_people(&people).await?;
        let known = self.write.known_keys(&keys).await?;
        if is_plain(events.iter().map(|(_, event)| *event)) {
            let has = |key: &[u8; 16]| known.known.contains(key);
            create_people(self.write, &mut self.people, &from, has, self.system.now()).await?;
        }
        let routed = self.people.threads.iter().filter(|(_, facts)| facts.has_agents);
        let routed: Vec<_> = routed.map(|((connection, _), facts)| (facts.thread, *connection)).collect();
        self.candidates = self.write.candidates(&routed, self.system.now()).await?;
        for (thread, _) in routed {
            self.candidates.entry(thread).or_default();
        }
        self.keys = Some(known);
        self.asked.extend(keys);
        if !elsewhere.is_empty() {
            let threads: Vec<ThreadId> = self.people.threads.values().map(|facts| facts.thread).collect();
            self.elsewhere = self.write.known_elsewhere(&elsewhere, &threads).await?;
        }
        Ok(())
    }

    /// Returns the tables in their current state. Collected changes are stored first and loaded data is dropped,
    /// because the caller may change connections, contacts, threads and messages.
    pub async fn write(&mut self) -> Result<&mut Write> {
        self.store().await?;
        self.connections.clear();
        self.numbers.clear();
        self.people = KnownContacts::default();
        self.candidates.clear();
        self.keys = None;
        self.asked.clear();
        self.outbound.clear();
        self.elsewhere = KnownElsewhere::default();
        self.own = None;
        Ok(self.write)
    }

    /// Returns the tables without storing collected changes first. Only for code that neither reads those nor changes
    /// loaded data.
    pub fn beside(&mut self) -> &mut Write {
        self.write
    }

    /// Stores the collected changes.
    pub async fn store(&mut self) -> Result<()> {
        self.write.insert_messages(&self.messages).await?;
        self.messages.clear();
        let now = self.system.now();
        // Runs scheduled in this batch came after the reply, so silencing goes first.
        self.write.silence_agents(&self.silenced, REPLIED_FROM_PHONE, now).await?;
        self.silenced.clear();
        self.write.touch_threads(&self.touches).await?;
        self.touches.clear();
        let waits: Vec<_> = self.waits.iter().map(|(thread, (reason, since))| (*thread, &**reason, *since)).collect();
        self.write.wait_all(&waits).await?;
        self.waits.clear();
        self.write.schedule_runs(&self.runs, now).await?;
        self.runs.clear();
        for (message, connection, media) in self.files.drain(..) {
            self.write.schedule_download(message, connection, &media, now).await?;
        }
        self.write.insert_statuses(&self.statuses).await?;
        self.statuses.clear();
        let progress = std::mem::take(&mut self.progress).into_iter();
        let progress: Vec<_> = progress.map(|(message, (record, pricing))| (message, record, pricing)).collect();
        self.write.advance_messages(&progress).await?;
        self.write.fail_entries(&self.failed, now).await?;
        self.failed.clear();
        let alerts = self.alerts.iter();
        let alerts = alerts.map(|(kind, subject, said, of)| NewAlert { kind: *kind, subject, said, thread: Some(*of) });
        let alerts: Vec<_> = alerts.collect();
        self.write.raise_all(&alerts, now).await?;
        self.alerts.clear();
        self.write.note_conversations(&self.counts).await?;
        self.counts.clear();
        let wanting: Vec<Vec<&str>> = self.events.iter().map(|event| self.system.receivers(event.event)).collect();
        self.write.insert_events(&self.events, &wanting).await?;
        self.events.clear();
        Ok(())
    }

    /// Returns the current time.
    pub(super) fn now(&self) -> Timestamp {
        self.system.now()
    }

    pub(super) fn known_connection(&self, provider: &ProviderName, number: &str) -> Option<&Connection> {
        self.connections.iter().find(|one| one.provider == *provider && one.phone_number_id == number)
    }

    /// Returns the connection of a provider's number.
    pub async fn connection_of(&mut self, provider: &ProviderName, number: &str) -> Result<Option<Connection>> {
        if !self.numbers.contains(number) {
            return self.write.connection_of(provider, number).await;
        }
        Ok(self.known_connection(provider, number).cloned())
    }

    /// Returns the thread of a message and, if its addresses belong to two contacts, the second contact. A missing
    /// contact or thread is created.
    pub async fn thread_of(
        &mut self,
        connection: ConnectionId,
        event: &MessageEvent,
        external_id: &str,
        now: Timestamp,
    ) -> Result<(ThreadFacts, Option<ContactId>)> {
        let told = event.contact_name.as_ref().map(crate::domain::text::Untrusted::as_received);
        let (contact, other) = match self.known_contact(&event.contact, told) {
            Some(contact) => (contact, None),
            None => {
                let learns = event.contact.iter().any(|address| !self.people.contacts.contains_key(address));
                let (contact, other) = contact_of(self.write, event, now).await?;
                if other.is_some() || event.test {
                    // Each address stays with its own contact, so the contacts must be loaded again.
                    self.people.contacts.clear();
                } else {
                    self.note_contact(&event.contact, contact, told);
                }
                if learns {
                    self.note_ours(contact).await?;
                }
                (contact, other)
            }
        };
        let mut thread = match self.people.threads.get(&(connection, contact)) {
            Some(known) => known.clone(),
            None => self.write.thread(connection, contact, external_id, event.sent_at).await?,
        };
        self.people.threads.insert((connection, contact), thread.clone());
        thread.ours = thread.ours || self.is_own_number_variant(&event.contact).await?;
        Ok((thread, other))
    }

    /// Returns `true` if one of the addresses is one of our own numbers in another spelling.
    async fn is_own_number_variant(&mut self, addresses: &[Address]) -> Result<bool> {
        let spellings: Vec<_> = addresses.iter().filter_map(Address::phone).flat_map(PhoneNumber::variants).collect();
        if spellings.is_empty() {
            return Ok(false);
        }
        let own = match self.own.take() {
            Some(own) => own,
            None => self.write.own_numbers().await?.into_iter().collect(),
        };
        let ours = spellings.iter().any(|spelling| own.contains(spelling.digits()));
        self.own = Some(own);
        Ok(ours)
    }

    /// Returns the one contact that has all of these addresses and this name; `None` if the tables have to decide.
    fn known_contact(&self, addresses: &[Address], name: Option<&str>) -> Option<ContactId> {
        let mut contacts = addresses.iter().map(|address| self.people.contacts.get(address));
        let first = contacts.next()??;
        let same = contacts.all(|other| other.is_some_and(|other| other.contact == first.contact));
        (same && (name.is_none() || first.name.as_deref() == name)).then_some(first.contact)
    }

    /// Updates `ours` in the contact's threads after the contact received an address, which may be one of our own
    /// numbers.
    async fn note_ours(&mut self, contact: ContactId) -> Result<()> {
        if self.people.threads.values().any(|known| known.contact == contact) {
            let ours = self.write.is_ours(contact).await?;
            let known = self.people.threads.values_mut().filter(|known| known.contact == contact);
            known.for_each(|known| known.ours = ours);
        }
        Ok(())
    }

    fn note_contact(&mut self, addresses: &[Address], contact: ContactId, name: Option<&str>) {
        if name.is_some() {
            // A new name applies under all addresses of the contact.
            let others = self.people.contacts.values_mut().filter(|known| known.contact == contact);
            others.for_each(|known| known.name = name.map(str::to_owned));
        }
        let name = name.map(str::to_owned);
        let known = addresses.iter().map(|address| (address.clone(), KnownContact { contact, name: name.clone() }));
        self.people.contacts.extend(known);
    }

    /// Returns the assignments that could answer in a thread.
    pub async fn candidates(&mut self, thread: ThreadId, connection: ConnectionId) -> Result<Vec<Candidate>> {
        if let Some(known) = self.candidates.get(&thread) {
            return Ok(known.clone());
        }
        let found = self.write.candidates_in(thread, connection, self.system.now()).await?;
        self.candidates.insert(thread, found.clone());
        Ok(found)
    }

    /// Schedules a run of an agent. It replaces the run that was scheduled before the contact wrote again.
    pub async fn schedule(
        &mut self,
        thread: &ThreadFacts,
        assignment: AssignmentId,
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let open = thread.is_busy || thread.has_proposal;
        let carried = if open { self.write.supersede(thread.thread, now).await? } else { 0 };
        let first_contact = thread.first;
        self.runs.push(NewRun { thread: thread.thread, assignment, messages: 1 + carried, due_at, first_contact });
        Ok(())
    }

    /// Returns `true` if a message with this key is stored already.
    pub async fn has(&mut self, key: &[u8; 16]) -> Result<bool> {
        if !self.asked.contains(key) || self.keys.is_none() {
            let found = self.write.known_keys(&[*key]).await?;
            self.asked.insert(*key);
            let keys = self.keys.get_or_insert_default();
            keys.newest = keys.newest.max(found.newest);
            keys.known.extend(found.known);
            keys.changed.extend(found.changed);
        }
        Ok(self.keys.get_or_insert_default().known.contains(key))
    }

    /// Reserves an id for a message and collects its row. Returns `None` if a message with its key exists; nothing is
    /// collected then.
    pub async fn insert(&mut self, new: &NewInbound<'_>) -> Result<Option<Inserted>> {
        let key = message_key(new.connection, new.provider_message_id);
        self.has(&key).await?;
        let keys = self.keys.get_or_insert_default();
        if !keys.known.insert(key) {
            return Ok(None);
        }
        keys.newest += 1;
        let inserted = Inserted { id: MessageId(keys.newest), changed: keys.changed.contains(&key) };
        self.messages.push(MessageRow::new(inserted.id, new));
        Ok(Some(inserted))
    }

    /// Collects the decision about the message that was inserted last. `from` is the number that the contact wrote
    /// from, if it belongs to that contact alone.
    pub fn keep(&mut self, decision: &Decision, new: &NewInbound<'_>, event: &MessageEvent, from: Option<&Address>) {
        let Some(row) = self.messages.last_mut() else { return };
        row.route = Some(decision.trace.join("\n"));
        let mut waiting = None;
        if let Answerer::Nobody { reason, waits, .. } = &decision.answerer {
            row.not_routed = Some(reason);
            waiting = waits.then_some((Cow::Borrowed(*reason), new.created_at));
        }
        let touch = ThreadTouch {
            unread: u32::from(decision.unread),
            window_closes_at: decision.window_closes_at,
            conversation: event.conversation.clone(),
            waits: waiting,
            new_at: decision.new_at,
            counts: event.counts.clone().filter(|_| decision.told),
            from: from.filter(|_| decision.window_closes_at.is_some()).map(Address::external_id),
            ..ThreadTouch::plain(new.thread, row.id, new.created_at)
        };
        if let Some(media) = new.content.media().filter(|_| decision.fetches_file) {
            self.files.push((row.id, new.connection, media.clone()));
        }
        self.touch(touch);
    }

    /// Collects the changes that a message makes to its thread.
    pub(super) fn touch(&mut self, mut touch: ThreadTouch) {
        if let Some(known) = self.touches.iter_mut().find(|known| known.thread == touch.thread) {
            return known.then(touch);
        }
        let before = self.waits.remove(&touch.thread).filter(|_| !touch.answered);
        touch.waits = waits_after(before, touch.waits);
        self.touches.push(touch);
    }

    /// Collects that a thread waits for a person.
    pub(super) fn wait(&mut self, thread: ThreadId, reason: String, since: Timestamp) {
        let next = Some((Cow::Owned(reason), since));
        if let Some(known) = self.touches.iter_mut().find(|known| known.thread == thread) {
            known.waits = waits_after(known.waits.take(), next);
        } else if let Some(waits) = waits_after(self.waits.remove(&thread), next) {
            self.waits.insert(thread, waits);
        }
    }

    /// Collects an event for other programs.
    pub fn record_event(&mut self, event: EventName, thread: ThreadId, data: &serde_json::Value) {
        let at = self.system.now();
        self.events.push(EventRow { at, event, thread: Some(thread), data: data.to_string() });
    }

    /// Updates the loaded data of a thread. An opt-out applies to all threads of the contact.
    pub fn note_thread(&mut self, connection: ConnectionId, mut thread: ThreadFacts) {
        // The spelling of the sender in this message says nothing about the next message.
        if let Some(known) = self.people.threads.get(&(connection, thread.contact)) {
            thread.ours = known.ours;
        }
        let others = self.people.threads.values_mut().filter(|known| known.contact == thread.contact);
        others.for_each(|known| known.opted_out = thread.opted_out);
        self.people.threads.insert((connection, thread.contact), thread);
    }
}

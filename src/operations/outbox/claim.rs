//! Claim what is due: every rule is asked again at the last moment, and what passes is taken under a lease with its
//! attempt written down. Senders that wait are served in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::domain::change::Change;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::ids::{AttemptId, ConnectionId, EntryId};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Connection;
use crate::domain::outbox::entry::EntryState;
use crate::domain::outbox::limits::Rate;
use crate::domain::time::Timestamp;
use crate::operations::outbox::failure_alerts::failure_reaches_people;
use crate::operations::outbox::last_checks::{forbidden, held_by_other, may_hand_over, template_withdrawn, too_early};
use crate::operations::outbox::send_message::marketing::{MarketingConsent, still_wanted};
use crate::operations::{Result, System};
use crate::provider::{Provider, WireRequest};
use crate::store::{Claimed, Paces, StoreError, Write};

/// Longer than any request may take: who still holds an entry then is dead.
pub(crate) const LEASE: Duration = Duration::from_secs(90);

/// How long a message waits whose connection cannot be read.
const UNREADABLE_RESTS: Duration = Duration::from_secs(300);

/// How long a template waits for the list that says of which kind it is.
const LIST_COMES: Duration = Duration::from_secs(30);

/// Entries that one transaction claims, at most.
const MOST: usize = 64;

/// An entry that is to be sent now.
pub(crate) struct Dispatch {
    pub claimed: Claimed,
    pub attempt: AttemptId,
    pub connection: Arc<Connection>,
    pub provider: Arc<dyn Provider>,
    pub request: WireRequest,
}

/// The next entry that is due and allowed; none if there is none now.
pub(crate) async fn claim_next(system: &System) -> Result<Option<Dispatch>> {
    system.shared.claims.join((), MOST, |waiting| claim(system, waiting.len())).await
}

/// Claims an entry for each of so many senders, as far as there are any.
async fn claim(system: &System, senders: usize) -> Result<Vec<Option<Dispatch>>> {
    // What went by another clock counts by this one before anything is held or let go.
    crate::operations::monitoring::pulse::clock(system).await?;
    let now = system.now();
    if system.store().next_entry_due(now).await?.is_none_or(|due| due > now) {
        return Ok((0..senders).map(|_| None).collect());
    }
    let write = system.store().write().await?;
    let mut round = Claiming {
        system,
        write,
        now,
        connections: BTreeMap::new(),
        dispatches: vec![],
        changes: vec![],
        wants_templates: false,
        probed: BTreeSet::new(),
    };
    while round.dispatches.len() < senders && round.claim_heads(senders - round.dispatches.len()).await? {}
    let Claiming { write, dispatches, changes, wants_templates, .. } = round;
    if changes.is_empty() {
        // Nothing was written.
        return Ok((0..senders).map(|_| None).collect());
    }
    write.commit().await?;
    system.bus().publish(changes);
    if wants_templates {
        system.wakes().templates.notify_one();
    }
    if dispatches.len() == senders {
        // There may be more: another sender takes it while these wait for the network.
        system.wakes().sender.notify_one();
    }
    Ok(dispatches.into_iter().map(Some).chain(std::iter::repeat_with(|| None)).take(senders).collect())
}

/// One transaction of claims.
struct Claiming<'s> {
    system: &'s System,
    write: Write,
    now: Timestamp,
    connections: BTreeMap<ConnectionId, Option<Arc<Connection>>>,
    dispatches: Vec<Dispatch>,
    changes: Vec<Change>,
    wants_templates: bool,
    /// Held numbers of which an entry goes as a probe.
    probed: BTreeSet<ConnectionId>,
}

/// An entry that passed every rule, with what is asked of the provider.
struct Passed {
    claimed: Claimed,
    connection: Arc<Connection>,
    provider: Arc<dyn Provider>,
    request: WireRequest,
}

impl Claiming<'_> {
    /// Claims what may go of the entries that are due. `false` where none is due.
    async fn claim_heads(&mut self, room: usize) -> Result<bool> {
        let heads = match self.write.heads(self.now, room).await {
            Ok(heads) if heads.is_empty() => return Ok(false),
            Ok(heads) => heads,
            Err(StoreError::Corrupt { table: "outbox", column, key, .. }) => {
                self.refuse_unreadable(EntryId(key), column).await?;
                return Ok(true);
            }
            Err(error) => return Err(error.into()),
        };
        let mut paces = self.write.paces(&heads, self.now, Rate::PAIR.horizon()).await?;
        let mut passed = vec![];
        for head in heads {
            let thread = head.thread;
            match self.decide(head, &paces).await? {
                Some(one) => {
                    paces.goes(&one.claimed, self.now);
                    passed.push(one);
                }
                None => self.changes.extend([Change::Outbox, Change::Thread(thread)]),
            }
        }
        let shown: Vec<String> = passed.iter().map(|one| one.request.attempt_text()).collect();
        let rows: Vec<_> = passed.iter().map(|one| &one.claimed).zip(shown.iter().map(String::as_str)).collect();
        let attempts = self.write.begin_attempts(&rows, self.now, LEASE).await?;
        for (Passed { claimed, connection, provider, request }, attempt) in passed.into_iter().zip(attempts) {
            self.changes.extend([Change::Outbox, Change::Thread(claimed.thread)]);
            self.dispatches.push(Dispatch { claimed, attempt, connection, provider, request });
        }
        Ok(true)
    }

    /// Asks every rule about one entry. `None`: it was refused, or held until a time, or for a person.
    async fn decide(&mut self, mut claimed: Claimed, paces: &Paces) -> Result<Option<Passed>> {
        let (system, now) = (self.system, self.now);
        let connection = match self.connection(claimed.connection).await {
            Ok(connection) => connection,
            // The watcher tells people; the other numbers go on.
            Err(StoreError::Corrupt { .. }) => {
                self.write.hold_entry(claimed.entry, None, now.plus(UNREADABLE_RESTS)).await?;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let provider = connection.as_ref().and_then(|connection| system.providers().get(&connection.provider));
        let (Some(connection), Some(provider)) = (connection, provider.cloned()) else {
            let failure = Failure::own(
                FailureClass::Setup,
                "Not connected",
                "The number is disconnected, or this build does not support its provider. Nothing was sent.",
                "Connect it again, then retry.",
            );
            self.refuse(&claimed, &failure).await?;
            return Ok(None);
        };
        if let Some(failure) = forbidden(&claimed, now).or_else(|| template_withdrawn(system, &claimed)) {
            self.refuse(&claimed, &failure).await?;
            return Ok(None);
        }
        if let Some(failure) = held_by_other(&claimed, now) {
            self.write.hold_for_person(claimed.entry, &failure).await?;
            self.write.wait(claimed.thread, "a message waits: another app owns the conversation", now).await?;
            return Ok(None);
        }
        match still_wanted(system, &mut self.write, &claimed).await? {
            MarketingConsent::Yes => {}
            MarketingConsent::No(failure) => {
                self.refuse(&claimed, &failure).await?;
                return Ok(None);
            }
            MarketingConsent::NotKnownYet => {
                self.write.await_list(claimed.entry, now.plus(LIST_COMES)).await?;
                self.wants_templates = true;
                return Ok(None);
            }
        }
        if let Some(held) = &claimed.held {
            let probe_at = if self.probed.contains(&claimed.connection) { now.plus(LEASE) } else { held.probe_at };
            if probe_at > now {
                self.write.hold_due(claimed.connection, probe_at, Some(claimed.entry), now).await?;
                return Ok(None);
            }
            // It goes to see whether the number may send again; the others wait for how it ends.
            self.write.probe_at(claimed.connection, now.plus(LEASE)).await?;
            self.probed.insert(claimed.connection);
        }
        let pace = paces.of(&claimed);
        if let Some(then) = claimed.outgoing.at.take().filter(|then| *then > now) {
            if !may_hand_over(&connection, provider.scheduling_limits(&connection), &claimed, &pace, (then, now)) {
                // It is kept here, and every rule is asked again at its time.
                self.write.hold_entry(claimed.entry, None, then).await?;
                return Ok(None);
            }
            claimed.outgoing.at = Some(then);
        }
        if let Some((hold, until)) = too_early(&connection, provider.rate(&connection), &claimed, &pace, now) {
            self.write.hold_entry(claimed.entry, Some(hold), until).await?;
            return Ok(None);
        }
        let request = provider.compose(&connection, &claimed.outgoing);
        Ok(Some(Passed { claimed, connection, provider, request }))
    }

    async fn connection(&mut self, id: ConnectionId) -> Result<Option<Arc<Connection>>, StoreError> {
        if let Some(known) = self.connections.get(&id) {
            return Ok(known.clone());
        }
        let connection = self.system.store().connection(id).await?.map(Arc::new);
        self.connections.insert(id, connection.clone());
        Ok(connection)
    }

    async fn refuse(&mut self, claimed: &Claimed, failure: &Failure) -> Result<(), StoreError> {
        let (write, now) = (&mut self.write, self.now);
        write.end_entry(claimed.entry, EntryState::Failed, Some(failure), None, now).await?;
        write.fail_message(claimed.message, failure, now).await?;
        let kind = AlertKind::SendRefused;
        failure_reaches_people(self.system, write, kind, claimed.thread, claimed.entry, failure, now).await?;
        self.changes.push(Change::Alerts);
        Ok(())
    }

    /// An entry whose row holds what cannot be read cannot be sent; the next ones can.
    async fn refuse_unreadable(&mut self, entry: EntryId, column: &str) -> Result<()> {
        let changes = refuse_unreadable(self.system, &mut self.write, (entry, column), self.now).await?;
        self.changes.extend(changes);
        Ok(())
    }
}

/// Fails an entry whose row cannot be read, with an alert. Returns what that changes.
pub(crate) async fn refuse_unreadable(
    system: &System,
    write: &mut Write,
    (entry, column): (EntryId, &str),
    now: Timestamp,
) -> Result<Vec<Change>, StoreError> {
    let Some((_, message, thread, _)) = write.entry_state(entry).await? else { return Ok(vec![]) };
    let failure = Failure::own(
        FailureClass::Request,
        "Row cannot be read",
        format!("The database row of this message cannot be read (column {column}). Nothing was sent."),
        "Write it again.",
    );
    write.end_entry(entry, EntryState::Failed, Some(&failure), None, now).await?;
    write.fail_message(message, &failure, now).await?;
    failure_reaches_people(system, write, AlertKind::SendRefused, thread, entry, &failure, now).await?;
    Ok(vec![Change::Outbox, Change::Thread(thread), Change::Alerts])
}

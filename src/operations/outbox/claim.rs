//! Claims due outbox entries. Every rule is checked again just before sending; each entry that passes gets a lease
//! and a recorded attempt. All waiting senders share one transaction.

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
use crate::operations::outbox::last_checks::{
    can_schedule_at_provider, forbidden, held_by_other, template_withdrawn, too_early,
};
use crate::operations::outbox::send_message::marketing::{MarketingConsent, check_marketing_consent};
use crate::operations::{OperationError, Result, System};
use crate::provider::{Provider, WireRequest};
use crate::store::{Claimed, Paces, StoreError, Write};

/// Lease on an outbox entry. It is longer than any request may take, so an expired lease means that its process died.
pub(crate) const LEASE: Duration = Duration::from_secs(90);

/// How long a message is held if the row of its connection cannot be read.
const UNREADABLE_RESTS: Duration = Duration::from_secs(300);

/// How long a template message is held while the template list is unknown, which tells whether the template is
/// marketing.
const LIST_COMES: Duration = Duration::from_secs(30);

/// Maximum number of entries claimed in one transaction.
const MOST: usize = 64;

/// A claimed entry, to be sent now.
pub struct Dispatch {
    pub(crate) claimed: Claimed,
    pub(crate) attempt: AttemptId,
    pub(crate) connection: Arc<Connection>,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) request: WireRequest,
}

impl std::fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatch").field("entry", &self.claimed.entry).finish_non_exhaustive()
    }
}

/// Claims the next entry that is due and allowed; `None` if there is none now.
pub(crate) async fn claim_next(system: &System) -> Result<Option<Dispatch>> {
    let one_each = |waiting: Vec<Arc<()>>| async move {
        let claimed = claim(system, waiting.len()).await?;
        Ok::<_, OperationError>(
            claimed.into_iter().map(Some).chain(std::iter::repeat_with(|| None)).take(waiting.len()).collect(),
        )
    };
    system.shared.claims.join((), MOST, one_each).await
}

/// Claims up to `limit` entries that are due and allowed, in one transaction.
pub(crate) async fn claim(system: &System, limit: usize) -> Result<Vec<Dispatch>> {
    // If the clock jumped, stored times are corrected before any entry is held or released.
    crate::operations::monitoring::pulse::clock(system).await?;
    let now = system.now();
    if system.store().next_entry_due(now).await?.is_none_or(|due| due > now) {
        return Ok(vec![]);
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
    while round.dispatches.len() < limit && round.claim_heads(limit - round.dispatches.len()).await? {}
    let Claiming { write, dispatches, changes, wants_templates, .. } = round;
    if changes.is_empty() {
        // Nothing was written.
        return Ok(vec![]);
    }
    write.commit().await?;
    system.bus().publish(changes);
    if wants_templates {
        system.wakeups().templates.notify_one();
    }
    Ok(dispatches)
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
    /// Held numbers of which this transaction sends one entry as a probe.
    probed: BTreeSet<ConnectionId>,
}

/// An entry that passed every rule, with its request to the provider.
struct Passed {
    claimed: Claimed,
    connection: Arc<Connection>,
    provider: Arc<dyn Provider>,
    request: WireRequest,
}

impl Claiming<'_> {
    /// Claims the due entries that are allowed. Returns `false` if none is due.
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
        self.load_connections(&heads).await?;
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

    /// Checks every rule for one entry. Returns `None` if the entry was refused or held.
    async fn decide(&mut self, mut claimed: Claimed, paces: &Paces) -> Result<Option<Passed>> {
        let (system, now) = (self.system, self.now);
        let connection = match self.connection(claimed.connection).await {
            Ok(connection) => connection,
            // The watcher raises the alert; the other numbers continue.
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
        if let Some(failure) = forbidden(&claimed, now).or_else(|| template_withdrawn(system, &claimed, now)) {
            self.refuse(&claimed, &failure).await?;
            return Ok(None);
        }
        if let Some(failure) = held_by_other(&claimed, now) {
            self.write.hold_for_person(claimed.entry, &failure).await?;
            self.write.wait(claimed.thread, "a message waits: another app owns the conversation", now).await?;
            return Ok(None);
        }
        match check_marketing_consent(system, &mut self.write, &claimed).await? {
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
            // This entry is sent as a probe of the held number; the others wait for its outcome.
            self.write.probe_at(claimed.connection, now.plus(LEASE)).await?;
            self.probed.insert(claimed.connection);
        }
        let pace = paces.of(&claimed);
        if let Some(then) = claimed.outgoing.at.take().filter(|then| *then > now) {
            if !can_schedule_at_provider(
                &connection,
                provider.scheduling_limits(&connection),
                &claimed,
                &pace,
                (then, now),
            ) {
                // wadeck keeps the entry and checks every rule again at its time.
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

    /// Loads the connections of entries at once. One that cannot be read is left to be loaded by itself.
    async fn load_connections(&mut self, heads: &[Claimed]) -> Result<(), StoreError> {
        let unknown: BTreeSet<_> = heads.iter().map(|head| head.connection).collect();
        if unknown.iter().filter(|id| !self.connections.contains_key(id)).count() > 1 {
            let known = self.system.store().connections().await?.into_iter();
            self.connections.extend(known.map(|known| (known.id, Some(Arc::new(known)))));
        }
        Ok(())
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

    /// Fails an entry whose row cannot be read, so that the next entries can be sent.
    async fn refuse_unreadable(&mut self, entry: EntryId, column: &str) -> Result<()> {
        let changes = refuse_unreadable(self.system, &mut self.write, (entry, column), self.now).await?;
        self.changes.extend(changes);
        Ok(())
    }
}

/// Fails an entry whose row cannot be read, and raises an alert. Returns the changes to publish.
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

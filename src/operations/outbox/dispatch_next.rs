//! The sender's step: claim the head of a thread's queue, let go of the database, send, settle.

use std::time::{Duration, Instant};

use crate::domain::change::Change;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::ids::EntryId;
use crate::domain::message::content::Content;
use crate::domain::message::window;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Connection;
use crate::domain::outbox::entry::EntryState;
use crate::domain::outbox::limits::{Hold, Rate};
use crate::domain::outbox::scheduling::SchedulingLimits;
use crate::domain::time::Timestamp;
use crate::operations::monitoring::metrics::Family;
use crate::operations::outbox::failure_alerts::failure_reaches_people;
use crate::operations::outbox::send_message::marketing::{MarketingConsent, still_wanted};
use crate::operations::outbox::settle::settle_attempt;
use crate::operations::{Result, System};
use crate::store::{Claimed, Pace, StoreError, Write};

/// Longer than any request may take: who still holds an entry then is dead.
pub(crate) const LEASE: Duration = Duration::from_secs(90);

/// How long a message waits whose connection cannot be read.
const UNREADABLE_RESTS: Duration = Duration::from_secs(300);

/// How long a template waits for the list that says of which kind it is.
const LIST_COMES: Duration = Duration::from_secs(30);

/// Sends the next entry that is due and allowed. `false` when there is none now.
pub async fn send_next(system: &System) -> Result<bool> {
    loop {
        // What went by another clock counts by this one before anything is held or let go.
        crate::operations::monitoring::pulse::clock(system).await?;
        let now = system.now();
        let mut write = system.store().write().await?;
        let mut claimed = match write.head(now).await {
            Ok(Some(claimed)) => claimed,
            Ok(None) => return Ok(false),
            Err(StoreError::Corrupt { table: "outbox", column, key, .. }) => {
                refuse_unreadable(system, write, (EntryId(key), column), now).await?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let connection = match system.store().connection(claimed.connection).await {
            Ok(connection) => connection,
            // The watcher tells people; the other numbers go on.
            Err(StoreError::Corrupt { .. }) => {
                write.hold_entry(claimed.entry, None, now.plus(UNREADABLE_RESTS)).await?;
                write.commit().await?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let provider = connection.as_ref().and_then(|connection| system.providers().get(&connection.provider));
        let (Some(connection), Some(provider)) = (connection.as_ref(), provider) else {
            let failure = Failure::own(
                FailureClass::Setup,
                "Not connected",
                "The number is disconnected, or this build does not support its provider. Nothing was sent.",
                "Connect it again, then retry.",
            );
            refuse(system, write, &claimed, &failure, now).await?;
            continue;
        };
        if let Some(failure) = forbidden(&claimed, now).or_else(|| template_withdrawn(system, &claimed)) {
            refuse(system, write, &claimed, &failure, now).await?;
            continue;
        }
        if let Some(failure) = held_by_other(&claimed, now) {
            write.hold_for_person(claimed.entry, &failure).await?;
            write.wait(claimed.thread, "a message waits: another app owns the conversation", now).await?;
            write.commit().await?;
            system.bus().publish([Change::Outbox, Change::Thread(claimed.thread)]);
            continue;
        }
        match still_wanted(system, &mut write, &claimed).await? {
            MarketingConsent::Yes => {}
            MarketingConsent::No(failure) => {
                refuse(system, write, &claimed, &failure, now).await?;
                continue;
            }
            MarketingConsent::NotKnownYet => {
                write.await_list(claimed.entry, now.plus(LIST_COMES)).await?;
                write.commit().await?;
                system.bus().publish([Change::Outbox, Change::Thread(claimed.thread)]);
                system.wakes().templates.notify_one();
                continue;
            }
        }
        if let Some(held) = &claimed.held {
            if held.probe_at > now {
                write.hold_due(claimed.connection, held.probe_at, Some(claimed.entry), now).await?;
                write.commit().await?;
                system.bus().publish([Change::Outbox, Change::Thread(claimed.thread)]);
                continue;
            }
            // It goes to see whether the number may send again; the others wait for how it ends.
            write.probe_at(claimed.connection, now.plus(LEASE)).await?;
        }
        let pace = write.pace(&claimed, now, Rate::PAIR.horizon()).await?;
        if let Some(then) = claimed.outgoing.at.take().filter(|then| *then > now) {
            if !may_hand_over(connection, provider.ahead(connection), &claimed, &pace, (then, now)) {
                // It is kept here, and every rule is asked again at its time.
                write.hold_entry(claimed.entry, None, then).await?;
                write.commit().await?;
                continue;
            }
            claimed.outgoing.at = Some(then);
        }
        if let Some((hold, until)) = too_early(connection, provider.rate(connection), &claimed, &pace, now) {
            write.hold_entry(claimed.entry, Some(hold), until).await?;
            write.commit().await?;
            system.bus().publish([Change::Outbox, Change::Thread(claimed.thread)]);
            continue;
        }
        let request = provider.compose(connection, &claimed.outgoing);
        let attempt = write.begin_attempt(&claimed, &request.shown(), now, LEASE).await?;
        write.commit().await?;
        // Another sender may take the next thread while this one waits for the network.
        system.wakes().sender.notify_one();
        system.bus().publish([Change::Outbox, Change::Thread(claimed.thread)]);

        let began = Instant::now();
        let report = provider.send(connection, &request).await;
        system.timed(Family::AttemptTimes, vec![("connection", connection.name.clone())], began.elapsed());
        settle_attempt(system, &claimed, attempt, report).await?;
        system.wakes().sender.notify_one();
        return Ok(true);
    }
}

/// What must not be sent, is not: checked again at the last moment.
fn forbidden(claimed: &Claimed, now: Timestamp) -> Option<Failure> {
    if claimed.opted_out {
        return Some(Failure::own(
            FailureClass::Policy,
            "Opted out",
            "The contact opted out.",
            "Wait until the contact opts in.",
        ));
    }
    if claimed.outgoing.content.media().is_some_and(|media| media.id.is_empty()) {
        return Some(Failure::own(
            FailureClass::Request,
            "File missing",
            "The file of this message was deleted, so it could not be uploaded. Nothing was sent.",
            "Send the file again.",
        ));
    }
    (claimed.freeform && !window::is_open(claimed.window_closes_at, now)).then(|| {
        Failure::own(
            FailureClass::Window,
            "Service window closed",
            "The window closed before the message was sent. Nothing was sent.",
            "Send an approved template. The window opens when the contact replies.",
        )
    })
}

/// Why a free message waits for a person: another app took the conversation since it was written, and sending would
/// take it back unasked. A template takes nothing over.
fn held_by_other(claimed: &Claimed, now: Timestamp) -> Option<Failure> {
    let held = claimed.held_elsewhere.as_ref().filter(|held| held.is_current(now))?;
    (claimed.freeform && !claimed.outgoing.take_over).then(|| {
        Failure::own(
            FailureClass::Policy,
            Failure::ANOTHER_APP,
            format!(
                "{} took the conversation at the provider after this was written. Sending takes it over.",
                held.who()
            ),
            "Discard it, or release it to take the conversation over.",
        )
    })
}

/// Why a template that could be sent when it was queued cannot be sent any more, as far as the list that
/// was fetched last shows. What no list shows is left to the provider.
fn template_withdrawn(system: &System, claimed: &Claimed) -> Option<Failure> {
    let Content::Template { name, language, .. } = &claimed.outgoing.content else { return None };
    let lists = system.templates();
    let template = lists.get(&claimed.connection)?.named(name, language)?;
    (!template.status.can_send()).then(|| {
        let why = format!(
            "Template {} ({}) is {} according to the provider. Nothing was sent.",
            template.name.line(),
            template.language.line(),
            template.status.name()
        );
        Failure::own(FailureClass::Template, "Template not approved", why, "Send another template.")
    })
}

/// Whether the provider may have it now, to send it then.
fn may_hand_over(
    connection: &Connection,
    ahead: Option<SchedulingLimits>,
    claimed: &Claimed,
    pace: &Pace,
    (then, now): (Timestamp, Timestamp),
) -> bool {
    !claimed.freeform
        && ahead.is_some_and(|ahead| ahead.takes(then, now))
        && hour(connection, claimed, pace, then) <= then
}

/// When the hourly policy lets go what would go at a time. What is to go later counts like what has gone.
fn hour(connection: &Connection, claimed: &Claimed, pace: &Pace, when: Timestamp) -> Timestamp {
    const HOUR: Duration = Duration::from_secs(3_600);
    if !connection.settings.hourly_policy || !claimed.business_initiated {
        return when;
    }
    let near = pace.business_initiated.iter().filter(|other| other.plus(HOUR) > when && when.plus(HOUR) > **other);
    near.map(|other| other.plus(HOUR)).max().unwrap_or(when)
}

/// The rule that holds the entry back longest, and until when.
fn too_early(
    connection: &Connection,
    rate: Rate,
    claimed: &Claimed,
    pace: &Pace,
    now: Timestamp,
) -> Option<(Hold, Timestamp)> {
    let number = rate.ready_at(&pace.connection, now);
    let pair = Rate::PAIR.ready_at(&pace.pair, now);
    let hour = hour(connection, claimed, pace, now);
    // What is handed over ahead has been asked about its own time.
    let ahead = claimed.outgoing.at.is_some();
    [(Hold::HourlyPolicy, hour), (Hold::PairRate, pair), (Hold::ConnectionRate, number)]
        .into_iter()
        .filter(|(hold, _)| !ahead || *hold == Hold::ConnectionRate)
        .filter(|(_, until)| *until > now)
        .max_by_key(|(_, until)| *until)
}

/// An entry whose row holds what cannot be read cannot be sent; the next ones can.
async fn refuse_unreadable(
    system: &System,
    mut write: Write,
    (entry, column): (EntryId, &str),
    now: Timestamp,
) -> Result<()> {
    let Some((_, message, thread, _)) = write.entry_state(entry).await? else { return Ok(()) };
    let failure = Failure::own(
        FailureClass::Request,
        "Row cannot be read",
        format!("The database row of this message cannot be read (column {column}). Nothing was sent."),
        "Write it again.",
    );
    write.end_entry(entry, EntryState::Failed, Some(&failure), None, now).await?;
    write.fail_message(message, &failure, now).await?;
    failure_reaches_people(system, &mut write, AlertKind::SendRefused, thread, entry, &failure, now).await?;
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Thread(thread), Change::Alerts]);
    Ok(())
}

async fn refuse(
    system: &System,
    mut write: Write,
    claimed: &Claimed,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), StoreError> {
    write.end_entry(claimed.entry, EntryState::Failed, Some(failure), None, now).await?;
    write.fail_message(claimed.message, failure, now).await?;
    failure_reaches_people(system, &mut write, AlertKind::SendRefused, claimed.thread, claimed.entry, failure, now)
        .await?;
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Thread(claimed.thread), Change::Alerts]);
    Ok(())
}

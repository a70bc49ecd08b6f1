//! The watcher's step, once a minute: raises alerts about conditions that would otherwise go unnoticed, and clears
//! those that are over.

use std::time::Duration;

use crate::domain::change::Change;
use crate::domain::ids::ConnectionId;
use crate::domain::message::media::size;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Check, Connection};
use crate::domain::time::{Timestamp, short_span};
use crate::operations::inbound::backfill::watch_gaps;
use crate::operations::integrations::wrong_tokens::clear_if_rare;
use crate::operations::monitoring::conditions::condition;
use crate::operations::numbers::canary::watch_canaries;
use crate::operations::{Result, System};

/// Maximum tolerated clock difference.
pub(crate) const SKEW: Duration = Duration::from_secs(30);

/// Number of failed messages within `FAILING_WITHIN` that raises one alert about their connection.
const FAILING: u32 = 5;
const FAILING_WITHIN: Duration = Duration::from_secs(900);
/// How often a check that passes is repeated.
const PROVED_AGAIN: Duration = Duration::from_secs(600);

/// Checks queue, disk and silent numbers, sends test webhooks, runs backfills, and runs the alert command.
pub async fn watch(system: &System) -> Result<()> {
    clear_if_rare(system).await?;
    let now = system.now();
    let counts = system.store().counts().await?;
    crate::operations::monitoring::metrics::lag::note_lag(system, counts.oldest_pending_at).await?;
    let oldest = system.store().oldest_due(now).await?;
    let free = system.store().files().free();
    let connections = system.store().connections().await?;
    let checks = system.store().checks().await?;
    let config = system.config();
    let mut wanted: Vec<(AlertKind, String, Option<String>)> = vec![];
    let old: Vec<(ConnectionId, Timestamp)> =
        oldest.into_iter().filter(|(_, since)| now.since(*since) > config.queue).collect();
    let named =
        |id: ConnectionId| connections.iter().find(|one| one.id == id).map_or(id.to_string(), |one| one.name.clone());
    let queue = old.iter().min_by_key(|(_, since)| *since).map(|(id, since)| {
        format!(
            "Messages are overdue: {} queued, the oldest of {} due for {}.",
            counts.queued,
            named(*id),
            short_span(now.since(*since))
        )
    });
    wanted.push((AlertKind::Queue, "outbox".to_owned(), queue));
    let disk = free.filter(|free| *free < config.least_free).map(|free| {
        format!("The disk has {} left. When it is full, files are not downloaded and webhooks get 503.", size(free))
    });
    wanted.push((AlertKind::Disk, "disk".to_owned(), disk));
    wanted.push((AlertKind::UnreadableRows, "database".to_owned(), unreadable_rows(system).await?));
    wanted.push((AlertKind::Waiting, "threads".to_owned(), waiting(system, now).await?));
    wanted.push((AlertKind::Closing, "threads".to_owned(), closing(system, now).await?));
    let failures = system.store().failures_since(now.minus(FAILING_WITHIN)).await?;
    let mut proved = vec![];
    for connection in &connections {
        let known = |check| {
            checks.iter().find(|(of, result)| *of == connection.id && result.check == check).map(|(_, result)| result)
        };
        let works = old.iter().all(|(id, _)| *id != connection.id);
        if known(Check::Outbox).is_none_or(|result| result.works != works || now.since(result.at) >= PROVED_AGAIN) {
            proved.push((connection.id, works));
        }
        let silent = silence(connection, known(Check::Inbound).map(|result| result.at), system.started_at(), now);
        wanted.push((AlertKind::Silent, connection.id.to_string(), silent));
        let failing = failures.iter().find(|(of, failed, ..)| *of == connection.id && *failed >= FAILING);
        let failing = failing.map(|(_, failed, code, of_code)| {
            let why = match code.as_str() {
                "" => String::new(),
                code if of_code * 2 > *failed => format!(", mostly with {code} ({of_code} of {failed})"),
                code => format!(", most often with {code} ({of_code} of {failed})"),
            };
            format!(
                "{failed} messages of {} failed within {}{why}. Check them before you send more.",
                connection.name,
                short_span(FAILING_WITHIN)
            )
        });
        wanted.push((AlertKind::Failing, connection.id.to_string(), failing));
    }
    let lasting = system.store().conditions().await?;
    wanted.retain(|(kind, subject, said)| said.is_some() || lasting.contains(&kind.condition_name(subject)));
    // Nothing is written while nothing has changed.
    if !wanted.is_empty() || !proved.is_empty() {
        let mut write = system.store().write().await?;
        let mut changes: Vec<Change> = proved.iter().map(|(connection, _)| Change::Connection(*connection)).collect();
        for (connection, works) in proved {
            let note = if works { "due messages are sent" } else { "due messages are not sent" };
            write.record_check(connection, Check::Outbox, now, works, note).await?;
        }
        for (kind, subject, said) in wanted {
            condition(&mut write, kind, &subject, said, now).await?;
            changes.push(Change::Alerts);
        }
        write.commit().await?;
        changes.dedup();
        system.bus().publish(changes);
    }
    crate::operations::outbox::outage::watch_outages(system).await?;
    watch_canaries(system).await?;
    watch_gaps(system).await?;
    crate::operations::monitoring::notify_alerts::run_alert_commands(system).await
}

/// Returns a text about database rows that cannot be read and are ignored; `None` if there are none.
async fn unreadable_rows(system: &System) -> Result<Option<String>> {
    let store = system.store();
    let mut found = store.unreadable_connections().await?;
    found.extend(store.unreadable_assignments().await?);
    found.extend(store.unreadable_setups().await?);
    found.extend(store.unreadable_stops().await?);
    let Some(first) = found.first() else { return Ok(None) };
    let count = match found.len() {
        1 => "A database row cannot be read and is ignored".to_owned(),
        count => format!("{count} database rows cannot be read and are ignored"),
    };
    Ok(Some(format!("{count}: {first}. Restore a backup, or correct the row.")))
}

/// Returns a text about contacts who wait for a person for too long; `None` if there are none.
async fn waiting(system: &System, now: Timestamp) -> Result<Option<String>> {
    let Some(patience) = system.config().waiting else { return Ok(None) };
    let Some((count, thread, since)) = system.store().waiting_since_before(now.minus(patience)).await? else {
        return Ok(None);
    };
    let who = system.store().thread(thread).await?.map_or_else(|| thread.to_string(), |row| row.contact.display_name());
    let others = if count == 1 { String::new() } else { format!(", and {} more for too long", count - 1) };
    Ok(Some(format!("{who} waits for a person for {}{others}. W lists who waits.", short_span(now.since(since)))))
}

/// Returns a text about the next service window that closes while the contact waits; afterwards only a template can
/// be sent.
async fn closing(system: &System, now: Timestamp) -> Result<Option<String>> {
    let Some(margin) = system.config().closing else { return Ok(None) };
    let rows = system.store().closing(now, 1).await?;
    let next = rows.first().and_then(|row| row.window_closes_at.map(|closes| (row, closes)));
    Ok(next.filter(|(_, closes)| closes.since(now) < margin).map(|(row, closes)| {
        format!(
            "{} waits for a reply, and the service window closes in {}. After that only a template can be sent. g r lists expiring windows.",
            row.contact.display_name(),
            short_span(closes.since(now))
        )
    }))
}

/// Returns a text if a number that usually receives messages has received none for too long.
fn silence(connection: &Connection, last: Option<Timestamp>, started: Timestamp, now: Timestamp) -> Option<String> {
    let after = connection.settings.silent_after;
    let since = last.unwrap_or(started);
    (!after.is_zero() && now.since(since) > after).then(|| {
        format!(
            "No message for {} for {}; more than {} is unusual. Request a test webhook, and check the provider.",
            connection.name,
            short_span(now.since(since)),
            short_span(after)
        )
    })
}

//! Find what was never pushed to us: the provider's own list is compared with what arrived, and what
//! is missing is filled in, marked as filled, and never answered by an agent as if it were new.

use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::ConnectionId;
use crate::domain::inbound::event::{Direction, InboundEvent, MessageEvent, Origin};
use crate::domain::key::message_key;
use crate::domain::message::status::DeliveryRecord;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Connection;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::time::Timestamp;
use crate::operations::inbound::apply_event::apply_event;
use crate::operations::inbound::effects::{Effects, Source};
use crate::operations::{Result, System, require};
use crate::store::{NewAlert, Write};

/// A push may be under way for so long.
const UNDER_WAY: Duration = Duration::from_secs(120);
/// Where nothing was compared before, so far back.
const FIRST_LOOK: Duration = Duration::from_secs(3 * 86_400);
/// Lists lag: the last comparison is overlapped by this.
const OVERLAP: Duration = Duration::from_secs(1_800);
/// Pages of a hundred, at most, in one go.
const PAGES: usize = 20;

pub(crate) async fn fill_now(system: &System, actor: &Actor, connection: ConnectionId) -> Result<Done> {
    require(actor, Permission::FillGaps)?;
    let Some(connection) = system.store().connection(connection).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Connection {connection} not found."), "").into());
    };
    let said = fill(system, &connection).await?;
    Ok(Done { message: said, created_id: None })
}

/// The watcher's step: every connection whose comparison is due.
pub(crate) async fn watch_gaps(system: &System) -> Result<()> {
    let Some(every) = system.desk().fill else { return Ok(()) };
    // What waited at the provider while nobody listened comes by itself first.
    if system.now().since(system.started_at()) < UNDER_WAY {
        return Ok(());
    }
    for connection in system.store().connections().await? {
        let last = system.store().last_backfill(connection.id).await?;
        if last.is_none_or(|last| system.now().since(last) >= every) {
            fill(system, &connection).await?;
        }
    }
    Ok(())
}

async fn fill(system: &System, connection: &Connection) -> Result<String> {
    let Some(provider) = system.providers().get(&connection.provider) else {
        return Ok("This build does not support its provider.".to_owned());
    };
    let now = system.now();
    let last = system.store().last_backfill(connection.id).await?;
    let since = last.map_or(now.minus(FIRST_LOOK), |last| last.minus(OVERLAP));
    let (mut listed, mut missing, mut behind) = (0, vec![], vec![]);
    let mut after: Option<String> = None;
    for _ in 0..PAGES {
        let page = match provider.listed(connection, after.as_deref(), now).await {
            Ok(page) => page,
            Err(trouble) => {
                return Ok(format!("{}: the provider's list could not be read: {}.", connection.name, trouble.line()));
            }
        };
        listed += page.messages.len();
        let oldest = page.messages.iter().map(|message| message.sent_at).min();
        for message in page.messages {
            if message.test || now.since(message.sent_at) <= UNDER_WAY {
                continue;
            }
            let key = message_key(connection.id, &message.provider_message_id);
            if let Some(standing) = system.store().standing_of(&key).await? {
                // However old it is: its fate may be of today.
                if message.statuses.iter().fold(standing.clone(), DeliveryRecord::merge) != standing {
                    behind.push(message);
                }
            } else if message.sent_at >= since && !system.store().is_known(&key).await? {
                missing.push(message);
            }
        }
        after = page.next;
        if after.is_none() || oldest.is_none_or(|oldest| oldest < since) {
            break;
        }
    }
    // The oldest first, as they were written.
    missing.sort_by_key(|message| message.sent_at);
    let filled = write_down(system, connection, missing, listed, now).await?;
    let told = catch_up(system, connection, behind, now).await?;
    let of = |count: usize| if count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
    let what = match (filled, told) {
        (0, 0) => format!("nothing is missing; {} were compared", of(listed)),
        (0, told) => format!("the fate of {} had not been pushed and is written down", of(told)),
        (filled, 0) => format!("{} had not been pushed and stand here now, marked as filled", of(filled)),
        (filled, told) => {
            format!("{}, and the fate of {}, had not been pushed and are written down", of(filled), of(told))
        }
    };
    Ok(format!("{}: {what}.", connection.name))
}

/// One that cannot be applied stands in nobody's way.
async fn apply_listed(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    message: MessageEvent,
    now: Timestamp,
    effects: &mut Effects,
) -> Result<bool> {
    let event = InboundEvent::Message(Box::new(message));
    write.savepoint().await?;
    let done = match apply_event(system, write, &Source::listed(connection, now), &event, effects).await {
        Ok(outcome) => outcome.is_ok(),
        Err(error) if error.is_about_values() => false,
        Err(error) => return Err(error.into()),
    };
    if done {
        write.release_savepoint().await?;
    } else {
        write.rollback_to_savepoint().await?;
    }
    Ok(done)
}

/// Statuses that the list has and that did not come. They may still be under way: nobody is alarmed.
async fn catch_up(
    system: &System,
    connection: &Connection,
    behind: Vec<MessageEvent>,
    now: Timestamp,
) -> Result<usize> {
    if behind.is_empty() {
        return Ok(0);
    }
    let mut effects = Effects::default();
    let mut write = system.store().write().await?;
    let mut told = 0;
    for message in behind {
        told += usize::from(apply_listed(system, &mut write, connection, message, now, &mut effects).await?);
    }
    write.commit().await?;
    system.bus().publish(effects.changes.iter().copied());
    Ok(told)
}

async fn write_down(
    system: &System,
    connection: &Connection,
    missing: Vec<MessageEvent>,
    listed: usize,
    now: Timestamp,
) -> Result<usize> {
    let mut effects = Effects::default();
    let mut filled = 0;
    let mut write = system.store().write().await?;
    for mut message in missing {
        if message.direction == Direction::Inbound && message.origin == Origin::Api {
            message.origin = Origin::Filled;
        }
        filled += usize::from(apply_listed(system, &mut write, connection, message, now, &mut effects).await?);
    }
    let said = format!("{filled} of {listed} were missing");
    write.record_backfill(connection.id, now, listed, filled, &said).await?;
    if filled > 0 {
        let said = format!(
            "{}: {filled} message(s) were never pushed to us and were found in the provider's list. Agents do not answer them: look at who waits.",
            connection.name
        );
        let subject = connection.id.to_string();
        write.raise(&NewAlert { kind: AlertKind::Gap, subject: &subject, said: &said, thread: None }, now).await?;
        effects.changes.push(Change::Alerts);
    }
    write.commit().await?;
    system.bus().publish(effects.changes.iter().copied());
    if effects.files {
        system.wakes().fetcher.notify_one();
    }
    Ok(filled)
}

//! Backfills messages whose webhooks never arrived: compares the provider's message list with what is stored, and
//! adds what is missing. Added messages are marked as backfilled, and agents do not answer them.

use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::ConnectionId;
use crate::domain::inbound::event::{Direction, InboundEvent, MessageEvent, Origin};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Connection;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::time::Timestamp;
use crate::operations::inbound::apply::apply_alone;
use crate::operations::inbound::backfill_conversations::{Pass, keep, read_conversations};
use crate::operations::inbound::comparison::{Comparison, UNDER_WAY};
use crate::operations::inbound::effects::{Effects, Source};
use crate::operations::{Result, System, require};
use crate::provider::conversations::{Conversations, may_try_other_list};
use crate::provider::{Provider, ProviderError};
use crate::store::{NewAlert, Write};

/// How far the first comparison of a connection reaches back.
const FIRST_LOOK: Duration = Duration::from_secs(3 * 86_400);
/// Overlap with the previous comparison, because the provider's lists lag.
const OVERLAP: Duration = Duration::from_secs(1_800);
/// Maximum number of list pages per backfill, with a hundred messages each.
const PAGES: usize = 20;
/// Maximum number of messages stored in one transaction.
const AT_ONCE: usize = 200;

/// Backfills one connection now, on request of a person.
pub(crate) async fn fill_now(system: &System, actor: &Actor, connection: ConnectionId) -> Result<Done> {
    require(actor, Permission::Backfill)?;
    let Some(connection) = system.store().connection(connection).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Connection {connection} not found."), "").into());
    };
    let said = fill(system, &connection).await?;
    Ok(Done { message: said, created_id: None })
}

/// The watcher's step: backfills every connection whose comparison is due.
pub(crate) async fn watch_gaps(system: &System) -> Result<()> {
    let Some(every) = system.config().fill else { return Ok(()) };
    // Webhooks that the provider held back while wadeck was down arrive first.
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

/// How far a list was read.
enum Reached {
    /// Back to the start of the comparison.
    Beginning,
    /// As far as one backfill reads.
    Bound,
}

/// Compares the list of the newest messages. If it cannot be read, the provider's second list is used, if there is
/// one.
async fn compare_newest(
    system: &System,
    provider: &dyn Provider,
    connection: &Connection,
    comparison: &mut Comparison,
) -> Result<std::result::Result<Reached, ProviderError>> {
    let (now, since) = (comparison.now, comparison.since);
    let mut after: Option<String> = None;
    let mut second = None;
    for _ in 0..PAGES {
        let page = match second {
            None => provider.list_messages(connection, after.as_deref(), now).await,
            Some(source) => Conversations::history(source, connection, since, after.as_deref(), now).await,
        };
        let page = match page {
            Ok(page) => page,
            Err(trouble) => {
                match provider.conversations().filter(|_| second.is_none() && may_try_other_list(&trouble)) {
                    Some(source) => {
                        (second, after) = (Some(source), None);
                        continue;
                    }
                    None => return Ok(Err(trouble)),
                }
            }
        };
        let oldest = page.messages.iter().map(|message| message.sent_at).min();
        for message in page.messages {
            comparison.take(system, message).await?;
        }
        after = page.next;
        if after.is_none() || oldest.is_none_or(|oldest| oldest < since) {
            return Ok(Ok(Reached::Beginning));
        }
    }
    Ok(Ok(Reached::Bound))
}

async fn fill(system: &System, connection: &Connection) -> Result<String> {
    let Some(provider) = system.providers().get(&connection.provider) else {
        return Ok("This build does not support its provider.".to_owned());
    };
    let now = system.now();
    let last = system.store().last_backfill(connection.id).await?;
    let since = last.map_or(now.minus(FIRST_LOOK), |last| last.minus(OVERLAP));
    let mut comparison = Comparison::new(connection.id, now, since);
    let newest = compare_newest(system, provider.as_ref(), connection, &mut comparison).await?;
    let pass = match provider.conversations() {
        Some(source) => {
            let whole = !matches!(newest, Ok(Reached::Beginning));
            Some(read_conversations(system, connection, source, &mut comparison, whole).await?)
        }
        None => None,
    };
    let trouble = match (&newest, &pass) {
        (Err(trouble), None) => Some(trouble.line()),
        (Err(trouble), Some(pass)) if pass.trouble.is_some() => Some(trouble.line()),
        _ => None,
    };
    let Comparison { listed, missing, behind, .. } = comparison;
    let (filled, told) = write_down(system, connection, missing, behind).await?;
    note(system, connection, (filled, listed), pass.as_ref(), trouble.is_none()).await?;
    if let Some(trouble) = trouble {
        return Ok(format!("{}: cannot read the provider's message list: {trouble}.", connection.name));
    }
    let of = |count: usize| if count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
    let what = match (filled, told) {
        (0, 0) => format!("no messages are missing; compared {}", of(listed)),
        (0, told) => format!("added the missing delivery status of {}", of(told)),
        (filled, 0) => format!("added {} that had not arrived, marked as backfilled", of(filled)),
        (filled, told) => {
            format!("added {} that had not arrived, and the missing delivery status of {}", of(filled), of(told))
        }
    };
    let rest = match &pass {
        Some(Pass { left: Some(_), trouble: None }) => " More conversations remain: run the backfill again.",
        Some(Pass { left: Some(_), trouble: Some(_) }) => {
            " Not all conversations could be read; the next backfill continues."
        }
        _ => "",
    };
    Ok(format!("{}: {what}.{rest}", connection.name))
}

/// Applies one listed message in its own savepoint. Returns `false` if it cannot be applied; the others are not
/// affected.
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
    let source = Source::listed(connection, now);
    let done = match apply_alone(system, write, &source, &event, effects).await {
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

/// Stores missing messages, oldest first, and missing statuses. Raises no alert, because the webhooks may still
/// arrive. Returns the number of each.
pub(super) async fn write_down(
    system: &System,
    connection: &Connection,
    mut missing: Vec<MessageEvent>,
    behind: Vec<MessageEvent>,
) -> Result<(usize, usize)> {
    let now = system.now();
    // Lists are newest first, also within a second.
    missing.reverse();
    missing.sort_by_key(|message| message.sent_at);
    for message in &mut missing {
        if message.direction == Direction::Inbound && message.origin == Origin::Api {
            message.origin = Origin::Filled;
        }
    }
    let mut counts = [0, 0];
    for (count, messages) in counts.iter_mut().zip([missing, behind]) {
        let mut messages = messages.into_iter().peekable();
        while messages.peek().is_some() {
            let mut effects = Effects::default();
            let mut write = system.store().write().await?;
            for message in messages.by_ref().take(AT_ONCE) {
                *count += usize::from(apply_listed(system, &mut write, connection, message, now, &mut effects).await?);
            }
            write.commit().await?;
            system.bus().publish(effects.changes.iter().copied());
            if effects.files {
                system.wakeups().fetcher.notify_one();
            }
        }
    }
    let [filled, told] = counts;
    Ok((filled, told))
}

/// Records the time of the comparison, if it succeeded, and where the reading of conversations continues. Raises an
/// alert if messages were missing.
async fn note(
    system: &System,
    connection: &Connection,
    (filled, listed): (usize, usize),
    pass: Option<&Pass>,
    compared: bool,
) -> Result<()> {
    let now = system.now();
    let mut changes = vec![];
    let mut write = system.store().write().await?;
    if compared {
        let said = format!("{filled} of {listed} were missing");
        write.record_backfill(connection.id, now, listed, filled, &said).await?;
    }
    if let Some(pass) = pass {
        keep(&mut write, connection, pass, now).await?;
    }
    if filled > 0 {
        let said = format!(
            "{}: backfilled {filled} message(s) whose webhooks never arrived. Agents do not answer them. Check the threads that wait.",
            connection.name
        );
        let subject = connection.id.to_string();
        write.raise(&NewAlert { kind: AlertKind::Gap, subject: &subject, said: &said, thread: None }, now).await?;
        changes.push(Change::Alerts);
    }
    write.commit().await?;
    system.bus().publish(changes);
    Ok(())
}

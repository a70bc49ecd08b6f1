//! Lifecycle of numbers at the provider: connected and disconnected. Webhooks report it first.

use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::change::Change;
use crate::domain::failure::FailureClass;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::history::{ConnectionChange, FLAPS, HISTORY_SPAN};
use crate::domain::numbers::life::{NumberEvent, Presence};
use crate::domain::numbers::setup::{Setup, SetupStep};
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::operations::inbound::effects::{Effects, Source};
use crate::operations::numbers::set_up::number_created;
use crate::operations::{Result, System};
use crate::store::{NewAlert, StoreError, Update, Write};

/// An event about a number.
pub(crate) struct NumberLife<'e> {
    pub name: &'e str,
    pub number: &'e str,
    pub customer: Option<&'e str>,
    pub known: Option<&'e Connection>,
}

/// Applies an event about a number. Runs in the caller's transaction.
pub(crate) async fn number_lifecycle(
    write: &mut Write,
    source: &Source,
    life: &NumberLife<'_>,
    effects: &mut Effects,
) -> std::result::Result<(), StoreError> {
    let now = source.received_at;
    match life.name.rsplit('.').next() {
        Some("created") if life.name.contains("phone_number") => {
            let setup = number_created(write, &source.provider, life.customer, life.number, now).await?;
            if let Some(setup) = setup {
                let detail = format!("connected by the provider's webhook: {}", clean_line(life.number));
                write.audit(&Actor::System, AuditAction::LinkUsed, &setup.to_string(), &detail, now).await?;
                effects.setups = true;
                effects.changes.extend([Change::Everything]);
            } else if life.known.is_none() {
                let said = format!(
                    "A number that was not set up here was connected at the provider ({}). Adopt it with a in Connections.",
                    clean_line(life.number)
                );
                write
                    .raise(
                        &NewAlert { kind: AlertKind::NumberUnclaimed, subject: life.number, said: &said, thread: None },
                        now,
                    )
                    .await?;
                effects.changes.push(Change::Alerts);
            }
        }
        Some("deleted") if life.name.contains("phone_number") => {
            // The event's name is not covered by the signature, and a deletion takes time, so the provider is queried
            // first.
            if let Some(connection) = life.known {
                let subject = connection.id.to_string();
                write.store_snapshot(&deletion(&subject), TOLD, now).await?;
                let said = format!(
                    "A webhook reports that {} ({}) was disconnected at the provider. The number stays connected until the provider confirms it.",
                    connection.name, connection.phone_number
                );
                write
                    .raise(
                        &NewAlert { kind: AlertKind::DeletionReported, subject: &subject, said: &said, thread: None },
                        now,
                    )
                    .await?;
                effects.setups = true;
                effects.changes.push(Change::Alerts);
            }
        }
        _ => effects.notes.push(crate::operations::inbound::effects::NOTHING_TO_DO.to_owned()),
    }
    Ok(())
}

/// State: a deletion was reported, and the provider was not queried yet.
const TOLD: &str = "told";
/// State: the provider was queried and still had the number, or did not answer.
const ASKED: &str = "asked";
/// After this time, a number that still exists is not being deleted.
const TEARDOWN: Duration = Duration::from_secs(3_600);

fn deletion(subject: &str) -> String {
    format!("deletion:{subject}")
}

/// Queries the provider about numbers that a webhook reported as deleted. Returns `true` if a number was queried.
pub(crate) async fn confirm_deletions(system: &System) -> Result<bool> {
    let mut asked = false;
    for connection in system.store().connections().await? {
        let told = system.store().snapshot(&deletion(&connection.id.to_string())).await?;
        if told.is_some_and(|(state, _)| state == TOLD) {
            confirm_deletion(system, &connection).await?;
            asked = true;
        }
    }
    Ok(asked)
}

/// Queries the provider about one number, if its deletion was reported, and disconnects it once the provider no
/// longer has it.
pub(crate) async fn confirm_deletion(system: &System, connection: &Connection) -> Result<()> {
    let subject = connection.id.to_string();
    let Some((state, since)) = system.store().snapshot(&deletion(&subject)).await? else { return Ok(()) };
    if state != TOLD && state != ASKED {
        return Ok(());
    }
    let Some(provider) = system.providers().get(&connection.provider) else { return Ok(()) };
    let there = match provider.numbers() {
        Some(numbers) => {
            let list = numbers.list(connection.into(), None).await.ok();
            list.map(|list| list.iter().any(|one| one.phone_number_id == connection.phone_number_id))
        }
        None => match provider.check(connection).await {
            Ok(_) => Some(true),
            Err(trouble) => (trouble.class == FailureClass::Setup).then_some(false),
        },
    };
    let now = system.now();
    let mut write = system.store().write().await?;
    match there {
        Some(false) => {
            if !mark_lost(&mut write, connection, NumberEvent::Lost, now).await?.applied() {
                return Ok(());
            }
            let said = format!(
                "{} ({}) was disconnected at the provider: it receives and sends no messages. Connect it again in Connections.",
                connection.name, connection.phone_number
            );
            write
                .raise(&NewAlert { kind: AlertKind::Disconnected, subject: &subject, said: &said, thread: None }, now)
                .await?;
            let times = write.lost_since(connection.id, now.minus(HISTORY_SPAN)).await?;
            if times >= FLAPS {
                let said = format!(
                    "{} was lost at the provider {times} times in 7 days. Ask the provider for the cause before you connect it again.",
                    connection.name
                );
                write
                    .raise(&NewAlert { kind: AlertKind::Flapping, subject: &subject, said: &said, thread: None }, now)
                    .await?;
            }
            write.clear_alert(AlertKind::DeletionReported, &subject, now).await?;
            write.store_snapshot(&deletion(&subject), "confirmed", now).await?;
            let detail = "reported by a webhook and confirmed by the provider";
            write.audit(&Actor::System, AuditAction::Disconnected, &subject, detail, now).await?;
        }
        Some(true) if state == ASKED && now.since(since) > TEARDOWN => {
            write.clear_alert(AlertKind::DeletionReported, &subject, now).await?;
            write.store_snapshot(&deletion(&subject), "not confirmed", now).await?;
        }
        // The number may stay readable for a while, or the provider did not answer: the next check queries again.
        _ if state == TOLD => write.store_snapshot(&deletion(&subject), ASKED, now).await?,
        _ => return Ok(()),
    }
    write.commit().await?;
    system.bus().publish([Change::Everything]);
    Ok(())
}

/// Disconnects a connection and stores a setup by which it can be connected again. Returns `Missed` if it is
/// disconnected already.
pub(crate) async fn mark_lost(
    write: &mut Write,
    connection: &Connection,
    event: NumberEvent,
    now: Timestamp,
) -> Result<Update> {
    let change = match event {
        NumberEvent::Unregister => ConnectionChange::Unregistered,
        NumberEvent::Disconnect => ConnectionChange::Disconnected,
        _ => ConnectionChange::Lost,
    };
    if !write.disconnect(connection.id, change, now).await?.applied() {
        return Ok(Update::Missed);
    }
    let last = write.last_setup_of(connection.id).await?;
    let new = || Setup::of(connection, SetupStep::Verified, Actor::System.to_string(), now);
    let mut setup = last.unwrap_or_else(new);
    let was = (setup.state, setup.step);
    setup.apply(event, Presence::Live)?;
    // The provider still has the number, so it can be reconnected without a link.
    let keeps = event == NumberEvent::Unregister;
    setup.phone_number_id = keeps.then(|| connection.phone_number_id.clone());
    setup.options.reconnect = keeps.then(|| connection.phone_number.clone());
    setup.customer_id = connection.customer_id.clone().or(setup.customer_id);
    (setup.link, setup.updated_at) = (None, now);
    if setup.id.0 == 0 {
        write.begin_setup(&setup).await?;
        return Ok(Update::Applied);
    }
    Ok(write.save_setup(&setup, was, now).await?)
}

/// Repairs disconnected connections that an earlier version left without a setup, so that they can be connected
/// again.
pub(crate) async fn repair_stranded(system: &System) -> Result<()> {
    let now = system.now();
    let mut write = system.store().write().await?;
    for mut setup in write.stranded_connections(now).await? {
        let was = (setup.state, setup.step);
        let number = write.presence(&setup).await?;
        if !setup.restore(number) {
            continue;
        }
        setup.updated_at = now;
        let id = if setup.id.0 == 0 {
            write.begin_setup(&setup).await?
        } else {
            write.save_setup(&setup, was, now).await?.ignore();
            setup.id
        };
        let detail = format!("{} can be connected again", setup.name);
        write.audit(&Actor::System, AuditAction::RepairSetup, &id.to_string(), &detail, now).await?;
    }
    write.commit().await?;
    Ok(())
}

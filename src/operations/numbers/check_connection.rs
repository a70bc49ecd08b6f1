//! Checks a number at the provider: whether key, URL and number work, or why not. A network failure is not reported
//! as an invalid key.

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::failure::FailureClass;
use crate::domain::ids::ConnectionId;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Check, Connection};
use crate::domain::numbers::registration::Registration;
use crate::domain::outbox::limits::Hold;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::clean_line;
use crate::domain::time::{Timestamp, short_span};
use crate::operations::monitoring::conditions::{condition, over, raise_condition};
use crate::operations::monitoring::watch::SKEW;
use crate::operations::numbers::callback_url::check_callback_url;
use crate::operations::numbers::hold_number::{
    base_url_is_right, hold_number, key_is_right, number_sends_again, refused_key,
};
use crate::operations::{Result, System, require};
use crate::provider::{Provider, ProviderError};
use crate::store::Write;

/// Checks every connection; the worker's step.
pub async fn check_all(system: &System) -> Result<()> {
    for connection in system.store().connections().await? {
        crate::operations::numbers::number_lifecycle::confirm_deletion(system, &connection).await?;
        check(system, &connection).await?;
    }
    Ok(())
}

/// Checks one connection on request of a person.
pub async fn check_connection(system: &System, actor: &Actor, connection: ConnectionId) -> Result<Done> {
    require(actor, Permission::CheckConnections)?;
    let Some(connection) = system.store().connection(connection).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Connection {connection} not found."), "").into());
    };
    let said = check(system, &connection).await?;
    Ok(Done { message: said, created_id: None })
}

async fn check(system: &System, connection: &Connection) -> Result<String> {
    let Some(provider) = system.providers().get(&connection.provider) else {
        return Ok(format!("{}: this build does not support its provider.", connection.name));
    };
    let answer = provider.check(connection).await;
    // A provider that does not answer at all gets no further queries.
    let (registered, upstream) = match &answer {
        Ok(_) => (registrations(provider.as_ref(), connection).await, Some(provider.delivery_log(connection).await)),
        Err(_) => (None, None),
    };
    let paths = provider.webhook_paths();
    let now = system.now();
    let subject = connection.id.to_string();
    let known = system.store().snapshot(&format!("quality:{subject}")).await?;
    let mut write = system.store().write().await?;
    let said = match &answer {
        Ok(checked) => {
            write.record_check(connection.id, Check::Provider, now, true, &checked.note).await?;
            over(&mut write, AlertKind::Setup, &subject, now).await?;
            // A successful query verifies the key. Whether the account may send is verified only by a message.
            key_is_right(system, &mut write, connection.id, now).await?;
            let held = write.connection_hold(connection.id).await?;
            if held.is_some_and(|held| held.kind == Hold::Credentials) {
                number_sends_again(system, &mut write, connection.id, now).await?;
                system.wakeups().sender.notify_one();
            }
            base_url_is_right(system, &mut write, connection.id, now).await?;
            let skew = checked.clock.map(|there| there.since(now).max(now.since(there)));
            let clock = skew.filter(|skew| *skew > SKEW).map(|skew| {
                let off = short_span(skew);
                format!("The clock differs from the provider's by {off}, so service windows and limits are wrong. Set the clock.")
            });
            condition(&mut write, AlertKind::Clock, "clock", clock, now).await?;
            if let Some(kind) = checked.kind {
                write.note_kind(connection.id, kind).await?;
            }
            if let Some(quality) = &checked.quality {
                notice_quality(&mut write, connection, quality, known.as_ref().map(|(state, _)| state.as_str()), now)
                    .await?;
            }
            format!("{}: {}.", connection.name, checked.note)
        }
        Err(trouble) => {
            write.record_check(connection.id, Check::Provider, now, false, &trouble.line()).await?;
            if trouble.class == FailureClass::Endpoint {
                // The fault affects every number of the provider, so one alert names all that are on hold.
                hold_number(system, &mut write, connection.id, trouble, None, now).await?;
            } else if trouble.class == FailureClass::Authorization {
                refused_key(system, &mut write, connection.id, trouble, now).await?;
            } else if matches!(trouble.class, FailureClass::Account | FailureClass::Setup) {
                let said = format!("{}: {} {}", connection.name, trouble.explanation, trouble.remedy);
                raise_condition(&mut write, AlertKind::Setup, &subject, &said, now).await?;
            }
            format!("{}: {}. {}", connection.name, trouble.line(), trouble.remedy)
        }
    };
    if let Ok(checked) = &answer
        && let Some(webhook) = &checked.webhook
    {
        check_callback_url(system, &mut write, connection, webhook, now).await?;
    }
    if let Some(Ok(list)) = &registered {
        registration(&mut write, connection, list, paths, now).await?;
    }
    // An empty log shows nothing.
    if let Some(Ok(told)) = &upstream
        && told.delivered + told.failed > 0
    {
        let failing = told.last_failed_at > told.last_delivered_at;
        let note = match &told.last_failure {
            Some(why) if failing => format!("its last webhook delivery to wadeck failed: {}", clean_line(why)),
            _ => format!("{} delivered, {} failed in its log of the last 24 hours", told.delivered, told.failed),
        };
        write.record_check(connection.id, Check::Upstream, now, !failing, &note).await?;
    }
    write.commit().await?;
    system.bus().publish([Change::Connection(connection.id), Change::Alerts]);
    Ok(said)
}

type Registered = std::result::Result<Vec<Registration>, ProviderError>;

/// Returns the webhooks of this number; `None` if the provider has no list.
async fn registrations(provider: &dyn Provider, connection: &Connection) -> Option<Registered> {
    // If a number has only one address, the check has returned it already.
    let webhooks = provider.webhooks().filter(|_| !provider.capabilities().webhooks.is_one_address())?;
    Some(webhooks.list(connection.into(), Some(&connection.phone_number_id)).await)
}

/// Records whether an active webhook at the provider points here.
async fn registration(
    write: &mut Write,
    connection: &Connection,
    list: &[Registration],
    paths: &[&str],
    now: Timestamp,
) -> Result<()> {
    let here: Vec<&Registration> =
        list.iter().filter(|one| paths.iter().any(|path| one.url.trim_end_matches('/').ends_with(path))).collect();
    let active = here.iter().find(|one| one.active);
    let (works, note) = match (active, here.first()) {
        (Some(one), _) => (true, format!("active, to {}", clean_line(&one.url))),
        (None, Some(one)) => (false, format!("disabled at the provider: {}", clean_line(&one.url))),
        (None, None) => (false, "no webhook of this engine is registered".to_owned()),
    };
    write.record_check(connection.id, Check::Registration, now, works, &note).await?;
    // A number that never had a webhook is still being set up; a disabled webhook loses messages.
    let off = (!works && !here.is_empty())
        .then(|| format!("{}: the webhook is {note}. No messages arrive until it is enabled again.", connection.name));
    condition(write, AlertKind::WebhookOff, &connection.id.to_string(), off, now).await?;
    Ok(())
}

/// Raises an alert when the quality rating falls, before the provider lowers the limit.
async fn notice_quality(
    write: &mut Write,
    connection: &Connection,
    quality: &str,
    before: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    if before == Some(quality) {
        return Ok(());
    }
    let rank = |quality: &str| ["RED", "YELLOW", "GREEN"].iter().position(|known| *known == quality).unwrap_or(1);
    let subject = connection.id.to_string();
    write.store_snapshot(&format!("quality:{subject}"), quality, now).await?;
    let fell = rank(quality) < before.map_or(2, rank);
    let said = fell.then(|| {
        let from = before.map(|before| format!(" from {}", before.to_lowercase())).unwrap_or_default();
        format!(
            "The quality rating of {} fell{from} to {}. Send fewer messages, above all of those that contacts block.",
            connection.name,
            quality.to_lowercase()
        )
    });
    condition(write, AlertKind::Quality, &subject, said, now).await?;
    Ok(())
}

//! Test webhooks (canaries): requests a test delivery from the provider, which must return through the public URL.
//! The round trip verifies URL, signature and listener.

use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::error_text::error_text;
use crate::domain::ids::ConnectionId;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Check, Connection};
use crate::domain::numbers::registration::Registration;
use crate::domain::refusal::{Done, Refusal};
use crate::operations::inbound::effects::{Effects, Source};
use crate::operations::{Result, System, require};
use crate::provider::Provider;
use crate::store::{NewAlert, StoreError, Write};

error_text! {
    /// Why no test webhook was sent.
    TestWebhookError
}

/// How long to wait for a test webhook.
const PATIENCE: Duration = Duration::from_secs(60);

/// Requests a test webhook on request of a person.
pub(crate) async fn canary(system: &System, actor: &Actor, connection: ConnectionId) -> Result<Done> {
    require(actor, Permission::RequestTestWebhook)?;
    let Some(connection) = system.store().connection(connection).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Connection {connection} not found."), "").into());
    };
    match send(system, &connection).await? {
        Ok(()) => Ok(Done {
            message: format!(
                "Requested a test webhook for {}; it shows here when it arrives. It verifies webhooks only. Write from a phone to verify inbound messages.",
                connection.name
            ),
            created_id: None,
        }),
        Err(why) => Err(Refusal::new(Code::Canary, why, "Look at the connection's checks.").into()),
    }
}

/// Requests a test webhook. The inner error is the reason why none was sent.
pub(crate) async fn send(
    system: &System,
    connection: &Connection,
) -> Result<std::result::Result<(), TestWebhookError>> {
    let Some(provider) = system.providers().get(&connection.provider) else {
        return Ok(Err("This build does not support its provider.".into()));
    };
    let webhooks = provider.webhooks().filter(|_| !provider.capabilities().webhooks.is_one_address());
    let Some(webhooks) = webhooks else { return send_test_webhook(system, provider.as_ref(), connection).await };
    let registrations = match webhooks.list(connection.into(), Some(&connection.phone_number_id)).await {
        Ok(list) => list,
        Err(trouble) => return Ok(Err(format!("{}. {}", trouble.line(), trouble.remedy).into())),
    };
    let Some(registration) = registrations.iter().find(|one| one.active) else {
        return Ok(Err(format!("{} has no active webhook at the provider.", connection.name).into()));
    };
    send_through(system, connection, registration, None).await
}

/// Posts a signed test webhook to our own public URL, for a provider that sends no tests.
async fn send_test_webhook(
    system: &System,
    provider: &dyn Provider,
    connection: &Connection,
) -> Result<std::result::Result<(), TestWebhookError>> {
    let base = match crate::operations::numbers::set_up::public_url(system) {
        Ok(base) => base,
        Err(refusal) => return Ok(Err(refusal.to_string().into())),
    };
    let now = system.now();
    let mut write = system.store().write().await?;
    let canary = write.send_canary(connection.id, now).await?;
    write.commit().await?;
    let token = system.reference();
    let Err(trouble) = provider.send_test_webhook(connection, &base, token.trim_start_matches("w:")).await else {
        return Ok(Ok(()));
    };
    let said = format!("{}: {} {}", trouble.line(), trouble.explanation, trouble.remedy);
    let mut write = system.store().write().await?;
    write.delete_canary(canary).await?;
    write.record_check(connection.id, Check::Public, now, false, &trouble.explanation).await?;
    write.commit().await?;
    system.bus().publish([Change::Connection(connection.id)]);
    Ok(Err(said.into()))
}

/// Requests a test webhook through one registered webhook.
pub(crate) async fn send_through(
    system: &System,
    connection: &Connection,
    registration: &Registration,
    event: Option<&str>,
) -> Result<std::result::Result<(), TestWebhookError>> {
    let webhooks = system.providers().get(&connection.provider).map(std::convert::AsRef::as_ref);
    let Some(webhooks) = webhooks.and_then(|provider| provider.webhooks()) else {
        return Ok(Err(format!("{} sends no tests.", connection.provider).into()));
    };
    let now = system.now();
    let mut write = system.store().write().await?;
    let canary = write.send_canary(connection.id, now).await?;
    write.commit().await?;
    if let Err(trouble) = webhooks.test(connection.into(), &registration.id, event).await {
        let mut write = system.store().write().await?;
        write.delete_canary(canary).await?;
        write.commit().await?;
        return Ok(Err(format!("The provider sends no test: {}. {}", trouble.line(), trouble.remedy).into()));
    }
    Ok(Ok(()))
}

/// The watcher's step: sends test webhooks that are due, and raises alerts about those that did not arrive.
pub(crate) async fn watch_canaries(system: &System) -> Result<()> {
    let now = system.now();
    let mut write = system.store().write().await?;
    let lost = write.lost_canaries(now.minus(PATIENCE)).await?;
    for connection in &lost {
        let note = "the test webhook did not arrive within 60 s";
        write.record_check(*connection, Check::Public, now, false, note).await?;
        let said =
            format!("{connection}: {note}. Check that the public URL is reachable and the webhook is registered.");
        let subject = connection.to_string();
        write.raise(&NewAlert { kind: AlertKind::Canary, subject: &subject, said: &said, thread: None }, now).await?;
    }
    write.commit().await?;
    system.bus().publish(lost.iter().map(|id| Change::Connection(*id)));
    let Some(every) = system.config().canary else { return Ok(()) };
    for connection in system.store().connections().await? {
        let last = system.store().last_canary(connection.id).await?;
        if last.is_none_or(|last| now.since(last) >= every)
            && let Err(why) = send(system, &connection).await?
        {
            tracing::warn!(connection = connection.name, why = why.0, "no canary");
        }
    }
    Ok(())
}

/// Handles a test webhook that returned: records the passed check and returns `true`. Returns `false` if no test was
/// expected.
pub(crate) async fn handle_canary_return(
    write: &mut Write,
    phone_number_id: &str,
    source: &Source,
    effects: &mut Effects,
) -> Result<bool, StoreError> {
    let at = source.received_at;
    let Some((connection, sent)) = write.record_canary_return(&source.provider, phone_number_id, at).await? else {
        return Ok(false);
    };
    let note = format!("the test webhook arrived after {} ms", at.since(sent).as_millis());
    effects.check_passed(connection, Check::Public, at, &note);
    write.clear_alert(AlertKind::Canary, &connection.to_string(), at).await?;
    effects.changes.extend([Change::Connection(connection), Change::Alerts]);
    Ok(true)
}

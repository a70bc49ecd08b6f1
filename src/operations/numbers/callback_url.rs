//! Checks that the webhook URL registered at the provider leads here.

use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Check, Connection};
use crate::domain::time::Timestamp;
use crate::operations::monitoring::conditions::condition;
use crate::operations::numbers::registrations::leads_here;
use crate::operations::{Result, System};
use crate::store::Write;

/// Records whether the webhook URL that is registered at the provider leads to this engine, and raises or clears the
/// alert.
pub(crate) async fn check_callback_url(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    webhook: &str,
    now: Timestamp,
) -> Result<()> {
    let provider = system.providers().get(&connection.provider);
    let ours = provider.is_some_and(|provider| leads_here(system, provider.as_ref(), webhook));
    let heard = received_since(system, write, connection, webhook, now).await?;
    let lost = !ours && !heard;
    let note = match webhook {
        "" => "no URL is registered".to_owned(),
        _ if ours => format!("registered: {webhook}"),
        _ if lost => format!("another URL is registered: {webhook}"),
        _ => format!("another URL is registered, which forwards to this engine: {webhook}"),
    };
    write.record_check(connection.id, Check::Registration, now, !lost, &note).await?;
    // A number without any registered URL is still being set up.
    let said = (lost && !webhook.is_empty()).then(|| {
        let name = &connection.name;
        format!("{name}: the provider delivers messages to {webhook}. No messages arrive here until this engine's URL is registered there.")
    });
    condition(write, AlertKind::WebhookOff, &connection.id.to_string(), said, now).await?;
    Ok(())
}

/// Returns `true` if a message arrived since this URL was first seen at the provider: it may forward to this engine.
async fn received_since(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    webhook: &str,
    now: Timestamp,
) -> Result<bool> {
    let subject = format!("webhook:{}", connection.id);
    let since = match system.store().snapshot(&subject).await? {
        Some((known, at)) if known == webhook => at,
        known => {
            // For the first URL the time of registration is unknown, so every earlier message counts.
            let at = if known.is_some() { now } else { Timestamp::EPOCH };
            write.store_snapshot(&subject, webhook, at).await?;
            at
        }
    };
    let checks = system.store().checks().await?;
    Ok(checks.iter().any(|(of, result)| {
        *of == connection.id && result.check == Check::Inbound && result.works && result.at > since
    }))
}

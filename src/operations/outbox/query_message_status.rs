//! Queries the provider about one message, compares the answer with what is stored, and stores newer information as a
//! status.

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::code::Code;
use crate::domain::ids::MessageId;
use crate::domain::inbound::event::{Direction, InboundEvent};
use crate::domain::message::status::DeliveryStatus;
use crate::domain::refusal::{Done, Refusal};
use crate::operations::inbound::apply::apply_alone;
use crate::operations::inbound::effects::{Effects, Source};
use crate::operations::{Result, System, require};

/// Queries the provider about a message and returns its answer. Refused if the message has no provider id.
pub(crate) async fn query_message_status(system: &System, actor: &Actor, message: MessageId) -> Result<Done> {
    require(actor, Permission::ReconcileMessages)?;
    let Some(before) = system.store().message(message).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Message {message} not found."), "").into());
    };
    let before = before.message;
    let Some(id) = before.provider_message_id else {
        let why = format!("{message} has no provider id, so the provider cannot be asked about it.");
        return Err(Refusal::new(
            Code::NoProviderId,
            why,
            "If its outbox entry is uncertain, reconcile the entry instead.",
        )
        .into());
    };
    let thread = system.store().thread(before.thread_id).await?;
    let connection = match thread {
        Some(thread) => system.store().connection(thread.connection_id).await?,
        None => None,
    };
    let Some((connection, provider)) =
        connection.and_then(|one| system.providers().get(&one.provider).map(|provider| (one, provider)))
    else {
        return Err(Refusal::new(Code::NoProvider, "This build does not support the connection's provider.", "").into());
    };
    let now = system.now();
    let told = match provider.query_message(&connection, &id, now).await {
        Ok(told) => told,
        Err(trouble) => {
            let why = format!("The provider does not answer about {message}: {}.", trouble.line());
            return Err(Refusal::new(Code::CannotAsk, why, trouble.remedy).into());
        }
    };
    let Some(told) = told else {
        let why = format!("The provider's answer about {message} cannot be read.");
        return Err(Refusal::new(Code::CannotAsk, why, "Look at the message in the provider's own console.").into());
    };
    if told.direction == Direction::Inbound {
        return Ok(Done { message: format!("The provider has {message} too, as it came."), created_id: None });
    }
    let says = told.statuses.iter().map(|report| report.status).max_by_key(|status| furthest(*status));
    let mut effects = Effects::default();
    let mut write = system.store().write().await?;
    let event = InboundEvent::Message(Box::new(told));
    // A queried status does not show that status webhooks arrive, so no check is recorded.
    let _ = apply_alone(system, &mut write, &Source::listed(&connection, now), &event, &mut effects).await?;
    write.commit().await?;
    system.bus().publish(effects.changes.iter().copied());
    if effects.sends {
        system.wakeups().sender.notify_one();
    }
    if effects.looks {
        system.wakeups().reconcile.notify_one();
    }
    let after = system.store().message(message).await?.map_or(before.status, |detail| detail.message.status);
    let said = match says {
        None => format!("The provider has {message}, but reports no delivery status."),
        Some(says) if says == before.status => format!("The provider says the same: {message} is {}.", says.name()),
        Some(says) => {
            format!(
                "The provider says {}; here {message} was {}, and is {} now.",
                says.name(),
                before.status.name(),
                after.name()
            )
        }
    };
    Ok(Done { message: said, created_id: None })
}

/// Ranks a status: a failure outranks earlier progress, and an arrival outranks a failure.
const fn furthest(status: DeliveryStatus) -> u8 {
    match status {
        DeliveryStatus::Sent => 1,
        DeliveryStatus::Failed => 2,
        DeliveryStatus::Delivered => 3,
        DeliveryStatus::Read => 4,
        DeliveryStatus::Played => 5,
        _ => 0,
    }
}

//! Replays a stored delivery after a fix. Its earlier results are recognized by their keys, so replaying changes
//! nothing twice.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::DeliveryId;
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::refusal::{Done, Refusal};
use crate::operations::{Result, System, require};

/// Marks a delivery as pending again. Refused if its signature is invalid, or if it is pending.
pub(crate) async fn replay_delivery(system: &System, actor: &Actor, delivery: DeliveryId) -> Result<Done> {
    require(actor, Permission::ReplayDeliveries)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    let state = write.delivery_state(delivery).await?;
    write.replay_delivery(delivery).await?.or_refuse(|| {
        let why = match state {
            None => format!("Delivery {delivery} not found."),
            Some(DeliveryState::Pending) => format!("{delivery} is already queued."),
            Some(_) => format!("The signature of {delivery} is invalid, and such deliveries are never applied."),
        };
        Refusal::new(Code::NotReplayable, why, "")
    })?;
    write.audit(actor, AuditAction::Replay, &delivery.to_string(), "", now).await?;
    write.commit().await?;
    system.wakeups().apply.notify_one();
    system.bus().publish([Change::Deliveries, Change::Activity]);
    Ok(Done { message: format!("Replaying {delivery}."), created_id: None })
}

//! Reveals the body of a delivery as received. Requires a permission, and writes an audit row.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::DeliveryId;
use crate::domain::refusal::{Done, Refusal};
use crate::operations::{Result, System, require};

/// Returns the body of a delivery in `created_id`.
pub(crate) async fn reveal(system: &System, actor: &Actor, delivery: DeliveryId) -> Result<Done> {
    require(actor, Permission::RevealWebhookBodies)?;
    let Some(detail) = system.store().delivery(delivery).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Delivery {delivery} not found."), "").into());
    };
    let mut write = system.store().write().await?;
    write.audit(actor, AuditAction::Reveal, &delivery.to_string(), "the body, as it came", system.now()).await?;
    write.commit().await?;
    system.bus().publish([Change::Activity]);
    let body = detail.body.as_received().to_owned();
    Ok(Done { message: format!("Body of {delivery} as received; recorded in the audit log."), created_id: Some(body) })
}

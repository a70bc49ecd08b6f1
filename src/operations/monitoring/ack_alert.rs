//! Acknowledges an alert and records who did.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::AlertId;
use crate::domain::refusal::{Done, Refusal};
use crate::operations::{Result, System, require};
use crate::store::Acknowledgement;

/// Acknowledges an alert. Refused if another person did so before.
pub(crate) async fn ack_alert(system: &System, actor: &Actor, alert: AlertId) -> Result<Done> {
    require(actor, Permission::AcknowledgeAlerts)?;
    if alert == AlertId(0) {
        return Err(Refusal::new(
            Code::NotFound,
            "This alert cannot be acknowledged while the database cannot be written.",
            "Fix the database fault that it names; the alert ends by itself.",
        )
        .into());
    }
    let now = system.now();
    let me = actor.to_string();
    let mut write = system.store().write().await?;
    match write.ack_alert(alert, &me, now).await? {
        None => return Err(Refusal::new(Code::NotFound, format!("Alert {alert} not found."), "").into()),
        Some(Acknowledgement::Earlier(other)) => {
            let why = format!("{other} already acknowledged {alert}.");
            return Err(Refusal::new(Code::AlreadyAcknowledged, why, "").into());
        }
        Some(Acknowledgement::Done) => {}
    }
    write.audit(actor, AuditAction::Acknowledge, &alert.to_string(), "", now).await?;
    write.commit().await?;
    system.bus().publish([Change::Alerts, Change::Activity]);
    Ok(Done { message: format!("Acknowledged {alert}."), created_id: None })
}

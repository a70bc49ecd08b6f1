//! Read a stored delivery again, after a fix. What it said already is known by its keys, so that
//! reading it twice does nothing twice.

use super::{Result, System, require};
use crate::domain::change::Change;
use crate::domain::ids::DeliveryId;
use crate::domain::request::{Done, Refusal};
use crate::domain::right::Right;
use crate::domain::role::Actor;

pub(super) async fn replay_delivery(system: &System, actor: &Actor, delivery: DeliveryId) -> Result<Done> {
    require(actor, Right::ReplayADelivery)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    if !write.replay_delivery(delivery).await? {
        let why = format!("{delivery} does not exist, or its signature was wrong: such requests are never applied.");
        return Err(Refusal::new("not_replayable", why, "").into());
    }
    write.audit(actor, "replay", &delivery.to_string(), "", now).await?;
    write.commit().await?;
    system.wakes().applier.notify_one();
    system.bus().publish([Change::Deliveries, Change::Activity]);
    Ok(Done { said: format!("{delivery} is read again."), made: None })
}

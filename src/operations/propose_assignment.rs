//! Propose that an agent answers a number. An admin decides.

use super::{Result, System, require};
use crate::domain::assignment::Mode;
use crate::domain::change::Change;
use crate::domain::ids::ConnectionId;
use crate::domain::request::{Done, Refusal};
use crate::domain::right::Right;
use crate::domain::role::Actor;

pub(super) async fn propose_assignment(
    system: &System,
    actor: &Actor,
    connection: ConnectionId,
    agent: &str,
    mode: Mode,
) -> Result<Done> {
    require(actor, Right::ProposeAnAgent)?;
    if !system.agents().has(agent) {
        let why = format!("No agent is called {}.", crate::domain::text::clean_line(agent));
        return Err(Refusal::new("no_such_agent", why, "Declare it in the configuration first.").into());
    }
    let Some(connection) = system.store().connection(connection).await? else {
        return Err(Refusal::new("no_such_connection", format!("There is no connection {connection}."), "").into());
    };
    let now = system.now();
    let mut write = system.store().write().await?;
    let id = write.propose_assignment(connection.id, agent, mode, &actor.to_string(), false, now).await?;
    let detail = format!("{agent} answers {} ({})", connection.name, mode.name());
    write.audit(actor, "propose", &id.to_string(), &detail, now).await?;
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Activity]);
    Ok(Done { said: format!("Proposed as {id}: {detail}. An admin decides."), made: Some(id.to_string()) })
}

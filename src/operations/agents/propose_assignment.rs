//! Proposes that an agent answers a number or a thread under a contract. An admin decides.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::agents::assignment::Proposal;
use crate::domain::agents::contract::LONGEST_TERM;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::event_name::EventName;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::clean_line;
use crate::operations::{Result, System, require};
use crate::store::Write;

/// Checks a proposal and returns its summary. It fails if the agent, the connection or the thread does not exist, or
/// if contract or expiry is invalid.
pub(crate) async fn check(system: &System, write: &mut Write, proposal: &Proposal) -> Result<String> {
    if !system.agents().has(&proposal.agent) {
        let why = format!("Agent {} not found.", clean_line(&proposal.agent));
        return Err(Refusal::new(Code::NotFound, why, "Declare the agent in the configuration first.").into());
    }
    let Some(connection) = write.live_connection(proposal.connection).await? else {
        let why = format!("Connection {} not found.", proposal.connection);
        return Err(Refusal::new(Code::NotFound, why, "").into());
    };
    if let Some(thread) = proposal.thread {
        let row = write.thread_row(thread).await?;
        if row.is_none_or(|row| row.connection_id != proposal.connection) {
            let why = format!("{thread} is not a thread of {}.", connection.name);
            return Err(Refusal::new(Code::NotFound, why, "").into());
        }
    }
    proposal.contract.check().map_err(|why| Refusal::new(Code::Contract, why, ""))?;
    let now = system.now();
    if proposal.expires_at.is_some_and(|at| at <= now || at > now.plus(LONGEST_TERM)) {
        let why = "The expiry is not within the next year.";
        return Err(Refusal::new(Code::Expiry, why, "Choose another time, or none.").into());
    }
    let whom =
        proposal.thread.map_or_else(|| connection.name.clone(), |thread| format!("{thread} of {}", connection.name));
    Ok(format!("{} answers {whom} ({})", proposal.agent, proposal.mode.name()))
}

/// Stores a proposal and returns its id.
pub(crate) async fn propose(system: &System, actor: &Actor, proposal: &Proposal) -> Result<Done> {
    require(actor, Permission::ProposeAgents)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    let detail = check(system, &mut write, proposal).await?;
    let id = write.propose(proposal, &actor.to_string(), false, now).await?;
    write.audit(actor, AuditAction::Propose, &id.to_string(), &detail, now).await?;
    let data = serde_json::json!({ "assignment": id, "agent": proposal.agent, "by": actor.to_string() });
    system.record_event(&mut write, EventName::AssignmentProposed, proposal.thread, &data).await?;
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Activity]);
    system.wakeups().event_delivery.notify_one();
    Ok(Done { message: format!("Proposed as {id}: {detail}. An admin decides."), created_id: Some(id.to_string()) })
}

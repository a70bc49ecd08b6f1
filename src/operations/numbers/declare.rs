//! Applies the configuration to the database: the connections that it declares, and the agents that it approves by
//! declaring them.

use crate::agent::AgentConfig;
use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::agents::assignment::Proposal;
use crate::domain::agents::assignment::{Assignment, AssignmentState, Mode};
use crate::domain::agents::contract::Contract;
use crate::domain::change::Change;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::life::NumberEvent;
use crate::domain::time::Timestamp;
use crate::operations::{Result, System};
use crate::store::Write;

/// A connection declared in the configuration.
#[derive(Debug, Clone)]
pub struct Declared {
    /// Its id is assigned by the database.
    pub connection: Connection,
    pub agent: Option<(String, Mode)>,
    pub contract: Contract,
    /// Agents for some messages only, each with its conditions; they are tried before `agent`.
    pub routes: Vec<(String, Mode, Contract)>,
}

/// Returns all assignments that the configuration declares for one connection.
fn proposals(connection: ConnectionId, declared: &Declared) -> Vec<Proposal> {
    let proposal = |agent: &String, mode: Mode, contract: &Contract| Proposal {
        connection,
        thread: None,
        agent: agent.clone(),
        mode,
        contract: contract.clone(),
        expires_at: None,
    };
    let routes = declared.routes.iter().map(|(agent, mode, contract)| proposal(agent, *mode, contract));
    routes.chain(declared.agent.iter().map(|(agent, mode)| proposal(agent, *mode, &declared.contract))).collect()
}

fn has_same_terms(one: &Assignment, new: &Proposal) -> bool {
    one.agent == new.agent && one.mode == new.mode && one.contract == new.contract
}

/// Applies all declared connections and releases quarantined deliveries of their numbers.
pub async fn declare(system: &System, declared: &[Declared]) -> Result<()> {
    let now = system.now();
    let actor = Actor::System;
    crate::operations::numbers::number_lifecycle::repair_stranded(system).await?;
    let mut write = system.store().write().await?;
    for one in declared {
        let mut id = write.put_connection(&one.connection, false).await?;
        if id.is_none() {
            id = restored(system, &mut write, &one.connection, now).await?;
        }
        if let Some(id) = id {
            write.note_declared(id, now).await?;
        }
        let Some(id) = id else {
            let name = &one.connection.name;
            tracing::warn!(
                name,
                "The configuration declares a connection that was disconnected in the console; it stays disconnected"
            );
            continue;
        };
        let wanted = proposals(id, one);
        let standing: Vec<_> = write.assignments_open(Some(id)).await?.into_iter().map(|row| row.assignment).collect();
        // Undecided proposals from the configuration are managed by it, like its active assignments.
        let standing = standing
            .into_iter()
            .filter(|one| one.thread.is_none() && (one.state == AssignmentState::Active || one.from_file));
        let (kept, over): (Vec<_>, Vec<_>) = standing
            .filter(|one| one.from_file || wanted.iter().any(|new| new.contract.when == one.contract.when))
            .partition(|one| one.from_file && wanted.iter().any(|new| has_same_terms(one, new)));
        // Assignments that the configuration no longer declares are revoked. Assignments approved by people stay,
        // unless the configuration declares another agent for the same place.
        for before in over {
            let reason = "changed in the configuration";
            let ended = write.end_assignment(before.id, AssignmentState::Revoked, "configuration", reason, now).await?;
            if ended.applied() {
                write.audit(&actor, AuditAction::Revoke, &before.id.to_string(), reason, now).await?;
            }
        }
        for new in wanted.iter().filter(|new| !kept.iter().any(|one| has_same_terms(one, new))) {
            let made = write.propose(new, "configuration", true, now).await?;
            let (agent, mode) = (&new.agent, new.mode.name());
            let detail = format!("{agent} answers {} ({mode}), from configuration", one.connection.name);
            if !system.approvals().takes_one_word() {
                // If two approvers or a rehearsal are required, the declaration is only a proposal.
                write.audit(&actor, AuditAction::Propose, &made.to_string(), &detail, now).await?;
                tracing::warn!(assignment = %made, agent, "The configuration names an agent that is not approved yet");
                continue;
            }
            let digest = system.agents().get(&new.agent).map(AgentConfig::digest).unwrap_or_default();
            write.activate(made, "configuration", &digest, None, now).await?;
            write.audit(&actor, AuditAction::Approve, &made.to_string(), &detail, now).await?;
        }
    }
    write.commit().await?;
    crate::operations::agents::end_assignment::mark_stale(system).await?;
    let mut write = system.store().write().await?;
    let released = write.release_quarantine(now).await?;
    write.commit().await?;
    if released > 0 {
        tracing::info!(released, "Replaying quarantined deliveries");
        system.wakeups().apply.notify_one();
    }
    system.bus().publish([Change::Everything]);
    Ok(())
}

/// Restores a disconnected connection whose provider cannot set numbers up and whose number is no longer stored. Only
/// the configuration can then connect it again. Returns `None` if the connection is not in that state.
async fn restored(
    system: &System,
    write: &mut Write,
    connection: &Connection,
    now: Timestamp,
) -> Result<Option<ConnectionId>> {
    let sets_up = system.providers().get(&connection.provider).is_none_or(|provider| provider.numbers().is_some());
    let Some(id) = write.connection_id_named(&connection.name).await?.filter(|_| !sets_up) else { return Ok(None) };
    let Some(mut setup) = write.last_setup_of(id).await? else { return Ok(None) };
    let was = (setup.state, setup.step);
    let number = write.presence(&setup).await?;
    if setup.options.reconnect.is_some() || setup.apply(NumberEvent::Restored, number).is_err() {
        return Ok(None);
    }
    setup.updated_at = now;
    write.save_setup(&setup, was, now).await?.ignore();
    Ok(write.put_connection(connection, true).await?)
}

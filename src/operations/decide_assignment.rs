//! Approve, narrow or reject who answers. Deciding twice changes nothing, and says so.

use super::propose_assignment::check;
use super::{Result, System, require};
use crate::agent::AgentConfig;
use crate::domain::agent_desk::Proposal;
use crate::domain::assignment::{Approval, Assignment, AssignmentState, approve};
use crate::domain::change::Change;
use crate::domain::ids::AssignmentId;
use crate::domain::request::{Done, Refusal};
use crate::domain::right::Right;
use crate::domain::role::Actor;
use crate::store::Write;

/// What an admin says.
pub(super) enum Decision {
    Approve,
    Reject { reason: String },
}

pub(super) async fn decide(
    system: &System,
    actor: &Actor,
    assignment: AssignmentId,
    decision: Decision,
) -> Result<Done> {
    require(actor, Right::DecideAboutAgents)?;
    if let Decision::Reject { reason } = &decision
        && reason.trim().is_empty()
    {
        let instead = "Say why, so that the next proposal is better.";
        return Err(Refusal::new("no_reason", "A rejection needs a reason.", instead).into());
    }
    let now = system.now();
    let evidence = evidence(system, assignment).await?;
    let mut write = system.store().write().await?;
    let (found, name) = find(&mut write, assignment).await?;
    let looks_again = found.state == AssignmentState::Active && found.stale_since.is_some();
    if !found.state.waits() && !looks_again {
        let by = found.decided_by.unwrap_or_else(|| "nobody".into());
        let said = format!("{assignment} is {} already, by {by}; nothing was done.", found.state.name());
        return Ok(Done { said, made: None });
    }
    let me = actor.to_string();
    let said = match decision {
        Decision::Approve if looks_again => {
            activate(system, &mut write, actor, &found, evidence.as_deref()).await?;
            format!("{} answers {name} again, as it is now ({}).", found.agent, found.mode.name())
        }
        Decision::Approve => match approve(&found, &me, system.approvals(), evidence.is_some())? {
            Approval::FirstOfTwo => {
                write.approve_first(assignment, &me, now).await?;
                write.audit(actor, "approve_first", &assignment.to_string(), &found.agent, now).await?;
                format!("You agree that {} answers {name}. A second person has to agree too.", found.agent)
            }
            Approval::Active => {
                activate(system, &mut write, actor, &found, evidence.as_deref()).await?;
                format!("{} answers {name} from now on ({}).", found.agent, found.mode.name())
            }
        },
        Decision::Reject { reason } => {
            write.end_assignment(assignment, AssignmentState::Rejected, &me, &reason, now).await?;
            write.audit(actor, "reject", &assignment.to_string(), &reason, now).await?;
            tell(system, &mut write, &found, "assignment.rejected", &me, &reason).await?;
            format!("{assignment} is rejected; {} learns why.", found.proposed_by)
        }
    };
    write.commit().await?;
    published(system, &found);
    Ok(Done { said, made: None })
}

/// Agrees to less: what was proposed, or is in force, is replaced by something within its bounds.
pub(super) async fn narrow(
    system: &System,
    actor: &Actor,
    assignment: AssignmentId,
    proposal: &Proposal,
) -> Result<Done> {
    require(actor, Right::DecideAboutAgents)?;
    check(system, proposal).await?;
    let now = system.now();
    let evidence = evidence(system, assignment).await?;
    let mut write = system.store().write().await?;
    let (found, name) = find(&mut write, assignment).await?;
    if !found.state.waits() && found.state != AssignmentState::Active {
        let why = format!("{assignment} is {} already.", found.state.name());
        return Err(Refusal::new("decided", why, "Propose a new one.").into());
    }
    let same =
        (found.connection, found.thread, &found.agent) == (proposal.connection, proposal.thread, &proposal.agent);
    let sooner = |own: Option<_>, most: Option<_>| most.is_none_or(|most| own.is_some_and(|own| own <= most));
    if !same || !proposal.contract.is_within(&found.contract) || !sooner(proposal.expires_at, found.expires_at) {
        let why = "This allows something that was not proposed.";
        return Err(Refusal::new("wider", why, "Narrow it, or propose it as a new one.").into());
    }
    let me = actor.to_string();
    let id = write.propose(proposal, &found.proposed_by, false, now).await?;
    let (new, _) = find(&mut write, id).await?;
    let given = Assignment { approved_by: found.approved_by.clone(), ..new };
    let decided = approve(&given, &me, system.approvals(), evidence.is_some())?;
    let reason = format!("narrowed to {id}");
    write.end_assignment(assignment, AssignmentState::Revoked, &me, &reason, now).await?;
    write.audit(actor, "narrow", &assignment.to_string(), &id.to_string(), now).await?;
    let said = match decided {
        Approval::FirstOfTwo => {
            write.approve_first(id, &me, now).await?;
            format!("{id} is {assignment} with narrower bounds. A second person has to agree too.")
        }
        Approval::Active => {
            activate(system, &mut write, actor, &given, evidence.as_deref()).await?;
            format!("{} answers {name} within narrower bounds, as {id}.", found.agent)
        }
    };
    write.commit().await?;
    published(system, &found);
    Ok(Done { said, made: Some(id.to_string()) })
}

async fn find(write: &mut Write, id: AssignmentId) -> Result<(Assignment, String)> {
    match write.assignment(id).await? {
        Some(row) => Ok((row.assignment, row.connection_name)),
        None => Err(Refusal::new("no_such_assignment", format!("There is no assignment {id}."), "").into()),
    }
}

/// The digest of what was rehearsed with the agent as it is now.
async fn evidence(system: &System, assignment: AssignmentId) -> Result<Option<String>> {
    let Some(rehearsal) = system.store().rehearsal(assignment).await? else { return Ok(None) };
    let mut write = system.store().write().await?;
    let agent = write.assignment(assignment).await?.map(|row| row.assignment.agent).unwrap_or_default();
    let now = system.agents().get(&agent).map(AgentConfig::digest);
    Ok(rehearsal.digest.filter(|_| now == Some(rehearsal.agent_digest)))
}

/// Puts it in force. The database holds that one agent answers; the one before steps back in the same
/// breath.
async fn activate(
    system: &System,
    write: &mut Write,
    actor: &Actor,
    assignment: &Assignment,
    evidence: Option<&str>,
) -> Result<()> {
    let (now, me) = (system.now(), actor.to_string());
    if let Some(before) = write.in_place_of(assignment).await? {
        let reason = format!("replaced by {}", assignment.id);
        write.end_assignment(before.id, AssignmentState::Revoked, &me, &reason, now).await?;
        write.audit(actor, "revoke", &before.id.to_string(), &reason, now).await?;
    }
    let digest = system.agents().get(&assignment.agent).map(AgentConfig::digest).unwrap_or_default();
    write.activate(assignment.id, &me, &digest, evidence, now).await?;
    let seen = evidence.map_or_else(|| "nothing rehearsed".to_owned(), |digest| format!("rehearsal {digest}"));
    let detail = format!("{} as {digest}, {seen}", assignment.agent);
    write.audit(actor, "approve", &assignment.id.to_string(), &detail, now).await?;
    tell(system, write, assignment, "assignment.approved", &me, "").await
}

pub(super) async fn tell(
    system: &System,
    write: &mut Write,
    assignment: &Assignment,
    event: &str,
    by: &str,
    reason: &str,
) -> Result<()> {
    let data =
        serde_json::json!({ "assignment": assignment.id, "agent": assignment.agent, "by": by, "reason": reason });
    system.happened(write, event, assignment.thread, &data).await?;
    Ok(())
}

pub(super) fn published(system: &System, assignment: &Assignment) {
    system.bus().publish([Change::Agents, Change::Connection(assignment.connection), Change::Activity]);
    system.wakes().teller.notify_one();
    system.wakes().expirer.notify_one();
}

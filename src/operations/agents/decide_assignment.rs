//! Approves, restricts or rejects an assignment. A decision cannot be made twice.

use sha2::{Digest, Sha256};

use crate::agent::AgentConfig;
use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::agents::assignment::Proposal;
use crate::domain::agents::assignment::{Approval, Approver, Assignment, AssignmentState, approve};
use crate::domain::agents::conversation::ConversationResult;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::event_name::EventName;
use crate::domain::ids::AssignmentId;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::clean_line;
use crate::operations::agents::propose_assignment::check;
use crate::operations::{Result, System, require};
use crate::store::Write;

/// An admin's decision.
pub(crate) enum Decision {
    Approve,
    Reject { reason: String },
}

/// Approves or rejects a proposed assignment, or approves a stale one again.
pub(crate) async fn decide(
    system: &System,
    actor: &Actor,
    assignment: AssignmentId,
    decision: Decision,
) -> Result<Done> {
    require(actor, Permission::DecideAssignments)?;
    if let Decision::Reject { reason } = &decision
        && reason.trim().is_empty()
    {
        let instead = "Give a reason, so that the next proposal can be better.";
        return Err(Refusal::new(Code::NoReason, "The rejection has no reason.", instead).into());
    }
    let now = system.now();
    let mut write = system.store().write().await?;
    let (found, name) = find(&mut write, assignment).await?;
    let again = found.state == AssignmentState::Active && found.stale_since.is_some();
    let approves = matches!(decision, Decision::Approve);
    if !(found.state.waits() || again && approves) {
        return Err(decided(&found).into());
    }
    let me = actor.to_string();
    let said = match decision {
        Decision::Approve => match agree(system, &mut write, actor, &found).await? {
            Approval::FirstOfTwo if again => format!(
                "Approved that {} answers {name} in its changed version. It stays silent until a second admin approves it.",
                found.agent
            ),
            Approval::FirstOfTwo => {
                format!("Approved that {} answers {name}. A second admin has to approve it too.", found.agent)
            }
            Approval::Active if again => {
                format!("{} answers {name} again in its changed version ({}).", found.agent, found.mode.name())
            }
            Approval::Active => format!("{} answers {name} from now on ({}).", found.agent, found.mode.name()),
        },
        Decision::Reject { reason } => {
            let ended = write.end_assignment(assignment, AssignmentState::Rejected, &me, &reason, now).await?;
            ended.or_refuse(|| decided(&found))?;
            write.audit(actor, AuditAction::Reject, &assignment.to_string(), &reason, now).await?;
            record_decision(system, &mut write, &found, EventName::AssignmentRejected, &me, &reason).await?;
            format!("Rejected {assignment}. {} sees the reason.", found.proposed_by)
        }
    };
    write.commit().await?;
    published(system, &found);
    Ok(Done { message: said, created_id: None })
}

/// Approves an assignment: a new one, a restricted one, or one whose agent changed. Every approval by a person goes
/// through here. Runs in the caller's transaction.
async fn agree(system: &System, write: &mut Write, actor: &Actor, found: &Assignment) -> Result<Approval> {
    let now = system.now();
    if found.expires_at.is_some_and(|at| at <= now) {
        let why = format!("{} has expired.", found.id);
        return Err(Refusal::new(Code::Expiry, why, "Propose a new assignment.").into());
    }
    let Some(digest) = system.agents().get(&found.agent).map(AgentConfig::digest) else {
        let why = format!("Agent {} is no longer in the configuration.", clean_line(&found.agent));
        return Err(Refusal::new(Code::NotFound, why, "Declare the agent in the configuration first.").into());
    };
    let evidence = match evidence(write, found.id, &digest).await?.or_else(|| found.evidence_for(&digest)) {
        Some(evidence) => Some(evidence),
        None => written_evidence(write, &found.agent, &digest).await?,
    };
    let me = actor.to_string();
    let person = actor.person().unwrap_or(&me);
    let approver = Approver { person, agent_digest: &digest, rehearsed: evidence.is_some() };
    let approval = approve(found, approver, system.approvals())?;
    match approval {
        Approval::FirstOfTwo => {
            let first = write.approve_first(found.id, (&me, person), &digest, now).await?;
            first.or_refuse(|| decided(found))?;
            let detail = format!("{} as {digest}", found.agent);
            write.audit(actor, AuditAction::ApproveFirst, &found.id.to_string(), &detail, now).await?;
        }
        Approval::Active => activate(system, write, actor, found, (&digest, evidence.as_deref())).await?,
    }
    Ok(approval)
}

/// Restricts an assignment: replaces a proposed or active one with one that allows less, and approves it.
pub(crate) async fn narrow(
    system: &System,
    actor: &Actor,
    assignment: AssignmentId,
    proposal: &Proposal,
) -> Result<Done> {
    require(actor, Permission::DecideAssignments)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    check(system, &mut write, proposal).await?;
    let (found, name) = find(&mut write, assignment).await?;
    if !found.state.waits() && found.state != AssignmentState::Active {
        return Err(decided(&found).into());
    }
    if found.has_same_terms(proposal) {
        // Nothing is restricted, so this is an ordinary approval.
        drop(write);
        return decide(system, actor, assignment, Decision::Approve).await;
    }
    let same =
        (found.connection, found.thread, &found.agent) == (proposal.connection, proposal.thread, &proposal.agent);
    let sooner = |own: Option<_>, most: Option<_>| most.is_none_or(|most| own.is_some_and(|own| own <= most));
    if !same
        || !proposal.mode.is_within(found.mode)
        || !proposal.contract.is_within(&found.contract)
        || !sooner(proposal.expires_at, found.expires_at)
    {
        let why = "This allows more than was proposed.";
        return Err(Refusal::new(Code::Wider, why, "Restrict it, or propose it as a new assignment.").into());
    }
    let me = actor.to_string();
    let id = write.propose(proposal, &found.proposed_by, false, now).await?;
    let (new, _) = find(&mut write, id).await?;
    // An approval of more covers this, and the rehearsal used the same agent.
    let given = Assignment {
        approved_by: found.approved_by.clone(),
        approved_person: found.approved_person.clone(),
        approved_digest: found.approved_digest.clone(),
        agent_digest: found.agent_digest.clone(),
        evidence: found.evidence.clone(),
        ..new
    };
    let digest = system.agents().get(&found.agent).map(AgentConfig::digest).unwrap_or_default();
    let seen = evidence(&mut write, assignment, &digest).await?;
    let given = match seen {
        Some(seen) => Assignment { evidence: Some(seen), agent_digest: Some(digest), ..given },
        None => given,
    };
    let approval = agree(system, &mut write, actor, &given).await?;
    let reason = format!("restricted to {id}");
    let ended = write.end_assignment(assignment, AssignmentState::Revoked, &me, &reason, now).await?;
    ended.or_refuse(|| decided(&found))?;
    write.audit(actor, AuditAction::Restrict, &assignment.to_string(), &id.to_string(), now).await?;
    let said = match approval {
        Approval::FirstOfTwo => {
            format!("{id} is {assignment} with a smaller contract. It answers once a second admin approves it.")
        }
        Approval::Active => format!("{} answers {name} with a smaller contract, as {id}.", found.agent),
    };
    write.commit().await?;
    published(system, &found);
    Ok(Done { message: said, created_id: Some(id.to_string()) })
}

async fn find(write: &mut Write, id: AssignmentId) -> Result<(Assignment, String)> {
    match write.assignment(id).await? {
        Some(row) => Ok((row.assignment, row.connection_name)),
        None => Err(Refusal::new(Code::NotFound, format!("Assignment {id} not found."), "").into()),
    }
}

/// Returns the refusal of a second decision; it names who decided.
fn decided(assignment: &Assignment) -> Refusal {
    let by = assignment.decided_by.as_deref().unwrap_or("nobody");
    let why = format!("{} is already {}, by {by}.", assignment.id, assignment.state.name());
    let instead =
        if assignment.state == AssignmentState::Active { "Revoke it instead." } else { "Propose a new assignment." };
    Refusal::new(Code::Decided, why, instead)
}

/// Returns the digest of the rehearsal, if it used the agent's current version.
async fn evidence(write: &mut Write, assignment: AssignmentId, digest: &str) -> Result<Option<String>> {
    let Some((seen, agent_digest)) = write.rehearsal_digest(assignment).await? else { return Ok(None) };
    Ok(seen.filter(|_| agent_digest == digest))
}

/// Returns a digest of the results if the agent, in its current configuration, passed all written conversations.
async fn written_evidence(write: &mut Write, agent: &str, digest: &str) -> Result<Option<String>> {
    let results = write.last_golden(agent, digest).await?;
    let passed = !results.is_empty() && results.iter().all(ConversationResult::passed);
    Ok(passed.then(|| {
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(&results).unwrap_or_default());
        hex::encode(&hash.finalize()[..8])
    }))
}

/// Activates an assignment. One agent can answer a place at a time, as the database enforces; the assignment before
/// it is revoked in the same transaction.
async fn activate(
    system: &System,
    write: &mut Write,
    actor: &Actor,
    assignment: &Assignment,
    (digest, evidence): (&str, Option<&str>),
) -> Result<()> {
    let (now, me) = (system.now(), actor.to_string());
    if let Some(before) = write.replaced_assignment(assignment).await? {
        let reason = format!("replaced by {}", assignment.id);
        let ended = write.end_assignment(before.id, AssignmentState::Revoked, &me, &reason, now).await?;
        ended.or_refuse(|| decided(&before))?;
        write.audit(actor, AuditAction::Revoke, &before.id.to_string(), &reason, now).await?;
    }
    write.activate(assignment.id, &me, digest, evidence, now).await?;
    let seen = evidence.map_or_else(|| "nothing rehearsed".to_owned(), |digest| format!("rehearsal {digest}"));
    let detail = format!("{} as {digest}, {seen}", assignment.agent);
    write.audit(actor, AuditAction::Approve, &assignment.id.to_string(), &detail, now).await?;
    record_decision(system, write, assignment, EventName::AssignmentApproved, &me, "").await
}

/// Records the event of a decision for other programs. Runs in the caller's transaction.
pub(crate) async fn record_decision(
    system: &System,
    write: &mut Write,
    assignment: &Assignment,
    event: EventName,
    by: &str,
    reason: &str,
) -> Result<()> {
    let data =
        serde_json::json!({ "assignment": assignment.id, "agent": assignment.agent, "by": by, "reason": reason });
    system.record_event(write, event, assignment.thread, &data).await?;
    Ok(())
}

/// Publishes a changed assignment and wakes the workers; call it after the commit.
pub(crate) fn published(system: &System, assignment: &Assignment) {
    system.bus().publish([Change::Agents, Change::Connection(assignment.connection), Change::Activity]);
    system.wakeups().event_delivery.notify_one();
    system.wakeups().expirer.notify_one();
}

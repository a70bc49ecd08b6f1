//! Revokes an active assignment, postpones a proposed one, and marks assignments whose agent changed since the
//! approval.

use crate::agent::AgentConfig;
use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::agents::assignment::AssignmentState;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::event_name::EventName;
use crate::domain::ids::AssignmentId;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::time::Timestamp;
use crate::operations::agents::decide_assignment::{published, record_decision};
use crate::operations::{Result, System, require};
use crate::store::NewAlert;

/// Revokes an active or proposed assignment and cancels its runs.
pub(crate) async fn revoke(system: &System, actor: &Actor, id: AssignmentId, reason: &str) -> Result<Done> {
    require(actor, Permission::DecideAssignments)?;
    let (now, me) = (system.now(), actor.to_string());
    let mut write = system.store().write().await?;
    let found = write.assignment(id).await?.map(|row| row.assignment);
    let Some(found) = found.filter(|found| found.state == AssignmentState::Active || found.state.waits()) else {
        let why = format!("{id} is not active.");
        return Err(Refusal::new(Code::NotInForce, why, "List the assignments.").into());
    };
    let reason = if reason.trim().is_empty() { "withdrawn" } else { reason.trim() };
    let missed = || Refusal::new(Code::NotInForce, format!("{id} is not active."), "");
    write.end_assignment(id, AssignmentState::Revoked, &me, reason, now).await?.or_refuse(missed)?;
    let ended = write.end_runs_of(id, &format!("{me} revoked the assignment"), now).await?;
    write.clear_alert(AlertKind::AssignmentEnds, &id.to_string(), now).await?;
    write.audit(actor, AuditAction::Revoke, &id.to_string(), reason, now).await?;
    record_decision(system, &mut write, &found, EventName::AssignmentRevoked, &me, reason).await?;
    write.commit().await?;
    published(system, &found);
    system.bus().publish([Change::Outbox, Change::Everything]);
    let also =
        if ended > 0 { format!(" {ended} runs canceled; their threads wait for a person.") } else { String::new() };
    Ok(Done { message: format!("Revoked {id}: {} no longer answers.{also}", found.agent), created_id: None })
}

/// Postpones the decision about a proposed assignment until a time.
pub(crate) async fn snooze(system: &System, actor: &Actor, id: AssignmentId, until: Timestamp) -> Result<Done> {
    require(actor, Permission::DecideAssignments)?;
    let mut write = system.store().write().await?;
    let found = write.assignment(id).await?.map(|row| row.assignment);
    if !found.is_some_and(|found| found.state.waits()) {
        let why = format!("{id} is not waiting for a decision.");
        return Err(Refusal::new(Code::Decided, why, "Snooze only assignments that wait.").into());
    }
    write.snooze(id, until).await?;
    write.audit(actor, AuditAction::Snooze, &id.to_string(), &until.to_string(), system.now()).await?;
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Activity]);
    Ok(Done { message: format!("Postponed {id} until {until}. It still expires at its time."), created_id: None })
}

/// Marks assignments as stale whose agent changed since the approval. A stale assignment is silent until it is
/// approved again, or until the agent matches its approval again.
pub(crate) async fn mark_stale(system: &System) -> Result<()> {
    let now = system.now();
    let mut write = system.store().write().await?;
    for row in write.assignments_open(None).await? {
        let one = row.assignment;
        // If one approval suffices, a declaration in the configuration approves the changed agent as well.
        if one.state != AssignmentState::Active || (one.from_file && system.approvals().takes_one_word()) {
            continue;
        }
        let is = system.agents().get(&one.agent).map(AgentConfig::digest);
        let same = is.is_some() && (one.agent_digest.is_none() || is == one.agent_digest);
        if same == one.stale_since.is_none() {
            continue;
        }
        write.set_stale(one.id, (!same).then_some(now)).await?;
        let what =
            if same { "the agent matches its approval again" } else { "the agent has changed since its approval" };
        write.audit(&Actor::System, AuditAction::Stale, &one.id.to_string(), what, now).await?;
        if !same {
            let said = format!(
                "{} has changed since {} was approved. It stays silent until an admin approves it again.",
                one.agent, one.id
            );
            let subject = one.id.to_string();
            let alert = NewAlert { kind: AlertKind::AgentChanged, subject: &subject, said: &said, thread: None };
            write.raise(&alert, now).await?;
        }
    }
    Ok(write.commit().await?)
}

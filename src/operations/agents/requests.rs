//! Maps requests and queries about agents to their operations.

use crate::agent::AgentConfig;
use crate::domain::access::actor::Actor;
use crate::domain::access::audit::{AuditCheck, KnownHead};
use crate::domain::agents::requests::{AgentQuery, AgentRequest, AgentsAnswer, AssignmentDetail};
use crate::domain::ids::AssignmentId;
use crate::domain::query::MAX_ROWS;
use crate::domain::refusal::Done;
use crate::domain::request::SendContext;
use crate::operations::agents::decide_answer;
use crate::operations::agents::decide_assignment::{Decision, decide, narrow};
use crate::operations::agents::end_assignment;
use crate::operations::agents::propose_assignment;
use crate::operations::agents::rehearse;
use crate::operations::agents::rehearse_written;
use crate::operations::agents::stop_agents;
use crate::operations::monitoring::accept_restored::kept_heads;
use crate::operations::{Result, System};

/// Performs a request about agents.
pub(crate) async fn perform(
    system: &System,
    actor: &Actor,
    request: AgentRequest,
    context: &SendContext,
) -> Result<Done> {
    match request {
        AgentRequest::Propose(proposal) => propose_assignment::propose(system, actor, &proposal).await,
        AgentRequest::Approve { assignment } => decide(system, actor, assignment, Decision::Approve).await,
        AgentRequest::Reject { assignment, reason } => {
            decide(system, actor, assignment, Decision::Reject { reason }).await
        }
        AgentRequest::Restrict { assignment, proposal } => narrow(system, actor, assignment, &proposal).await,
        AgentRequest::Revoke { assignment, reason } => end_assignment::revoke(system, actor, assignment, &reason).await,
        AgentRequest::Snooze { assignment, until } => end_assignment::snooze(system, actor, assignment, until).await,
        AgentRequest::Rehearse { assignment, exchanges } => {
            rehearse::rehearse(system, actor, assignment, exchanges).await
        }
        AgentRequest::Accept { run, instead } => {
            decide_answer::accept(system, actor, run, instead.as_deref(), context).await
        }
        AgentRequest::Dismiss { run, reason } => decide_answer::dismiss(system, actor, run, &reason).await,
        AgentRequest::Stop { what, reason } => stop_agents::stop(system, actor, &what, &reason).await,
        AgentRequest::Resume { what } => stop_agents::resume(system, actor, &what).await,
        AgentRequest::ResetContext { thread, undo } => stop_agents::forget(system, actor, thread, undo).await,
        AgentRequest::RehearseWritten { agent, conversations, keep } => {
            Box::pin(rehearse_written::rehearse_written(system, actor, &agent, conversations, keep)).await
        }
        AgentRequest::Test { agent, words } => rehearse::test(system, actor, &agent, &words).await,
    }
}

/// Answers a query about agents.
pub(crate) async fn look(system: &System, query: AgentQuery) -> Result<AgentsAnswer> {
    let store = system.store();
    Ok(match query {
        AgentQuery::Run { run } => AgentsAnswer::Run(store.run_record(run).await?.map(Box::new)),
        AgentQuery::Conversations { agent } => AgentsAnswer::Conversations(store.golden_results(&agent).await?),
        AgentQuery::Runs { thread, limit, before } => {
            AgentsAnswer::Runs(store.runs(thread, limit.min(MAX_ROWS), before).await?)
        }
        AgentQuery::Assignments { limit } => AgentsAnswer::Assignments(store.assignments(limit.min(MAX_ROWS)).await?),
        AgentQuery::Assignment { assignment } => {
            AgentsAnswer::Assignment(assignment_detail(system, assignment).await?.map(Box::new))
        }
        AgentQuery::Waiting { thread } => {
            let run = store.proposed_in(thread).await?;
            AgentsAnswer::Waiting(match run {
                Some(run) => store.run_record(run).await?.map(Box::new),
                None => None,
            })
        }
        AgentQuery::Stops { limit } => AgentsAnswer::Stops(store.stops(limit.min(MAX_ROWS)).await?),
        AgentQuery::Audit { subject, limit, before } => {
            AgentsAnswer::Audit(store.audit(&subject, limit.min(MAX_ROWS), before).await?)
        }
        AgentQuery::VerifyAudit { against } => AgentsAnswer::Verified(verify_audit(system, against).await?),
        AgentQuery::Events { after, limit } => AgentsAnswer::Events(store.events(after, limit.min(MAX_ROWS)).await?),
        AgentQuery::LastEvent => AgentsAnswer::LastEvent(store.newest_event().await?),
    })
}

/// Verifies the audit chain and compares it with every head stored outside the database: in memory, in the file
/// beside it, in the logs, and those given.
async fn verify_audit(system: &System, against: Vec<KnownHead>) -> Result<AuditCheck> {
    let store = system.store();
    let (given, bare): (Vec<KnownHead>, Vec<KnownHead>) = against.into_iter().partition(|one| one.head.row.0 > 0);
    let mut check = store.verify_audit(&kept_heads(system), &given).await?;
    for digest in bare.into_iter().map(|one| one.head.digest) {
        check.compared += 1;
        if store.audit_row_of(&digest).await?.is_none() {
            check.contradictions.push(format!("No row has the digest {digest}: the row was removed or rewritten."));
        }
    }
    Ok(check)
}

async fn assignment_detail(system: &System, id: AssignmentId) -> Result<Option<AssignmentDetail>> {
    let store = system.store();
    let Some(row) = store.assignment_row(id).await? else { return Ok(None) };
    let beside = store.assignments_beside(&row.assignment).await?;
    let instead_of = beside.into_iter().find(|one| one.shares_place_with(&row.assignment));
    let (runs, cost) = store.use_of(id).await?;
    Ok(Some(AssignmentDetail {
        agent_digest: system.agents().get(&row.assignment.agent).map(AgentConfig::digest),
        rehearsal: store.rehearsal(id).await?,
        instead_of,
        runs,
        cost,
        row,
    }))
}

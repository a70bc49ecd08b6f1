//! Approve or reject who answers a number. Deciding twice changes nothing, and says so.

use super::{Result, System, require};
use crate::domain::assignment::AssignmentState;
use crate::domain::change::Change;
use crate::domain::ids::AssignmentId;
use crate::domain::request::{Done, Refusal};
use crate::domain::right::Right;
use crate::domain::role::Actor;

/// What an admin says.
pub(super) enum Decision {
    Approve,
    Reject { reason: String },
}

pub(super) async fn decide_assignment(
    system: &System,
    actor: &Actor,
    assignment: AssignmentId,
    decision: Decision,
) -> Result<Done> {
    require(actor, Right::DecideAboutAgents)?;
    if let Decision::Reject { reason } = &decision
        && reason.trim().is_empty()
    {
        return Err(Refusal::new(
            "no_reason",
            "A rejection needs a reason.",
            "Say why, so that the next proposal is better.",
        )
        .into());
    }
    let now = system.now();
    let mut write = system.store().write().await?;
    let Some(row) = write.assignment(assignment).await? else {
        return Err(Refusal::new("no_such_assignment", format!("There is no assignment {assignment}."), "").into());
    };
    let (found, name) = (row.assignment, row.connection_name);
    if found.state != AssignmentState::Proposed {
        let by = found.decided_by.unwrap_or_else(|| "nobody".into());
        return Ok(Done {
            said: format!("{assignment} is {} already, by {by}; nothing was done.", found.state.name()),
            made: None,
        });
    }
    let me = actor.to_string();
    let said = match decision {
        Decision::Approve => {
            // The database holds that one agent answers; the one before steps back in the same breath.
            if let Some(before) = write.approved_for_connection(found.connection).await? {
                let reason = format!("replaced by {assignment}");
                let state = AssignmentState::Revoked;
                write.decide_assignment(before.assignment.id, state, &me, Some(&reason), now).await?;
            }
            write.decide_assignment(assignment, AssignmentState::Approved, &me, None, now).await?;
            write
                .audit(actor, "approve", &assignment.to_string(), &format!("{} answers {name}", found.agent), now)
                .await?;
            format!("{} answers {name} from now on ({}).", found.agent, found.mode.name())
        }
        Decision::Reject { reason } => {
            write.decide_assignment(assignment, AssignmentState::Rejected, &me, Some(&reason), now).await?;
            write.audit(actor, "reject", &assignment.to_string(), &reason, now).await?;
            format!("{assignment} is rejected; {} learns why.", found.proposed_by)
        }
    };
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Connection(found.connection), Change::Activity]);
    Ok(Done { said, made: None })
}

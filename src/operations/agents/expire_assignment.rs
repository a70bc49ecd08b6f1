//! Expires assignments at their end, with a notice before it, and proposals that were not decided in time.

use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::agents::assignment::{Assignment, AssignmentState, TIME_IS_OVER};
use crate::domain::change::Change;
use crate::domain::event_name::EventName;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::text::clean_line;
use crate::domain::time::{Timestamp, short_span};
use crate::operations::agents::decide_assignment::record_decision;
use crate::operations::{Result, System};
use crate::store::{NewAlert, StoreError, Write};

/// How long before its end the notice of an assignment is raised: a day, but at most a tenth of its term.
const AHEAD: Duration = Duration::from_secs(86_400);
/// Maximum pause between two checks.
const LOOKS_EVERY: Duration = Duration::from_secs(30);

/// Returns when the notice about the end of an assignment is due; `None` if it has no end.
fn notice_due_at(one: &Assignment) -> Option<Timestamp> {
    let ends = one.expires_at?;
    let began = one.approved_at.unwrap_or(one.proposed_at);
    Some(ends.minus(AHEAD.min(ends.since(began) / 10)))
}

/// Returns when the next assignment or notice is due, at most `LOOKS_EVERY` from now.
pub async fn next_expiry(system: &System) -> std::result::Result<Option<Timestamp>, StoreError> {
    let now = system.now();
    let undecided = system.approvals().undecided;
    let rows = system.store().assignments_to_end().await?;
    let due = rows.iter().flat_map(|one| {
        let decided = one.state.waits().then(|| one.proposed_at.plus(undecided));
        let active = one.state == AssignmentState::Active;
        let times = [decided, one.expires_at.filter(|_| active), notice_due_at(one).filter(|_| active)];
        times.into_iter().flatten().filter(move |at| *at > now)
    });
    Ok(due.chain(std::iter::once(now.plus(LOOKS_EVERY))).min())
}

/// The worker's step: expires what is due, raises notices about what ends soon, and deletes old events.
pub async fn expire_assignments(system: &System) -> Result<()> {
    let now = system.now();
    let undecided = system.approvals().undecided;
    let mut write = system.store().write().await?;
    let (mut ended, mut told) = (false, false);
    for row in write.assignments_open(None).await? {
        let one = row.assignment;
        let is_active = one.state == AssignmentState::Active;
        let reason = match one.state {
            AssignmentState::Active if one.expires_at.is_some_and(|at| at <= now) => TIME_IS_OVER,
            state if state.waits() && one.proposed_at.plus(undecided) <= now => "no decision in time",
            _ => {
                if is_active && notice_due_at(&one).is_some_and(|at| at <= now) {
                    told |= notify_before_end(&mut write, &one, &row.connection_name, now).await?;
                }
                continue;
            }
        };
        if !write.end_assignment(one.id, AssignmentState::Expired, "system", reason, now).await?.applied() {
            continue;
        }
        write.end_runs_of(one.id, "its assignment expired", now).await?;
        write.audit(&Actor::System, AuditAction::Expire, &one.id.to_string(), reason, now).await?;
        record_decision(system, &mut write, &one, EventName::AssignmentExpired, "system", reason).await?;
        write.clear_alert(AlertKind::AssignmentEnds, &one.id.to_string(), now).await?;
        if is_active {
            let said = format!(
                "{} no longer answers {}: {} expired. Propose it again to continue.",
                clean_line(&one.agent),
                row.connection_name,
                one.id
            );
            let subject = one.id.to_string();
            let alert =
                NewAlert { kind: AlertKind::AssignmentEnded, subject: &subject, said: &said, thread: one.thread };
            write.raise(&alert, now).await?;
        }
        ended = true;
    }
    write.delete_events(now.minus(Duration::from_secs(30 * 86_400))).await?;
    write.commit().await?;
    if ended || told {
        system.bus().publish([Change::Agents, Change::Activity, Change::Alerts, Change::Everything]);
        system.wakeups().event_delivery.notify_one();
    }
    Ok(())
}

/// Raises the notice about the end of an assignment. Returns `false` if it was raised before.
async fn notify_before_end(write: &mut Write, one: &Assignment, number: &str, now: Timestamp) -> Result<bool> {
    let (subject, Some(ends)) = (one.id.to_string(), one.expires_at) else { return Ok(false) };
    if write.was_raised(AlertKind::AssignmentEnds, &subject).await? {
        return Ok(false);
    }
    let left = short_span(ends.since(now));
    let agent = clean_line(&one.agent);
    let said =
        format!("{agent} answers {number} for another {left}: then {} expires. Propose it again to continue.", one.id);
    let alert = NewAlert { kind: AlertKind::AssignmentEnds, subject: &subject, said: &said, thread: one.thread };
    write.raise(&alert, now).await?;
    Ok(true)
}

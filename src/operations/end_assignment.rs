//! Revoke what is in force, put off what waits, and let what nobody decided about expire.

use std::time::Duration;

use super::decide_assignment::{published, tell};
use super::{Result, System, require};
use crate::agent::AgentConfig;
use crate::domain::assignment::{Assignment, AssignmentState};
use crate::domain::change::Change;
use crate::domain::ids::AssignmentId;
use crate::domain::request::{Done, Refusal};
use crate::domain::right::Right;
use crate::domain::role::Actor;
use crate::domain::text::clean_line;
use crate::domain::time::{Timestamp, short_span};
use crate::store::{NewAlert, StoreError, Write};

pub(super) async fn revoke(system: &System, actor: &Actor, id: AssignmentId, reason: &str) -> Result<Done> {
    require(actor, Right::DecideAboutAgents)?;
    let (now, me) = (system.now(), actor.to_string());
    let mut write = system.store().write().await?;
    let found = write.assignment(id).await?.map(|row| row.assignment);
    let Some(found) = found.filter(|found| found.state == AssignmentState::Active || found.state.waits()) else {
        let why = format!("{id} is not in force.");
        return Err(Refusal::new("not_in_force", why, "List them with `wadeck assignments list`.").into());
    };
    let reason = if reason.trim().is_empty() { "taken back" } else { reason.trim() };
    write.end_assignment(id, AssignmentState::Revoked, &me, reason, now).await?;
    let ended = write.end_runs_of(id, &format!("{me} took the assignment back"), now).await?;
    write.clear_alert("assignment_ends", &id.to_string(), now).await?;
    write.audit(actor, "revoke", &id.to_string(), reason, now).await?;
    tell(system, &mut write, &found, "assignment.revoked", &me, reason).await?;
    write.commit().await?;
    published(system, &found);
    system.bus().publish([Change::Outbox, Change::Everything]);
    let also = if ended > 0 { format!(" {ended} of its runs ended; their threads wait.") } else { String::new() };
    Ok(Done { said: format!("{} answers no more under {id}.{also}", found.agent), made: None })
}

pub(super) async fn snooze(system: &System, actor: &Actor, id: AssignmentId, until: Timestamp) -> Result<Done> {
    require(actor, Right::DecideAboutAgents)?;
    let mut write = system.store().write().await?;
    let found = write.assignment(id).await?.map(|row| row.assignment);
    if !found.is_some_and(|found| found.state.waits()) {
        let why = format!("{id} waits for nobody.");
        return Err(Refusal::new("decided", why, "Only what waits can be put off.").into());
    }
    write.snooze(id, until).await?;
    write.audit(actor, "snooze", &id.to_string(), &until.to_string(), system.now()).await?;
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Activity]);
    Ok(Done { said: format!("{id} is put off until {until}; it still expires in its time."), made: None })
}

/// How long before an assignment ends people are told: a day, and no more than a tenth of its time.
const AHEAD: Duration = Duration::from_secs(86_400);
/// The longest sleep between two looks.
const LOOKS_EVERY: Duration = Duration::from_secs(30);

/// When people are told that an assignment is about to end.
fn told_ahead_at(one: &Assignment) -> Option<Timestamp> {
    let ends = one.expires_at?;
    let began = one.approved_at.unwrap_or(one.proposed_at);
    Some(ends.minus(AHEAD.min(ends.since(began) / 10)))
}

/// When the next assignment ends, or is about to; at the latest when it is looked again.
pub async fn next_expiry(system: &System) -> std::result::Result<Option<Timestamp>, StoreError> {
    let now = system.now();
    let undecided = system.approvals().undecided;
    let rows = system.store().assignments_to_end().await?;
    let due = rows.iter().flat_map(|one| {
        let decided = one.state.waits().then(|| one.proposed_at.plus(undecided));
        let active = one.state == AssignmentState::Active;
        let times = [decided, one.expires_at.filter(|_| active), told_ahead_at(one).filter(|_| active)];
        times.into_iter().flatten().filter(move |at| *at > now)
    });
    Ok(due.chain(std::iter::once(now.plus(LOOKS_EVERY))).min())
}

/// The step of a worker: what has come to its end is ended, and said to be what it is; what is about to
/// end is told ahead.
pub async fn expire_assignments(system: &System) -> Result<()> {
    let now = system.now();
    let undecided = system.approvals().undecided;
    let mut write = system.store().write().await?;
    let (mut ended, mut told) = (false, false);
    for row in write.assignments_open(None).await? {
        let one = row.assignment;
        let is_active = one.state == AssignmentState::Active;
        let reason = match one.state {
            AssignmentState::Active if one.expires_at.is_some_and(|at| at <= now) => "its time is over",
            state if state.waits() && one.proposed_at.plus(undecided) <= now => "nobody decided in time",
            _ => {
                if is_active && told_ahead_at(&one).is_some_and(|at| at <= now) {
                    told |= tell_ahead(&mut write, &one, &row.connection_name, now).await?;
                }
                continue;
            }
        };
        write.end_assignment(one.id, AssignmentState::Expired, "system", reason, now).await?;
        write.end_runs_of(one.id, "its assignment expired", now).await?;
        write.audit(&Actor::System, "expire", &one.id.to_string(), reason, now).await?;
        tell(system, &mut write, &one, "assignment.expired", "system", reason).await?;
        write.clear_alert("assignment_ends", &one.id.to_string(), now).await?;
        if is_active {
            let said = format!(
                "{} answers {} no more: the time of {} is over. Propose it anew if it should go on.",
                clean_line(&one.agent),
                row.connection_name,
                one.id
            );
            let subject = one.id.to_string();
            let alert = NewAlert { kind: "assignment_ended", subject: &subject, said: &said, thread: one.thread };
            write.raise(&alert, now).await?;
        }
        ended = true;
    }
    write.forget_events(now.minus(Duration::from_secs(30 * 86_400))).await?;
    write.commit().await?;
    if ended || told {
        system.bus().publish([Change::Agents, Change::Activity, Change::Alerts, Change::Everything]);
        system.wakes().teller.notify_one();
    }
    Ok(())
}

/// Says once that an assignment is about to end.
async fn tell_ahead(write: &mut Write, one: &Assignment, number: &str, now: Timestamp) -> Result<bool> {
    let (subject, Some(ends)) = (one.id.to_string(), one.expires_at) else { return Ok(false) };
    if write.was_raised("assignment_ends", &subject).await? {
        return Ok(false);
    }
    let left = short_span(ends.since(now));
    let agent = clean_line(&one.agent);
    let said =
        format!("{agent} answers {number} for {left} more: {} ends then. Propose it anew if it should go on.", one.id);
    let alert = NewAlert { kind: "assignment_ends", subject: &subject, said: &said, thread: one.thread };
    write.raise(&alert, now).await?;
    Ok(true)
}

/// What was approved for an agent that has changed since is stale, until somebody looks again; and is
/// not, once the agent is what it was.
pub(super) async fn mark_stale(system: &System) -> Result<()> {
    let now = system.now();
    let mut write = system.store().write().await?;
    for row in write.assignments_open(None).await? {
        let one = row.assignment;
        if one.state != AssignmentState::Active || one.from_file {
            continue;
        }
        let is = system.agents().get(&one.agent).map(AgentConfig::digest);
        let same = is.is_some() && (one.agent_digest.is_none() || is == one.agent_digest);
        if same == one.stale_since.is_none() {
            continue;
        }
        write.set_stale(one.id, (!same).then_some(now)).await?;
        let what =
            if same { "the agent is again what was approved" } else { "the agent has changed since it was approved" };
        write.audit(&Actor::System, "stale", &one.id.to_string(), what, now).await?;
        if !same {
            let said = format!(
                "{} is not what was approved as {}: nobody is answered by it before an admin looks again.",
                one.agent, one.id
            );
            let subject = one.id.to_string();
            let alert = NewAlert { kind: "agent_changed", subject: &subject, said: &said, thread: None };
            write.raise(&alert, now).await?;
        }
    }
    Ok(write.commit().await?)
}

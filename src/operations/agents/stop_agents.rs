//! Stops agents immediately: one thread's agent, one agent, or all. Messages that are not in flight yet are cancelled
//! in the same transaction, and no new run starts after it.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::agents::requests::StopScope;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::event_name::EventName;
use crate::domain::ids::ThreadId;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::clean_line;
use crate::operations::{Result, System, require};

/// Stops agents and returns the id of the stop. Refused if they are stopped and nothing came since.
pub(crate) async fn stop(system: &System, actor: &Actor, what: &StopScope, reason: &str) -> Result<Done> {
    require(actor, Permission::StopAgents)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    is_there(system, what).await?;
    let standing = write.stopped_by(what).await?;
    let stop = write.stop(what, &actor.to_string(), clean_line(reason).trim(), now).await?;
    // A second stop cancels what came since the first one. If nothing came, the first stop keeps its record.
    if let Some(by) = standing.filter(|_| stop.caught.is_empty() && stop.runs == 0) {
        let why = format!("{by} already stopped {}.", what.words());
        return Err(Refusal::new(Code::AlreadyStopped, why, "").into());
    }
    write.audit(actor, AuditAction::Stop, &what.subject(), &what.words(), now).await?;
    let data = serde_json::json!({ "what": what, "by": actor.to_string(), "caught": stop.caught.len() });
    system.record_event(&mut write, EventName::AgentsStopped, None, &data).await?;
    write.commit().await?;
    system.bus().publish([Change::Everything]);
    system.wakeups().event_delivery.notify_one();
    let said = format!(
        "Stopped {}. {} message(s) canceled, {} run(s) canceled; {} had already left in the last ten minutes.",
        what.words(),
        stop.caught.len(),
        stop.runs,
        stop.departed.len()
    );
    Ok(Done { message: said, created_id: Some(stop.id.to_string()) })
}

/// Fails if the thread or agent does not exist.
async fn is_there(system: &System, what: &StopScope) -> Result<()> {
    match what {
        StopScope::Thread(thread) => {
            crate::operations::outbox::send_message::thread_row(system, *thread).await.map(|_| ())
        }
        StopScope::Agent(agent) if !system.agents().has(agent) => {
            let why = format!("Agent {} not found.", clean_line(agent));
            Err(Refusal::new(Code::NotFound, why, "List the agents.").into())
        }
        StopScope::Agent(_) | StopScope::All => Ok(()),
    }
}

/// Lifts a stop. Refused if there is none.
pub(crate) async fn resume(system: &System, actor: &Actor, what: &StopScope) -> Result<Done> {
    require(actor, Permission::ResumeAgents)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    let lifted = write.lift_stop(what, &actor.to_string(), now).await?;
    if !lifted.applied() {
        // A stopped agent that is no longer declared can be resumed; one that was never declared does not exist.
        is_there(system, what).await?;
    }
    lifted.or_refuse(|| {
        let why = format!("Nobody stopped {}.", what.words());
        Refusal::new(Code::NotStopped, why, "Nothing needs to be done.")
    })?;
    write.audit(actor, AuditAction::Resume, &what.subject(), &what.words(), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Everything]);
    Ok(Done {
        message: format!("Resumed {}. It answers from the next message on.", capital(&what.words())),
        created_id: None,
    })
}

/// Clears an agent's memory of a thread, or restores it if no message came since.
pub(crate) async fn forget(system: &System, actor: &Actor, thread: ThreadId, undo: bool) -> Result<Done> {
    require(actor, Permission::ResetAgentContext)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    let row = crate::operations::outbox::send_message::thread_within(&mut write, thread).await?;
    let forgotten = row.context_from.is_some_and(|from| from >= row.last_message_at);
    if forgotten != undo {
        let why = if undo {
            "The agent's memory of the thread is not reset."
        } else {
            "The agent's memory of the thread is already reset."
        };
        return Err(Refusal::new(Code::NoChange, why, "").into());
    }
    let said = if undo {
        write.restore_context(thread).await?;
        "Restored the agent's memory of this thread."
    } else {
        write.start_new_context(thread, now).await?;
        "Cleared the agent's memory of this thread."
    };
    write
        .audit(
            actor,
            if undo { AuditAction::RestoreContext } else { AuditAction::ResetContext },
            &thread.to_string(),
            "",
            now,
        )
        .await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Activity]);
    Ok(Done { message: said.into(), created_id: None })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

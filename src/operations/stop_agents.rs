//! Silence, now: one thread's agent, one agent, or all. What has not left is caught in the same
//! transaction that says so, and nothing is begun after it.

use super::{Result, System, require};
use crate::domain::agent_desk::StopScope;
use crate::domain::change::Change;
use crate::domain::ids::ThreadId;
use crate::domain::request::{Done, Refusal};
use crate::domain::right::Right;
use crate::domain::role::Actor;
use crate::domain::text::clean_line;

pub(super) async fn stop(system: &System, actor: &Actor, what: &StopScope, reason: &str) -> Result<Done> {
    require(actor, Right::StopAgents)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    is_there(system, what).await?;
    let stop = write.stop(what, &actor.to_string(), clean_line(reason).trim(), now).await?;
    write.audit(actor, "stop", &what.subject(), &what.words(), now).await?;
    let data = serde_json::json!({ "what": what, "by": actor.to_string(), "caught": stop.caught.len() });
    system.happened(&mut write, "agents.stopped", None, &data).await?;
    write.commit().await?;
    system.bus().publish([Change::Everything]);
    system.wakes().teller.notify_one();
    let said = format!(
        "Silent: {}. {} message(s) caught before they left, {} run(s) ended; {} had left in the last ten minutes.",
        what.words(),
        stop.caught.len(),
        stop.runs,
        stop.departed.len()
    );
    Ok(Done { said, made: Some(stop.id.to_string()) })
}

/// Whether there is such a thread or agent at all.
async fn is_there(system: &System, what: &StopScope) -> Result<()> {
    match what {
        StopScope::Thread(thread) => super::send::thread_row(system, *thread).await.map(|_| ()),
        StopScope::Agent(agent) if !system.agents().has(agent) => {
            let why = format!("No agent is called {}.", clean_line(agent));
            Err(Refusal::new("not_found", why, "`wadeck agents list` names them.").into())
        }
        StopScope::Agent(_) | StopScope::All => Ok(()),
    }
}

pub(super) async fn resume(system: &System, actor: &Actor, what: &StopScope) -> Result<Done> {
    require(actor, Right::LetAgentsGoOn)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    if !write.lift_stop(what, &actor.to_string(), now).await? {
        // An agent that is not declared any more can still be let go on; one that never was is no one.
        is_there(system, what).await?;
        let why = format!("Nobody stopped {}.", what.words());
        return Err(Refusal::new("not_stopped", why, "There is nothing to lift.").into());
    }
    write.audit(actor, "resume", &what.subject(), &what.words(), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Everything]);
    Ok(Done { said: format!("{} may answer again, from the next message on.", capital(&what.words())), made: None })
}

/// Lets an agent forget what was said so far in a thread; again, and it remembers.
pub(super) async fn forget(system: &System, actor: &Actor, thread: ThreadId) -> Result<Done> {
    require(actor, Right::ResetAnAgentsMemoryOfAThread)?;
    let row = super::send::thread_row(system, thread).await?;
    let now = system.now();
    let newest = row.context_from.is_some_and(|from| from >= row.last_message_at);
    let mut write = system.store().write().await?;
    let said = if newest {
        write.remember_again(thread).await?;
        "The agent is told of everything again."
    } else {
        write.forget_before(thread, now).await?;
        "The agent begins anew with the next message; the same again takes it back."
    };
    write.audit(actor, if newest { "remember" } else { "forget" }, &thread.to_string(), "", now).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread), Change::Activity]);
    Ok(Done { said: said.into(), made: None })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

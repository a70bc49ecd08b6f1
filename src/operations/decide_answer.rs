//! A person decides about what an agent proposed to say: send it, send something else, or nothing.

use super::run_agent::carry_out;
use super::send::{may_write, thread_row};
use super::{Result, System, require};
use crate::domain::agent_desk::RunRecord;
use crate::domain::bounds::Words;
use crate::domain::change::Change;
use crate::domain::ids::RunId;
use crate::domain::request::{Done, Refusal, check_text};
use crate::domain::right::Right;
use crate::domain::role::Actor;
use crate::domain::run::RunState;
use crate::domain::text::clean_line;

async fn waiting(system: &System, run: RunId) -> Result<RunRecord> {
    let Some(record) = system.store().run_record(run).await? else {
        return Err(Refusal::new("not_found", format!("There is no run {run}."), "").into());
    };
    if record.run.state == RunState::Proposed {
        return Ok(record);
    }
    let by = record.run.decided_by.map(|by| format!(" by {by}")).unwrap_or_default();
    let why = format!("{run} is {} already{by}.", record.run.state.name().replace('_', " "));
    Err(Refusal::new("decided", why, "Look at the thread as it is now.").into())
}

/// Sends it, as the agent wrote it or in other words.
pub(super) async fn accept(system: &System, actor: &Actor, run: RunId, instead: Option<&str>) -> Result<Done> {
    require(actor, Right::DecideAboutProposedAnswers)?;
    let record = waiting(system, run).await?;
    let row = thread_row(system, record.run.thread_id).await?;
    let now = system.now();
    may_write(&row, None, now)?;
    let me = actor.to_string();
    let (words, author, acts) = match instead {
        // What a person wrote is that person's, and no act of the agent's rides along.
        Some(text) => {
            check_text(text)?;
            (vec![Words { text: text.to_owned(), reply_to: None }], me.clone(), vec![])
        }
        None => (record.words, format!("agent {}", record.run.agent), record.acts),
    };
    for one in &words {
        check_text(&one.text)?;
    }
    let mut write = system.store().write().await?;
    if !write.decide_run(run, RunState::Answered, &me, "", now).await? {
        let why = format!("{run} does not wait any more.");
        return Err(Refusal::new("decided", why, "Look at the thread as it is now.").into());
    }
    carry_out(system, &mut write, (&row, run, &author), &words, &acts).await?;
    write.stop_waiting(row.id).await?;
    write.clear_unread(row.id).await?;
    let how = if instead.is_some() { "accept_edited" } else { "accept" };
    write.audit(actor, how, &run.to_string(), &row.id.to_string(), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Thread(row.id), Change::Outbox, Change::Activity]);
    system.wakes().sender.notify_one();
    let what = if instead.is_some() { "Your words are" } else { "The answer is" };
    Ok(Done { said: format!("{what} on the way to {}.", row.contact.shown()), made: None })
}

/// Does not send it. The thread goes on waiting for a person.
pub(super) async fn dismiss(system: &System, actor: &Actor, run: RunId, reason: &str) -> Result<Done> {
    require(actor, Right::DecideAboutProposedAnswers)?;
    let record = waiting(system, run).await?;
    let (now, me) = (system.now(), actor.to_string());
    let mut write = system.store().write().await?;
    write.decide_run(run, RunState::Rejected, &me, reason.trim(), now).await?;
    let thread = record.run.thread_id;
    write.wait(thread, &format!("{me} did not want the answer of {}", record.run.agent), now).await?;
    write.audit(actor, "dismiss", &run.to_string(), &clean_line(reason), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Thread(thread), Change::Activity]);
    Ok(Done { said: "The answer is not sent; the thread waits for a person.".into(), made: None })
}

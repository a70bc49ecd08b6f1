//! Decides about a suggested reply of an agent: a person sends it, sends an edited text, or dismisses it.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::agents::contract_check::ReplyPart;
use crate::domain::agents::run::RunState;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::RunId;
use crate::domain::message::content::{Content, check_text};
use crate::domain::refusal::{Done, Refusal};
use crate::domain::request::SendContext;
use crate::domain::text::clean_line;
use crate::operations::agents::replies::carry_out;
use crate::operations::outbox::duplicate::check_duplicate;
use crate::operations::outbox::send_message::{check_freeform, thread_within};
use crate::operations::threads::ownership;
use crate::operations::{Result, System, require};
use crate::store::{SuggestedReply, Write};

/// Returns a suggested reply that waits for a decision. Runs in the transaction that decides, so that the second of
/// two simultaneous decisions is refused.
async fn waiting(write: &mut Write, run: RunId) -> Result<SuggestedReply> {
    let Some(reply) = write.suggested_reply(run).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Run {run} not found."), "").into());
    };
    if reply.state == RunState::Proposed {
        return Ok(reply);
    }
    Err(decided(run, reply.state, reply.decided_by.as_deref()).into())
}

fn decided(run: RunId, state: RunState, by: Option<&str>) -> Refusal {
    let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
    let why = format!("{run} was already decided{by}: {}.", state.name().replace('_', " "));
    Refusal::new(Code::Decided, why, "Look at the thread.")
}

/// Sends the suggested reply as written, or the text in `instead`.
pub(crate) async fn accept(
    system: &System,
    actor: &Actor,
    run: RunId,
    instead: Option<&str>,
    context: &SendContext,
) -> Result<Done> {
    require(actor, Permission::DecideSuggestedReplies)?;
    let me = actor.to_string();
    let now = system.now();
    let mut write = system.store().write().await?;
    let reply = waiting(&mut write, run).await?;
    let row = thread_within(&mut write, reply.thread).await?;
    check_freeform(&row, None, now)?;
    ownership::check_ownership(&mut write, &row, &me, context, now).await?;
    let (words, author, acts) = match instead {
        // An edited reply is the person's own, so the agent's actions are not carried out.
        Some(text) => {
            check_text(text)?;
            (vec![ReplyPart { text: text.to_owned(), reply_to: None }], me.clone(), vec![])
        }
        None => (reply.words, format!("agent {}", reply.agent), reply.acts),
    };
    for one in &words {
        check_text(&one.text)?;
        check_duplicate(&mut write, row.id, &Content::text(one.text.as_str()), now, &me, context, now).await?;
    }
    write.decide_run(run, RunState::Answered, &me, "", now).await?.or_refuse(|| decided(run, reply.state, None))?;
    carry_out(system, &mut write, (&row, run, &author), &words, &acts).await?;
    write.stop_waiting(row.id).await?;
    write.clear_unread(row.id).await?.ignore();
    let how = if instead.is_some() { AuditAction::AcceptEdited } else { AuditAction::Accept };
    write.audit(actor, how, &run.to_string(), &row.id.to_string(), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Thread(row.id), Change::Outbox, Change::Activity]);
    system.wakeups().sender.notify_one();
    let what = if instead.is_some() { "Your reply is" } else { "The suggested reply is" };
    Ok(Done { message: format!("{what} queued for {}.", row.contact.display_name()), created_id: None })
}

/// Dismisses the suggested reply. The thread keeps waiting for a person.
pub(crate) async fn dismiss(system: &System, actor: &Actor, run: RunId, reason: &str) -> Result<Done> {
    require(actor, Permission::DecideSuggestedReplies)?;
    let (now, me) = (system.now(), actor.to_string());
    let mut write = system.store().write().await?;
    let reply = waiting(&mut write, run).await?;
    let missed = || decided(run, reply.state, None);
    write.decide_run(run, RunState::Rejected, &me, reason.trim(), now).await?.or_refuse(missed)?;
    let thread = reply.thread;
    write.wait(thread, &format!("{me} dismissed the reply of {}", reply.agent), now).await?;
    write.audit(actor, AuditAction::Dismiss, &run.to_string(), &clean_line(reason), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Thread(thread), Change::Activity]);
    Ok(Done { message: "Dismissed the suggested reply. The thread waits for a person.".into(), created_id: None })
}

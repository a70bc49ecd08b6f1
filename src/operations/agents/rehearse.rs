//! Rehearsals: the agent of an assignment answers its last real exchanges again, without sending, so that an admin
//! sees its answers before deciding.

use sha2::{Digest, Sha256};

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::agents::assignment::Assignment;
use crate::domain::agents::requests::Exchange;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::{AssignmentId, MessageId, RehearsalId, RunId};
use crate::domain::inbound::event::Direction;
use crate::domain::language;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::Untrusted;
use crate::domain::view::MessageView;
use crate::operations::agents::ask_agent::{Question, TRANSCRIPT};
use crate::operations::monitoring::unreadable_row::unreadable_row;
use crate::operations::{OperationError, Result, System, require};
use crate::store::Played;

/// Maximum number of exchanges per rehearsal, to bound its cost.
const MOST: u32 = 50;

/// Starts a rehearsal. It runs in the background and resumes after a restart.
pub(crate) async fn rehearse(system: &System, actor: &Actor, id: AssignmentId, exchanges: u32) -> Result<Done> {
    require(actor, Permission::RehearseAgents)?;
    let mut write = system.store().write().await?;
    let Some(row) = write.assignment(id).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Assignment {id} not found."), "").into());
    };
    let one = row.assignment;
    let Some(config) = system.agents().get(&one.agent) else {
        let why = format!("Agent {} is no longer in the configuration.", one.agent);
        return Err(Refusal::new(Code::NotFound, why, "Declare the agent in the configuration first.").into());
    };
    if let Some(by) = write.rehearsing(id, &config.digest()).await? {
        let why = format!("{by} is rehearsing {id}.");
        return Err(Refusal::new(Code::RehearsalRuns, why, "Wait for the result.").into());
    }
    let wanted = system.store().exchanges(&one, exchanges.clamp(1, MOST)).await?;
    if wanted.is_empty() {
        let why = "No past exchanges exist to rehearse with.";
        return Err(Refusal::new(Code::NoExchanges, why, "Rehearse after the first exchanges.").into());
    }
    let now = system.now();
    let rehearsal = write.begin_rehearsal(id, &config.digest(), &wanted, &actor.to_string(), now).await?;
    write
        .audit(actor, AuditAction::Rehearse, &id.to_string(), &format!("{rehearsal}, {} exchanges", wanted.len()), now)
        .await?;
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Activity]);
    system.wakeups().rehearser.notify_one();
    let said = format!("Rehearsing {} exchange(s) with {}. Nothing is sent.", wanted.len(), one.agent);
    Ok(Done { message: said, created_id: Some(rehearsal.to_string()) })
}

/// The worker's step: plays the next exchange. Returns `false` if there is none.
pub async fn rehearse_next(system: &System) -> Result<bool> {
    let mut next = match system.store().to_play().await {
        Ok(Some(next)) => next,
        Ok(None) => return Ok(false),
        Err(error) => {
            let Some(row) = unreadable_row(&error, &["rehearsals"]) else { return Err(error.into()) };
            let mut write = system.store().write().await?;
            write.give_up_rehearsal(RehearsalId(row.key)).await?;
            row.raise(&mut write, "The rehearsal is given up. Rehearse again.", None, system.now()).await?;
            write.commit().await?;
            system.bus().publish([Change::Agents, Change::Alerts]);
            return Ok(true);
        }
    };
    let mut write = system.store().write().await?;
    let assignment = write.assignment(next.assignment).await?.map(|row| row.assignment);
    drop(write);
    let message = next.wanted.get(next.played.len()).copied();
    if let (Some(assignment), Some(message)) = (&assignment, message) {
        match play(system, assignment, message).await {
            Ok(exchange) => next.played.push(exchange),
            // The message was deleted; the other exchanges are still useful.
            Err(OperationError::Refused(refusal)) if refusal.code == Code::Gone => {
                next.wanted.retain(|wanted| *wanted != message);
            }
            Err(error) => return Err(error),
        }
    }
    let over = assignment.is_none() || next.played.len() >= next.wanted.len();
    let digest = over.then(|| digest(&next.agent_digest, &next.played));
    let mut write = system.store().write().await?;
    if over && next.played.is_empty() {
        // No exchange is left, which is no evidence.
        write.give_up_rehearsal(next.id).await?;
    } else {
        let played = Played { wanted: &next.wanted, exchanges: &next.played, digest: digest.as_deref() };
        write.store_rehearsal_step(next.id, &played, system.now()).await?;
    }
    write.commit().await?;
    system.bus().publish([Change::Agents]);
    Ok(true)
}

/// Returns the digest of a rehearsal: the agent's version and all of its answers.
fn digest(agent: &str, played: &[Exchange]) -> String {
    let mut hash = Sha256::new();
    hash.update(agent);
    hash.update(serde_json::to_vec(played).unwrap_or_default());
    hex::encode(&hash.finalize()[..8])
}

async fn play(system: &System, assignment: &Assignment, last: MessageId) -> Result<Exchange> {
    let nothing = || Refusal::new(Code::Gone, "A message of the rehearsal was deleted.", "Rehearse again.");
    let store = system.store();
    let (thread, _) = store.provider_id(last).await?.ok_or_else(nothing)?;
    let row = store.thread(thread).await?.ok_or_else(nothing)?;
    let connection = store.connection(row.connection_id).await?.ok_or_else(nothing)?;
    let mut all = store.messages_around(thread, last, 2 * TRANSCRIPT).await?;
    all.reverse();
    let at = all.iter().position(|message| message.id == last).ok_or_else(nothing)?;
    let inbound = |message: &&MessageView| message.direction == Direction::Inbound;
    let batch: Vec<&MessageView> = all[..=at].iter().rev().take_while(inbound).collect();
    let answer: Vec<&MessageView> = all[at + 1..].iter().take_while(|message| !inbound(message)).collect();
    let joined = |messages: &mut dyn Iterator<Item = &MessageView>| {
        let texts: Vec<&str> = messages.map(|message| message.text.as_received()).collect();
        Untrusted::new(texts.join("\n"))
    };
    let question = Question {
        run: RunId(0),
        agent: assignment.agent.clone(),
        contract: assignment.contract.clone(),
        thread: row,
        connection,
        batch_size: u32::try_from(batch.len()).unwrap_or(1).max(1),
        first_contact: batch.len() == at + 1,
        messages: all[..=at].to_vec(),
        contents: None,
    };
    let began = system.now();
    let told = question.ask(system).await?;
    let took_ms = u64::try_from(system.now().since(began).as_millis()).unwrap_or(u64::MAX);
    let mut write = store.write().await?;
    let breaches = question.breaches(system, &mut write, &told).await?;
    drop(write);
    let now = told.words.iter().map(|one| one.text.as_str()).collect::<Vec<_>>().join("\n\n");
    Ok(Exchange {
        thread,
        at: all[at].created_at,
        asked: joined(&mut batch.iter().rev().copied()),
        said: joined(&mut answer.iter().copied()),
        by: answer.iter().find_map(|message| message.author.clone()).unwrap_or_default(),
        language: language::detect(&now).map(str::to_owned),
        now: (!now.is_empty()).then(|| Untrusted::new(now)),
        hand_off: told.hand_off,
        error: told.error.map(|error| error.to_string()),
        tools: told.calls.into_iter().map(|call| call.tool).collect(),
        breaches: breaches.lines,
        took_ms,
        tokens: told.tokens_in + told.tokens_out,
        cost: told.cost,
    })
}

/// Asks an agent a question without a thread.
pub(crate) async fn test(system: &System, actor: &Actor, agent: &str, words: &str) -> Result<Done> {
    require(actor, Permission::RehearseAgents)?;
    let Some(config) = system.agents().get(agent) else {
        let why = format!("Agent {} not found.", crate::domain::text::clean_line(agent));
        return Err(Refusal::new(Code::NotFound, why, "List the agents.").into());
    };
    let input = crate::agent::AgentInput::sample(words, system.now());
    let began = system.now();
    let answered = system.agents().answer(agent, &input, &crate::agent::NoTools).await;
    let took = system.now().since(began).as_millis();
    let said = match answered {
        Err(error) => return Err(Refusal::new(Code::AgentFailed, error.to_string(), "").into()),
        Ok(answer) if answer.messages.is_empty() => match answer.hand_off {
            Some(reason) => format!("It escalates: {reason}"),
            None => "It does not reply.".to_owned(),
        },
        Ok(answer) => answer.messages.into_iter().map(|one| one.text).collect::<Vec<_>>().join("\n\n"),
    };
    let cleaned: Vec<String> = said.lines().map(crate::domain::text::clean_line).collect();
    Ok(Done {
        message: format!("{}\n({} in {took} ms; nothing was sent.)", cleaned.join("\n"), config.name),
        created_id: None,
    })
}

//! The runner's step: claim a run whose burst is over, ask its agent, and put the words into the
//! outbox, unless a newer message or a person came first.

use std::time::Duration;

use super::send::address;
use super::tools::{NAMES, ThreadTools};
use super::{Result, System};
use crate::agent::{AgentAnswer, AgentError, AgentInput, InputConnection, InputContact, InputMessage, InputThread};
use crate::domain::assignment::Mode;
use crate::domain::change::Change;
use crate::domain::connection::{Connection, Hop};
use crate::domain::content::Content;
use crate::domain::outbox::Outgoing;
use crate::domain::run::RunState;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::view::ThreadRow;
use crate::domain::window;
use crate::store::{DueRun, Finish, NewAlert, NewEntry, StoreError, Write};

/// The typing indicator fades after 25 s; it is renewed before.
const TYPING_EVERY: Duration = Duration::from_secs(20);
/// How long an answer may wait for its read mark.
const FIRST_MARK: Duration = Duration::from_secs(2);
/// Messages of the thread that an agent is given.
const TRANSCRIPT: u32 = 30;

/// Runs the next due run to its end. `false` when there is none now.
pub async fn run_next(system: &System) -> Result<bool> {
    let now = system.now();
    let mut write = system.store().write().await?;
    // Longer than the slowest agent may take: a run that is still held then belongs to the dead.
    let lease = system.agents().all().map(|agent| agent.timeout).max().unwrap_or_default() + Duration::from_secs(60);
    let Some(due) = write.claim_run(now, lease).await? else { return Ok(false) };
    write.commit().await?;
    system.wakes().runner.notify_one();
    system.bus().publish([Change::Agents, Change::Thread(due.thread)]);

    let thread = system.store().thread(due.thread).await?;
    let connection = system.store().connection(due.connection).await?;
    let (Some(thread), Some(connection)) = (thread, connection) else {
        finish(system, &due, None, Err(AgentError("its thread is gone".into()))).await?;
        return Ok(true);
    };
    let input = input(system, &due, &thread, &connection).await?;
    let tools = ThreadTools { system, thread: due.thread };
    let asked = async {
        tokio::select! {
            answer = system.agents().answer(&due.agent, &input, &tools) => answer,
            () = keep_typing(system, &due, &connection) => Err(AgentError("unreachable".into())),
        }
    };
    // The contact sees that it was read even when the answer is there at once.
    let first = tokio::time::timeout(FIRST_MARK, show_typing(system, &due, &connection));
    let (answer, _) = tokio::join!(asked, first);
    finish(system, &due, Some(&thread), answer).await?;
    system.wakes().runner.notify_one();
    Ok(true)
}

/// Renews the typing indicator; never ends by itself.
async fn keep_typing(system: &System, due: &DueRun, connection: &Connection) {
    loop {
        tokio::time::sleep(TYPING_EVERY).await;
        show_typing(system, due, connection).await;
    }
}

/// Marks the last message read, with the sign that an answer is being written.
async fn show_typing(system: &System, due: &DueRun, connection: &Connection) {
    let provider = system.providers().get(&connection.provider).filter(|provider| provider.capabilities().read_marks);
    let Some(provider) = provider.filter(|_| connection.settings.read_marks && due.mode == Mode::Auto) else { return };
    let Ok(Some(last)) = system.store().last_inbound(due.thread).await else { return };
    if let Err(trouble) = provider.mark_read(connection, &last, true).await {
        tracing::debug!(thread = %due.thread, trouble = trouble.line(), "no typing indicator");
    }
}

async fn input(system: &System, due: &DueRun, thread: &ThreadRow, connection: &Connection) -> Result<AgentInput> {
    let mut messages = system.store().messages(due.thread, TRANSCRIPT.max(due.batch_size), None).await?;
    messages.retain(|message| !message.test);
    messages.reverse();
    Ok(AgentInput {
        run_id: due.run,
        batch_size: due.batch_size,
        first_contact: due.first_contact,
        connection: InputConnection {
            name: connection.name.clone(),
            phone_number: connection.phone_number.clone(),
            environment: connection.environment,
        },
        thread: InputThread { id: thread.id, external_id: thread.external_id.clone() },
        contact: InputContact { name: thread.contact.name.clone(), phone_number: thread.contact.phone_number.clone() },
        messages: messages
            .into_iter()
            .map(|message| InputMessage {
                id: message.id,
                direction: message.direction,
                kind: message.kind,
                text: message.text,
                created_at: message.created_at,
            })
            .collect(),
        tools: NAMES.map(str::to_owned).to_vec(),
    })
}

async fn finish(
    system: &System,
    due: &DueRun,
    thread: Option<&ThreadRow>,
    answer: Result<AgentAnswer, AgentError>,
) -> Result<()> {
    let mut write = system.store().write().await?;
    let (works, note) = match &answer {
        Ok(_) => (true, format!("{} answered", due.agent)),
        Err(error) => (false, format!("{} failed: {}", due.agent, clean_line(&error.to_string()))),
    };
    write.prove(due.connection, Hop::Agent, system.now(), works, &note).await?;
    let alive = match answer {
        Err(error) => failed(system, &mut write, due, &error.to_string()).await?,
        Ok(answer) => answered(system, &mut write, due, thread, &answer).await?,
    };
    if !alive {
        tracing::info!(run = %due.run, thread = %due.thread, "a run's words were dropped: something newer came first");
    }
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Thread(due.thread), Change::Outbox, Change::Alerts]);
    system.wakes().sender.notify_one();
    Ok(())
}

/// The thread stays visibly waiting for a person, with the reason.
async fn failed(system: &System, write: &mut Write, due: &DueRun, error: &str) -> Result<bool, StoreError> {
    let now = system.now();
    let finish = Finish { state: RunState::Failed, said: None, trace: None, error: Some(error) };
    if !write.finish_run(due.run, &finish, now).await? {
        return Ok(false);
    }
    let reason = format!("the agent {} failed: {}", due.agent, clean_line(error));
    needs_person(write, due, "agent_failed", &reason, now).await?;
    Ok(true)
}

async fn answered(
    system: &System,
    write: &mut Write,
    due: &DueRun,
    thread: Option<&ThreadRow>,
    answer: &AgentAnswer,
) -> Result<bool, StoreError> {
    let now = system.now();
    let words = answer.messages.iter().map(|words| words.text.as_str()).collect::<Vec<_>>().join("\n\n");
    let said = (!words.is_empty()).then(|| Untrusted::new(words));
    let trace = (!answer.trace.is_empty()).then(|| answer.trace.join("\n"));
    let open = thread.is_some_and(|thread| window::is_open(thread.window_closes_at, now));
    let to = thread.and_then(|thread| address(thread).ok());
    let state = match (due.mode, &said, &answer.hand_off) {
        (_, Some(_), _) if !open || to.is_none() => {
            return failed(system, write, due, "the service window closed before it answered").await;
        }
        (Mode::Draft, Some(_), _) => RunState::Proposed,
        (_, _, Some(_)) => RunState::HandedOff,
        (_, Some(_), None) => RunState::Answered,
        (_, None, None) => RunState::Silent,
    };
    let finish = Finish { state, said: said.as_ref(), trace: trace.as_deref(), error: answer.hand_off.as_deref() };
    if !write.finish_run(due.run, &finish, now).await? {
        return Ok(false);
    }
    match state {
        RunState::Proposed => write.wait(due.thread, &format!("{} proposes an answer", due.agent), now).await?,
        RunState::Answered | RunState::HandedOff => {
            if let Some(to) = to {
                for words in &answer.messages {
                    let outgoing = Outgoing {
                        to: to.clone(),
                        content: Content::text(words.text.trim()),
                        reply_to: None,
                        reference: system.reference(),
                    };
                    let new = NewEntry {
                        thread: due.thread,
                        connection: due.connection,
                        outgoing: &outgoing,
                        author: &format!("agent {}", due.agent),
                        run: Some(due.run),
                        business_initiated: false,
                        not_before: None,
                        now,
                    };
                    write.enqueue(&new).await?;
                }
            }
        }
        _ => {}
    }
    if let Some(reason) = &answer.hand_off {
        let reason = format!("{} hands off: {}", due.agent, clean_line(reason));
        needs_person(write, due, "hand_off", &reason, now).await?;
    }
    Ok(true)
}

async fn needs_person(
    write: &mut Write,
    due: &DueRun,
    kind: &str,
    reason: &str,
    now: crate::domain::time::Timestamp,
) -> Result<(), StoreError> {
    write.wait(due.thread, reason, now).await?;
    let subject = due.thread.to_string();
    write.raise(&NewAlert { kind, subject: &subject, said: reason, thread: Some(due.thread) }, now).await?;
    Ok(())
}

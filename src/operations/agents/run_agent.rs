//! One step of the agent runs: claims a run whose burst of messages is over, asks its agent, and enqueues the reply.
//! The reply is dropped if a newer message or a person came first, and held if it violates the contract.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use crate::agent::AgentError;
use crate::domain::agents::assignment::{Assignment, Mode};
use crate::domain::agents::contract_check::ReplyPart;
use crate::domain::agents::requests::AgentAction;
use crate::domain::agents::run::RunState;
use crate::domain::change::Change;
use crate::domain::contacts::address::Address;
use crate::domain::event_name::EventName;
use crate::domain::ids::{AssignmentId, ConnectionId, RunId};
use crate::domain::message::content::Content;
use crate::domain::message::note::Note;
use crate::domain::message::window;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::{Check, Connection};
use crate::domain::outbox::entry::Outgoing;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;
use crate::operations::agents::ask_agent::{AgentReply, Breaches, Question, TRANSCRIPT, content};
use crate::operations::agents::typing_sign::{keep_typing, last_inbound_id, show_typing};
use crate::operations::monitoring::metrics::MetricFamily;
use crate::operations::monitoring::unreadable_row::{UnreadableRow, unreadable_row};
use crate::operations::outbox::send_message::recipient;
use crate::operations::outbox::send_message::{address, capabilities};
use crate::operations::{OperationError, Result, System};
use crate::store::{DueRun, Finish, NewAlert, NewEntry, StoreError, Write};

/// Maximum time that a finished answer waits for its read mark.
const FIRST_MARK: Duration = Duration::from_secs(2);

/// Maximum number of runs that one transaction claims or ends.
const MOST: usize = 32;

/// A claimed run with the data that it needs.
pub(crate) struct Claim {
    due: DueRun,
    connection: Option<Connection>,
    assignment: Option<Assignment>,
}

/// An agent's reply to a run, to be carried out and recorded.
pub(crate) struct Ending {
    due: DueRun,
    question: Option<Question>,
    told: AgentReply,
}

/// Claims the next due run and completes it. Returns `false` if none is due.
pub async fn run_next(system: &System) -> Result<bool> {
    let claims = &system.shared.run_claims;
    let Some(Claim { due, connection, assignment }) =
        claims.join((), MOST, |waiting| claim(system, waiting.len())).await?
    else {
        return Ok(false);
    };
    match Box::pin(answer(system, &due, connection, assignment)).await {
        // The input stays unreadable, so a retry would not help: a person has to answer.
        Err(OperationError::Failed(error)) if error.is_about_values() => {
            tracing::error!(run = %due.run, thread = %due.thread, %error, "Agent run failed: its input cannot be read");
            let why = AgentError(format!("its input could not be read: {error}"));
            finish(system, due, None, AgentReply { error: Some(why), ..AgentReply::default() }).await?;
        }
        ended => ended?,
    }
    Ok(true)
}

/// Claims up to `runners` runs and returns one item per runner; `None` for a runner without a run.
async fn claim(system: &System, runners: usize) -> Result<Vec<Option<Claim>>> {
    let now = system.now();
    let none = || std::iter::repeat_with(|| None);
    if system.store().next_run_due().await?.is_none_or(|due| due > now) {
        return Ok(none().take(runners).collect());
    }
    // Longer than the slowest agent may take, so an expired lease means that its process died.
    let lease = system.agents().all().map(|agent| agent.timeout).max().unwrap_or_default() + Duration::from_secs(60);
    let (mut write, runs) = loop {
        let mut write = system.store().write().await?;
        match write.claim_runs(now, lease, runners).await {
            Ok(runs) => break (write, runs),
            Err(error) => {
                let Some(row) = unreadable_row(&error, &["runs"]) else { return Err(error.into()) };
                drop(write);
                fail_unreadable(system, row, now).await?;
            }
        }
    };
    let mut assignments: BTreeMap<AssignmentId, Option<Assignment>> = BTreeMap::new();
    let mut connections: BTreeMap<ConnectionId, Option<Connection>> = BTreeMap::new();
    let mut claimed = vec![];
    for due in runs {
        if let Entry::Vacant(place) = assignments.entry(due.assignment) {
            let row = write.assignment(due.assignment).await?;
            place.insert(row.map(|row| row.assignment));
        }
        if let Entry::Vacant(place) = connections.entry(due.connection) {
            place.insert(system.store().connection(due.connection).await?);
        }
        let assignment = assignments.get(&due.assignment).cloned().flatten();
        let connection = connections.get(&due.connection).cloned().flatten();
        if let Some(connection) = connection.as_ref().filter(|_| due.mode == Mode::Auto) {
            send_progress_signs(system, &mut write, &due, connection).await?;
        }
        claimed.push(Claim { due, connection, assignment });
    }
    write.commit().await?;
    system.wakeups().sender.notify_one();
    if claimed.len() == runners {
        // More runs may be due.
        system.wakeups().agent_runs.notify_one();
    }
    let threads = claimed.iter().map(|one| Change::Thread(one.due.thread));
    system.bus().publish(threads.chain([Change::Agents]));
    Ok(claimed.into_iter().map(Some).chain(none()).take(runners).collect())
}

/// Fails a run whose row cannot be read. No agent is asked, and the thread waits for a person.
async fn fail_unreadable(system: &System, row: UnreadableRow, now: Timestamp) -> Result<(), StoreError> {
    let mut write = system.store().write().await?;
    let run = RunId(row.key);
    let why = format!("the database row of {run} cannot be read (column {})", row.column);
    let thread = write.fail_unreadable_run(run, &why, now).await?;
    write.wait(thread, &why, now).await?;
    row.raise(&mut write, &format!("No agent answers {thread}: answer it yourself."), Some(thread), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Thread(thread), Change::Alerts]);
    Ok(())
}

/// Asks the agent about the current thread and carries out its reply.
async fn answer(
    system: &System,
    due: &DueRun,
    connection: Option<Connection>,
    assignment: Option<Assignment>,
) -> Result<()> {
    let thread = system.store().thread(due.thread).await?;
    let (Some(thread), Some(connection), Some(assignment)) = (thread, connection, assignment) else {
        let told = AgentReply { error: Some(AgentError("its thread was deleted".into())), ..AgentReply::default() };
        return finish(system, due.clone(), None, told).await;
    };
    let (mut messages, contents) = system.store().transcript(due.thread, TRANSCRIPT.max(due.batch_size)).await?;
    messages.retain(|message| !message.test && thread.context_from.is_none_or(|from| message.created_at > from));
    messages.reverse();
    let question = Question {
        run: due.run,
        agent: due.agent.clone(),
        contract: assignment.contract,
        thread,
        connection,
        messages,
        contents: Some(contents),
        batch_size: due.batch_size,
        first_contact: due.first_contact,
    };
    let began = std::time::Instant::now();
    let asked = async {
        tokio::select! {
            told = question.ask(system) => told,
            () = keep_typing(system, due, &question.connection) => Ok(AgentReply::default()),
        }
    };
    // The contact sees the read mark even if the answer is immediate.
    let first =
        tokio::time::timeout(FIRST_MARK, show_typing(system, due, &question.connection, last_inbound_id(&question)));
    let (told, _) = tokio::join!(asked, first);
    system.observe(MetricFamily::RunTimes, vec![("agent", due.agent.clone())], began.elapsed());
    Box::pin(finish(system, due.clone(), Some(question), told?)).await
}

/// Carries out and records the reply of a run, in one transaction with other runs that ended meanwhile.
async fn finish(system: &System, due: DueRun, question: Option<Question>, told: AgentReply) -> Result<()> {
    let end = |all: Vec<Arc<Ending>>| async move {
        if end_all(system, &all).await.is_ok() {
            return Ok::<_, OperationError>(all.iter().map(|_| Ok(())).collect());
        }
        // A single run or the database failed: each run is ended on its own and gets its own result.
        let mut outcomes = vec![];
        for one in &all {
            outcomes.push(end_all(system, std::slice::from_ref(one)).await);
        }
        Ok(outcomes)
    };
    system.shared.run_endings.join(Ending { due, question, told }, MOST, end).await?
}

/// Carries out and records replies in one transaction.
async fn end_all(system: &System, all: &[Arc<Ending>]) -> Result<()> {
    let mut write = system.store().write().await?;
    let mut works: BTreeMap<ConnectionId, (bool, String)> = BTreeMap::new();
    for one in all {
        let Ending { due, question, told } = &**one;
        let note = match &told.error {
            None => (true, format!("{} answered", due.agent)),
            Some(error) => (false, format!("{} failed: {}", due.agent, clean_line(&error.to_string()))),
        };
        works.insert(due.connection, note);
        let connection = question.as_ref().map(|question| &question.connection);
        match question {
            Some(question) if told.error.is_none() => answered(system, &mut write, due, question, told).await?,
            _ => failed(system, &mut write, due, connection, told, None).await?,
        }
    }
    for (connection, (works, note)) in works {
        write.record_check(connection, Check::Agent, system.now(), works, &note).await?;
    }
    write.commit().await?;
    let threads = all.iter().map(|one| Change::Thread(one.due.thread));
    system.bus().publish(threads.chain([Change::Agents, Change::Outbox, Change::Alerts]));
    system.wakeups().sender.notify_one();
    system.wakeups().event_delivery.notify_one();
    Ok(())
}

fn ended(system: &System, due: &DueRun, state: RunState) {
    system.increment(MetricFamily::Runs, vec![("agent", due.agent.clone()), ("state", state.name().to_owned())]);
}

/// Returns everything that the record of a run contains.
fn record<'a>(told: &'a AgentReply, said: Option<&'a Untrusted>, trace: &'a str, breaches: &'a [String]) -> Finish<'a> {
    Finish {
        said,
        words: &told.words,
        acts: &told.acts,
        calls: &told.calls,
        given: (!told.given.is_empty()).then_some(told.given.as_str()),
        trace: (!trace.is_empty()).then_some(trace),
        error: told.hand_off.as_deref(),
        breaches,
        tokens_in: told.tokens_in,
        tokens_out: told.tokens_out,
        usage_estimated: told.usage_estimated,
        cost: told.cost,
        agent_digest: &told.agent_digest,
    }
}

/// Logs that a run was superseded or cancelled; nothing of its reply is stored.
fn dropped(due: &DueRun) {
    tracing::info!(run = %due.run, thread = %due.thread, "Reply dropped: a newer message arrived first");
}

/// Records a failed run. The thread waits for a person, with the reason.
async fn failed(
    system: &System,
    write: &mut Write,
    due: &DueRun,
    connection: Option<&Connection>,
    told: &AgentReply,
    why: Option<&str>,
) -> Result<(), StoreError> {
    let now = system.now();
    let error = match why {
        Some(why) => why.to_owned(),
        None => told.error.as_ref().map(ToString::to_string).unwrap_or_default(),
    };
    let trace = told.trace.join("\n");
    let finish = Finish { error: Some(&error), ..record(told, None, &trace, &[]) };
    if !write.finish_run(due.run, RunState::Failed, &finish, now).await?.applied() {
        dropped(due);
        return Ok(());
    }
    ended(system, due, RunState::Failed);
    let reason = format!("the agent {} failed: {}", due.agent, clean_line(&error));
    set_progress_reaction(system, write, due, connection, "❌").await?;
    needs_person(write, due, AlertKind::AgentFailed, &reason, now).await
}

/// Records a run that ended with a reply: enqueues the reply, holds it for a person, or escalates.
pub(crate) async fn answered(
    system: &System,
    write: &mut Write,
    due: &DueRun,
    question: &Question,
    told: &AgentReply,
) -> Result<(), StoreError> {
    let (now, connection) = (system.now(), &question.connection);
    // Loaded again, because the thread may have changed while the agent worked.
    let fresh = write.thread_row(due.thread).await?;
    let thread = fresh.as_ref().unwrap_or(&question.thread);
    let words = told.words.iter().map(|words| words.text.trim()).collect::<Vec<_>>().join("\n\n");
    let said = (!words.is_empty()).then(|| Untrusted::new(words));
    let wants = said.is_some() || !told.acts.is_empty();
    if said.is_some() && (!window::is_open(thread.window_closes_at, now) || address(thread).is_err()) {
        let connection = Some(&question.connection);
        return failed(system, write, due, connection, told, Some("the service window closed before it replied")).await;
    }
    let Breaches { lines: breaches, is_foreign } = question.breaches(system, write, told).await?;
    let trace = told.trace.join("\n");
    let finish = record(told, said.as_ref(), &trace, &breaches);
    let held = wants && (!breaches.is_empty() || due.mode == Mode::Draft);
    let state = match (held, wants, &told.hand_off) {
        (true, ..) => RunState::Proposed,
        (_, _, Some(_)) => RunState::HandedOff,
        (_, true, None) => RunState::Answered,
        (_, false, None) => RunState::Silent,
    };
    if !write.finish_run(due.run, state, &finish, now).await?.applied() {
        dropped(due);
        return Ok(());
    }
    ended(system, due, state);
    if held {
        let reason = match breaches.first() {
            None => format!("{} suggests a reply", due.agent),
            Some(first) => format!("the reply of {} is held: {first}", due.agent),
        };
        write.wait(due.thread, &reason, now).await?;
        if is_foreign {
            let subject = due.thread.to_string();
            let said =
                format!("The reply of {} in {} is held: {}.", clean_line(&due.agent), due.thread, breaches.join("; "));
            let alert =
                NewAlert { kind: AlertKind::ForeignData, subject: &subject, said: &said, thread: Some(due.thread) };
            write.raise(&alert, now).await?;
        }
    } else {
        if !breaches.is_empty() {
            let reason = format!("{}: {}", due.agent, breaches.join("; "));
            write.wait(due.thread, &reason, now).await?;
        }
        let author = format!("agent {}", due.agent);
        carry_out(system, write, Some(connection), (thread, due.run, &author), &told.words, &told.acts).await?;
        set_progress_reaction(system, write, due, Some(connection), "✅").await?;
    }
    if let Some(reason) = &told.hand_off {
        // An escalation has three separate effects: a text to the contact, an alert, and the waiting thread.
        let told_so = question.connection.settings.hand_off_text.trim();
        if said.is_none() && !told_so.is_empty() && due.mode == Mode::Auto {
            let words = [ReplyPart { text: told_so.to_owned(), reply_to: None }];
            let author = format!("agent {}", due.agent);
            carry_out(system, write, Some(connection), (thread, due.run, &author), &words, &[]).await?;
        }
        let reason = format!("{} escalates: {}", due.agent, clean_line(reason));
        write.hand_off(due.thread, Some(now)).await?.ignore();
        needs_person(write, due, AlertKind::HandOff, &reason, now).await?;
        let data = serde_json::json!({ "agent": due.agent, "run": due.run, "reason": reason });
        system.record_event(write, EventName::ThreadHandedOff, Some(due.thread), &data).await?;
    }
    Ok(())
}

/// Carries out an agent's reply: enqueues texts and templates, and stores notes. `known` is a connection that was
/// loaded already.
pub(crate) async fn carry_out(
    system: &System,
    write: &mut Write,
    known: Option<&Connection>,
    (thread, run, author): (&ThreadRow, RunId, &str),
    words: &[ReplyPart],
    acts: &[AgentAction],
) -> Result<(), StoreError> {
    let now = system.now();
    let mut letters: Vec<(ThreadRow, Content, Option<String>, Option<Timestamp>)> = vec![];
    for one in words {
        let quoted = match one.reply_to {
            None => None,
            Some(id) => {
                let found = system.store().provider_id(id).await?;
                found.filter(|(of, _)| *of == thread.id).and_then(|(_, provider_id)| provider_id)
            }
        };
        letters.push((thread.clone(), content(one), quoted, None));
    }
    for act in acts {
        match act {
            AgentAction::Note { text } => {
                let words =
                    Untrusted::new(text.chars().take(crate::domain::message::note::LONGEST).collect::<String>());
                write.add_note(thread.id, &Note { author: author.to_owned(), at: now, words }).await?;
            }
            AgentAction::Send { thread: to, content, at } => {
                let other = if *to == thread.id { Some(thread.clone()) } else { system.store().thread(*to).await? };
                letters.extend(other.map(|other| (other, (**content).clone(), None, *at)));
            }
        }
    }
    for (to, content, reply_to, not_before) in letters {
        let Ok(address) = address(&to) else { continue };
        let template = matches!(content, Content::Template { .. });
        let business_initiated = template && !window::is_open(to.window_closes_at, now);
        let how = (run, author, business_initiated, not_before);
        enqueue(system, write, known, (&to, address), (content, reply_to), how).await?;
    }
    Ok(())
}

async fn enqueue(
    system: &System,
    write: &mut Write,
    known: Option<&Connection>,
    (thread, to): (&ThreadRow, Address),
    (content, reply_to): (Content, Option<String>),
    (run, author, business_initiated, not_before): (RunId, &str, bool, Option<Timestamp>),
) -> Result<(), StoreError> {
    let able = match known.filter(|known| known.id == thread.connection_id) {
        Some(known) => capabilities(system, known),
        None => {
            let connection = system.store().connection(thread.connection_id).await?;
            connection.map(|connection| capabilities(system, &connection)).unwrap_or_default()
        }
    };
    // A text is sent without its quote if the provider cannot quote; contents that the provider cannot send are
    // skipped.
    let reply_to = reply_to.filter(|_| able.quotes);
    if let Err(refusal) = able.forbid(&content, false) {
        tracing::info!(thread = %thread.id, %run, why = %refusal.reason, "Agent action skipped");
        return Ok(());
    }
    if let Some(refusal) = recipient::forbidden(system, write, thread.connection_id, &to, &content).await? {
        tracing::info!(thread = %thread.id, %run, why = %refusal.reason, "Agent action skipped");
        let said = format!("{author} tried to send a message that is not allowed: {}", refusal.reason);
        let subject = thread.id.to_string();
        let alert =
            NewAlert { kind: AlertKind::AgentHeldBack, subject: &subject, said: &said, thread: Some(thread.id) };
        write.raise(&alert, system.now()).await?;
        return Ok(());
    }
    let outgoing = Outgoing { to, content, reply_to, reference: system.reference(), at: None, take_over: false };
    let new = NewEntry {
        thread: thread.id,
        connection: thread.connection_id,
        outgoing: &outgoing,
        author,
        run: Some(run),
        business_initiated,
        not_before,
        provider_takes_at: None,
        now: system.now(),
    };
    write.enqueue(&new).await?;
    Ok(())
}

/// Sends the configured signs that an answer is being prepared.
async fn send_progress_signs(system: &System, write: &mut Write, due: &DueRun, connection: &Connection) -> Result<()> {
    if connection.settings.lifecycle_reactions {
        set_progress_reaction(system, write, due, Some(connection), "👀").await?;
    }
    if connection.settings.batch_note && due.batch_size > 1 {
        let Some(thread) = system.store().thread(due.thread).await? else { return Ok(()) };
        let words = [ReplyPart { text: format!("🧵 Got your {} messages", due.batch_size), reply_to: None }];
        let author = format!("agent {}", due.agent);
        carry_out(system, write, Some(connection), (&thread, due.run, &author), &words, &[]).await?;
    }
    Ok(())
}

/// Sets a reaction on the contact's last message that shows the progress of the run.
async fn set_progress_reaction(
    system: &System,
    write: &mut Write,
    due: &DueRun,
    connection: Option<&Connection>,
    emoji: &str,
) -> Result<(), StoreError> {
    let wanted = match connection {
        Some(known) => known.settings.lifecycle_reactions,
        None => {
            let connection = system.store().connection(due.connection).await?;
            connection.is_some_and(|connection| connection.settings.lifecycle_reactions)
        }
    };
    if due.mode != Mode::Auto || !wanted {
        return Ok(());
    }
    let (thread, last) = (system.store().thread(due.thread).await?, system.store().last_inbound(due.thread).await?);
    let (Some(thread), Some(target)) = (thread, last) else { return Ok(()) };
    let Ok(to) = address(&thread) else { return Ok(()) };
    let content = Content::Reaction { target, emoji: Some(Untrusted::from(emoji)) };
    let author = format!("agent {}", due.agent);
    enqueue(system, write, connection, (&thread, to), (content, None), (due.run, &author, false, None)).await
}

async fn needs_person(
    write: &mut Write,
    due: &DueRun,
    kind: AlertKind,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    write.wait(due.thread, reason, now).await?;
    let subject = due.thread.to_string();
    write.raise(&NewAlert { kind, subject: &subject, said: reason, thread: Some(due.thread) }, now).await?;
    Ok(())
}

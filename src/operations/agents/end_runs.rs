//! Ends agent runs in one transaction: decides how each one ends, records all of them, and carries out their replies.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::agents::assignment::Mode;
use crate::domain::agents::contract_check::ReplyPart;
use crate::domain::agents::run::RunState;
use crate::domain::change::Change;
use crate::domain::event_name::EventName;
use crate::domain::ids::{ConnectionId, ThreadId};
use crate::domain::message::window;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Check;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;
use crate::operations::agents::ask_agent::{AgentReply, Breaches, Question};
use crate::operations::agents::replies::Replies;
use crate::operations::monitoring::metrics::MetricFamily;
use crate::operations::outbox::send_message::address;
use crate::operations::{Result, System};
use crate::store::{DueRun, Finish, NewAlert, StoreError, Write};

/// An agent's reply to a run, to be carried out and recorded.
pub(crate) struct Ending {
    pub due: DueRun,
    /// What the agent was asked; `None` if it was not.
    pub question: Option<Question>,
    pub told: AgentReply,
}

/// How a run ends.
struct Decided {
    state: RunState,
    said: Option<Untrusted>,
    trace: String,
    breaches: Vec<String>,
    is_foreign: bool,
    /// Why it failed; `None` if it did not.
    failure: Option<String>,
}

/// Carries out and records replies in one transaction.
pub(super) async fn end_all(system: &System, all: &[Arc<Ending>]) -> Result<()> {
    let mut write = system.store().write().await?;
    let endings: Vec<&Ending> = all.iter().map(|one| &**one).collect();
    end_runs(system, &mut write, &endings).await?;
    let mut works: BTreeMap<ConnectionId, (bool, String)> = BTreeMap::new();
    for Ending { due, told, .. } in &endings {
        let note = match &told.error {
            None => (true, format!("{} answered", due.agent)),
            Some(error) => (false, format!("{} failed: {}", due.agent, clean_line(&error.to_string()))),
        };
        works.insert(due.connection, note);
    }
    let now = system.now();
    let checks = works.into_iter().map(|(connection, (works, note))| (connection, Check::Agent, now, works, note));
    write.record_checks(&checks.collect::<Vec<_>>()).await?;
    write.commit().await?;
    let threads = all.iter().map(|one| Change::Thread(one.due.thread));
    system.bus().publish(threads.chain([Change::Agents, Change::Outbox, Change::Alerts]));
    system.wakeups().sender.notify_one();
    system.wake_event_delivery();
    // The next run of a thread is due once this one has ended.
    system.wakeups().agent_runs.notify_one();
    Ok(())
}

/// Records runs that ended, enqueues their replies, holds them for a person, or escalates. The reply of a run that was
/// superseded or cancelled meanwhile is dropped.
pub(crate) async fn end_runs(system: &System, write: &mut Write, endings: &[&Ending]) -> Result<(), StoreError> {
    let now = system.now();
    // Loaded again, because a thread may have changed while its agent worked.
    let asked = endings.iter().filter(|one| one.question.is_some() && one.told.error.is_none());
    let threads = write.thread_rows(&asked.map(|one| one.due.thread).collect::<Vec<_>>()).await?;
    let mut decided = vec![];
    for one in endings {
        decided.push(decide(system, write, one, &threads, now).await?);
    }
    let finishes: Vec<_> =
        endings.iter().zip(&decided).map(|(one, decided)| (one.due.run, decided.state, record(one, decided))).collect();
    let finished = write.finish_runs(&finishes, now).await?;
    let mut replies = Replies::default();
    for (one, decided) in endings.iter().zip(&decided) {
        let due = &one.due;
        if !finished.contains(&due.run) {
            tracing::info!(run = %due.run, thread = %due.thread, "Reply dropped: a newer message arrived first");
            continue;
        }
        let state = decided.state.name().to_owned();
        system.increment(MetricFamily::Runs, vec![("agent", due.agent.clone()), ("state", state)]);
        let connection = one.question.as_ref().map(|question| &question.connection);
        match (&decided.failure, &one.question) {
            (None, Some(question)) => {
                let thread = threads.get(&due.thread).unwrap_or(&question.thread);
                follow_up(system, write, &mut replies, (one, question, thread), decided, now).await?;
            }
            (failure, _) => {
                let error = clean_line(failure.as_deref().unwrap_or_default());
                let reason = format!("the agent {} failed: {error}", due.agent);
                replies.sign(system, write, due, connection, "❌").await?;
                needs_person(write, due, AlertKind::AgentFailed, &reason, now).await?;
            }
        }
    }
    replies.store(system, write).await
}

/// Decides how a run ends.
async fn decide(
    system: &System,
    write: &mut Write,
    Ending { due, question, told }: &Ending,
    threads: &HashMap<ThreadId, ThreadRow>,
    now: Timestamp,
) -> Result<Decided, StoreError> {
    let trace = told.trace.join("\n");
    let failed = |failure: String, trace: String| Decided {
        state: RunState::Failed,
        said: None,
        trace,
        breaches: vec![],
        is_foreign: false,
        failure: Some(failure),
    };
    let Some(question) = question.as_ref().filter(|_| told.error.is_none()) else {
        return Ok(failed(told.error.as_ref().map(ToString::to_string).unwrap_or_default(), trace));
    };
    let thread = threads.get(&due.thread).unwrap_or(&question.thread);
    let words = told.words.iter().map(|words| words.text.trim()).collect::<Vec<_>>().join("\n\n");
    let said = (!words.is_empty()).then(|| Untrusted::new(words));
    let wants = said.is_some() || !told.acts.is_empty();
    if said.is_some() && (!window::is_open(thread.window_closes_at, now) || address(thread).is_err()) {
        return Ok(failed("the service window closed before it replied".to_owned(), trace));
    }
    let Breaches { lines: breaches, is_foreign } = question.breaches(system, write, told).await?;
    let held = wants && (!breaches.is_empty() || due.mode == Mode::Draft);
    let state = match (held, wants, &told.hand_off) {
        (true, ..) => RunState::Proposed,
        (_, _, Some(_)) => RunState::HandedOff,
        (_, true, None) => RunState::Answered,
        (_, false, None) => RunState::Silent,
    };
    Ok(Decided { state, said, trace, breaches, is_foreign, failure: None })
}

/// Returns everything that the record of a run contains.
fn record<'a>(Ending { told, .. }: &'a Ending, decided: &'a Decided) -> Finish<'a> {
    let error = decided.failure.as_deref();
    Finish {
        said: decided.said.as_ref(),
        words: &told.words,
        acts: &told.acts,
        calls: &told.calls,
        given: (!told.given.is_empty()).then_some(told.given.as_str()),
        trace: (!decided.trace.is_empty()).then_some(decided.trace.as_str()),
        error: error.or(told.hand_off.as_deref()),
        breaches: &decided.breaches,
        tokens_in: told.tokens_in,
        tokens_out: told.tokens_out,
        usage_estimated: told.usage_estimated,
        cost: told.cost,
        agent_digest: &told.agent_digest,
    }
}

/// Carries out what follows from a run that did not fail.
async fn follow_up(
    system: &System,
    write: &mut Write,
    replies: &mut Replies,
    (ending, question, thread): (&Ending, &Question, &ThreadRow),
    decided: &Decided,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Ending { due, told, .. } = ending;
    let (connection, breaches) = (&question.connection, &decided.breaches);
    let author = format!("agent {}", due.agent);
    if decided.state == RunState::Proposed {
        hold(write, due, breaches, decided.is_foreign, now).await?;
    } else {
        if !breaches.is_empty() {
            let reason = format!("{}: {}", due.agent, breaches.join("; "));
            write.wait(due.thread, &reason, now).await?;
        }
        let of = (thread, due.run, author.as_str());
        replies.carry_out(system, write, Some(connection), of, &told.words, &told.acts).await?;
        replies.sign(system, write, due, Some(connection), "✅").await?;
    }
    let Some(reason) = &told.hand_off else { return Ok(()) };
    // An escalation has three separate effects: a text to the contact, an alert, and the waiting thread.
    let told_so = connection.settings.hand_off_text.trim();
    if decided.said.is_none() && !told_so.is_empty() && due.mode == Mode::Auto {
        let words = [ReplyPart { text: told_so.to_owned(), reply_to: None }];
        replies.carry_out(system, write, Some(connection), (thread, due.run, &author), &words, &[]).await?;
    }
    let reason = format!("{} escalates: {}", due.agent, clean_line(reason));
    write.hand_off(due.thread, Some(now)).await?.ignore();
    needs_person(write, due, AlertKind::HandOff, &reason, now).await?;
    let data = serde_json::json!({ "agent": due.agent, "run": due.run, "reason": reason });
    system.record_event(write, EventName::ThreadHandedOff, Some(due.thread), &data).await
}

/// Lets a thread wait for a person who decides about the suggested reply.
async fn hold(
    write: &mut Write,
    due: &DueRun,
    breaches: &[String],
    is_foreign: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let reason = match breaches.first() {
        None => format!("{} suggests a reply", due.agent),
        Some(first) => format!("the reply of {} is held: {first}", due.agent),
    };
    write.wait(due.thread, &reason, now).await?;
    if is_foreign {
        let subject = due.thread.to_string();
        let said =
            format!("The reply of {} in {} is held: {}.", clean_line(&due.agent), due.thread, breaches.join("; "));
        let alert = NewAlert { kind: AlertKind::ForeignData, subject: &subject, said: &said, thread: Some(due.thread) };
        write.raise(&alert, now).await?;
    }
    Ok(())
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

//! One step of the agent runs: claims a run whose burst of messages is over, asks its agent, and enqueues the reply.
//! The reply is dropped if a newer message or a person came first, and held if it violates the contract.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::agent::AgentError;
use crate::domain::agents::assignment::{Assignment, Mode};
use crate::domain::agents::contract_check::ReplyPart;
use crate::domain::change::Change;
use crate::domain::ids::{AssignmentId, ConnectionId, RunId};
use crate::domain::numbers::connection::Connection;
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;
use crate::operations::agents::ask_agent::{AgentReply, Question, TRANSCRIPT};
use crate::operations::agents::end_runs::{Ending, end_all};
use crate::operations::agents::replies::Replies;
use crate::operations::agents::typing_sign::{keep_typing, last_inbound_id, show_typing};
use crate::operations::media::transcribe;
use crate::operations::monitoring::metrics::MetricFamily;
use crate::operations::monitoring::unreadable_row::{UnreadableRow, unreadable_row};
use crate::operations::{OperationError, Result, System};
use crate::store::{DueRun, StoreError, Transcript, Write};

/// Maximum time that a finished answer waits for its read mark.
const FIRST_MARK: Duration = Duration::from_secs(2);

/// Maximum number of runs that one transaction claims or ends.
const MOST: usize = 32;

/// A claimed run with the data that it needs.
pub struct Claim {
    due: DueRun,
    connection: Option<Connection>,
    assignment: Option<Assignment>,
    /// Its thread and the last messages, loaded together with those of other runs; `None` if that failed.
    loaded: Option<(ThreadRow, Transcript)>,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim").field("due", &self.due).finish_non_exhaustive()
    }
}

/// Claims the next due run and completes it. Returns `false` if none is due.
pub async fn run_next(system: &System) -> Result<bool> {
    let one_each = |waiting: Vec<Arc<()>>| async move {
        let claimed = claim_runs(system, waiting.len()).await?;
        Ok::<_, OperationError>(
            claimed.into_iter().map(Some).chain(std::iter::repeat_with(|| None)).take(waiting.len()).collect(),
        )
    };
    let Some(claim) = system.shared.run_claims.join((), MOST, one_each).await? else { return Ok(false) };
    complete_run(system, claim).await?;
    Ok(true)
}

/// Asks the agent of a claimed run and carries out its reply.
pub async fn complete_run(system: &System, claim: Claim) -> Result<()> {
    let due = claim.due.clone();
    match Box::pin(answer(system, claim)).await {
        // The input stays unreadable, so a retry would not help: a person has to answer.
        Err(OperationError::Failed(error)) if error.is_about_values() => {
            tracing::error!(run = %due.run, thread = %due.thread, %error, "Agent run failed: its input cannot be read");
            let why = AgentError(format!("its input could not be read: {error}"));
            finish(system, due, None, AgentReply { error: Some(why), ..AgentReply::default() }).await
        }
        ended => ended,
    }
}

/// Claims up to `limit` runs that are due, in one transaction.
pub async fn claim_runs(system: &System, limit: usize) -> Result<Vec<Claim>> {
    let now = system.now();
    if system.store().next_run_due().await?.is_none_or(|due| due > now) {
        return Ok(vec![]);
    }
    // Longer than the slowest agent may take, so an expired lease means that its process died.
    let lease = system.agents().all().map(|agent| agent.timeout).max().unwrap_or_default() + Duration::from_secs(60);
    let (mut write, runs) = loop {
        let mut write = system.store().write().await?;
        match write.claim_runs(now, lease, limit).await {
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
    if runs.iter().map(|due| due.connection).collect::<BTreeSet<_>>().len() > 1 {
        let known = system.store().connections().await?.into_iter();
        connections.extend(known.map(|known| (known.id, Some(known))));
    }
    let ids: BTreeSet<_> = runs.iter().map(|due| due.assignment).collect();
    if ids.len() > 1 {
        for row in write.assignments_with(&ids.into_iter().collect::<Vec<_>>()).await? {
            assignments.insert(row.assignment.id, Some(row.assignment));
        }
    }
    let (mut claimed, mut has_signs, mut signs) = (vec![], false, Replies::default());
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
            has_signs |= connection.settings.lifecycle_reactions || connection.settings.batch_note;
            send_progress_signs(system, &mut write, &mut signs, &due, connection).await?;
        }
        claimed.push(Claim { due, connection, assignment, loaded: None });
    }
    signs.store(system, &mut write).await?;
    write.commit().await?;
    if has_signs {
        system.wakeups().sender.notify_one();
    }
    let threads = claimed.iter().map(|one| Change::Thread(one.due.thread));
    system.bus().publish(threads.chain([Change::Agents]));
    load(system, &mut claimed).await;
    Ok(claimed)
}

/// Loads the threads of claimed runs and their last messages. A run for which that fails loads them by itself, and so
/// does every run if voice notes are transcribed, which happens before an agent reads.
async fn load(system: &System, claimed: &mut [Claim]) {
    if system.transcriber().is_some() {
        return;
    }
    let usual = claimed.iter_mut().filter(|one| one.due.batch_size <= TRANSCRIPT);
    let usual: Vec<&mut Claim> = usual.collect();
    let threads: Vec<_> = usual.iter().map(|one| one.due.thread).collect();
    if threads.len() < 2 {
        return;
    }
    let Ok(mut rows) = system.store().thread_rows(&threads).await else { return };
    let Ok(mut transcripts) = system.store().transcripts(&threads, TRANSCRIPT).await else { return };
    for one in usual {
        let thread = one.due.thread;
        one.loaded = rows.remove(&thread).zip(transcripts.remove(&thread));
    }
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
async fn answer(system: &System, Claim { due, connection, assignment, loaded }: Claim) -> Result<()> {
    let (due, limit) = (&due, TRANSCRIPT.max(due.batch_size));
    transcribe::before_an_agent_reads(system, due.thread).await?;
    let loaded = match loaded {
        Some(loaded) => Some(loaded),
        None => match system.store().thread(due.thread).await? {
            Some(thread) => Some((thread, system.store().transcript(due.thread, limit).await?)),
            None => None,
        },
    };
    let (Some((thread, (mut messages, contents))), Some(connection), Some(assignment)) =
        (loaded, connection, assignment)
    else {
        let told = AgentReply { error: Some(AgentError("its thread was deleted".into())), ..AgentReply::default() };
        return finish(system, due.clone(), None, told).await;
    };
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

/// Collects the configured signs that an answer is being prepared.
async fn send_progress_signs(
    system: &System,
    write: &mut Write,
    replies: &mut Replies,
    due: &DueRun,
    connection: &Connection,
) -> Result<()> {
    replies.sign(system, write, due, Some(connection), "👀").await?;
    if connection.settings.batch_note && due.batch_size > 1 {
        let Some(thread) = system.store().thread(due.thread).await? else { return Ok(()) };
        let words = [ReplyPart { text: format!("🧵 Got your {} messages", due.batch_size), reply_to: None }];
        let author = format!("agent {}", due.agent);
        replies.carry_out(system, write, Some(connection), (&thread, due.run, &author), &words, &[]).await?;
    }
    Ok(())
}

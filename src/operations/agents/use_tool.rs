//! Tool calls of an agent that connects by itself with a token. Its contract applies as in any run: the call is
//! recorded as a run of one call, and a person decides if it violates the contract.

use std::time::Duration;

use serde_json::{Value, json};

use crate::agent::{AgentConfig, ToolError, ToolSpec, Tools};
use crate::domain::agents::assignment::Mode;
use crate::domain::agents::contract::Tool;
use crate::domain::agents::requests::RunRecord;
use crate::domain::agents::routing::{Arrival, Candidate, NoRun, Route, STANDBY, route};
use crate::domain::agents::run::RunState;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::{RunId, ThreadId};
use crate::domain::inbound::event::{Direction, Origin};
use crate::domain::message::content::Content;
use crate::domain::refusal::Refusal;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::view::{MessageView, ThreadRow};
use crate::operations::agents::ask_agent::{AgentReply, Question, TRANSCRIPT};
use crate::operations::agents::end_runs::{Ending, end_runs};
use crate::operations::agents::tools::{Reached, RunTools, spec};
use crate::operations::outbox::send_message::{thread_row, thread_within};
use crate::operations::{Result, System};

/// Lease on the run; longer than one call takes.
const LEASE: Duration = Duration::from_secs(60);

/// Returns the tools for such an agent; each takes the thread as an additional argument.
pub fn agent_tools() -> Vec<ToolSpec> {
    let with_thread = |tool: Tool| {
        let mut told = spec(tool);
        let thread =
            json!({ "type": "string", "pattern": "^t[1-9][0-9]{0,17}$", "description": "the thread, such as t12" });
        told.arguments["properties"]["thread"] = thread;
        let mut required = told.arguments["required"].as_array().cloned().unwrap_or_default();
        required.insert(0, "thread".into());
        told.arguments["required"] = required.into();
        told
    };
    Tool::ALL.into_iter().map(with_thread).collect()
}

fn refusal(code: Code, why: String) -> crate::operations::OperationError {
    let instead = "Do not retry: an admin must change the contract.";
    Refusal::new(code, why, instead).into()
}

/// Returns the assignment under which this agent acts in the thread; fails if it may not act.
fn contract<'c>(
    system: &System,
    agent: &str,
    tool: Tool,
    thread: &ThreadRow,
    messages: &[MessageView],
    candidates: &'c [Candidate],
) -> Result<&'c Candidate> {
    let now = system.now();
    let own = candidates.iter().find(|one| one.assignment.agent == agent);
    let Some(own) = own else {
        let why = format!("{} is not assigned to {}.", clean_line(agent), thread.id);
        return Err(refusal(Code::NoContract, why));
    };
    if tool == Tool::HandOff {
        return Ok(own);
    }
    let looks = matches!(tool, Tool::GetConversation | Tool::GetStatus | Tool::ResolveContact);
    let last = messages.iter().rev().find(|message| message.direction == Direction::Inbound);
    let content = Content::text(last.map_or("", |message| message.text.as_received()));
    let standby = Origin::Other(STANDBY.into());
    // Evaluated like a message from the contact that arrives now, so that the same conditions decide.
    let arrival = Arrival {
        direction: Direction::Inbound,
        origin: if thread.held_by_other(now).is_some() { &standby } else { &Origin::Api },
        content: &content,
        test: false,
        sent_at: now,
        first: messages.iter().filter(|message| message.direction == Direction::Inbound).count() <= 1,
        taken_by: thread.taken_by.as_deref(),
        handed_off: thread.handed_off_at.is_some(),
        opted_out: thread.opted_out,
        person_wrote_at: thread.person_wrote_at,
        pause_after_person: Duration::from_secs(u64::from(thread.pause_seconds)),
        ours: false,
        offset: system.offset(),
    };
    match route(&arrival, candidates, Duration::ZERO, now).route {
        Route::Run { candidate, .. } if candidates[candidate].assignment.agent == agent => Ok(&candidates[candidate]),
        Route::Run { candidate, .. } => {
            let other = clean_line(&candidates[candidate].assignment.agent);
            Err(refusal(Code::NoContract, format!("{other} is assigned to {} now.", thread.id)))
        }
        // An agent that has used up its contract may still read.
        Route::None(NoRun::Capped | NoRun::Budget | NoRun::PersonWrote) if looks => Ok(own),
        Route::None(why) => {
            Err(refusal(Code::Contract, format!("The agent may not act in {}: {}.", thread.id, why.words())))
        }
    }
}

/// Uses one tool in a thread. A change is carried out at once or held for a person.
pub async fn use_tool(
    system: &System,
    agent: &str,
    name: &str,
    thread: ThreadId,
    arguments: &Value,
) -> Result<std::result::Result<Value, ToolError>> {
    let Some(tool) = Tool::from_name(name) else {
        return Err(refusal(Code::Tool, format!("Unknown tool {}.", clean_line(name))));
    };
    let row = thread_row(system, thread).await?;
    let mut messages = system.store().messages(thread, TRANSCRIPT, None).await?;
    messages.retain(|message| !message.test && row.context_from.is_none_or(|from| message.created_at > from));
    messages.reverse();
    let mut write = system.store().write().await?;
    let candidates = write.candidates_in(thread, row.connection_id, system.now()).await?;
    drop(write);
    let under = contract(system, agent, tool, &row, &messages, &candidates)?.assignment.clone();
    let tools = RunTools::new(system, &row, &under.contract);
    let hand_off = (tool == Tool::HandOff)
        .then(|| arguments.get("reason").and_then(Value::as_str).unwrap_or("it asked for a person").to_owned());
    let result = match &hand_off {
        Some(_) => Ok(json!({})),
        None => tools.call(name, arguments).await,
    };
    let Reached { calls, words, acts, refused } = tools.reached();
    if hand_off.is_none() && words.is_empty() && acts.is_empty() && refused.is_empty() {
        return Ok(result);
    }
    let Some(connection) = system.store().connection(row.connection_id).await? else {
        return Err(refusal(Code::NotFound, "The number is no longer connected.".into()));
    };
    let config = system.agents().get(agent);
    let told = AgentReply {
        words,
        acts,
        calls,
        refused,
        hand_off,
        agent_digest: config.map(AgentConfig::digest).unwrap_or_default(),
        trace: vec!["it connected with a token".to_owned()],
        ..AgentReply::default()
    };
    let now = system.now();
    let mut write = system.store().write().await?;
    // A person may have taken the thread, or stopped the agent, while the tool was reading.
    let row = thread_within(&mut write, thread).await?;
    let candidates = write.candidates_in(thread, row.connection_id, now).await?;
    let under = contract(system, agent, tool, &row, &messages, &candidates)?.assignment.clone();
    let mode = if under.mode == Mode::Auto { Mode::Auto } else { Mode::Draft };
    let Some(due) = write.open_run((thread, row.connection_id), under.id, (agent, mode), now, LEASE).await? else {
        let why = format!("A run of {agent} in {thread} is in progress.");
        return Err(Refusal::new(Code::Busy, why, "Retry in a moment.").into());
    };
    let question = Question {
        run: due.run,
        agent: agent.to_owned(),
        contract: under.contract.clone(),
        thread: row,
        connection: connection.clone(),
        messages,
        contents: None,
        batch_size: 1,
        first_contact: false,
    };
    let ending = Ending { due, question: Some(question), told };
    end_runs(system, &mut write, &[&ending]).await?;
    let due = ending.due;
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Thread(thread), Change::Outbox, Change::Alerts]);
    system.wakeups().sender.notify_one();
    system.wakeups().event_delivery.notify_one();
    let record = system.store().run_record(due.run).await?;
    Ok(record
        .map_or_else(|| Ok(json!({ "run": due.run })), |record| became(record.run.state, due.run, &record, result)))
}

/// Returns the outcome of the run, in words for a model.
fn became(
    state: RunState,
    run: RunId,
    record: &RunRecord,
    result: std::result::Result<Value, ToolError>,
) -> std::result::Result<Value, ToolError> {
    match state {
        RunState::Answered => {
            Ok(json!({ "run": run, "state": "queued", "note": "Queued. getStatus returns its delivery status." }))
        }
        RunState::HandedOff => Ok(json!({ "run": run, "state": "handed_off" })),
        RunState::Proposed => Ok(json!({ "run": run, "state": "held", "why": record.run.breaches,
            "note": "Held for a person. Do not send it again." })),
        RunState::Failed => {
            Err(record.run.error.as_ref().map_or_else(|| "the call failed".to_owned(), Untrusted::line).into())
        }
        _ => result,
    }
}

//! Tests agents with written conversations: on request, after a change of the agent, and nightly. Nothing is sent, and tools
//! have no effect.

use std::sync::Mutex;

use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::agent::{
    AgentConfig, AgentInput, InputBounds, InputConnection, InputContact, InputMessage, InputThread, ToolError,
    ToolSpec, Tools,
};
use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::agents::assignment::AssignmentState;
use crate::domain::agents::contract::{Contract, Tool};
use crate::domain::agents::contract_check::{self, ContractViolation, Measure, ReplyPart};
use crate::domain::agents::conversation::{
    Conversation, ConversationResult, MAX_CONVERSATIONS, Reply, Speaker, filled_in,
};
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::event_name::EventName;
use crate::domain::ids::{AssignmentId, MessageId, RunId, ThreadId};
use crate::domain::inbound::event::Direction;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Environment;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;
use crate::operations::agents::tools::spec;
use crate::operations::{Result, System, require, unpoisoned};
use crate::store::{NewAlert, Write};

/// Maximum number of conversations that run against an agent at the same time.
const MAX_CONCURRENT: usize = 4;
/// Seconds per day.
const DAY_SECONDS: i64 = 86_400;

/// Tests an agent with the given conversations, or with the stored ones if none are given. Returns after the last one.
pub(crate) async fn rehearse_written(
    system: &System,
    actor: &Actor,
    agent: &str,
    written: Vec<Conversation>,
    keep: bool,
) -> Result<Done> {
    require(actor, Permission::RehearseAgents)?;
    let Some(config) = system.agents().get(agent) else {
        let why = format!("Agent {} not found.", clean_line(agent));
        return Err(Refusal::new(Code::NotFound, why, "List the agents.").into());
    };
    let is_kept = keep || written.is_empty();
    let all = if written.is_empty() { system.store().golden_conversations(agent).await? } else { written };
    check(agent, &all)?;
    let results = run_conversations(system, config, &all).await?;
    let now = system.now();
    let mut write = system.store().write().await?;
    if keep {
        write.store_golden_conversations(agent, &all, &actor.to_string(), now).await?;
    }
    let failed = record(system, &mut write, actor, config, (is_kept, &results)).await?;
    write.commit().await?;
    system.bus().publish([Change::Agents, Change::Activity, Change::Alerts]);
    system.wakeups().event_delivery.notify_one();
    let message =
        format!("{} of {} conversations passed with {agent}. Nothing was sent.", all.len() - failed, all.len());
    Ok(Done { message, created_id: None })
}

/// Refuses an empty list, duplicate names, too many conversations, and invalid ones.
fn check(agent: &str, all: &[Conversation]) -> Result<()> {
    if all.is_empty() {
        let why = format!("No conversations are kept for {}.", clean_line(agent));
        let instead = "Test it with a file: wadeck agents rehearse AGENT --file FILE --keep.";
        return Err(Refusal::new(Code::NoExchanges, why, instead).into());
    }
    let names: std::collections::BTreeSet<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let wrong = match all.iter().find_map(|one| one.check().err()) {
        Some(why) => Some(why.to_string()),
        None if all.len() > MAX_CONVERSATIONS => {
            Some(format!("There are more than {MAX_CONVERSATIONS} conversations."))
        }
        None if names.len() < all.len() => Some("Two conversations have the same name.".to_owned()),
        None => None,
    };
    match wrong {
        Some(why) => Err(Refusal::new(Code::Body, why, "Correct the conversations.").into()),
        None => Ok(()),
    }
}

/// Worker step: tests agents whose configuration changed, and all agents once a day at the configured hour.
pub async fn rehearse_due(system: &System) -> Result<()> {
    for tested in system.store().last_tested().await? {
        let Some(config) = system.agents().get(&tested.agent) else { continue };
        let digest = config.digest();
        let nightly = last_hour(system);
        let is_due =
            tested.last.as_ref().is_none_or(|(seen, at)| *seen != digest || nightly.is_some_and(|since| *at < since));
        if is_due {
            let all = system.store().golden_conversations(&tested.agent).await?;
            let results = run_conversations(system, config, &all).await?;
            let mut write = system.store().write().await?;
            record(system, &mut write, &Actor::System, config, (true, &results)).await?;
            write.commit().await?;
            system.bus().publish([Change::Agents, Change::Activity, Change::Alerts]);
            system.wakeups().event_delivery.notify_one();
        } else if system.approvals().draft_after_failed_rehearsal {
            // An assignment activated after the failure is set to draft as well.
            let mut write = system.store().write().await?;
            let results = write.last_golden(&tested.agent, &digest).await?;
            if results.iter().any(|one| !one.passed()) && set_to_draft(system, &mut write, config, &results).await? {
                write.commit().await?;
                system.bus().publish([Change::Agents, Change::Activity, Change::Everything]);
            }
        }
    }
    Ok(())
}

/// Returns the latest time at which the configured local hour began; `None` if nightly tests are off.
fn last_hour(system: &System) -> Option<Timestamp> {
    let hour = i64::from(system.approvals().rehearse_at_hour?);
    let local = system.now().seconds() + system.offset();
    let today = local.div_euclid(DAY_SECONDS) * DAY_SECONDS + hour * 3_600;
    let last = if today <= local { today } else { today - DAY_SECONDS };
    Some(Timestamp::from_millis((last - system.offset()) * 1_000))
}

/// Stores results. If a stored conversation failed, raises an alert, records an event and, if configured, sets the agent to
/// draft. Returns the number of failed conversations.
async fn record(
    system: &System,
    write: &mut Write,
    actor: &Actor,
    config: &AgentConfig,
    (is_kept, results): (bool, &[ConversationResult]),
) -> Result<usize> {
    let (now, agent) = (system.now(), &config.name);
    write.add_golden_results(agent, is_kept, results).await?;
    let failed: Vec<&ConversationResult> = results.iter().filter(|one| !one.passed()).collect();
    let detail = format!("{} written conversations as {}, {} failed", results.len(), config.digest(), failed.len());
    write.audit(actor, AuditAction::Rehearse, agent, &detail, now).await?;
    if !is_kept {
        return Ok(failed.len());
    }
    let Some(first) = failed.first() else {
        write.clear_alert(AlertKind::RehearsalFailed, agent, now).await?;
        return Ok(0);
    };
    let why = first.failures.first().map(String::as_str).unwrap_or_default();
    let said = format!(
        "{} failed {} of {} conversations. {}: {why}.",
        clean_line(agent),
        failed.len(),
        results.len(),
        clean_line(&first.name)
    );
    let alert = NewAlert { kind: AlertKind::RehearsalFailed, subject: agent, said: &said, thread: None };
    write.raise(&alert, now).await?;
    let names: Vec<&str> = failed.iter().map(|one| one.name.as_str()).collect();
    let data = json!({ "agent": agent, "agent_digest": config.digest(), "failed": names, "of": results.len() });
    system.record_event(write, EventName::AgentRehearsalFailed, None, &data).await?;
    if system.approvals().draft_after_failed_rehearsal {
        set_to_draft(system, write, config, results).await?;
    }
    Ok(failed.len())
}

/// Sets the agent's assignments from `auto` to `draft`. Returns whether there were any.
async fn set_to_draft(
    system: &System,
    write: &mut Write,
    config: &AgentConfig,
    results: &[ConversationResult],
) -> Result<bool> {
    let lowered = write.drop_to_draft(&config.name).await?;
    let failed = results.iter().filter(|one| !one.passed()).count();
    for id in &lowered {
        let detail = format!("{} failed {failed} of {} conversations", clean_line(&config.name), results.len());
        let id = AssignmentId(*id).to_string();
        write.audit(&Actor::System, AuditAction::DropToDraft, &id, &detail, system.now()).await?;
    }
    Ok(!lowered.is_empty())
}

async fn run_conversations(
    system: &System,
    config: &AgentConfig,
    all: &[Conversation],
) -> Result<Vec<ConversationResult>> {
    let mut write = system.store().write().await?;
    let active = write.assignments_open(None).await?.into_iter().map(|row| row.assignment);
    let contract = active
        .filter(|one| one.agent == config.name && one.state == AssignmentState::Active)
        .map(|one| one.contract)
        .next()
        .unwrap_or_default();
    drop(write);
    let mut played: Vec<BoxFuture<'_, ConversationResult>> = vec![];
    for one in all {
        played.push(Box::pin(play(system, config, &contract, one)));
    }
    Ok(stream::iter(played).buffered(MAX_CONCURRENT).collect().await)
}

async fn play(system: &System, config: &AgentConfig, contract: &Contract, one: &Conversation) -> ConversationResult {
    let input = input(one, contract, system.now());
    let tools = SampleTools { input: &input, contract, reached: Mutex::default() };
    let began = system.now();
    let answered = system.agents().answer(&config.name, &input, &tools).await;
    let took_ms = u64::try_from(system.now().since(began).as_millis()).unwrap_or(u64::MAX);
    let (mut words, called, refused) = tools.reached.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut reply = Reply { tools: called.clone(), ..Reply::default() };
    let (mut tokens, mut cut) = (0, None);
    match answered {
        Ok(answer) => {
            words.extend(answer.messages);
            (reply.hand_off, tokens, cut) =
                (answer.hand_off, answer.tokens_in + answer.tokens_out, answer.truncation_reason);
        }
        Err(error) => reply.error = Some(error.to_string()),
    }
    if input.first_contact {
        contract_check::introduce(&config.introduction, &mut words);
    }
    reply.messages = words.iter().map(|one| one.text.clone()).collect();
    let mut failures = one.expect.failures(&reply);
    let measure = Measure { refused: &refused, ..Measure::default() };
    failures.extend(contract_check::breaches(contract, &words, &measure).iter().map(ContractViolation::words));
    failures.extend(cut);
    ConversationResult {
        name: one.name.clone(),
        agent: config.name.clone(),
        agent_digest: config.digest(),
        at: system.now(),
        failures,
        reply: (!reply.messages.is_empty()).then(|| Untrusted::new(reply.messages.join("\n\n"))),
        tools: called,
        hand_off: reply.hand_off,
        took_ms,
        tokens,
    }
}

/// Returns the input of an agent for a conversation, marked as a rehearsal and without a real thread.
fn input(one: &Conversation, contract: &Contract, now: Timestamp) -> AgentInput {
    let messages = one.turns.iter().zip(1..).map(|(turn, at)| {
        let direction = match turn.from {
            Speaker::Contact => Direction::Inbound,
            Speaker::Us => Direction::Outbound,
        };
        InputMessage {
            id: MessageId(at),
            direction,
            kind: "text".to_owned(),
            text: Untrusted::new(filled_in(&turn.text)),
            chose: None,
            contacts: vec![],
            file_name: None,
            quotes: None,
            created_at: now,
            media: None,
        }
    });
    AgentInput {
        run_id: RunId(0),
        rehearsal: true,
        batch_size: u32::try_from(one.batch_size()).unwrap_or(1),
        first_contact: one.batch_size() == one.turns.len(),
        connection: InputConnection {
            name: "rehearsal".to_owned(),
            phone_number: PhoneNumber::nobody(),
            environment: Environment::Development,
        },
        thread: InputThread { id: ThreadId(0), external_id: "whatsapp:15550100199".to_owned() },
        contact: InputContact { name: Some(Untrusted::new(filled_in("{name}"))), phone_number: None },
        messages: messages.collect(),
        tools: contract.tools.iter().map(|tool| tool.name().to_owned()).collect(),
        bounds: InputBounds { messages: contract.max_messages, characters: contract.max_characters },
    }
}

/// Texts passed to the send tool, names of called tools, and names of refused tools.
type Called = (Vec<ReplyPart>, Vec<String>, Vec<String>);

/// Tools of a contract that read the conversation and have no effect.
struct SampleTools<'a> {
    input: &'a AgentInput,
    contract: &'a Contract,
    reached: Mutex<Called>,
}

impl SampleTools<'_> {
    fn answer(&self, tool: Tool, arguments: &Value) -> Value {
        match tool {
            Tool::Send => {
                let text = arguments.get("text").and_then(Value::as_str).unwrap_or_default();
                if !text.trim().is_empty() {
                    unpoisoned(&self.reached).0.push(ReplyPart { text: text.to_owned(), reply_to: None });
                }
                json!({ "noted": "this is a rehearsal: nothing is sent" })
            }
            Tool::GetConversation => json!(self.input.messages),
            Tool::GetStatus => json!({ "status": "delivered", "error": null }),
            Tool::ResolveContact => json!([]),
            Tool::SendTemplate | Tool::React | Tool::Note | Tool::HandOff => {
                json!({ "noted": "this is a rehearsal: nothing is sent" })
            }
        }
    }
}

impl Tools for SampleTools<'_> {
    fn available_tools(&self) -> Vec<ToolSpec> {
        let all = Tool::ALL.into_iter();
        all.filter(|tool| *tool == Tool::HandOff || self.contract.allows(*tool)).map(spec).collect()
    }

    fn call<'a>(&'a self, name: &'a str, arguments: &'a Value) -> BoxFuture<'a, std::result::Result<Value, ToolError>> {
        Box::pin(async move {
            let allowed = Tool::from_name(name).filter(|tool| *tool == Tool::HandOff || self.contract.allows(*tool));
            let plain = clean_line(name).chars().take(80).collect::<String>();
            let Some(tool) = allowed else {
                unpoisoned(&self.reached).2.push(plain);
                return Err(format!("the contract of this agent does not allow the tool {name}").into());
            };
            unpoisoned(&self.reached).1.push(plain);
            Ok(self.answer(tool, arguments))
        })
    }
}

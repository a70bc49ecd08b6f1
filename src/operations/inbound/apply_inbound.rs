//! Applies a message from a contact: decides what it means, and stores the result.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::agents::routing::Candidate;
use crate::domain::change::Change;
use crate::domain::event_name::EventName;
use crate::domain::ids::ThreadId;
use crate::domain::inbound::decide::{Answerer, Decision, Judged, ThreadFacts, asks_for_agents, decide, may_opt_out};
use crate::domain::inbound::event::{Direction, MessageEvent};
use crate::domain::key::message_key;
use crate::domain::message::content::Content;
use crate::domain::message::inbound_content::Extras;
use crate::domain::message::inbound_kind::InboundKind;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Connection;
use crate::domain::time::Timestamp;
use crate::operations::System;
use crate::operations::inbound::apply_changes::{change, duplicate, early_changes, move_contact, react};
use crate::operations::inbound::apply_holder::{note_holder, reports_holder};
use crate::operations::inbound::batch::Batch;
use crate::operations::inbound::effects::{
    ApplyError, ApplyResult, Effects, Source, as_of, external_id, extras_of, suggest_merge,
};
use crate::store::{Inserted, NewAlert, NewInbound, StoreError};

/// Applies one message from a contact within a batch.
pub(crate) async fn inbound(
    system: &System,
    batch: &mut Batch<'_>,
    source: &Source,
    connection: &Connection,
    event: &MessageEvent,
    effects: &mut Effects,
) -> ApplyResult {
    let (now, received_at) = (system.now(), source.received_at);
    let Some(external_id) = external_id(&event.contact) else {
        return Ok(Err(ApplyError::Unreadable("the message names no contact".into())));
    };
    let key = message_key(connection.id, &event.provider_message_id);
    if batch.has(&key).await? {
        return duplicate(batch.write().await?, source, &key, event, effects).await;
    }
    let (thread, other) = batch.thread_of(connection.id, event, &external_id, now).await?;
    suggest_merge(batch.beside(), thread.contact, other, now, effects).await?;
    let extras = extras_of(event, received_at);
    let new = new_message(source, connection, event, (thread.thread, &extras), now);
    let Some(inserted) = batch.insert(&new).await? else {
        return duplicate(batch.write().await?, source, &key, event, effects).await;
    };
    effects.changes.push(Change::Thread(thread.thread));
    if let Content::Reaction { target, emoji } = &event.content {
        if event.test {
            return Ok(Ok(()));
        }
        if inserted.changed {
            early_changes(batch.write().await?, &key).await?;
        }
        let side = (target.as_str(), Direction::Inbound);
        react(batch.write().await?, connection.id, side, emoji.as_ref(), event.sent_at, effects).await?;
        return Ok(Ok(()));
    }
    // Agents are loaded only for messages that an agent could answer.
    let asks = thread.has_agents && asks_for_agents(event);
    let candidates = if asks { batch.candidates(thread.thread, connection.id).await? } else { vec![] };
    let judged = Judged {
        event,
        received_at,
        created_at: new.created_at,
        now,
        intent: may_opt_out(event).and_then(|words| system.opt_out_words().wish(words)),
        pause_after_person: connection.settings.pause_after_person,
        debounce: connection.settings.debounce,
        offset: system.offset(),
    };
    let decision = decide(&judged, &thread, &candidates);
    // If the addresses belong to two contacts, the number may belong to the other one.
    let from = event.contact.iter().find(|address| address.phone().is_some()).filter(|_| other.is_none());
    batch.keep(&decision, &new, event, from);
    effects.files |= decision.fetches_file;
    if decision.told {
        let data = serde_json::json!({ "message": inserted.id, "connection": connection.name, "from": external_id,
            "type": event.content.kind(), "text": event.content.words(), "route": decision.trace,
            "standby": event.is_observed() });
        batch.record_event(EventName::MessageReceived, thread.thread, &data);
        effects.tells = true;
    }
    let ends = [(decision.reopens, EventName::ThreadReopened), (decision.ends_snooze, EventName::ThreadUnsnoozed)];
    for (_, name) in ends.into_iter().filter(|(happens, _)| *happens) {
        batch.record_event(name, thread.thread, &serde_json::json!({ "message": inserted.id }));
        effects.tells = true;
    }
    apply_opt_outs(system, batch, &thread, &inserted, (&judged, &decision), effects).await?;
    answer(system, batch, &thread, &decision, &candidates, effects).await?;
    let after = ThreadFacts {
        first: false,
        opted_out: decision.opted_out.unwrap_or(thread.opted_out),
        has_proposal: thread.has_proposal && !decision.ends_proposal(),
        resolved: thread.resolved && !decision.reopens,
        snoozed: thread.snoozed && !decision.ends_snooze,
        ..thread.clone()
    };
    batch.note_thread(connection.id, after);
    if let Some(assignment) = decision.would_answer.and_then(|at| candidates.get(at)) {
        batch.write().await?.plan_dry_run(inserted.id, assignment.assignment.id, now).await?;
        effects.dry_runs = true;
    }
    if inserted.changed {
        early_changes(batch.write().await?, &key).await?;
    }
    note_news(batch, connection, &thread, (event, &new), now, effects).await?;
    Ok(Ok(()))
}

/// Returns the row of a message that a contact wrote.
fn new_message<'m>(
    source: &Source,
    connection: &Connection,
    event: &'m MessageEvent,
    (thread, extras): (ThreadId, &'m Extras),
    now: Timestamp,
) -> NewInbound<'m> {
    NewInbound {
        thread,
        connection: connection.id,
        direction: Direction::Inbound,
        origin: &event.origin,
        content: &event.content,
        provider_message_id: &event.provider_message_id,
        reply_to: event.reply_to.as_deref(),
        test: event.test,
        created_at: as_of(event.sent_at, source.received_at, now),
        received_at: source.received_at,
        delivery: source.delivery,
        author: None,
        extras,
    }
}

/// Stores what a message reports beside its content: who holds the conversation, an edited or deleted message, a new
/// number.
async fn note_news(
    batch: &mut Batch<'_>,
    connection: &Connection,
    thread: &ThreadFacts,
    (event, new): (&MessageEvent, &NewInbound<'_>),
    now: Timestamp,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    if reports_holder(event, thread) {
        note_holder(batch.write().await?, thread, event, (new.received_at, now), effects).await?;
    }
    if InboundKind::of(&event.content) == InboundKind::News && !event.test {
        let side = (thread.thread, Direction::Inbound);
        let write = batch.write().await?;
        change(write, connection.id, side, &event.content, new.created_at, effects).await?;
        if let Some(moved) = &event.moved {
            move_contact(write, thread.thread, moved, now, effects).await?;
        }
    }
    Ok(())
}

/// Stores opt-outs and opt-ins that the contact wrote, each with an audit row.
async fn apply_opt_outs(
    system: &System,
    batch: &mut Batch<'_>,
    thread: &ThreadFacts,
    inserted: &Inserted,
    (judged, decision): (&Judged<'_>, &Decision),
    effects: &mut Effects,
) -> Result<(), StoreError> {
    if !decision.wants_marketing && decision.opted_out.is_none() {
        return Ok(());
    }
    let (message, now) = (inserted.id, system.now());
    let subject = thread.thread.to_string();
    let word: String = judged.event.content.words().line().chars().take(20).collect();
    let (by, reason) = (format!("the contact wrote {word} in {message}"), format!("by {message}"));
    let write = batch.beside();
    if decision.wants_marketing
        && write.store_marketing_preference(thread.contact, false, &by, judged.received_at).await?
    {
        write.audit(&Actor::System, AuditAction::MarketingResume, &subject, &reason, now).await?;
    }
    if let Some(opted_out) = decision.opted_out {
        write.opt_out(thread.thread, opted_out, &by, now).await?;
        effects.looks |= opted_out;
        let action = if opted_out { AuditAction::OptOut } else { AuditAction::OptIn };
        write.audit(&Actor::System, action, &subject, &reason, now).await?;
        effects.changes.push(Change::Activity);
    }
    Ok(())
}

/// Schedules the agent that answers. A reply that was suggested earlier is withdrawn, because the contact wrote
/// again.
async fn answer(
    system: &System,
    batch: &mut Batch<'_>,
    thread: &ThreadFacts,
    decision: &Decision,
    candidates: &[Candidate],
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let now = system.now();
    match &decision.answerer {
        Answerer::Agent { candidate, due_at } => {
            let Some(candidate) = candidates.get(*candidate) else { return Ok(()) };
            batch.schedule(thread, candidate.assignment.id, *due_at, now).await?;
            effects.runs = true;
            effects.changes.push(Change::Agents);
        }
        Answerer::Nobody { alert, .. } => {
            if thread.has_proposal && decision.ends_proposal() {
                batch.beside().let_proposal_fall(thread.thread, now).await?;
            }
            if let Some(said) = alert {
                let subject = thread.thread.to_string();
                let alert =
                    NewAlert { kind: AlertKind::AgentHeldBack, subject: &subject, said, thread: Some(thread.thread) };
                batch.beside().raise(&alert, now).await?;
                effects.changes.push(Change::Alerts);
            }
        }
    }
    Ok(())
}

//! Apply a message that a contact wrote: its line, what it means for the thread by its kind, and who answers it.

use crate::domain::access::actor::Actor;
use crate::domain::agents::routing::{Arrival, Route, route};
use crate::domain::change::Change;
use crate::domain::contacts::opt_out::OptOutIntent;
use crate::domain::event_name::EventName;
use crate::domain::inbound::event::{Direction, MessageEvent, Origin};
use crate::domain::key::message_key;
use crate::domain::message::content::Content;
use crate::domain::message::inbound_kind::InboundKind;
use crate::domain::message::window;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Connection;
use crate::operations::System;
use crate::operations::inbound::apply_changes::{change, duplicate, early_changes, move_contact, react};
use crate::operations::inbound::apply_holder::note_holder;
use crate::operations::inbound::effects::ApplyError;
use crate::operations::inbound::effects::extras_of;
use crate::operations::inbound::effects::{ApplyResult, Effects, Source, as_of, external_id, plausible, suggest_merge};
use crate::store::{NewAlert, NewInbound, Write};

pub(crate) async fn inbound(
    system: &System,
    write: &mut Write,
    source: &Source,
    connection: &Connection,
    event: &MessageEvent,
    effects: &mut Effects,
) -> ApplyResult {
    let (now, received_at) = (system.now(), source.received_at);
    let kind = InboundKind::of(&event.content);
    let follows = if event.is_observed() { kind.effects().observed() } else { kind.effects() };
    let Some(external_id) = external_id(&event.contact) else {
        return Ok(Err(ApplyError::Unreadable("the message names no contact".into())));
    };
    let (contact, other) = write.contact(&event.contact, event.contact_name.as_ref(), now).await?;
    suggest_merge(write, contact, other, now, effects).await?;
    let thread = write.thread(connection.id, contact, &external_id, event.sent_at).await?;
    let new = NewInbound {
        thread: thread.thread,
        connection: connection.id,
        direction: Direction::Inbound,
        origin: &event.origin,
        content: &event.content,
        provider_message_id: &event.provider_message_id,
        reply_to: event.reply_to.as_deref(),
        test: event.test,
        created_at: as_of(event.sent_at, received_at, now),
        received_at,
        delivery: source.delivery,
        author: None,
        extras: &extras_of(event, received_at),
    };
    let key = message_key(connection.id, &event.provider_message_id);
    let Some(inserted) = write.insert_message(&new).await? else {
        duplicate(write, source, &key, &event.content, effects).await?;
        return Ok(Ok(()));
    };
    let message = inserted.id;
    if inserted.changed {
        early_changes(write, &key).await?;
    }
    effects.changes.push(Change::Thread(thread.thread));
    if let Content::Reaction { target, emoji } = &event.content {
        react(write, connection.id, (target, Direction::Inbound), emoji.as_ref(), event.sent_at, effects).await?;
        return Ok(Ok(()));
    }
    note_holder(write, &thread, event, (received_at, now), effects).await?;
    if kind == InboundKind::News && !event.test {
        let side = (thread.thread, Direction::Inbound);
        change(write, connection.id, side, &event.content, new.created_at, effects).await?;
        if let Some(moved) = &event.moved {
            move_contact(write, thread.thread, moved, now, effects).await?;
        }
    }
    let mut opted_out = thread.opted_out;
    let wish = match &event.content {
        Content::Text { body, .. } if !event.test && matches!(event.origin, Origin::Api | Origin::Filled) => {
            system.opt_out_words().wish(body.as_received())
        }
        _ => None,
    };
    let word: String = event.content.words().line().chars().take(20).collect();
    let by = format!("they wrote {word} in {message}");
    if wish == Some(OptOutIntent::In) && write.wish_about_marketing(contact, false, &by, received_at).await? {
        let subject = thread.thread.to_string();
        write.audit(&Actor::System, "marketing_resume", &subject, &format!("by {message}"), now).await?;
    }
    if let Some(wish) = wish.filter(|wish| opted_out != (*wish == OptOutIntent::Out)) {
        opted_out = wish == OptOutIntent::Out;
        write.opt_out(thread.thread, opted_out, &by, now).await?;
        effects.looks |= opted_out;
        let action = if opted_out { "opt_out" } else { "opt_in" };
        write.audit(&Actor::System, action, &thread.thread.to_string(), &format!("by {message}"), now).await?;
        effects.changes.push(Change::Activity);
    }
    if let Some(media) = event.content.media().filter(|media| !media.id.is_empty() && !event.test) {
        write.want_media(message, connection.id, media, now).await?;
        effects.files = true;
    }
    let history = event.origin == Origin::HistorySync;
    let opens = follows.window && !event.test && !history;
    let window = opens.then(|| window::closes_after(plausible(event.sent_at, received_at), received_at));
    let unread = u32::from(follows.unread && !event.test && !history);
    write.touch_thread(thread.thread, message, new.created_at, unread, window, event.conversation.as_deref()).await?;
    let lives = !event.test && !history;
    let new_at = (lives && event.first_contact.unwrap_or(thread.first)).then_some(new.created_at);
    write.note_conversation(thread.thread, event.counts.as_ref().filter(|_| lives), new_at).await?;
    // What nobody answers asks for no agent.
    let candidates =
        if follows.routed && !history { write.candidates(thread.thread, connection.id, now).await? } else { vec![] };
    let arrival = Arrival {
        direction: event.direction,
        origin: &event.origin,
        content: &event.content,
        test: event.test,
        sent_at: plausible(event.sent_at, received_at),
        first: thread.first,
        taken_by: thread.taken_by.as_deref(),
        handed_off: thread.handed_off,
        opted_out,
        ours: thread.ours,
        person_wrote_at: thread.person_wrote_at,
        pause_after_person: connection.settings.pause_after_person,
        offset: system.offset(),
    };
    let decision = route(&arrival, &candidates, connection.settings.debounce, now);
    if event.test
        && let Route::Run { candidate, .. } =
            route(&Arrival { test: false, ..arrival }, &candidates, connection.settings.debounce, now).route
    {
        write.plan_dry_run(message, candidates[candidate].assignment.id, now).await?;
        effects.dry_runs = true;
    }
    let refused = match decision.route {
        Route::Run { candidate, due_at } => {
            let assignment = &candidates[candidate].assignment;
            write.schedule_run(thread.thread, assignment, due_at, thread.first, now).await?;
            effects.runs = true;
            effects.changes.push(Change::Agents);
            None
        }
        Route::None(reason) => {
            if follows.waits && reason.leaves_waiting() {
                write.let_proposal_fall(thread.thread, now).await?;
                write.wait(thread.thread, reason.words(), new.created_at).await?;
            }
            if reason.alerts() {
                let subject = thread.thread.to_string();
                let said = decision.trace.last().map_or(reason.words(), String::as_str);
                let alert =
                    NewAlert { kind: AlertKind::AgentHeldBack, subject: &subject, said, thread: Some(thread.thread) };
                write.raise(&alert, now).await?;
                effects.changes.push(Change::Alerts);
            }
            Some(reason.words())
        }
    };
    write.routed(message, &decision.trace, refused).await?;
    if !event.test && !history {
        let data = serde_json::json!({ "message": message, "connection": connection.name, "from": external_id,
            "type": event.content.kind(), "text": event.content.words(), "route": decision.trace,
            "standby": event.is_observed() });
        system.happened(write, EventName::MessageReceived, Some(thread.thread), &data).await?;
        effects.tells = true;
    }
    Ok(Ok(()))
}

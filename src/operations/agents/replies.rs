//! Carries out agents' replies: collects texts, templates and reactions, and enqueues them together.

use std::collections::HashMap;

use crate::domain::agents::assignment::Mode;
use crate::domain::agents::contract_check::ReplyPart;
use crate::domain::agents::requests::AgentAction;
use crate::domain::contacts::address::Address;
use crate::domain::ids::{ConnectionId, RunId, ThreadId};
use crate::domain::message::content::Content;
use crate::domain::message::note::Note;
use crate::domain::message::window;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Connection;
use crate::domain::outbox::entry::Outgoing;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;
use crate::operations::System;
use crate::operations::agents::ask_agent::content;
use crate::operations::outbox::send_message::{address, capabilities, recipient};
use crate::store::{DueRun, NewAlert, NewEntry, StoreError, Write};

/// Messages of agents that one transaction enqueues together.
#[derive(Default)]
pub(crate) struct Replies {
    queued: Vec<QueuedReply>,
    /// Our own numbers with the names of their connections; `None` until a message needs them.
    own: Option<HashMap<String, String>>,
}

/// A message to enqueue.
struct QueuedReply {
    thread: ThreadId,
    connection: ConnectionId,
    outgoing: Outgoing,
    author: String,
    run: RunId,
    business_initiated: bool,
    not_before: Option<Timestamp>,
}

/// Whose reply a message is, and how it is sent.
struct How<'h> {
    run: RunId,
    author: &'h str,
    business_initiated: bool,
    not_before: Option<Timestamp>,
}

/// Carries out one reply: enqueues texts and templates, and stores notes.
pub(crate) async fn carry_out(
    system: &System,
    write: &mut Write,
    of: (&ThreadRow, RunId, &str),
    words: &[ReplyPart],
    acts: &[AgentAction],
) -> Result<(), StoreError> {
    let mut replies = Replies::default();
    replies.carry_out(system, write, None, of, words, acts).await?;
    replies.store(system, write).await
}

impl Replies {
    /// Collects the texts and templates of a reply, and stores its notes. `known` is a connection that was loaded
    /// already.
    pub async fn carry_out(
        &mut self,
        system: &System,
        write: &mut Write,
        known: Option<&Connection>,
        (thread, run, author): (&ThreadRow, RunId, &str),
        words: &[ReplyPart],
        acts: &[AgentAction],
    ) -> Result<(), StoreError> {
        let now = system.now();
        for one in words {
            let quoted = match one.reply_to {
                None => None,
                Some(id) => {
                    let found = system.store().provider_id(id).await?;
                    found.filter(|(of, _)| *of == thread.id).and_then(|(_, provider_id)| provider_id)
                }
            };
            let how = How { run, author, business_initiated: false, not_before: None };
            self.add(system, write, known, thread, (content(one), quoted), how).await?;
        }
        for act in acts {
            match act {
                AgentAction::Note { text } => {
                    let words =
                        Untrusted::new(text.chars().take(crate::domain::message::note::LONGEST).collect::<String>());
                    write.add_note(thread.id, &Note { author: author.to_owned(), at: now, words }).await?;
                }
                AgentAction::Send { thread: to, content, at } => {
                    let other = if *to == thread.id { None } else { Some(system.store().thread(*to).await?) };
                    let Some(to) = other.as_ref().map_or(Some(thread), Option::as_ref) else { continue };
                    let template = matches!(**content, Content::Template { .. });
                    let business_initiated = template && !window::is_open(to.window_closes_at, now);
                    let how = How { run, author, business_initiated, not_before: *at };
                    self.add(system, write, known, to, ((**content).clone(), None), how).await?;
                }
            }
        }
        Ok(())
    }

    /// Collects a reaction on the contact's last message that shows the progress of the run, if its connection is set
    /// to send them.
    pub async fn sign(
        &mut self,
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
        let content = Content::Reaction { target, emoji: Some(Untrusted::from(emoji)) };
        let author = format!("agent {}", due.agent);
        let how = How { run: due.run, author: &author, business_initiated: false, not_before: None };
        self.add(system, write, connection, &thread, (content, None), how).await
    }

    /// Collects a message, unless the provider cannot send it or its recipient must not get it.
    async fn add(
        &mut self,
        system: &System,
        write: &mut Write,
        known: Option<&Connection>,
        thread: &ThreadRow,
        (content, reply_to): (Content, Option<String>),
        how: How<'_>,
    ) -> Result<(), StoreError> {
        let How { run, author, business_initiated, not_before } = how;
        let Ok(to) = address(thread) else { return Ok(()) };
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
        if let Some(refusal) = self.forbidden(system, write, thread.connection_id, &to, &content).await? {
            tracing::info!(thread = %thread.id, %run, why = %refusal.reason, "Agent action skipped");
            let said = format!("{author} tried to send a message that is not allowed: {}", refusal.reason);
            let subject = thread.id.to_string();
            let alert =
                NewAlert { kind: AlertKind::AgentHeldBack, subject: &subject, said: &said, thread: Some(thread.id) };
            write.raise(&alert, system.now()).await?;
            return Ok(());
        }
        let outgoing = Outgoing { to, content, reply_to, reference: system.reference(), at: None, take_over: false };
        self.queued.push(QueuedReply {
            thread: thread.id,
            connection: thread.connection_id,
            outgoing,
            author: author.to_owned(),
            run,
            business_initiated,
            not_before,
        });
        Ok(())
    }

    async fn forbidden(
        &mut self,
        system: &System,
        write: &mut Write,
        connection: ConnectionId,
        to: &Address,
        content: &Content,
    ) -> Result<Option<crate::domain::refusal::Refusal>, StoreError> {
        let own = match self.own.take() {
            Some(own) => own,
            None => write.own_names().await?,
        };
        let refusal = recipient::ours(&own, to);
        self.own = Some(own);
        match refusal {
            Some(refusal) => Ok(Some(refusal)),
            None => recipient::marketing_stopped(system, write, connection, to, content).await,
        }
    }

    /// Enqueues the collected messages.
    pub async fn store(self, system: &System, write: &mut Write) -> Result<(), StoreError> {
        let now = system.now();
        let entries: Vec<_> = self
            .queued
            .iter()
            .map(|reply| NewEntry {
                thread: reply.thread,
                connection: reply.connection,
                outgoing: &reply.outgoing,
                author: &reply.author,
                run: Some(reply.run),
                business_initiated: reply.business_initiated,
                not_before: reply.not_before,
                provider_takes_at: None,
                now,
            })
            .collect();
        write.enqueue_all(&entries).await?;
        Ok(())
    }
}

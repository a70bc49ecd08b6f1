//! Typing indicator, which also marks the contact's last message as read.

use std::sync::PoisonError;
use std::time::Duration;

use crate::domain::agents::assignment::Mode;
use crate::domain::inbound::event::Direction;
use crate::domain::message::inbound_kind::InboundKind;
use crate::domain::numbers::connection::Connection;
use crate::domain::time::Timestamp;
use crate::domain::view::MessageView;
use crate::operations::agents::ask_agent::Question;
use crate::operations::{Result, System};
use crate::store::{DueRun, StoreError};

/// Interval of renewals; the indicator disappears after 25 s.
const TYPING_EVERY: Duration = Duration::from_secs(20);

/// Renews the typing indicator; never returns.
pub(crate) async fn keep_typing(system: &System, due: &DueRun, connection: &Connection) {
    loop {
        tokio::time::sleep(TYPING_EVERY).await;
        show_typing(system, due, connection, None).await;
    }
}

/// Shows the typing indicator to contacts whose messages wait for their agent, from the first message of a burst on.
/// Renews it while a run waits. Returns `false`: each call serves all waiting runs.
pub async fn type_while_waiting(system: &System) -> Result<bool> {
    let now = system.now();
    let waiting = system.store().waiting_runs(now).await?;
    let due: Vec<_> = {
        let mut shown = system.shared.typing_shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.retain(|run, _| waiting.iter().any(|one| one.run == *run));
        let is_due = |one: &&DueRun| shown.get(&one.run).is_none_or(|at| now.since(*at) >= TYPING_EVERY);
        let due: Vec<DueRun> = waiting.iter().filter(is_due).cloned().collect();
        shown.extend(due.iter().map(|one| (one.run, now)));
        due
    };
    for run in due {
        if let Some(connection) = system.store().connection(run.connection).await? {
            show_typing(system, &run, &connection, None).await;
        }
    }
    Ok(false)
}

/// Returns when the typing indicator of a waiting run is due again; `None` if no run waits.
pub async fn next_typing_due(system: &System) -> Result<Option<Timestamp>, StoreError> {
    let waiting = system.store().waiting_runs(system.now()).await?;
    let shown = system.shared.typing_shown.lock().unwrap_or_else(PoisonError::into_inner);
    let due = |one: &DueRun| shown.get(&one.run).map_or(Timestamp::EPOCH, |at| at.plus(TYPING_EVERY));
    Ok(waiting.iter().map(due).min())
}

/// Returns the provider's id of the contact's newest message among those that the agent is asked about.
pub(crate) fn last_inbound_id(question: &Question) -> Option<String> {
    let said = |message: &&MessageView| {
        message.direction == Direction::Inbound && InboundKind::is_contact_content(&message.kind)
    };
    question.messages.iter().rev().find(said).and_then(|message| message.provider_message_id.clone())
}

/// Marks the last message as read and shows the typing indicator. `last` is that message's provider id, if it is
/// known already.
pub(crate) async fn show_typing(system: &System, due: &DueRun, connection: &Connection, last: Option<String>) {
    let provider = system.providers().get(&connection.provider).filter(|provider| provider.capabilities().read_marks);
    let Some(provider) = provider.filter(|_| connection.settings.read_marks && due.mode == Mode::Auto) else { return };
    let last = match last {
        Some(last) => last,
        None => match system.store().last_inbound(due.thread).await {
            Ok(Some(last)) => last,
            _ => return,
        },
    };
    if let Err(trouble) = provider.mark_read(connection, &last, true).await {
        tracing::debug!(thread = %due.thread, trouble = trouble.line(), "Cannot show the typing indicator");
    }
}

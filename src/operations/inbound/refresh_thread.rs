//! Compares one thread with its conversation at the provider: stores the provider's counts, and adds messages and
//! delivery statuses that never arrived, as a backfill does.

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::ThreadId;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::time::Timestamp;
use crate::operations::inbound::backfill::write_down;
use crate::operations::inbound::comparison::Comparison;
use crate::operations::numbers::registrations::at_provider;
use crate::operations::outbox::send_message::thread_row;
use crate::operations::{OperationError, Result, System, require};
use crate::provider::ProviderError;
use crate::provider::conversations::Conversations;

/// Maximum number of pages read, with a hundred messages each; a backfill reads the rest.
const MAX_PAGES: usize = 10;

/// Compares a thread with the provider and returns what was added. It makes at most `MAX_PAGES` list requests.
pub(crate) async fn refresh_thread(system: &System, actor: &Actor, thread: ThreadId) -> Result<Done> {
    require(actor, Permission::Backfill)?;
    let row = thread_row(system, thread).await?;
    let (connection, provider) = at_provider(system, row.connection_id).await?;
    let Some(source) = provider.conversations() else {
        let why = format!("{} keeps no conversations that can be read.", connection.provider);
        return Err(Refusal::new(Code::Provider, why, "Query single messages instead.").into());
    };
    let Some(id) = system.store().conversation_of(thread).await? else {
        let why = format!("The provider has not named the conversation of {thread} yet.");
        let instead = format!("Run a backfill of the connection {} instead.", connection.name);
        return Err(Refusal::new(Code::CannotAsk, why, instead).into());
    };
    let now = system.now();
    let told = source.one(&connection, &id).await.map_err(|trouble| cannot_ask(thread, &trouble))?;
    let Some(told) = told else {
        let why = format!("The provider no longer has the conversation of {thread}.");
        return Err(Refusal::new(Code::CannotAsk, why, "Its messages here stay as they are.").into());
    };
    let mut comparison = Comparison::new(connection.id, now, Timestamp::EPOCH);
    let mut after = None;
    for _ in 0..MAX_PAGES {
        let page = Conversations::messages(source, &connection, &id, after.as_deref(), now).await;
        let page = page.map_err(|trouble| cannot_ask(thread, &trouble))?;
        for message in page.messages {
            comparison.take(system, message).await?;
        }
        if page.next.is_none() || page.next == after {
            after = None;
            break;
        }
        after = page.next;
    }
    let (filled, statuses) = write_down(system, &connection, comparison.missing, comparison.behind).await?;
    let mut write = system.store().write().await?;
    write.note_conversations(&[(thread, told.record.clone())]).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread)]);
    let of = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let counted = match told.record.messages_count {
        Some(count) => format!("The provider counts {} in {thread}", of(count as usize, "message")),
        None => format!("The provider has the conversation of {thread}"),
    };
    let rest =
        if after.is_some() { " Older messages were not compared: run a backfill of the connection." } else { "" };
    let message = format!(
        "{counted}; compared {}, added {} and {}.{rest}",
        of(comparison.listed, "message"),
        of(filled, "missing message"),
        if statuses == 1 { "1 delivery status".to_owned() } else { format!("{statuses} delivery statuses") },
    );
    Ok(Done { message, created_id: None })
}

fn cannot_ask(thread: ThreadId, trouble: &ProviderError) -> OperationError {
    let why = format!("The provider does not answer about {thread}: {}.", trouble.line());
    Refusal::new(Code::CannotAsk, why, trouble.remedy.clone().into_owned()).into()
}

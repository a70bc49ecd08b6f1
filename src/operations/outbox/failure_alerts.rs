//! Alerts about messages that failed or are uncertain.

use crate::domain::failure::Failure;
use crate::domain::ids::{ConnectionId, EntryId, MessageId, ThreadId};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::operations::{Result, System};
use crate::store::{NewAlert, StoreError, Write};

/// Kinds of alerts about one entry. They are cleared when the entry is settled, retried or discarded.
pub(crate) const ENTRY_ALERTS: [AlertKind; 6] = [
    AlertKind::DeadLetter,
    AlertKind::SendRefused,
    AlertKind::DeliveryFailed,
    AlertKind::Uncertain,
    AlertKind::KeptByProvider,
    AlertKind::SentAfterDiscard,
];

/// Raises one alert per number: the provider gave two messages the same id, so statuses under that id cannot be told
/// apart.
pub(crate) async fn shared_id(
    write: &mut Write,
    connection: ConnectionId,
    message: MessageId,
    other: MessageId,
    provider_message_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let said = format!(
        "{message} was given the id {} that {other} has already: statuses under it are counted for {other} alone. \
         Ask the provider; a stand-in for the provider does this.",
        clean_line(provider_message_id)
    );
    let subject = connection.to_string();
    write.raise(&NewAlert { kind: AlertKind::SharedId, subject: &subject, said: &said, thread: None }, now).await
}

/// Returns the text about an entry that was not delivered for a cause of its own.
pub(crate) fn not_delivered(entry: EntryId, failure: &Failure) -> String {
    format!("{entry} was not delivered: {}. {}", failure.line(), failure.remedy)
}

/// Returns the reason why a thread waits after a failure.
pub(crate) fn waits_for(failure: &Failure) -> String {
    format!("a reply was not delivered: {}", failure.line())
}

/// Reports a failure to people: raises an alert and marks the thread as waiting. Stores an opt-out that the failure
/// reports.
pub(crate) async fn failure_reaches_people(
    system: &System,
    write: &mut Write,
    kind: AlertKind,
    thread: ThreadId,
    entry: EntryId,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), StoreError> {
    let told = match kind {
        AlertKind::DeliveryFailed => format!("a status of {entry} reports"),
        _ => format!("the provider rejected {entry} with"),
    };
    crate::operations::outbox::send_message::recipient::opt_out_from_failure(
        system,
        write,
        thread,
        (failure, &told),
        now,
    )
    .await?;
    let alone = not_delivered(entry, failure);
    if failure.is_shared() {
        // Failures with a shared cause raise one alert, which counts the messages.
        let connection = write.entry_state(entry).await?.map(|(.., connection)| connection.to_string());
        let cause = if failure.code.is_empty() { &failure.title } else { failure.code.as_str() };
        let subject = format!("{} {cause}", connection.unwrap_or_default());
        let words = |count: u32| match count {
            1 => alone.clone(),
            count => format!(
                "{count} messages were not delivered for the same cause: {}. {} The last one is {entry}.",
                failure.line(),
                failure.remedy
            ),
        };
        write.raise_cause((kind, &subject), entry, thread, words, now).await?;
    } else {
        let subject = entry.to_string();
        write.raise(&NewAlert { kind, subject: &subject, said: &alone, thread: Some(thread) }, now).await?;
    }
    write.wait(thread, &waits_for(failure), now).await
}

//! What people are told about messages that did not go, or of which nothing certain is known.

use crate::domain::failure::Failure;
use crate::domain::ids::{ConnectionId, EntryId, MessageId, ThreadId};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::operations::{Result, System};
use crate::store::{NewAlert, StoreError, Write};

/// The alerts that are about one entry: gone when somebody, or something, has dealt with it.
pub(crate) const ENTRY_ALERTS: [AlertKind; 6] = [
    AlertKind::DeadLetter,
    AlertKind::SendRefused,
    AlertKind::DeliveryFailed,
    AlertKind::Uncertain,
    AlertKind::Kept,
    AlertKind::Gone,
];

/// Two messages under one id cannot be told apart by what is reported under it: one alert for the number.
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

/// What is said of an entry that was not delivered, for a cause of its own.
pub(crate) fn not_delivered(entry: EntryId, failure: &Failure) -> String {
    format!("{entry} was not delivered: {}. {}", failure.line(), failure.remedy)
}

/// Why a thread waits after a failure.
pub(crate) fn waits_for(failure: &Failure) -> String {
    format!("a reply was not delivered: {}", failure.line())
}

/// A failure shows in the thread, raises an alert, and leaves the contact visibly waiting.
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
    crate::operations::outbox::send_message::recipient::told_by_failure(system, write, thread, (failure, &told), now)
        .await?;
    let alone = not_delivered(entry, failure);
    if failure.is_shared() {
        // The same cause for many is one alert, which says how many.
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

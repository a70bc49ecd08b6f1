//! The uploader's step: uploads a file to the provider before its message is sent. The message was certainly not sent
//! yet, so a retry is always safe.

use crate::domain::change::Change;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::file_name::ending;
use crate::domain::ids::{EntryId, ThreadId};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::outbox::entry::{EntryState, SettledBy, Settlement, Verdict, settle};
use crate::domain::outbox::limits::Hold;
use crate::domain::time::Timestamp;
use crate::operations::monitoring::unreadable_row::unreadable_row;
use crate::operations::numbers::hold_number::{hold_number, schedule};
use crate::operations::outbox::claim::refuse_unreadable;
use crate::operations::outbox::failure_alerts::failure_reaches_people;
use crate::operations::outbox::outage::note_failure;
use crate::operations::{Result, System};
use crate::provider::{ProviderError, Upload};
use crate::store::{PendingUpload, StoreError};

/// Uploads the next file that is due. Returns `false` if none is due.
pub async fn upload_next(system: &System) -> Result<bool> {
    let busy: Vec<EntryId> = system.uploads().keys().copied().collect();
    let file = match system.store().to_upload(system.now(), &busy).await {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(false),
        Err(error) => {
            let Some(row) = unreadable_row(&error, &["outbox"]) else { return Err(error.into()) };
            let mut write = system.store().write().await?;
            let changes = refuse_unreadable(system, &mut write, (EntryId(row.key), row.column), system.now()).await?;
            write.commit().await?;
            system.bus().publish(changes);
            return Ok(true);
        }
    };
    if system.uploads().insert(file.entry, (0, file.bytes)).is_some() {
        return Ok(true);
    }
    let began = system.now();
    let answer = upload(system, &file).await;
    system.uploads().remove(&file.entry);
    let answer = answer?;
    write_down(system, &file, answer, began).await?;
    system.bus().publish([Change::Outbox, Change::Thread(file.thread), Change::Alerts]);
    system.wakeups().sender.notify_one();
    Ok(true)
}

/// Returns when the next upload is due, not counting those in progress.
pub async fn next_upload_due(system: &System) -> std::result::Result<Option<Timestamp>, StoreError> {
    let busy: Vec<EntryId> = system.uploads().keys().copied().collect();
    system.store().next_upload_due(&busy).await
}

async fn upload(system: &System, file: &PendingUpload) -> Result<std::result::Result<String, ProviderError>> {
    let gone =
        |title: &'static str| Failure::own(FailureClass::Setup, title, "It cannot be uploaded.", "Send it again.");
    let Some(connection) = system.store().connection(file.connection).await? else {
        return Ok(Err(gone("The connection was removed").into()));
    };
    let Some(provider) = system.providers().get(&connection.provider) else {
        return Ok(Err(gone("This build does not support the provider").into()));
    };
    if provider.capabilities().fetches_files {
        let address = crate::operations::media::media_links::address_for(system);
        return Ok(address.map_err(|refusal| {
            let title = "No URL for the file";
            Failure::own(FailureClass::Setup, title, refusal.reason, refusal.remedy).into()
        }));
    }
    let path = system.store().files().path(&file.file);
    let name = match &file.file_name {
        Some(name) => name.as_received().to_owned(),
        None => format!("file.{}", ending(&file.mime_type)),
    };
    let progress = |sent: u64, all: u64| note_progress(system, file.entry, file.thread, sent, all);
    let upload = Upload { path: &path, name: &name, mime_type: &file.mime_type, progress: &progress };
    Ok(provider.upload(&connection, upload).await)
}

/// Notifies consoles at every 5 % of the file.
fn note_progress(system: &System, entry: EntryId, thread: ThreadId, sent: u64, all: u64) {
    let part = |sent: u64| sent * 20 / all.max(1);
    let moved = {
        let mut uploads = system.uploads();
        let before = uploads.insert(entry, (sent, all)).map_or(0, |(sent, _)| sent);
        part(before) != part(sent)
    };
    if moved {
        system.bus().publish([Change::Thread(thread), Change::Outbox]);
    }
}

async fn write_down(
    system: &System,
    file: &PendingUpload,
    answer: std::result::Result<String, ProviderError>,
    began: Timestamp,
) -> Result<()> {
    let now = system.now();
    let connection = system.store().connection(file.connection).await?;
    let path = connection
        .as_ref()
        .and_then(|connection| system.providers().get(&connection.provider)?.upload_path(connection));
    // Without an upload request there is no HTTP status.
    let status = path.as_ref().map(|_| 200);
    let path =
        path.map_or_else(|| "the file is available at a URL of this engine".to_owned(), |path| format!("POST {path}"));
    let request = format!("{path}\n(the file, {} bytes of {})", file.bytes, file.mime_type);
    let mut write = system.store().write().await?;
    let still = write.entry_state(file.entry).await?.is_some_and(|(state, ..)| state == EntryState::Queued);
    match answer {
        Ok(id) => {
            let response = format!("{{\"id\":\"{id}\"}}");
            write.note_attempt(file, &request, "accepted", status, &response, (began, now)).await?;
            if still {
                write.uploaded(file.message, &id).await?;
            }
        }
        Err(failure) => {
            let said = failure.said.as_received().to_owned();
            let for_now = matches!(failure.class, FailureClass::Transient | FailureClass::Throttled);
            let verdict = if for_now || failure.stops_number() {
                Verdict::Retry { failure: *failure, after: None }
            } else {
                Verdict::Rejected { failure: *failure }
            };
            let policy = match &verdict {
                Verdict::Retry { failure, .. } => {
                    system.retry().for_failure(failure, schedule(system, file.connection, &failure.code).await?)
                }
                _ => *system.retry(),
            };
            let settlement = settle(verdict, file.tried + 1, &policy, now, system.chance());
            let outcome = if matches!(settlement, Settlement::Again { .. }) { "retry" } else { "refused" };
            write.note_attempt(file, &request, outcome, None, &said, (began, now)).await?;
            match settlement {
                _ if !still => {}
                Settlement::Again { failure, due_at, counts } => {
                    if failure.stops_number() {
                        let probe_at = hold_number(system, &mut write, file.connection, &failure, None, now).await?;
                        let due_at = probe_at.max(due_at);
                        write.postpone(file.entry, &failure, due_at, Some(Hold::Credentials), counts).await?;
                    } else {
                        write.postpone(file.entry, &failure, due_at, None, counts).await?;
                        note_failure(system, &mut write, file.connection, &failure, now).await?;
                    }
                }
                Settlement::Dead { failure } | Settlement::Failed { failure } | Settlement::Uncertain { failure } => {
                    let state = if outcome == "refused" { EntryState::Failed } else { EntryState::Dead };
                    let answered = !failure.code.is_empty() || !failure.said.is_empty();
                    let by = answered.then_some(SettledBy::Answer);
                    write.end_entry(file.entry, state, Some(&failure), by, now).await?;
                    write.fail_message(file.message, &failure, now).await?;
                    failure_reaches_people(
                        system,
                        &mut write,
                        AlertKind::SendRefused,
                        file.thread,
                        file.entry,
                        &failure,
                        now,
                    )
                    .await?;
                }
                Settlement::Accepted { .. } => {}
            }
        }
    }
    write.commit().await?;
    Ok(())
}

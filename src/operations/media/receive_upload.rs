//! Receives uploaded bytes, so that a message can carry the file. The client opens its file; the engine opens no path
//! on a client's behalf.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::code::Code;
use crate::domain::ids::UploadId;
use crate::domain::message::media::safe_name;
use crate::domain::message::media::size;
use crate::domain::message::upload::{MAX_UPLOAD_BYTES, MAX_UPLOADED_BYTES, MAX_UPLOADS, UPLOAD_KEPT, Uploaded};
use crate::domain::refusal::Refusal;
use crate::operations::{Result, System, require};
use crate::store::{Incoming, Pinned, StoredUpload};

/// Maximum number of concurrent uploads.
const MAX_AT_ONCE: usize = 8;
/// Maximum pause between two parts of an upload.
const SILENCE: Duration = Duration::from_secs(30);
/// Maximum duration of an upload.
const WHOLE: Duration = Duration::from_secs(600);

/// Limits the number of concurrent uploads.
#[derive(Debug)]
pub(crate) struct UploadLimiter(Semaphore);

impl Default for UploadLimiter {
    fn default() -> Self {
        Self(Semaphore::new(MAX_AT_ONCE))
    }
}

impl UploadLimiter {
    fn enter(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.0.try_acquire().map_err(|_| {
            let why = format!("{MAX_AT_ONCE} uploads are in progress, which is the maximum.");
            Refusal::new(Code::Busy, why, "Retry in a moment.")
        })
    }
}

/// Stores an upload, bounded in size, duration and number. Returns the id under which requests of the same actor can
/// use it.
pub async fn receive_upload<E: std::fmt::Display>(
    system: &System,
    actor: &Actor,
    name: &str,
    bytes: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<Uploaded> {
    require(actor, Permission::UploadFiles)?;
    let author = actor.to_string();
    let _inside = system.upload_limiter().enter()?;
    let mut write = system.store().write().await?;
    let before = write.uploads_of(&author).await?;
    drop(write);
    room_for(before, 0)?;
    if system.store().files().free().is_some_and(|free| free < system.config().least_free) {
        return Err(Refusal::new(Code::Disk, "The disk is nearly full.", "Free space on the engine's disk.").into());
    }
    let label = system.reference();
    let incoming = system.store().files().begin(&label, MAX_UPLOAD_BYTES).map_err(|error| disk(&error))?;
    let incoming = tokio::time::timeout(WHOLE, take(incoming, bytes)).await.map_err(|_| {
        let why = format!("The file did not arrive within {} minutes.", WHOLE.as_secs() / 60);
        Refusal::new(Code::Slow, why, "Upload it over a faster connection.")
    })??;
    let count = incoming.bytes();
    let kept = incoming.keep("application/octet-stream").map_err(|error| disk(&error))?;
    let name = safe_name(name, "file");
    let now = system.now();
    let mut write = system.store().write().await?;
    // The same actor may have finished other uploads meanwhile.
    room_for(write.uploads_of(&author).await?, count)?;
    let upload = write.insert_upload(&author, kept.name(), &name, count, now).await?;
    write.audit(actor, AuditAction::Upload, &upload.to_string(), &format!("{name}, {}", size(count)), now).await?;
    write.commit().await?;
    Ok(Uploaded { upload, name, bytes: count, sha256: kept.name().sha256().to_owned() })
}

fn room_for((uploads, bytes): (u32, u64), more: u64) -> Result<(), Refusal> {
    if uploads < MAX_UPLOADS && bytes + more <= MAX_UPLOADED_BYTES {
        return Ok(());
    }
    let why = format!("You have {uploads} unexpired uploads of {}, which is the maximum.", size(bytes));
    let wait =
        format!("Send them, or wait until they expire {} minutes after their upload.", UPLOAD_KEPT.as_secs() / 60);
    Err(Refusal::new(Code::Uploads, why, wait))
}

fn disk(error: &io::Error) -> Refusal {
    let why = format!("Cannot store the file in the data directory: {error}.");
    Refusal::new(Code::Disk, why, "Free space on the engine's disk; nothing was sent.")
}

async fn take<E: std::fmt::Display>(
    mut incoming: Incoming,
    bytes: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<Incoming, Refusal> {
    let mut bytes = std::pin::pin!(bytes);
    loop {
        let next = tokio::time::timeout(SILENCE, bytes.next()).await.map_err(|_| {
            let why = format!("The upload sent no data for {} s.", SILENCE.as_secs());
            Refusal::new(Code::Slow, why, "Upload it again.")
        })?;
        match next {
            None => return Ok(incoming),
            Some(Ok(chunk)) => incoming.chunk(&chunk).map_err(|error| match error.kind() {
                io::ErrorKind::FileTooLarge => {
                    let why = format!("The file is larger than {}.", size(MAX_UPLOAD_BYTES));
                    Refusal::new(Code::TooLarge, why, "Send a smaller file, or a link to it.")
                }
                _ => disk(&error),
            })?,
            Some(Err(error)) => {
                let why =
                    format!("The upload was interrupted: {}.", crate::domain::text::clean_line(&error.to_string()));
                return Err(Refusal::new(Code::BrokeOff, why, "Upload it again."));
            }
        }
    }
}

/// Returns an upload of this actor. The file is not removed while the returned pin exists.
pub(crate) async fn uploaded(system: &System, actor: &Actor, upload: UploadId) -> Result<(StoredUpload, Pinned)> {
    let none = || {
        let why = format!("You have no upload {upload}.");
        let wait = format!("Upload the file again; an upload expires after {} minutes.", UPLOAD_KEPT.as_secs() / 60);
        Refusal::new(Code::NotFound, why, wait)
    };
    let found = system.store().upload(upload, &actor.to_string()).await?.ok_or_else(none)?;
    let pinned = system.store().files().pin(&found.file);
    // The upload may have been removed before it was pinned.
    match system.store().upload(upload, &actor.to_string()).await? {
        Some(_) => Ok((found, pinned)),
        None => Err(none().into()),
    }
}

/// Returns the bytes and the name of an upload.
pub(crate) async fn read_upload(system: &System, actor: &Actor, upload: UploadId) -> Result<(Vec<u8>, String)> {
    let (found, pinned) = uploaded(system, actor, upload).await?;
    let shelf = system.store().files().clone();
    let read = tokio::task::spawn_blocking(move || shelf.read(pinned.name())).await;
    let bytes = read.map_err(io::Error::other).flatten().map_err(|error| {
        Refusal::new(Code::File, format!("Cannot read the uploaded file: {error}."), "Upload it again.")
    })?;
    Ok((bytes, found.name))
}

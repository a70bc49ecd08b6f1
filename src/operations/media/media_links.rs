//! Media links: give a provider that only fetches from URLs a file under an unguessable address, for a few minutes,
//! and count the bytes served.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::code::Code;
use crate::domain::ids::UploadId;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::operations::numbers::set_up::public_url;
use crate::operations::{Result, System};
use crate::store::{FileStore, Pinned, StoredUpload};

const LENT_FOR: Duration = Duration::from_secs(300);
/// How long after its message was sent a file can still be fetched.
const FETCHED_WITHIN: Duration = Duration::from_secs(86_400);
/// Maximum size of a template sample, in bytes. Source: platform API, part 2.7.
const MOST: u64 = 100_000_000;

/// A link to a stored file.
#[derive(Debug, Clone)]
pub struct MediaLink {
    pub token: String,
    pub address: String,
    pub mime_type: String,
    pub bytes: u64,
    until: Timestamp,
    gone: Arc<AtomicU64>,
    /// Pinned, so that the file is not removed while the link exists.
    file: Arc<Pinned>,
    shelf: FileStore,
}

impl MediaLink {
    /// Returns the number of bytes fetched and the size of the file.
    pub fn progress(&self) -> (u64, u64) {
        (self.gone.load(Ordering::Relaxed).min(self.bytes), self.bytes)
    }

    /// Opens the file.
    pub async fn open(&self) -> std::io::Result<tokio::fs::File> {
        let (shelf, file) = (self.shelf.clone(), self.file.clone());
        let opened = tokio::task::spawn_blocking(move || shelf.open(file.name())).await;
        opened.map_err(std::io::Error::other).flatten().map(tokio::fs::File::from_std)
    }

    /// Counts fetched bytes. Returns `true` if these were the last.
    #[must_use]
    pub fn note(&self, bytes: u64) -> bool {
        let before = self.gone.fetch_add(bytes, Ordering::Relaxed);
        before < self.bytes && before + bytes >= self.bytes
    }
}

/// Creates a link to an uploaded template sample: a JPEG, PNG, MP4 or PDF.
pub(crate) async fn create_media_link(system: &System, actor: &Actor, upload: UploadId) -> Result<MediaLink> {
    let base = public_url(system)?;
    let (found, pinned) = crate::operations::media::receive_upload::uploaded(system, actor, upload).await?;
    let head = head(system.store().files().clone(), &found).await;
    let kind = infer::get(&head).map(|kind| kind.mime_type());
    let fits = |kind: &&str| matches!(*kind, "image/jpeg" | "image/png" | "video/mp4" | "application/pdf");
    let Some(mime_type) = kind.filter(fits).filter(|_| found.bytes <= MOST) else {
        let why = "The sample is not a JPEG, PNG, MP4 or PDF of up to 100 MB.";
        return Err(Refusal::new(Code::File, why, "Choose another file.").into());
    };
    let token = system.reference().trim_start_matches("w:").to_owned();
    let link = MediaLink {
        address: format!("{base}/media/{token}"),
        token,
        mime_type: mime_type.to_owned(),
        bytes: found.bytes,
        until: system.now().plus(LENT_FOR),
        gone: Arc::default(),
        file: Arc::new(pinned),
        shelf: system.store().files().clone(),
    };
    system.media_links().push(link.clone());
    Ok(link)
}

/// Returns the first bytes of a file, from which its type is determined.
async fn head(shelf: FileStore, upload: &StoredUpload) -> Vec<u8> {
    let name = upload.file.clone();
    let read = tokio::task::spawn_blocking(move || {
        let mut head = vec![];
        std::io::Read::read_to_end(&mut std::io::Read::take(shelf.open(&name)?, 4_096), &mut head)?;
        Ok::<_, std::io::Error>(head)
    });
    read.await.map_err(std::io::Error::other).flatten().unwrap_or_default()
}

/// Revokes a link.
pub(crate) fn revoke_media_link(system: &System, token: &str) {
    system.media_links().retain(|one| one.token != token);
}

/// Returns a new address for a file to send, for a provider that fetches files instead of accepting uploads. It is
/// stored with the message, so it survives a restart.
pub(crate) fn address_for(system: &System) -> Result<String, Refusal> {
    let base = public_url(system)?;
    Ok(format!("{base}/media/{}", system.reference().trim_start_matches("w:")))
}

/// Returns the file behind a token while its link is valid; `None` otherwise.
pub async fn find_media_link(system: &System, token: &str) -> Option<MediaLink> {
    let now = system.now();
    let sample = {
        let mut all = system.media_links();
        all.retain(|one| one.until > now);
        all.iter().find(|one| one.token == token).cloned()
    };
    if sample.is_some() {
        return sample;
    }
    let base = public_url(system).ok()?;
    let mut found = None;
    // Messages that were queued before the path was renamed contain the earlier one.
    for path in ["media", "lent"] {
        let address = format!("{base}/{path}/{token}");
        let file = system.store().lent_file(&address, now.minus(FETCHED_WITHIN)).await;
        let file = file.inspect_err(|error| tracing::error!(%error, "Cannot look up a media link")).ok()?;
        if let Some(file) = file {
            found = Some((address, file));
            break;
        }
    }
    let (address, (file, mime_type, bytes)) = found?;
    let shelf = system.store().files().clone();
    let (until, file) = (now.plus(LENT_FOR), Arc::new(shelf.pin(&file)));
    Some(MediaLink { token: token.to_owned(), address, mime_type, bytes, until, gone: Arc::default(), file, shelf })
}

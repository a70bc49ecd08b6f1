//! Lend a file of ours to a provider that only fetches from addresses: for a few minutes, under an
//! address that nobody can guess, and counted as it goes.

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
/// How long after its message went a file may still be fetched.
const FETCHED_WITHIN: Duration = Duration::from_secs(86_400);
/// No sample may be larger. Source: platform API, part 2.7.
const MOST: u64 = 100_000_000;

/// A file that is link.
#[derive(Debug, Clone)]
pub struct MediaLink {
    pub token: String,
    pub address: String,
    pub mime_type: String,
    pub bytes: u64,
    until: Timestamp,
    gone: Arc<AtomicU64>,
    /// It is not removed while it is link.
    file: Arc<Pinned>,
    shelf: FileStore,
}

impl MediaLink {
    /// Bytes that were fetched, of all.
    pub fn progress(&self) -> (u64, u64) {
        (self.gone.load(Ordering::Relaxed).min(self.bytes), self.bytes)
    }

    /// Opens the file.
    pub async fn open(&self) -> std::io::Result<tokio::fs::File> {
        let (shelf, file) = (self.shelf.clone(), self.file.clone());
        let opened = tokio::task::spawn_blocking(move || shelf.open(file.name())).await;
        opened.map_err(std::io::Error::other).flatten().map(tokio::fs::File::from_std)
    }

    /// Counts bytes that were read, and returns whether these were the last.
    #[must_use]
    pub fn note(&self, bytes: u64) -> bool {
        let before = self.gone.fetch_add(bytes, Ordering::Relaxed);
        before < self.bytes && before + bytes >= self.bytes
    }
}

pub(crate) async fn create_media_link(system: &System, actor: &Actor, upload: UploadId) -> Result<MediaLink> {
    let base = public_url(system)?;
    let (found, pinned) = crate::operations::media::receive_upload::uploaded(system, actor, upload).await?;
    let head = head(system.store().shelf().clone(), &found).await;
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
        shelf: system.store().shelf().clone(),
    };
    system.media_links().push(link.clone());
    Ok(link)
}

/// The first bytes of a file, which tell what it is.
async fn head(shelf: FileStore, upload: &StoredUpload) -> Vec<u8> {
    let name = upload.file.clone();
    let read = tokio::task::spawn_blocking(move || {
        let mut head = vec![];
        std::io::Read::read_to_end(&mut std::io::Read::take(shelf.open(&name)?, 4_096), &mut head)?;
        Ok::<_, std::io::Error>(head)
    });
    read.await.map_err(std::io::Error::other).flatten().unwrap_or_default()
}

pub(crate) fn revoke_media_link(system: &System, token: &str) {
    system.media_links().retain(|one| one.token != token);
}

/// An address for a file on its way out, for a provider that fetches instead of taking uploads. It is kept
/// with the message: a restart does not end it.
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
    // Messages that were queued before the path was renamed hold the earlier one.
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
    let shelf = system.store().shelf().clone();
    let (until, file) = (now.plus(LENT_FOR), Arc::new(shelf.pin(&file)));
    Some(MediaLink { token: token.to_owned(), address, mime_type, bytes, until, gone: Arc::default(), file, shelf })
}

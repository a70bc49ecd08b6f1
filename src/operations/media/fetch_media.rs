//! The fetcher's step: downloads a file that arrived with a message. Its URL is valid for minutes, so it is fetched
//! at once. Size and hash are verified; a failed download is retried with a new URL.

use std::time::Duration;

use base64::Engine as _;

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::failure::FailureClass;
use crate::domain::ids::MessageId;
use crate::domain::message::media::{LARGEST, MediaState};
use crate::domain::message::upload::UPLOAD_KEPT;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::time::Timestamp;
use crate::operations::media::remove_orphans::remove_orphans;
use crate::operations::monitoring::unreadable_row::unreadable_row;
use crate::operations::{Result, System, require};
use crate::store::{PendingDownload, Pinned};

/// Lease on a download, longer than one may take; an expired lease means that its process died.
const LEASE: Duration = Duration::from_secs(900);
/// Pauses between attempts. Media ids from webhooks are valid for seven days.
const RESTS: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(900),
    Duration::from_secs(7_200),
    Duration::from_secs(86_400),
];

/// How an attempt ended.
enum FetchOutcome {
    /// The file is stored, and not removed before its row names it.
    Kept {
        file: Pinned,
        bytes: u64,
        mime_type: String,
    },
    Not {
        said: String,
        ever: Option<MediaState>,
    },
}

/// Downloads the next file that is due. Returns `false` if none is due.
pub async fn fetch_next(system: &System) -> Result<bool> {
    let mut write = system.store().write().await?;
    let wanted = match write.claim_fetch(system.now(), LEASE).await {
        Ok(Some(wanted)) => wanted,
        Ok(None) => return Ok(false),
        Err(error) => {
            let Some(row) = unreadable_row(&error, &["media"]) else { return Err(error.into()) };
            let (message, now) = (MessageId(row.key), system.now());
            let said = format!("the database row of this file cannot be read (column {})", row.column);
            write.miss_media(message, MediaState::Lost, &said, now).await?;
            row.raise(&mut write, &format!("The file of {message} is not fetched."), None, now).await?;
            write.commit().await?;
            system.bus().publish([Change::Alerts]);
            return Ok(true);
        }
    };
    write.commit().await?;
    let came = fetch(system, &wanted).await?;
    let now = system.now();
    let mut write = system.store().write().await?;
    match &came {
        FetchOutcome::Kept { file, bytes, mime_type } => {
            write.store_media(wanted.message, file.name(), *bytes, mime_type, now).await?;
            if system.transcriber().is_some() && write.want_transcription(wanted.message, now).await? {
                system.wakeups().transcriber.notify_one();
            }
        }
        FetchOutcome::Not { said, ever } => {
            let rest = RESTS.get(wanted.tries.saturating_sub(1) as usize);
            let (state, due) = match (ever, rest) {
                (Some(state), _) => (*state, now),
                (None, Some(rest)) => (MediaState::Wanted, now.plus(*rest)),
                (None, None) => (MediaState::Lost, now),
            };
            write.miss_media(wanted.message, state, said, due).await?;
        }
    }
    write.commit().await?;
    system.bus().publish([Change::Thread(wanted.thread)]);
    Ok(true)
}

async fn fetch(system: &System, wanted: &PendingDownload) -> Result<FetchOutcome> {
    let not = |said: &str, ever| Ok(FetchOutcome::Not { said: said.to_owned(), ever });
    let Some(connection) = system.store().connection(wanted.connection).await? else {
        return not("its connection was removed", Some(MediaState::Lost));
    };
    let Some(provider) = system.providers().get(&connection.provider) else {
        return not("this build does not support its provider", Some(MediaState::Lost));
    };
    let mut incoming = match system.store().files().begin(&wanted.message.to_string(), LARGEST) {
        Ok(incoming) => incoming,
        Err(error) => return not(&format!("it cannot be stored: {error}"), None),
    };
    let mut first = Vec::with_capacity(512);
    let mut sink = |chunk: &[u8]| {
        if first.len() < 512 {
            first.extend_from_slice(&chunk[..chunk.len().min(512)]);
        }
        incoming.chunk(chunk).map_err(|error| error.to_string().into())
    };
    let source = match provider.fetch_media(&connection, &wanted.provider_id, &mut sink).await {
        Ok(source) => source,
        Err(trouble) => {
            let ever = (trouble.class == FailureClass::Policy).then_some(MediaState::Refused);
            return not(&format!("{}. {}", trouble.line(), trouble.explanation), ever);
        }
    };
    let (bytes, hash) = (incoming.bytes(), incoming.sha256());
    if bytes == 0 {
        return not("the provider returned an empty file", (wanted.tries >= 3).then_some(MediaState::Lost));
    }
    if source.bytes.is_some_and(|told| told != bytes) {
        return not("the download was incomplete: the size differs from the reported one", None);
    }
    let told = source.sha256.or_else(|| wanted.sha256.clone());
    if told.as_deref().and_then(plain_hash).is_some_and(|told| told != hash) {
        let ever = (wanted.tries >= 3).then_some(MediaState::Refused);
        return not("the hash differs from the reported one: it was changed or damaged in transit", ever);
    }
    let mime_type = [source.mime_type, wanted.mime_type.clone()].into_iter().find(|mime| !mime.is_empty());
    let sniffed = infer::get(&first).map(|kind| kind.mime_type().to_owned());
    let mime_type = mime_type.or(sniffed).unwrap_or_else(|| "application/octet-stream".to_owned());
    match incoming.keep(&mime_type) {
        Ok(file) => Ok(FetchOutcome::Kept { file, bytes, mime_type }),
        Err(error) => not(&format!("it cannot be stored: {error}"), None),
    }
}

/// Returns a reported SHA-256 as lowercase hex. Providers use hex or base64; any other format returns `None` and is
/// not compared.
fn plain_hash(told: &str) -> Option<String> {
    if told.len() == 64 && told.chars().all(|c| c.is_ascii_hexdigit()) {
        return Some(told.to_ascii_lowercase());
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(told).ok()?;
    (bytes.len() == 32).then(|| hex::encode(bytes))
}

/// Retries the download of a missing file, on request of a person.
pub(crate) async fn fetch_again(system: &System, actor: &Actor, message: MessageId) -> Result<Done> {
    require(actor, Permission::FetchFiles)?;
    let mut write = system.store().write().await?;
    write.request_download_again(message, system.now()).await?.or_refuse(|| {
        let why = "The file is already here, or is being fetched.";
        Refusal::new(Code::NothingToFetch, why, "")
    })?;
    write.commit().await?;
    system.wakeups().fetcher.notify_one();
    Ok(Done { message: "Downloading it again.".into(), created_id: None })
}

/// Deletes expired uploads and files over the age or size limit. The messages stay.
pub async fn prune_media(system: &System) -> Result<()> {
    let now = system.now();
    let config = system.config();
    let before = Timestamp::from_millis(now.minus(config.keep).millis());
    let mut write = system.store().write().await?;
    let mut names = write.prune_uploads(now.minus(UPLOAD_KEPT)).await?;
    names.extend(write.prune_media(before, config.most, now).await?);
    // While this transaction is open, no row can start to name an unnamed file.
    let shelf = system.store().files();
    for name in &names {
        if let Err(error) = shelf.remove(name) {
            tracing::warn!(%name, %error, "Cannot delete a file");
        }
    }
    write.commit().await?;
    let orphans = remove_orphans(system).await?;
    if !names.is_empty() || orphans > 0 {
        tracing::info!(files = names.len(), orphans, "Deleted old files");
    }
    Ok(())
}

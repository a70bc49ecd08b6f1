//! Lend a file of ours to a provider that only fetches from addresses: for a few minutes, under an
//! address that nobody can guess, and counted as it goes.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::set_up::public_url;
use super::{Result, System};
use crate::domain::request::Refusal;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

const LENT_FOR: Duration = Duration::from_secs(300);
/// How long after its message went a file may still be fetched.
const FETCHED_WITHIN: Duration = Duration::from_secs(86_400);
/// No sample may be larger. Source: platform API, part 2.7.
const MOST: u64 = 100_000_000;

/// A file that is lent.
#[derive(Debug, Clone)]
pub struct Lent {
    pub token: String,
    pub address: String,
    pub path: PathBuf,
    pub mime_type: String,
    pub bytes: u64,
    until: Timestamp,
    gone: Arc<AtomicU64>,
}

impl Lent {
    /// Bytes that were fetched, of all.
    pub fn progress(&self) -> (u64, u64) {
        (self.gone.load(Ordering::Relaxed).min(self.bytes), self.bytes)
    }

    pub fn note(&self, bytes: u64) {
        self.gone.fetch_add(bytes, Ordering::Relaxed);
    }
}

pub(super) async fn lend(system: &System, path: &str) -> Result<Lent> {
    let base = public_url(system)?;
    let refused = |why: String| Refusal::new("file", why, "Give a path on the engine's machine, or an https address.");
    let path = super::open_media::place(path);
    let data = system.store().path().parent().map(std::path::Path::to_owned).unwrap_or_default();
    let own = |path: &std::path::Path| match (std::fs::canonicalize(path), std::fs::canonicalize(&data)) {
        (Ok(path), Ok(data)) => path.starts_with(data),
        _ => false,
    };
    if own(&path) {
        return Err(refused("What lies in the engine's own directory is not lent.".into()).into());
    }
    let meta = tokio::fs::metadata(&path).await;
    let meta =
        meta.map_err(|error| refused(format!("{} cannot be read: {error}.", clean_line(&path.display().to_string()))))?;
    if !meta.is_file() || meta.len() > MOST {
        return Err(refused("It is no file of up to 100 MB.".into()).into());
    }
    let kind = infer::get_from_path(&path).ok().flatten().map(|kind| kind.mime_type().to_owned());
    let fits = |kind: &String| matches!(kind.as_str(), "image/jpeg" | "image/png" | "video/mp4" | "application/pdf");
    let Some(mime_type) = kind.filter(fits) else {
        return Err(refused("A sample is a JPEG, a PNG, an MP4 or a PDF.".into()).into());
    };
    let token = system.reference().trim_start_matches("w:").to_owned();
    let lent = Lent {
        address: format!("{base}/lent/{token}"),
        token,
        path,
        mime_type,
        bytes: meta.len(),
        until: system.now().plus(LENT_FOR),
        gone: Arc::default(),
    };
    system.lent().push(lent.clone());
    Ok(lent)
}

pub(super) fn take_back(system: &System, token: &str) {
    system.lent().retain(|one| one.token != token);
}

/// An address for a file on its way out, for a provider that fetches instead of taking uploads. It is kept
/// with the message: a restart does not end it.
pub(super) fn address_for(system: &System) -> Result<String, Refusal> {
    let base = public_url(system)?;
    Ok(format!("{base}/lent/{}", system.reference().trim_start_matches("w:")))
}

/// The file that is lent under a token, while it is.
pub async fn lent(system: &System, token: &str) -> Option<Lent> {
    let now = system.now();
    let sample = {
        let mut all = system.lent();
        all.retain(|one| one.until > now);
        all.iter().find(|one| one.token == token).cloned()
    };
    if sample.is_some() {
        return sample;
    }
    let address = format!("{}/lent/{token}", public_url(system).ok()?);
    let found = system.store().lent_file(&address, now.minus(FETCHED_WITHIN)).await;
    let (file, mime_type, bytes) = found.inspect_err(|error| tracing::error!(%error, "a lent file")).ok()??;
    let path = system.store().shelf().path(&file);
    let until = now.plus(LENT_FOR);
    Some(Lent { token: token.to_owned(), address, path, mime_type, bytes, until, gone: Arc::default() })
}

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

/// The file that is lent under a token, while it is.
pub fn lent(system: &System, token: &str) -> Option<Lent> {
    let now = system.now();
    let mut all = system.lent();
    all.retain(|one| one.until > now);
    all.iter().find(|one| one.token == token).cloned()
}

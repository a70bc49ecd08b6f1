//! Send a file: looked at first, made fit where somebody wants it, put on the shelf, queued. It is
//! uploaded before its message goes.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::file_facts::{facts, pad, preview};
use super::send::{may_write, queue, thread_row};
use super::{Result, System, require};
use crate::domain::content::{Content, Media};
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::media::{FileCheck, FileKind, LARGEST, Pad, ending, plan, safe_name};
use crate::domain::request::{Done, Refusal};
use crate::domain::right::Right;
use crate::domain::role::Actor;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// Longer than any conversion of sixteen megabytes takes.
const CONVERTING: Duration = Duration::from_secs(60);

/// A file on its way out.
pub(super) struct Parcel {
    pub path: String,
    pub caption: String,
    pub pad: Option<Pad>,
    /// Make it a voice note.
    pub voice: bool,
    pub reply_to: Option<MessageId>,
    pub at: Option<Timestamp>,
}

/// What the file is, before anything is sent.
pub(super) async fn check_file(system: &System, path: &str, shape: Option<Pad>) -> Result<FileCheck> {
    let can_convert = can_convert(system).await;
    let nothing = |refusal: String| FileCheck {
        facts: crate::domain::media::FileFacts::default(),
        kind: None,
        warnings: vec![],
        refusal: Some(refusal),
        can_convert,
        preview: None,
    };
    let bytes = match read(system, path).await {
        Ok(bytes) => bytes,
        Err(refusal) => return Ok(nothing(refusal.to_string())),
    };
    let known = facts(&bytes, path);
    let seen = known.size.and_then(|_| preview(&bytes, shape.as_ref(), (120, 80)));
    let (kind, warnings, refusal) = match plan(&known, false) {
        Ok((kind, warnings)) => (Some(kind), if shape.is_some() { vec![] } else { warnings }, None),
        Err(refusal) => (None, vec![], Some(refusal.to_string())),
    };
    Ok(FileCheck {
        can_convert: can_convert && known.mime_type.starts_with("audio/"),
        facts: known,
        kind,
        warnings,
        refusal,
        preview: seen,
    })
}

pub(super) async fn send_file(system: &System, actor: &Actor, thread: ThreadId, parcel: Parcel) -> Result<Done> {
    require(actor, Right::WriteToPeople)?;
    let row = thread_row(system, thread).await?;
    may_write(&row, parcel.at, system.now())?;
    let content = content(system, &parcel).await?;
    content.check()?;
    let quoted = match parcel.reply_to {
        None => None,
        Some(message) => system.store().provider_id(message).await?.and_then(|(_, id)| id),
    };
    let kind = content.words().line();
    let (message, entry, _) = queue(system, actor, &row, content, quoted, parcel.at).await?;
    system.wakes().uploader.notify_one();
    let said = format!("{kind} is on its way to {} as {entry}.", row.contact.shown());
    Ok(Done { said, made: Some(message.to_string()) })
}

/// Reads, converts, checks and shelves the file.
async fn content(system: &System, parcel: &Parcel) -> Result<Content> {
    let mut bytes = read(system, &parcel.path).await?;
    if let Some(shape) = &parcel.pad {
        bytes =
            pad(&bytes, shape).map_err(|why| Refusal::new("file", format!("{why}."), "Send it without padding."))?;
    }
    let mut known = facts(&bytes, &parcel.path);
    if parcel.voice && !known.opus {
        bytes = voice_note(system, bytes).await?;
        known = facts(&bytes, "voice.ogg");
    }
    let (kind, _) = plan(&known, parcel.voice)?;
    let media = shelve(system, &bytes, &known.mime_type, &parcel.path, kind == FileKind::Voice)?;
    let caption = (!parcel.caption.trim().is_empty()).then(|| Untrusted::from(parcel.caption.trim()));
    let with = |media: Media| Media { caption: caption.clone(), ..media };
    Ok(match kind {
        FileKind::Image => Content::Image(with(Media { file_name: None, ..media })),
        FileKind::Video => Content::Video(with(Media { file_name: None, ..media })),
        FileKind::Audio | FileKind::Voice => Content::Audio(with(Media { file_name: None, ..media })),
        FileKind::Document => Content::Document(with(media)),
        FileKind::Sticker => Content::Sticker(with(Media { file_name: None, ..media })),
    })
}

/// Puts a file for a template's header on the shelf.
pub(super) async fn header_file(system: &System, path: &str) -> Result<Media> {
    let bytes = read(system, path).await?;
    let known = facts(&bytes, path);
    let (kind, _) = plan(&known, false)?;
    if !matches!(kind, FileKind::Image | FileKind::Video | FileKind::Document) {
        let why = format!("A header holds an image, a video or a document, not {}.", kind.name());
        return Err(Refusal::new("file", why, "Choose another file.").into());
    }
    shelve(system, &bytes, &known.mime_type, path, false)
}

fn shelve(system: &System, bytes: &[u8], mime_type: &str, path: &str, voice: bool) -> Result<Media> {
    let label = system.reference();
    let file = system.store().shelf().put(&label, bytes, ending(mime_type)).map_err(|error| {
        let why = format!("The file cannot be kept in the data directory: {error}.");
        Refusal::new("disk", why, "Make room on the disk; nothing was sent.")
    })?;
    Ok(Media {
        sha256: file.get(..64).map(str::to_owned),
        file: Some(file),
        mime_type: mime_type.to_owned(),
        bytes: Some(bytes.len() as u64),
        file_name: Some(safe_name(path, "file").into()),
        voice,
        ..Media::default()
    })
}

async fn read(system: &System, path: &str) -> Result<Vec<u8>, Refusal> {
    let data = system.store().path().parent().unwrap_or_else(|| Path::new("/nowhere"));
    let refused = |why: String, instead: &str| Refusal::new("file", why, instead.to_owned());
    let shown = crate::domain::text::clean_line(path);
    let place = super::open_media::place(path);
    if path.trim().is_empty() {
        return Err(refused("No file is named.".into(), "Write its path."));
    }
    let told = tokio::fs::metadata(&place).await.map_err(|error| {
        refused(format!("{shown} cannot be read: {error}."), "Give a path on the machine that the engine runs on.")
    })?;
    if !told.is_file() {
        return Err(refused(format!("{shown} is no file."), "Name a file."));
    }
    // The database, the log and the socket are nobody's attachment.
    let real = tokio::fs::canonicalize(&place).await.unwrap_or_else(|_| place.clone());
    let own = tokio::fs::canonicalize(data).await.unwrap_or_else(|_| data.to_owned());
    if real.starts_with(&own) && !real.starts_with(own.join("media")) {
        return Err(refused(format!("{shown} belongs to this program."), "Choose another file."));
    }
    if told.len() > LARGEST {
        let why = format!(
            "{shown} has {}; nothing above {} is taken.",
            crate::domain::content::size(told.len()),
            crate::domain::content::size(LARGEST)
        );
        return Err(refused(why, "Send a link to it."));
    }
    tokio::fs::read(&place).await.map_err(|error| refused(format!("{shown} cannot be read: {error}."), ""))
}

async fn can_convert(system: &System) -> bool {
    let mut command = tokio::process::Command::new(&system.desk().converter);
    command.arg("-version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    matches!(tokio::time::timeout(Duration::from_secs(3), command.status()).await, Ok(Ok(status)) if status.success())
}

/// Ogg with Opus in one channel, as voice notes are.
async fn voice_note(system: &System, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let converter = &system.desk().converter;
    let refused =
        |why: String| Refusal::new("convert", why, "Send it as it is, or convert it to Ogg with Opus elsewhere.");
    let directory = tempfile_in(system)?;
    let (from, to) = (directory.join("in"), directory.join("out.ogg"));
    let made = async {
        tokio::fs::write(&from, &bytes).await?;
        let mut command = tokio::process::Command::new(converter);
        command.args(["-y", "-v", "error", "-i"]).arg(&from);
        command.args(["-vn", "-c:a", "libopus", "-b:a", "32k", "-ac", "1", "-application", "voip"]).arg(&to);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let out = tokio::time::timeout(CONVERTING, command.output()).await.map_err(std::io::Error::other)??;
        if !out.status.success() {
            let said = String::from_utf8_lossy(&out.stderr).lines().next_back().unwrap_or_default().to_owned();
            return Err(std::io::Error::other(said));
        }
        tokio::fs::read(&to).await
    };
    let made = made.await;
    let _ = tokio::fs::remove_dir_all(&directory).await;
    Ok(made.map_err(|error| refused(format!("{converter} could not make a voice note of it: {error}.")))?)
}

fn tempfile_in(system: &System) -> Result<std::path::PathBuf> {
    let name = system.reference().replace(':', "-");
    let directory = std::env::temp_dir().join(format!("wadeck-{name}"));
    std::fs::create_dir_all(&directory)
        .map_err(|error| Refusal::new("disk", format!("There is no room to convert it: {error}."), "Make room."))?;
    Ok(directory)
}

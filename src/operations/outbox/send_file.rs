//! Sends a file: examines it, converts it on request, stores it, and queues its message. The file is uploaded before
//! the message is sent.

use std::process::Stdio;
use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::code::Code;
use crate::domain::ids::{MessageId, ThreadId, UploadId};
use crate::domain::message::content::Content;
use crate::domain::message::media::Media;
use crate::domain::message::media::{FileCheck, FileKind, ImagePadding, plan};
use crate::domain::refusal::{Done, Refusal};
use crate::domain::request::SendContext;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::operations::media::file_facts::facts;
use crate::operations::media::imaging::{pad, preview};
use crate::operations::media::receive_upload::read_upload;
use crate::operations::outbox::send_message::{Piece, SendMessage, check_freeform, queue, thread_row};
use crate::operations::{Result, System, require};
use crate::store::Pinned;

/// Maximum duration of a conversion; more than a file of 16 MB takes.
const CONVERTING: Duration = Duration::from_secs(60);

/// A file to send.
pub(crate) struct OutgoingFile {
    pub upload: UploadId,
    pub caption: String,
    pub pad: Option<ImagePadding>,
    /// Whether to convert the file to a voice note.
    pub voice: bool,
    pub reply_to: Option<MessageId>,
    pub at: Option<Timestamp>,
}

/// Returns what a file is and how it would be sent, without sending it.
pub(crate) async fn check_file(
    system: &System,
    actor: &Actor,
    upload: UploadId,
    shape: Option<ImagePadding>,
) -> Result<FileCheck> {
    let can_convert = can_convert(system).await;
    let (bytes, name) = read_upload(system, actor, upload).await?;
    let known = facts(&bytes, &name);
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

/// Queues an uploaded file as a message in a thread.
pub(crate) async fn send_file(
    system: &System,
    actor: &Actor,
    thread: ThreadId,
    parcel: OutgoingFile,
    context: &SendContext,
) -> Result<Done> {
    require(actor, Permission::SendMessages)?;
    // Checked before a large file is read and converted; every rule is checked again when the message is queued.
    let row = thread_row(system, thread).await?;
    check_freeform(&row, parcel.at, system.now())?;
    // The file stays in the store until the message that names it is stored.
    let (content, _pinned, warnings) = content(system, actor, &parcel).await?;
    content.check()?;
    let kind = content.words().line();
    let message = SendMessage { content, reply_to: parcel.reply_to, at: parcel.at };
    let queued = queue(system, actor, thread, Piece::Message(Box::new(message)), context).await?;
    system.wakeups().uploader.notify_one();
    let mut said = format!("Queued {kind} for {} as {}.", queued.name, queued.entry);
    for warning in warnings {
        said.push(' ');
        said.push_str(&warning);
    }
    Ok(Done { message: said, created_id: Some(queued.message.to_string()) })
}

/// Reads, converts, checks and stores the file.
async fn content(system: &System, actor: &Actor, parcel: &OutgoingFile) -> Result<(Content, Pinned, Vec<String>)> {
    let (mut bytes, name) = read_upload(system, actor, parcel.upload).await?;
    if let Some(shape) = &parcel.pad {
        bytes = pad(&bytes, shape)
            .map_err(|why| Refusal::new(Code::File, format!("{why}."), "Send it without padding."))?;
    }
    let mut known = facts(&bytes, &name);
    if parcel.voice && (!known.opus || known.stereo) {
        bytes = voice_note(system, bytes, &known.mime_type).await?;
        known = facts(&bytes, "voice.ogg");
    }
    let (kind, mut warnings) = plan(&known, parcel.voice)?;
    if parcel.pad.is_some() {
        warnings.clear();
    }
    let (media, pinned) = store_file(system, &bytes, &known.mime_type, &name, kind == FileKind::Voice)?;
    let caption = (!parcel.caption.trim().is_empty()).then(|| Untrusted::from(parcel.caption.trim()));
    let with = |media: Media| Media { caption: caption.clone(), ..media };
    let content = match kind {
        FileKind::Image => Content::Image(with(Media { file_name: None, ..media })),
        FileKind::Video => Content::Video(with(Media { file_name: None, ..media })),
        FileKind::Audio | FileKind::Voice => Content::Audio(with(Media { file_name: None, ..media })),
        FileKind::Document => Content::Document(with(media)),
        FileKind::Sticker => Content::Sticker(with(Media { file_name: None, ..media })),
    };
    Ok((content, pinned, warnings))
}

/// Stores an uploaded file as the header of a template.
pub(crate) async fn header_file(system: &System, actor: &Actor, upload: UploadId) -> Result<(Media, Pinned)> {
    let (bytes, name) = read_upload(system, actor, upload).await?;
    let known = facts(&bytes, &name);
    let (kind, _) = plan(&known, false)?;
    if !matches!(kind, FileKind::Image | FileKind::Video | FileKind::Document) {
        let why = format!("A header takes an image, a video or a document, not {}.", kind.name());
        return Err(Refusal::new(Code::File, why, "Choose another file.").into());
    }
    store_file(system, &bytes, &known.mime_type, &name, false)
}

fn store_file(system: &System, bytes: &[u8], mime_type: &str, name: &str, voice: bool) -> Result<(Media, Pinned)> {
    let label = system.reference();
    let pinned = system.store().files().put(&label, bytes, mime_type).map_err(|error| {
        let why = format!("Cannot store the file in the data directory: {error}.");
        Refusal::new(Code::Disk, why, "Free space on the engine's disk; nothing was sent.")
    })?;
    let media = Media {
        sha256: Some(pinned.name().sha256().to_owned()),
        file: Some(pinned.name().clone()),
        mime_type: mime_type.to_owned(),
        bytes: Some(bytes.len() as u64),
        file_name: Some(name.into()),
        voice,
        ..Media::default()
    };
    Ok((media, pinned))
}

async fn can_convert(system: &System) -> bool {
    let mut command = tokio::process::Command::new(&system.config().converter);
    command.arg("-version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    matches!(tokio::time::timeout(Duration::from_secs(3), command.status()).await, Ok(Ok(status)) if status.success())
}

/// Returns the demuxer that the converter must use for a type of audio. It must not choose by itself: some formats
/// are lists of other files, so an uploaded file could name files of this machine.
fn reader(mime_type: &str) -> Option<&'static str> {
    Some(match mime_type {
        "audio/aac" => "aac",
        "audio/amr" => "amr",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "mp4",
        "audio/ogg" => "ogg",
        "audio/wav" | "audio/x-wav" => "wav",
        "audio/flac" | "audio/x-flac" => "flac",
        _ => return None,
    })
}

/// Converts audio to Ogg with Opus in one channel, as voice notes require.
async fn voice_note(system: &System, bytes: Vec<u8>, mime_type: &str) -> Result<Vec<u8>> {
    let converter = &system.config().converter;
    let refused =
        |why: String| Refusal::new(Code::Convert, why, "Send it as it is, or convert it to Ogg with Opus first.");
    let reader =
        reader(mime_type).ok_or_else(|| refused(format!("wadeck cannot convert {mime_type} to a voice note.")))?;
    let directory = private_directory(system)?;
    let (from, to) = (directory.join("in"), directory.join("out.ogg"));
    let made = async {
        tokio::fs::write(&from, &bytes).await?;
        let mut command = tokio::process::Command::new(converter);
        command.args(["-y", "-v", "error", "-protocol_whitelist", "file", "-f", reader, "-i"]).arg(&from);
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

/// Creates a temporary directory that only this user can read.
fn private_directory(system: &System) -> Result<std::path::PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let name = system.reference().replace(':', "-");
    let directory = std::env::temp_dir().join(format!("wadeck-{name}"));
    std::fs::DirBuilder::new().mode(0o700).create(&directory).map_err(|error| {
        Refusal::new(Code::Disk, format!("The disk has no room to convert the file: {error}."), "Make room.")
    })?;
    Ok(directory)
}

//! Opens a message's file, returns its bytes under a safe name, or renders a preview.

use std::process::Stdio;

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::code::Code;
use crate::domain::file_name::FileName;
use crate::domain::ids::MessageId;
use crate::domain::message::media::{MediaState, saved_name};
use crate::domain::message::picture::Raster;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::Untrusted;
use crate::operations::media::imaging::preview;
use crate::operations::{Result, System, require};
use crate::store::KeptFile;

/// Returns the refusal to open a file for a remote console: the program would start on the engine's machine.
pub(crate) fn not_on_this_terminal() -> Refusal {
    let why = "A file is opened only in the console that the engine itself runs in: the program would start on \
               the engine's machine, not on yours.";
    let instead = "Save the file and open it on your machine.";
    Refusal::new(Code::OwnTerminalOnly, why, instead)
}

/// Opens a message's file with the configured program. Call it only for the console in the engine's own process, so
/// that no one else can start a program on this machine.
pub async fn open_media(system: &System, actor: &Actor, message: MessageId) -> Result<Done> {
    require(actor, Permission::OpenFiles)?;
    let (name, _) = kept(system, message).await?;
    let path = system.store().files().path(&name);
    let shown = path.display().to_string();
    let Some((program, arguments)) = system.config().open.split_first() else {
        return Ok(Done { message: format!("The file is {shown}."), created_id: Some(shown) });
    };
    // The file's name in the store is generated, so no argument comes from outside.
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).arg(&path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match crate::agent::start(&mut command) {
        Ok(_) => Ok(Done { message: format!("Opened with {program}."), created_id: Some(shown) }),
        Err(error) => {
            let why = format!("Cannot start {program}: {error}.");
            Err(Refusal::new(Code::Open, why, format!("The file is {shown}.")).into())
        }
    }
}

/// The open file of a message.
#[derive(Debug)]
pub struct MediaFile {
    /// Safe name under which to save the file.
    pub name: String,
    pub mime_type: String,
    pub bytes: u64,
    pub file: tokio::fs::File,
}

/// Opens the file of a message for reading, and writes an audit row.
pub async fn media_file(system: &System, actor: &Actor, message: MessageId) -> Result<MediaFile> {
    require(actor, Permission::SaveFiles)?;
    let (name, kept) = kept(&system.restricted_to(actor).await?, message).await?;
    let shelf = system.store().files().clone();
    let opened = tokio::task::spawn_blocking(move || {
        let file = shelf.open(&name)?;
        let bytes = file.metadata()?.len();
        Ok::<_, std::io::Error>((file, bytes))
    });
    let (file, bytes) = opened.await.map_err(std::io::Error::other).flatten().map_err(|error| {
        Refusal::new(Code::NoFile, format!("The file cannot be read: {error}."), "Check the media directory.")
    })?;
    let mut write = system.store().write().await?;
    write.audit(actor, AuditAction::SaveFile, &message.to_string(), "", system.now()).await?;
    write.commit().await?;
    let given = kept.content.media().and_then(|media| media.file_name.as_ref()).map(Untrusted::as_received);
    let name = saved_name(message, given, &kept.view.mime_type);
    Ok(MediaFile { name, mime_type: kept.view.mime_type, bytes, file: tokio::fs::File::from_std(file) })
}

/// Returns a preview of a message's image, at most this width and height; `None` if the file is no image or is not
/// available.
pub(crate) async fn picture(system: &System, message: MessageId, most: (u32, u32)) -> Result<Option<Raster>> {
    let Ok((name, file)) = kept(system, message).await else { return Ok(None) };
    if !file.view.mime_type.starts_with("image/") {
        return Ok(None);
    }
    let shelf = system.store().files().clone();
    let drawn = tokio::task::spawn_blocking(move || preview(&shelf.read(&name).ok()?, None, most));
    Ok(drawn.await.unwrap_or(None))
}

async fn kept(system: &System, message: MessageId) -> Result<(FileName, KeptFile)> {
    let Some(file) = system.store().kept_file(message).await? else {
        return Err(Refusal::new(Code::NoFile, "This message has no file.", "").into());
    };
    let name = match (&file.view.state, &file.view.file) {
        (MediaState::Kept, Some(name)) => name.clone(),
        (state, _) => {
            let said = file.view.said.clone().unwrap_or_else(|| "it is still being fetched".to_owned());
            let why = format!("The file is not available ({}): {said}.", state.name());
            return Err(Refusal::new(Code::NoFile, why, "Fetch the file from the provider again.").into());
        }
    };
    if !system.store().files().path(&name).exists() {
        let why = "The file was deleted from the engine's disk.";
        return Err(Refusal::new(Code::NoFile, why, "Restore the media directory from a backup.").into());
    }
    Ok((name, file))
}

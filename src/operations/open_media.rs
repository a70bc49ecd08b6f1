//! Open a message's file, save it under a harmless name, or show it as pixels.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::file_facts::preview;
use super::{Result, System, require};
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::media::{MediaState, ending, safe_name};
use crate::domain::picture::Raster;
use crate::domain::request::{Done, Refusal};
use crate::domain::right::Right;
use crate::domain::role::Actor;
use crate::store::KeptFile;

pub(super) async fn open_media(system: &System, actor: &Actor, message: MessageId) -> Result<Done> {
    require(actor, Right::OpenFiles)?;
    let (path, _) = kept(system, message).await?;
    let shown = path.display().to_string();
    let Some((program, arguments)) = system.desk().open.split_first() else {
        return Ok(Done { said: format!("It is {shown}."), made: Some(shown) });
    };
    // The name on the shelf is ours: no argument comes from outside.
    let started = tokio::process::Command::new(program)
        .args(arguments)
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(_) => Ok(Done { said: format!("{program} opens it."), made: Some(shown) }),
        Err(error) => {
            let why = format!("{program} cannot be started: {error}.");
            Err(Refusal::new("open", why, format!("The file is {shown}.")).into())
        }
    }
}

pub(super) async fn save_media(system: &System, actor: &Actor, message: MessageId, to: &str) -> Result<Done> {
    require(actor, Right::SaveFiles)?;
    let (path, file) = kept(system, message).await?;
    let otherwise = format!("{message}.{}", ending(&file.view.mime_type));
    let given = file.content.media().and_then(|media| media.file_name.as_ref());
    let name = given.map_or(otherwise.clone(), |name| safe_name(name.as_received(), &otherwise));
    let target = target(to, &name);
    let saved = async {
        if let Some(parent) = target.parent() {
            tokio::fs::create_dir_all(parent).await?;
        }
        let mut from = tokio::fs::File::open(&path).await?;
        // What is there already is never written over.
        let mut into = tokio::fs::File::options().write(true).create_new(true).open(&target).await?;
        tokio::io::copy(&mut from, &mut into).await?;
        into.sync_all().await
    };
    let shown = target.display().to_string();
    match saved.await {
        Ok(()) => Ok(Done { said: format!("Saved as {shown}."), made: Some(shown) }),
        Err(error) => {
            let why = format!("It cannot be saved as {shown}: {error}.");
            Err(Refusal::new("save", why, "Choose another place.").into())
        }
    }
}

/// Writes a thread as text.
pub(super) async fn export_thread(system: &System, actor: &Actor, thread: ThreadId, to: &str) -> Result<Done> {
    let text = super::shift::export(system, actor, thread).await?;
    let target = target(to, &format!("wadeck-{thread}.txt"));
    let written = async {
        if let Some(parent) = target.parent() {
            tokio::fs::create_dir_all(parent).await?;
        }
        let mut file = tokio::fs::File::options().write(true).create_new(true).open(&target).await?;
        tokio::io::AsyncWriteExt::write_all(&mut file, text.as_bytes()).await?;
        file.sync_all().await
    };
    let shown = target.display().to_string();
    written.await.map_err(|error| {
        Refusal::new("save", format!("It cannot be written to {shown}: {error}."), "Choose another place.")
    })?;
    let mut write = system.store().write().await?;
    write.audit(actor, "export", &thread.to_string(), &shown, system.now()).await?;
    write.commit().await?;
    Ok(Done { said: format!("The thread is in {shown}."), made: Some(shown) })
}

/// A path as people write it.
pub(super) fn place(path: &str) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
        None => PathBuf::from(path),
    }
}

/// Where a file goes that somebody wants: the downloads, a directory, or exactly there.
fn target(to: &str, name: &str) -> PathBuf {
    let to = match to.trim() {
        "" => std::env::home_dir().unwrap_or_default().join("Downloads"),
        to => place(to),
    };
    if to.is_dir() || to.ends_with("Downloads") { free_name(&to, name) } else { to }
}

/// `name.pdf`, else `name (2).pdf`, and so on.
fn free_name(directory: &Path, name: &str) -> PathBuf {
    let (stem, tail) = name.rsplit_once('.').map_or((name, String::new()), |(stem, tail)| (stem, format!(".{tail}")));
    let mut candidate = directory.join(name);
    for number in 2..1_000 {
        if !candidate.exists() {
            break;
        }
        candidate = directory.join(format!("{stem} ({number}){tail}"));
    }
    candidate
}

/// The picture of a message in so many pixels at most. None where it is no picture.
pub(super) async fn picture(system: &System, message: MessageId, most: (u32, u32)) -> Result<Option<Raster>> {
    let Ok((path, file)) = kept(system, message).await else { return Ok(None) };
    if !file.view.mime_type.starts_with("image/") {
        return Ok(None);
    }
    let Ok(bytes) = tokio::fs::read(&path).await else { return Ok(None) };
    Ok(tokio::task::spawn_blocking(move || preview(&bytes, None, most)).await.unwrap_or(None))
}

async fn kept(system: &System, message: MessageId) -> Result<(PathBuf, KeptFile)> {
    let Some(file) = system.store().kept_file(message).await? else {
        return Err(Refusal::new("no_file", "This message has no file.", "").into());
    };
    let path = match (&file.view.state, &file.view.file) {
        (MediaState::Kept, Some(name)) => system.store().shelf().path(name),
        (state, _) => {
            let said = file.view.said.clone().unwrap_or_else(|| "it is still being fetched".to_owned());
            let why = format!("The file is not here ({}): {said}.", state.name());
            return Err(Refusal::new("no_file", why, "F asks the provider for it again.").into());
        }
    };
    if !path.exists() {
        let why = "The file was kept, and is not on the disk any more: somebody removed it.";
        return Err(Refusal::new("no_file", why, "Put the media directory back from a backup.").into());
    }
    Ok((path, file))
}

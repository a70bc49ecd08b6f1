//! Files of whoever runs this process: opened to hand their bytes over, written where they say, and found by the
//! beginning of their path. Only a process that belongs to the asking person may use this: a console on its own
//! terminal, or the command line.

use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{Stream, stream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::drive::spoken;
use crate::console::Saves;
use crate::domain::access::actor::Actor;
use crate::domain::message::media::size;
use crate::domain::message::upload::{MAX_UPLOAD_BYTES, Uploaded};
use crate::domain::query::{Answer, Query};
use crate::domain::text::clean_line;
use crate::operations::{System, media_file, receive_upload, run_query};

/// A piece of a file on its way.
const PIECE: usize = 64 * 1024;
/// So many entries of a directory are looked at for a completion.
const MAX_ENTRIES: usize = 10_000;
/// So many completions are shown.
const MAX_CHOICES: usize = 12;

/// A path as people write it: `~/` is their home.
fn place(path: &str) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
        None => PathBuf::from(path),
    }
}

/// Opens a regular file, and tells its name. A pipe, a device or a directory is refused without waiting for it.
pub async fn open(path: &str) -> Result<(tokio::fs::File, String), String> {
    let shown = clean_line(path);
    let place = place(path.trim());
    if path.trim().is_empty() {
        return Err("The path is empty. Enter the path of a file.".to_owned());
    }
    let name = place.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let opened = tokio::task::spawn_blocking(move || {
        // Without waiting: the other end of a pipe may never come.
        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(place)?;
        let told = file.metadata()?;
        Ok::<_, io::Error>((file, told))
    });
    let opened = opened.await.map_err(io::Error::other).flatten();
    let (file, told) = opened.map_err(|error| format!("Cannot read {shown}: {error}. Check the path."))?;
    if !told.is_file() {
        return Err(format!("{shown} is not a file. Enter the path of a regular file."));
    }
    if told.len() > MAX_UPLOAD_BYTES {
        let (has, most) = (size(told.len()), size(MAX_UPLOAD_BYTES));
        return Err(format!("{shown} has {has}, more than the limit of {most}. Send a link to it."));
    }
    Ok((tokio::fs::File::from_std(file), name))
}

/// The bytes of a reader, piece by piece.
pub fn pieces(from: impl AsyncRead + Send + Unpin) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(from, |mut from| async move {
        let mut piece = vec![0; PIECE];
        match from.read(&mut piece).await {
            Ok(0) => None,
            Ok(count) => {
                piece.truncate(count);
                Some((Ok(Bytes::from(piece)), from))
            }
            Err(error) => Some((Err(error), from)),
        }
    })
}

/// Opens a file and hands its bytes to the engine in this process.
pub async fn upload(system: &System, actor: &Actor, path: &str) -> Result<Uploaded, String> {
    let (file, name) = open(path).await?;
    receive_upload(system, actor, &name, pieces(file)).await.map_err(|error| spoken(&error))
}

/// Saves something of the engine in this process where its own person wants it. Returns where it is.
pub async fn save_for(system: &System, actor: &Actor, what: Saves, to: &str) -> Result<String, String> {
    let path = match what {
        Saves::File(message) => {
            let mut opened = media_file(system, actor, message).await.map_err(|error| spoken(&error))?;
            let name = opened.name.clone();
            save(to, &name, async |file: &mut tokio::fs::File| copy(&mut opened.file, file).await).await
        }
        Saves::Thread(thread) => {
            let answer = run_query(system, actor, Query::Export { thread }).await.map_err(|error| spoken(&error))?;
            let Answer::Export(text) = answer else { return Err("Unexpected response of the engine.".to_owned()) };
            let name = format!("wadeck-{thread}.txt");
            let write =
                async |file: &mut tokio::fs::File| tokio::io::AsyncWriteExt::write_all(file, text.as_bytes()).await;
            save(to, &name, write).await
        }
    };
    path.map(|path| path.display().to_string())
}

/// Writes a new file where somebody wants it: empty means the downloads, a directory means into it under this name,
/// anything else means exactly there. What is there already is never written over. Returns where it is.
pub async fn save(
    to: &str,
    name: &str,
    write: impl AsyncFnOnce(&mut tokio::fs::File) -> io::Result<()>,
) -> Result<PathBuf, String> {
    let to = match to.trim() {
        "" => std::env::home_dir().unwrap_or_default().join("Downloads"),
        to => place(to),
    };
    let into = to.is_dir() || to.ends_with("Downloads");
    let failed = |path: &Path, error: io::Error| {
        format!("Cannot save it as {}: {error}. Choose another path.", clean_line(&path.display().to_string()))
    };
    let parent = if into { Some(to.as_path()) } else { to.parent().filter(|parent| !parent.as_os_str().is_empty()) };
    if let Some(parent) = parent {
        std::fs::create_dir_all(parent).map_err(|error| failed(&to, error))?;
    }
    let (path, file) = if into { first_free(&to, name) } else { create(&to).map(|file| (to.clone(), file)) }
        .map_err(|error| failed(&to, error))?;
    let mut file = tokio::fs::File::from_std(file);
    let written = async {
        write(&mut file).await?;
        file.sync_all().await
    };
    if let Err(error) = written.await {
        // Half a file is no file.
        let _ = std::fs::remove_file(&path);
        return Err(failed(&path, error));
    }
    Ok(path)
}

fn create(path: &Path) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// `name.pdf`, else `name (2).pdf`, and so on.
fn first_free(directory: &Path, name: &str) -> io::Result<(PathBuf, std::fs::File)> {
    let (stem, tail) = name.rsplit_once('.').map_or((name, String::new()), |(stem, tail)| (stem, format!(".{tail}")));
    let mut path = directory.join(name);
    for number in 2..1_000 {
        match create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (path, file)),
        }
        path = directory.join(format!("{stem} ({number}){tail}"));
    }
    create(&path).map(|file| (path, file))
}

/// Copies an opened file of the engine to what is written.
pub async fn copy(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    tokio::io::copy(from, to).await.map(|_| ())
}

/// As much of a path as its beginning decides, and what it may go on with.
pub fn complete(path: &str) -> (String, Vec<String>) {
    let (folder, begun) =
        path.rsplit_once('/').map_or(("", path), |(_, begun)| path.split_at(path.len() - begun.len()));
    let directory = if folder.is_empty() { PathBuf::from(".") } else { place(folder) };
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().take(MAX_ENTRIES);
    let mut found: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            // Hidden ones only where they were asked for; and nothing that cannot be typed into a line.
            let fits = name.starts_with(begun) && (begun.starts_with('.') || !name.starts_with('.'));
            let end = if entry.path().is_dir() { "/" } else { "" };
            (fits && !name.chars().any(char::is_control)).then(|| format!("{name}{end}"))
        })
        .collect();
    found.sort();
    let Some(first) = found.first() else { return (path.to_owned(), vec![]) };
    let mut common = first.clone();
    for name in &found {
        let same = common.chars().zip(name.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
        common.truncate(same);
    }
    let choices = if found.len() > 1 { found } else { vec![] };
    let left = choices.len().saturating_sub(MAX_CHOICES);
    let mut shown: Vec<String> = choices.into_iter().take(MAX_CHOICES).collect();
    if left > 0 {
        shown.push(format!("and {left} more"));
    }
    (format!("{folder}{common}"), shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_regular_files_are_opened_and_nothing_is_waited_for() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name).display().to_string();
        std::fs::write(at("a.txt"), "hello").expect("written");
        assert_eq!(open(&at("a.txt")).await.expect("opened").1, "a.txt");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
        for path in [at("pipe"), "/dev/zero".into(), directory.path().display().to_string(), "file:///etc/hosts".into()]
        {
            let opened = tokio::time::timeout(std::time::Duration::from_secs(5), open(&path)).await;
            assert!(opened.expect("it does not hang").is_err(), "{path}");
        }
    }

    #[tokio::test]
    async fn nothing_is_written_over_and_half_a_file_is_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let to = directory.path().display().to_string();
        let write = async |file: &mut tokio::fs::File| tokio::io::AsyncWriteExt::write_all(file, b"hello").await;
        let first = save(&to, "m1-a.txt", write).await.expect("saved");
        let second = save(&to, "m1-a.txt", write).await.expect("saved beside it");
        assert!(second.ends_with("m1-a (2).txt"), "{second:?}");
        assert!(save(&first.display().to_string(), "x", write).await.is_err());
        let broken = async |_: &mut tokio::fs::File| Err(io::Error::other("it broke off"));
        assert!(save(&to, "m2.txt", broken).await.is_err());
        assert_eq!(std::fs::read_dir(&to).expect("there").count(), 2);
    }

    #[test]
    fn a_path_is_completed_as_far_as_it_is_decided() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name).display().to_string();
        for name in ["invoice-1.pdf", "invoice-2.pdf", ".hidden"] {
            std::fs::write(at(name), "x").expect("written");
        }
        std::fs::create_dir(at("photos")).expect("made");
        let both = vec!["invoice-1.pdf".to_owned(), "invoice-2.pdf".to_owned()];
        assert_eq!(complete(&at("inv")), (at("invoice-"), both));
        assert_eq!(complete(&at("invoice-1")), (at("invoice-1.pdf"), vec![]));
        assert_eq!(complete(&at("ph")), (at("photos/"), vec![]));
        assert_eq!(complete(&at(".h")), (at(".hidden"), vec![]));
        assert_eq!(complete(&at("zzz")), (at("zzz"), vec![]));
    }
}

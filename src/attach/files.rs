//! Access to files of the user who runs this process: uploads, saved files and path completion. Only processes of
//! that user may use it: a console on its own terminal, and the command line.

use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{Stream, stream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use crate::api::request_error;
use crate::console::{FileError, Saves};
use crate::domain::access::actor::Actor;
use crate::domain::message::upload::{MAX_UPLOAD_BYTES, Uploaded};
use crate::domain::query::{Answer, Query};
use crate::domain::text::clean_line;
use crate::operations::{System, media_file, receive_upload, run_query};

/// Bytes per chunk.
const CHUNK_BYTES: usize = 64 * 1024;
/// Directory entries that are considered for a completion.
const MAX_ENTRIES: usize = 10_000;
/// Completions that are shown.
const MAX_CHOICES: usize = 12;

/// Returns the path, with `~/` replaced by the user's home directory.
fn expand_home(path: &str) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
        None => PathBuf::from(path),
    }
}

/// Opens a regular file for an upload. Returns it with its name. Fails without blocking for other kinds of files, and
/// above the size limit.
pub async fn open(path: &str) -> Result<(tokio::fs::File, String), FileError> {
    let shown = clean_line(path);
    let expanded = expand_home(path.trim());
    if path.trim().is_empty() {
        return Err(FileError::EmptyPath);
    }
    let name = expanded.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let opened = tokio::task::spawn_blocking(move || {
        // Non-blocking: opening a pipe would wait for its other end.
        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(expanded)?;
        let metadata = file.metadata()?;
        Ok::<_, io::Error>((file, metadata))
    });
    let opened = opened.await.map_err(io::Error::other).flatten();
    let (file, metadata) =
        opened.map_err(|error| FileError::Unreadable { path: shown.clone(), cause: error.to_string() })?;
    if !metadata.is_file() {
        return Err(FileError::NotAFile(shown));
    }
    if metadata.len() > MAX_UPLOAD_BYTES {
        return Err(FileError::TooLarge { path: shown, bytes: metadata.len() });
    }
    Ok((tokio::fs::File::from_std(file), name))
}

/// Returns the content of a reader as a stream of chunks.
pub fn pieces(from: impl AsyncRead + Send + Unpin) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(from, |mut from| async move {
        let mut chunk = vec![0; CHUNK_BYTES];
        match from.read(&mut chunk).await {
            Ok(0) => None,
            Ok(count) => {
                chunk.truncate(count);
                Some((Ok(Bytes::from(chunk)), from))
            }
            Err(error) => Some((Err(error), from)),
        }
    })
}

/// Uploads a file to the engine in this process.
pub async fn upload(system: &System, actor: &Actor, path: &str) -> Result<Uploaded, FileError> {
    let (file, name) = open(path).await?;
    receive_upload(system, actor, &name, pieces(file)).await.map_err(|error| request_error(error).into())
}

/// Saves a file or a thread's text from the engine in this process. Returns the path.
pub async fn save_for(system: &System, actor: &Actor, what: Saves, to: &str) -> Result<String, FileError> {
    let path = match what {
        Saves::File(message) => {
            let mut opened = media_file(system, actor, message).await.map_err(request_error)?;
            let name = opened.name.clone();
            save(to, &name, async |file: &mut tokio::fs::File| copy(&mut opened.file, file).await).await
        }
        Saves::Thread(thread) => {
            let answer = run_query(system, actor, Query::Export { thread }).await.map_err(request_error)?;
            let Answer::Export(text) = answer else { return Err(FileError::UnexpectedAnswer) };
            let name = format!("wadeck-{thread}.txt");
            let write =
                async |file: &mut tokio::fs::File| tokio::io::AsyncWriteExt::write_all(file, text.as_bytes()).await;
            save(to, &name, write).await
        }
    };
    path.map(|path| path.display().to_string())
}

/// Writes a new file and returns its path. An empty `to` means the downloads directory, a directory means a file of
/// this name in it, and anything else is the path itself. An existing file is never overwritten; an incomplete one is
/// removed.
pub async fn save(
    to: &str,
    name: &str,
    write: impl AsyncFnOnce(&mut tokio::fs::File) -> io::Result<()>,
) -> Result<PathBuf, FileError> {
    let to = match to.trim() {
        "" => std::env::home_dir().unwrap_or_default().join("Downloads"),
        to => expand_home(to),
    };
    let is_directory = to.is_dir() || to.ends_with("Downloads");
    let save_error = |path: &Path, error: io::Error| FileError::NotSaved {
        path: clean_line(&path.display().to_string()),
        cause: error.to_string(),
    };
    let parent =
        if is_directory { Some(to.as_path()) } else { to.parent().filter(|parent| !parent.as_os_str().is_empty()) };
    if let Some(parent) = parent {
        std::fs::create_dir_all(parent).map_err(|error| save_error(&to, error))?;
    }
    let (path, file) =
        if is_directory { create_first_free(&to, name) } else { create(&to).map(|file| (to.clone(), file)) }
            .map_err(|error| save_error(&to, error))?;
    let mut file = tokio::fs::File::from_std(file);
    let written = async {
        write(&mut file).await?;
        file.sync_all().await
    };
    if let Err(error) = written.await {
        // An incomplete file must not remain.
        let _ = std::fs::remove_file(&path);
        return Err(save_error(&path, error));
    }
    Ok(path)
}

/// Creates a new file that only its owner can access. Fails if it exists.
fn create(path: &Path) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Creates the first free file of `name.pdf`, `name (2).pdf` and so on.
fn create_first_free(directory: &Path, name: &str) -> io::Result<(PathBuf, std::fs::File)> {
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

/// Copies a reader to a writer.
pub async fn copy(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    tokio::io::copy(from, to).await.map(|_| ())
}

/// Completes a path. Returns it extended as far as it is unambiguous, and up to [`MAX_CHOICES`] possible completions;
/// none if there is only one.
pub fn complete(path: &str) -> (String, Vec<String>) {
    let (folder, prefix) =
        path.rsplit_once('/').map_or(("", path), |(_, prefix)| path.split_at(path.len() - prefix.len()));
    let directory = if folder.is_empty() { PathBuf::from(".") } else { expand_home(folder) };
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().take(MAX_ENTRIES);
    let mut found: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            // Hidden files only if the prefix starts with a dot; names with control characters cannot be typed.
            let is_match = name.starts_with(prefix) && (prefix.starts_with('.') || !name.starts_with('.'));
            let end = if entry.path().is_dir() { "/" } else { "" };
            (is_match && !name.chars().any(char::is_control)).then(|| format!("{name}{end}"))
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
    let remaining = choices.len().saturating_sub(MAX_CHOICES);
    let mut shown: Vec<String> = choices.into_iter().take(MAX_CHOICES).collect();
    if remaining > 0 {
        shown.push(format!("and {remaining} more"));
    }
    (format!("{folder}{common}"), shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_regular_files_are_opened_without_blocking() {
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
    async fn files_are_never_overwritten_and_incomplete_ones_are_removed() {
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
    fn a_path_is_completed_as_far_as_it_is_unambiguous() {
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

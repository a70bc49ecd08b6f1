//! The file store: files on disk in the data directory, named by the hash of their bytes, so that identical files are
//! stored once. All functions take a [`FileName`], which text from outside cannot influence, so nothing outside the
//! directory is read, written or removed.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::domain::file_name::FileName;
use crate::domain::time::Timestamp;

/// The directory of files inside the data directory.
pub const MEDIA_DIRECTORY: &str = "media";

/// Files in use with their number of users; they are not removed.
type Pins = Arc<Mutex<BTreeMap<FileName, usize>>>;

/// Handle to the stored files.
#[derive(Debug, Clone)]
pub struct FileStore {
    root: PathBuf,
    pins: Pins,
}

/// A file being written. It is in the store only after [`Incoming::keep`].
#[derive(Debug)]
pub struct Incoming {
    root: PathBuf,
    pins: Pins,
    part: PathBuf,
    file: File,
    hash: Sha256,
    bytes: u64,
    most: u64,
}

/// A pin on a file: while it exists, the file is not removed. It bridges the time until a row names the file.
#[derive(Debug)]
pub struct Pinned {
    name: FileName,
    pins: Pins,
}

impl FileStore {
    /// Returns the store in this data directory.
    pub fn new(data_directory: &Path) -> Self {
        Self { root: data_directory.join(MEDIA_DIRECTORY), pins: Pins::default() }
    }

    /// Returns the path of a stored file.
    pub fn path(&self, name: &FileName) -> PathBuf {
        self.root.join(&name.as_str()[..2]).join(name.as_str())
    }

    /// Opens a stored file for reading. Fails unless it is a regular file; links are not followed.
    pub fn open(&self, name: &FileName) -> io::Result<File> {
        let file = OpenOptions::new().read(true).custom_flags(no_links()).open(self.path(name))?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
    }

    /// Reads a whole stored file.
    pub fn read(&self, name: &FileName) -> io::Result<Vec<u8>> {
        let mut bytes = vec![];
        io::Read::read_to_end(&mut self.open(name)?, &mut bytes)?;
        Ok(bytes)
    }

    /// Pins a file, so that it is not removed.
    pub fn pin(&self, name: &FileName) -> Pinned {
        pin(&self.pins, name)
    }

    /// Begins a file of at most `most` bytes; `label` keeps concurrent parts apart.
    pub fn begin(&self, label: &str, most: u64) -> io::Result<Incoming> {
        private_directory(&self.root)?;
        let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
        let part = self.root.join(format!("part-{label}"));
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).custom_flags(no_links()).open(&part)?;
        let (root, pins) = (self.root.clone(), self.pins.clone());
        Ok(Incoming { root, pins, part, file, hash: Sha256::new(), bytes: 0, most })
    }

    /// Stores a file from its bytes.
    pub fn put(&self, label: &str, bytes: &[u8], mime_type: &str) -> io::Result<Pinned> {
        let mut incoming = self.begin(label, u64::MAX)?;
        incoming.chunk(bytes)?;
        incoming.keep(mime_type)
    }

    /// Removes a file unless it is pinned. The caller must hold the write transaction in which no row names the file,
    /// so that no row can start to name it meanwhile.
    pub fn remove(&self, name: &FileName) -> io::Result<()> {
        let pins = locked(&self.pins);
        if pins.contains_key(name) {
            return Ok(());
        }
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Returns the free bytes on the store's disk; `None` if unknown.
    pub fn free(&self) -> Option<u64> {
        let place = if self.root.exists() { self.root.as_path() } else { self.root.parent()? };
        let told = rustix::fs::statvfs(place).ok()?;
        Some(told.f_bavail.saturating_mul(told.f_frsize))
    }

    /// Returns the files that were stored before a time.
    pub fn older_than(&self, before: Timestamp) -> Vec<FileName> {
        let directories = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let files = directories.flat_map(|directory| fs::read_dir(directory.path()).into_iter().flatten().flatten());
        let old = |file: &fs::DirEntry| {
            let stored = file.metadata().and_then(|told| told.modified()).ok()?;
            let stored = stored.duration_since(std::time::UNIX_EPOCH).ok()?;
            Some(i64::try_from(stored.as_millis()).ok()? < before.millis())
        };
        let old = files.filter(|file| old(file) == Some(true));
        old.filter_map(|file| FileName::parse(file.file_name().to_str()?)).collect()
    }

    /// Removes parts that a dead process left, and restricts permissions of files and directories that other users
    /// could read.
    pub fn sweep(&self) {
        for entry in fs::read_dir(&self.root).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("part-") {
                let _ = fs::remove_file(entry.path());
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                restrict_permissions(&entry.path(), 0o700);
                for file in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
                    if file.file_type().is_ok_and(|kind| kind.is_file()) {
                        restrict_permissions(&file.path(), 0o600);
                    }
                }
            }
        }
        if fs::symlink_metadata(&self.root).is_ok_and(|told| told.is_dir()) {
            restrict_permissions(&self.root, 0o700);
        }
    }
}

impl Incoming {
    /// Appends bytes. Fails beyond the maximum size.
    pub fn chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.most {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than the limit for files"));
        }
        self.hash.update(bytes);
        self.file.write_all(bytes)
    }

    /// Returns the number of bytes so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the hash of the bytes so far, in hex.
    pub fn sha256(&self) -> String {
        hex::encode(self.hash.clone().finalize())
    }

    /// Syncs the file to disk and moves it into the store.
    pub fn keep(mut self, mime_type: &str) -> io::Result<Pinned> {
        self.file.flush()?;
        self.file.sync_all()?;
        let name = FileName::of(self.hash.clone().finalize().into(), mime_type);
        let directory = self.root.join(&name.as_str()[..2]);
        private_directory(&directory)?;
        let pinned = pin(&self.pins, &name);
        fs::rename(&self.part, directory.join(name.as_str()))?;
        Ok(pinned)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // After `keep` the part no longer exists.
        let _ = fs::remove_file(&self.part);
    }
}

impl Pinned {
    /// Returns the name of the pinned file.
    pub const fn name(&self) -> &FileName {
        &self.name
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let mut pins = locked(&self.pins);
        if let Some(count) = pins.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.name);
            }
        }
    }
}

fn pin(pins: &Pins, name: &FileName) -> Pinned {
    *locked(pins).entry(name.clone()).or_default() += 1;
    Pinned { name: name.clone(), pins: pins.clone() }
}

fn locked(pins: &Pins) -> MutexGuard<'_, BTreeMap<FileName, usize>> {
    pins.lock().unwrap_or_else(PoisonError::into_inner)
}

fn no_links() -> i32 {
    (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits().cast_signed()
}

/// Creates a directory for its owner only, or restricts an existing one.
fn private_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let told = fs::symlink_metadata(path)?;
            if !told.is_dir() {
                return Err(io::Error::other(format!("{} is not a directory", path.display())));
            }
            if told.permissions().mode() & 0o077 != 0 {
                fs::set_permissions(path, Permissions::from_mode(0o700))?;
            }
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Restricts permissions. A failure is only logged, because the directory above is private as well.
fn restrict_permissions(path: &Path, mode: u32) {
    if let Err(error) = fs::set_permissions(path, Permissions::from_mode(mode)) {
        tracing::warn!(path = %path.display(), %error, "Other users may be able to read a file of a message");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn the_same_bytes_are_kept_once_and_half_a_file_never() {
        let directory = tempfile::tempdir().expect("a directory");
        let shelf = FileStore::new(directory.path());
        let first = shelf.put("a", b"hello", "text/plain").expect("kept");
        assert_eq!(first.name(), shelf.put("b", b"hello", "text/plain").expect("kept").name());
        assert_eq!(shelf.read(first.name()).expect("there"), b"hello");
        let mut half = shelf.begin("c", 3).expect("begun");
        assert!(half.chunk(b"four").is_err());
        drop(half);
        let parts = fs::read_dir(directory.path().join(MEDIA_DIRECTORY)).expect("there").count();
        assert_eq!(parts, 1, "only the directory of the kept file");
        let name = first.name().clone();
        shelf.remove(&name).expect("left: it is in use");
        assert!(shelf.path(&name).exists());
        drop(first);
        shelf.remove(&name).expect("removed");
        assert!(!shelf.path(&name).exists());
        shelf.remove(&name).expect("nothing to do");
    }

    #[test]
    fn nobody_else_can_read_files_whoever_made_the_directories() {
        let directory = tempfile::tempdir().expect("a directory");
        let media = directory.path().join(MEDIA_DIRECTORY);
        let shelf = FileStore::new(directory.path());
        let name = FileName::of(Sha256::digest(b"hello").into(), "text/plain");
        let inner = media.join(&name.as_str()[..2]);
        fs::create_dir_all(&inner).expect("made by somebody");
        for path in [&media, &inner] {
            fs::set_permissions(path, Permissions::from_mode(0o777)).expect("open to all");
        }
        drop(shelf.put("a", b"hello", "text/plain").expect("kept"));
        assert_eq!((mode(&media), mode(&inner), mode(&shelf.path(&name))), (0o700, 0o700, 0o600));
        // Files that an older version left readable are restricted at startup.
        fs::set_permissions(shelf.path(&name), Permissions::from_mode(0o644)).expect("as before");
        fs::set_permissions(&media, Permissions::from_mode(0o755)).expect("as before");
        shelf.sweep();
        assert_eq!((mode(&media), mode(&shelf.path(&name))), (0o700, 0o600));
    }

    #[test]
    fn what_a_link_leads_to_is_no_file_of_the_store() {
        let directory = tempfile::tempdir().expect("a directory");
        let shelf = FileStore::new(directory.path());
        let kept = shelf.put("a", b"hello", "text/plain").expect("kept");
        let path = shelf.path(kept.name());
        fs::remove_file(&path).expect("removed");
        std::os::unix::fs::symlink("/proc/self/environ", &path).expect("a link");
        assert!(shelf.read(kept.name()).is_err());
        fs::remove_file(&path).expect("removed");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .expect("a pipe");
        assert!(shelf.read(kept.name()).is_err(), "and it does not wait for a writer");
    }
}

//! Files on disk, below the data directory: under the hash of their bytes, so that one file that came
//! twice is kept once, and no name from outside ever touches the disk.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The directory of files inside the data directory.
pub const MEDIA_DIRECTORY: &str = "media";

/// Where files are kept.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
}

/// A file that is being written. It is not on the shelf before [`Incoming::keep`].
#[derive(Debug)]
pub struct Incoming {
    root: PathBuf,
    part: PathBuf,
    file: File,
    hash: Sha256,
    bytes: u64,
    most: u64,
}

impl Shelf {
    pub fn new(data_directory: &Path) -> Self {
        Self { root: data_directory.join(MEDIA_DIRECTORY) }
    }

    /// Where a kept file is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name.get(..2).unwrap_or("00")).join(name)
    }

    /// Begins a file of at most so many bytes; `label` tells parts of the same time apart.
    pub fn begin(&self, label: &str, most: u64) -> io::Result<Incoming> {
        fs::create_dir_all(&self.root)?;
        let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
        let part = self.root.join(format!("part-{label}"));
        let file = File::create(&part)?;
        Ok(Incoming { root: self.root.clone(), part, file, hash: Sha256::new(), bytes: 0, most })
    }

    /// Puts whole bytes on the shelf. Returns the name they are kept under.
    pub fn put(&self, label: &str, bytes: &[u8], ending: &str) -> io::Result<String> {
        let mut incoming = self.begin(label, u64::MAX)?;
        incoming.chunk(bytes)?;
        incoming.keep(ending).map(|(name, _)| name)
    }

    pub fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Free bytes on the disk that the shelf is on.
    pub fn free(&self) -> Option<u64> {
        let place = if self.root.exists() { self.root.as_path() } else { self.root.parent()? };
        let told = rustix::fs::statvfs(place).ok()?;
        Some(told.f_bavail.saturating_mul(told.f_frsize))
    }

    /// Removes what a dead process left half written.
    pub fn sweep(&self) {
        for entry in fs::read_dir(&self.root).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("part-") {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Incoming {
    pub fn chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.most {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than any file may be"));
        }
        self.hash.update(bytes);
        self.file.write_all(bytes)
    }

    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The hash so far, in hex.
    pub fn sha256(&self) -> String {
        hex::encode(self.hash.clone().finalize())
    }

    /// Puts it on the shelf, on the disk for good. Returns its name and hash.
    pub fn keep(mut self, ending: &str) -> io::Result<(String, String)> {
        self.file.flush()?;
        self.file.sync_all()?;
        let hash = self.sha256();
        let name = format!("{hash}.{ending}");
        let directory = self.root.join(&name[..2]);
        fs::create_dir_all(&directory)?;
        fs::rename(&self.part, directory.join(&name))?;
        Ok((name, hash))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // After `keep` there is no part any more.
        let _ = fs::remove_file(&self.part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_kept_once_and_half_a_file_never() {
        let directory = tempfile::tempdir().expect("a directory");
        let shelf = Shelf::new(directory.path());
        let first = shelf.put("a", b"hello", "txt").expect("kept");
        assert_eq!(first, shelf.put("b", b"hello", "txt").expect("kept"));
        assert_eq!(fs::read(shelf.path(&first)).expect("there"), b"hello");
        let mut half = shelf.begin("c", 3).expect("begun");
        assert!(half.chunk(b"four").is_err());
        drop(half);
        let parts = fs::read_dir(directory.path().join(MEDIA_DIRECTORY)).expect("there").count();
        assert_eq!(parts, 1, "only the directory of the kept file");
        shelf.remove(&first).expect("removed");
        shelf.remove(&first).expect("nothing to do");
    }
}

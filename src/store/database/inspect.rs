//! Inspects the database file before it is opened, so that a lost or truncated database is not silently replaced by a
//! new one. Call it only before this process has opened the file: closing the file would release SQLite's locks.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::store::media::file_store::MEDIA_DIRECTORY;
use crate::store::{DATABASE_FILE, Result, StoreError};

/// File beside the database with the last audit digests.
pub const AUDIT_HEAD_FILE: &str = "audit.head";

/// Start of every database file. (SQLite: Database File Format, 1.3.)
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Refuses a database that is missing, empty or shorter than its header states, if other files show that it existed.
/// Reads 100 bytes.
pub(crate) fn inspect(directory: &Path) -> Result<()> {
    let path = directory.join(DATABASE_FILE);
    let mut head = [0; 100];
    let (length, read) = match File::open(&path) {
        Ok(mut file) => {
            let length = file.metadata().map_or(0, |meta| meta.len());
            let mut read = 0;
            while let Ok(count @ 1..) = file.read(&mut head[read..]) {
                read += count;
            }
            (length, read)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return lost(directory, path, "missing");
        }
        // Opening the database reports missing permissions.
        Err(_) => return Ok(()),
    };
    if length == 0 {
        return lost(directory, path, "empty");
    }
    if read < head.len() || !head.starts_with(MAGIC) {
        return Err(StoreError::Damaged { path, found: "not a database file".to_owned() });
    }
    let number = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let page = match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    // The page count is valid only if it was written together with the change counter. If there is a write-ahead log,
    // the file may be shorter, because the log contains the rest.
    let counted = number(24) == number(92);
    if counted && !has_log(&path) && length < u64::from(number(28)) * page {
        let found = format!("it has {length} bytes of {}", u64::from(number(28)) * page);
        return Err(StoreError::Damaged { path, found });
    }
    Ok(())
}

fn has_log(path: &Path) -> bool {
    fs::metadata(log_of(path)).is_ok_and(|meta| meta.len() > 0)
}

fn log_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", path.display()))
}

/// Fails if other files show that a database existed.
fn lost(directory: &Path, path: PathBuf, found: &'static str) -> Result<()> {
    let mut evidence = vec![];
    if has_log(&path) {
        evidence.push(format!("{DATABASE_FILE}-wal"));
    }
    if fs::read_dir(directory.join(MEDIA_DIRECTORY)).is_ok_and(|mut files| files.next().is_some()) {
        evidence.push(MEDIA_DIRECTORY.to_owned());
    }
    if directory.join(AUDIT_HEAD_FILE).exists() {
        evidence.push(AUDIT_HEAD_FILE.to_owned());
    }
    if evidence.is_empty() {
        return Ok(());
    }
    Err(StoreError::Lost { path, found, evidence: evidence.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(directory: &Path) -> String {
        inspect(directory).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn only_a_place_where_nothing_ever_was_is_begun_anew() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, file) = (directory.path(), directory.path().join(DATABASE_FILE));
        assert_eq!(said(path), "");
        fs::write(&file, b"").expect("written");
        assert_eq!(said(path), "", "a first start that was cut short");
        fs::create_dir_all(path.join(MEDIA_DIRECTORY)).expect("made");
        assert_eq!(said(path), "");
        fs::create_dir_all(path.join(MEDIA_DIRECTORY).join("ab")).expect("made");
        assert!(said(path).contains("is empty, but media shows that there was one"), "{}", said(path));
        fs::remove_file(&file).expect("removed");
        fs::write(path.join(AUDIT_HEAD_FILE), b"{}").expect("written");
        assert!(said(path).contains("is missing, but media, audit.head shows"), "{}", said(path));
    }

    #[test]
    fn a_file_that_was_cut_or_is_none_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, file) = (directory.path(), directory.path().join(DATABASE_FILE));
        fs::write(&file, vec![0; 4_096]).expect("written");
        assert!(said(path).contains("not a database file"));
        let mut whole = vec![0_u8; 8_192];
        whole[..16].copy_from_slice(MAGIC);
        whole[16..18].copy_from_slice(&4_096_u16.to_be_bytes());
        whole[28..32].copy_from_slice(&2_u32.to_be_bytes());
        fs::write(&file, &whole).expect("written");
        assert_eq!(said(path), "");
        fs::write(&file, &whole[..4_096]).expect("written");
        assert!(said(path).contains("it has 4096 bytes of 8192"), "{}", said(path));
        fs::write(log_of(&file), b"frames").expect("written");
        assert_eq!(said(path), "", "the rest may be in the log");
    }
}

//! One engine per data directory: a file lock that the kernel lets go of when its process dies,
//! however it dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::AppError;

const LOCK_FILE: &str = "wadeck.lock";

/// Held for as long as this lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Makes the directory if need be, for its owner alone, and locks it.
    pub fn take(directory: &Path) -> Result<Self, AppError> {
        let trouble = |source| AppError::Directory { path: directory.to_owned(), source };
        make_private(directory).map_err(trouble)?;
        let path = directory.join(LOCK_FILE);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(trouble)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                let pid = pid.trim().chars().filter(char::is_ascii_digit).collect::<String>();
                let pid = if pid.is_empty() { "unknown".to_owned() } else { pid };
                return Err(AppError::Locked { path: directory.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(trouble(source)),
        }
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
        written.map_err(trouble)?;
        Ok(Self { _file: file })
    }
}

fn make_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if directory.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

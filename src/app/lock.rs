//! One engine per data directory: a file lock, which the kernel releases when the process ends for any reason.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use super::AppError;

const LOCK_FILE: &str = "wadeck.lock";

/// The lock; dropping it releases it.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Creates the directory if it is missing, accessible to its owner only, and locks it. Fails if another engine
    /// holds the lock, or if the directory is shared with other users or files.
    pub fn acquire(directory: &Path) -> Result<Self, AppError> {
        let directory_error = |source| AppError::Directory { path: directory.to_owned(), source };
        super::private::create_private(directory).map_err(directory_error)?;
        super::private::refuse_shared_directory(directory)?;
        let path = directory.join(LOCK_FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(directory_error)?;
        match try_lock_with_retries(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                let pid = pid.trim().chars().filter(char::is_ascii_digit).collect::<String>();
                let pid = if pid.is_empty() { "unknown".to_owned() } else { pid };
                return Err(AppError::Locked { path: directory.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(directory_error(source)),
        }
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
        written.map_err(directory_error)?;
        Ok(Self { _file: file })
    }
}

/// Tries to lock for about 50 ms: a process that checks for a running engine holds the lock for a moment.
fn try_lock_with_retries(file: &File) -> Result<(), TryLockError> {
    for _ in 0..5 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            other => return other,
        }
    }
    file.try_lock()
}

/// Returns `true` if an engine uses the data directory. Fails if the lock file cannot be read.
pub fn is_engine_running(directory: &Path) -> std::io::Result<bool> {
    let file = match File::open(directory.join(LOCK_FILE)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

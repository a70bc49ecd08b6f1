//! One engine per data directory: a file lock that the kernel lets go of when its process dies,
//! however it dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

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
        super::private::make(directory).map_err(trouble)?;
        super::private::refuse_foreign(directory)?;
        let path = directory.join(LOCK_FILE);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(trouble)?;
        match patiently(&file) {
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

/// Somebody who only looks whether an engine runs holds the lock for a moment.
fn patiently(file: &File) -> Result<(), TryLockError> {
    for _ in 0..5 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            other => return other,
        }
    }
    file.try_lock()
}

/// Whether an engine holds the data directory, without taking it. Fails where the lock cannot be read: then
/// what lies there is not for whoever asks.
pub fn engine_holds(directory: &Path) -> std::io::Result<bool> {
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

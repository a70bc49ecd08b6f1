//! File permissions: no other user can read the data directory, and one group may be allowed to pass through it to
//! the socket.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Gid, Mode, chown};

use super::AppError;
use crate::store::{DATABASE_FILE, MEDIA_DIRECTORY};

/// Directories that a data directory may contain.
const OWN_DIRECTORIES: [&str; 3] = ["logs", MEDIA_DIRECTORY, "lost+found"];
/// Permission bits of group and others.
const GROUP_AND_OTHER_BITS: u32 = 0o077;
/// The permission bit with which a group can pass through the directory without listing it.
const GROUP_TRAVERSE_BIT: u32 = 0o010;

/// Sets the umask so that new files of this process are accessible to its own user only. Programs that it starts get
/// the original umask.
pub fn set_private_umask() {
    crate::agent::started_with(rustix::process::umask(Mode::RWXG | Mode::RWXO));
}

/// Creates a directory and its missing parents, accessible to their owner only. An existing one stays as it is.
pub(super) fn create_private(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Fails for a directory that others can enter and whose permissions are not ours to change: it belongs to another
/// user, is shared (sticky), or contains other directories.
pub(super) fn refuse_shared_directory(directory: &Path) -> Result<(), AppError> {
    let directory_error = |source| AppError::Directory { path: directory.to_owned(), source };
    let meta = std::fs::metadata(directory).map_err(directory_error)?;
    if meta.mode() & GROUP_AND_OTHER_BITS & !GROUP_TRAVERSE_BIT == 0 {
        return Ok(());
    }
    let conflict = if meta.uid() != rustix::process::geteuid().as_raw() {
        Some("belongs to another user".to_owned())
    } else if meta.mode() & 0o1000 != 0 {
        Some("is shared by everybody".to_owned())
    } else if directory.join(DATABASE_FILE).exists() {
        // It was used as a data directory before, whatever else it contains.
        None
    } else {
        let other = other_directory(directory).map_err(directory_error)?;
        other.map(|name| format!("also holds {}", crate::domain::text::clean_line(&name)))
    };
    conflict.map_or(Ok(()), |why| {
        Err(AppError::Other {
            what: format!(
                "Others on this machine may enter the data directory {} (mode {:04o}), and it {why}: it is not closed to them.",
                directory.display(),
                meta.mode() & 0o7777
            ),
            remedy: format!("Name one of its own, such as --data-dir {}.", directory.join("wadeck").display()),
        })
    })
}

/// Returns the name of the first directory in it that does not belong to a data directory. `None` if there is none.
fn other_directory(directory: &Path) -> io::Result<Option<String>> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() && !OWN_DIRECTORIES.contains(&name.as_str()) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Restricts a data directory and our files in it to its owner; with `grouped`, the directory's group may pass
/// through. Returns the previous mode of the directory if it was changed.
pub(super) fn restrict_access(directory: &Path, grouped: bool) -> io::Result<Option<u32>> {
    let allowed = if grouped { 0o700 | GROUP_TRAVERSE_BIT } else { 0o700 };
    let before = restrict_mode(directory, allowed)?;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() {
            let ours = ["wadeck.lock", "wadeck.log"].iter().any(|known| name == *known)
                || name.as_encoded_bytes().starts_with(DATABASE_FILE.as_bytes());
            if ours {
                restrict_mode(&entry.path(), 0o600)?;
            }
        }
    }
    for name in ["logs", MEDIA_DIRECTORY] {
        let inner = directory.join(name);
        // If others could not enter the directory, they could not reach its many files: those are checked only once.
        if inner.symlink_metadata().is_ok_and(|meta| meta.is_dir()) && restrict_mode(&inner, 0o700)?.is_some() {
            restrict_contents(&inner)?;
        }
    }
    Ok(before)
}

fn restrict_contents(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_file() {
            restrict_mode(&entry.path(), 0o600)?;
        } else if kind.is_dir() {
            restrict_mode(&entry.path(), 0o700)?;
            restrict_contents(&entry.path())?;
        }
    }
    Ok(())
}

/// Removes the permissions beyond `allowed`. Returns the previous mode if it was changed.
fn restrict_mode(path: &Path, allowed: u32) -> io::Result<Option<u32>> {
    let mode = std::fs::metadata(path)?.mode() & 0o7777;
    if mode & GROUP_AND_OTHER_BITS & !allowed == 0 {
        return Ok(None);
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & allowed))?;
    Ok(Some(mode))
}

/// Lets a group pass through the directory to the socket in it. The files must be restricted before.
pub(super) fn grant_group_access(directory: &Path, group: u32, name: &str) -> Result<(), AppError> {
    let opened = chown(directory, None, Some(Gid::from_raw(group)))
        .map_err(io::Error::from)
        .and_then(|()| std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o710)));
    opened.map_err(|error| AppError::Other {
        what: format!("The socket cannot be opened to the group {name}: {error}."),
        remedy: "The engine's user has to be in that group.".into(),
    })
}

/// Returns the id of a group by its name in the system's group database, or by its number. Fails if there is none.
pub(super) fn group_id(group: &str) -> Result<u32, AppError> {
    let known = nix::unistd::Group::from_name(group).ok().flatten().map(|group| group.gid.as_raw());
    known.or_else(|| group.parse().ok()).ok_or_else(|| AppError::Other {
        what: format!("There is no group {} on this machine.", crate::domain::text::clean_line(group)),
        remedy: "Make it, or leave [attach] group empty: then the socket is for the engine's own user.".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).expect("there").mode() & 0o7777
    }

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
    }

    #[test]
    fn own_files_are_restricted_and_foreign_files_are_left() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        std::fs::create_dir_all(path.join("media/ab")).expect("made");
        for name in ["wadeck.db", "wadeck.db-wal", "media/ab/abcd.png", "notes.txt"] {
            std::fs::write(path.join(name), "x").expect("written");
            set(&path.join(name), 0o644);
        }
        for name in ["", "media", "media/ab"] {
            set(&path.join(name), 0o755);
        }
        refuse_shared_directory(path).expect("it is ours");
        assert_eq!(restrict_access(path, true).expect("closed"), Some(0o755));
        assert_eq!(mode(path), 0o710);
        assert_eq!(restrict_access(path, false).expect("closed"), Some(0o710));
        for (name, expected) in [("", 0o700), ("media", 0o700), ("media/ab", 0o700), ("wadeck.db", 0o600)] {
            assert_eq!(mode(&path.join(name)), expected, "{name}");
        }
        assert_eq!(mode(&path.join("wadeck.db-wal")), 0o600);
        assert_eq!(mode(&path.join("media/ab/abcd.png")), 0o600);
        assert_eq!(mode(&path.join("notes.txt")), 0o644, "this is somebody's own");
        assert_eq!(restrict_access(path, false).expect("nothing to do"), None);
    }

    #[test]
    fn a_directory_with_other_contents_is_refused_and_unchanged() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        std::fs::create_dir(path.join("Documents")).expect("made");
        set(path, 0o700);
        refuse_shared_directory(path).expect("nobody else can enter it");
        set(path, 0o755);
        let why = refuse_shared_directory(path).expect_err("refused").to_string();
        assert!(why.contains("also holds Documents") && why.contains("/wadeck."), "{why}");
        std::fs::write(path.join(DATABASE_FILE), "").expect("written");
        refuse_shared_directory(path).expect("it is a data directory already");
        std::fs::remove_dir(path.join("Documents")).expect("removed");
        set(path, 0o1777);
        assert!(refuse_shared_directory(path).expect_err("refused").to_string().contains("shared by everybody"));
        assert_eq!(mode(path), 0o1777);
        set(path, 0o700);
    }
}

//! Who else on this machine may come near: nobody reads what lies in the data directory, and a group may be
//! let through to its socket.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Gid, Mode, chown};

use super::AppError;
use crate::store::{DATABASE_FILE, MEDIA_DIRECTORY};

/// Directories that may lie in a data directory.
const OWN_DIRECTORIES: [&str; 3] = ["logs", MEDIA_DIRECTORY, "lost+found"];
/// All that others could do.
const OTHERS: u32 = 0o077;
/// A group that may attach passes through the directory, and sees nothing in it.
const PASSED_THROUGH: u32 = 0o010;

/// Makes everything that this process creates from now on readable by its own user alone. Programs that it starts have
/// the umask of before.
pub fn keep_private() {
    crate::agent::started_with(rustix::process::umask(Mode::RWXG | Mode::RWXO));
}

/// Makes a directory, and those above it, for its owner alone. One that exists is left as it is.
pub(super) fn make(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Refuses a directory that others may enter and that is not ours to close: of another user, shared by
/// everybody, or holding other things.
pub(super) fn refuse_foreign(directory: &Path) -> Result<(), AppError> {
    let trouble = |source| AppError::Directory { path: directory.to_owned(), source };
    let meta = std::fs::metadata(directory).map_err(trouble)?;
    if meta.mode() & OTHERS & !PASSED_THROUGH == 0 {
        return Ok(());
    }
    let foreign = if meta.uid() != rustix::process::geteuid().as_raw() {
        Some("belongs to another user".to_owned())
    } else if meta.mode() & 0o1000 != 0 {
        Some("is shared by everybody".to_owned())
    } else if directory.join(DATABASE_FILE).exists() {
        // Whatever else lies there, it has been a data directory before.
        None
    } else {
        let other = other_directory(directory).map_err(trouble)?;
        other.map(|name| format!("also holds {}", crate::domain::text::clean_line(&name)))
    };
    foreign.map_or(Ok(()), |why| {
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

/// The first directory in it that no data directory has.
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

/// Closes a data directory, and what of ours lies in it, to everybody but its owner; with `grouped`, the
/// directory's group may pass through. Returns the mode the directory had if others could enter it.
pub(super) fn close(directory: &Path, grouped: bool) -> io::Result<Option<u32>> {
    let allowed = if grouped { 0o700 | PASSED_THROUGH } else { 0o700 };
    let before = narrow(directory, allowed)?;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() {
            let ours = ["wadeck.lock", "wadeck.log"].iter().any(|known| name == *known)
                || name.as_encoded_bytes().starts_with(DATABASE_FILE.as_bytes());
            if ours {
                narrow(&entry.path(), 0o600)?;
            }
        }
    }
    for name in ["logs", MEDIA_DIRECTORY] {
        let inner = directory.join(name);
        // Whoever could not enter it could not reach what lies in it: the many files are looked at once.
        if inner.symlink_metadata().is_ok_and(|meta| meta.is_dir()) && narrow(&inner, 0o700)?.is_some() {
            close_all(&inner)?;
        }
    }
    Ok(before)
}

fn close_all(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_file() {
            narrow(&entry.path(), 0o600)?;
        } else if kind.is_dir() {
            narrow(&entry.path(), 0o700)?;
            close_all(&entry.path())?;
        }
    }
    Ok(())
}

/// Takes away what others could do beyond `allowed`. Returns the mode there was if anything was.
fn narrow(path: &Path, allowed: u32) -> io::Result<Option<u32>> {
    let mode = std::fs::metadata(path)?.mode() & 0o7777;
    if mode & OTHERS & !allowed == 0 {
        return Ok(None);
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & allowed))?;
    Ok(Some(mode))
}

/// Lets a group pass through the directory to the socket in it. What lies there is closed before.
pub(super) fn let_through(directory: &Path, group: u32, name: &str) -> Result<(), AppError> {
    let opened = chown(directory, None, Some(Gid::from_raw(group)))
        .map_err(io::Error::from)
        .and_then(|()| std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o710)));
    opened.map_err(|error| AppError::Other {
        what: format!("The socket cannot be opened to the group {name}: {error}."),
        remedy: "The engine's user has to be in that group.".into(),
    })
}

/// A group's number, as this machine knows it, from its files or from a directory service; a number is one
/// already.
pub(super) fn group_number(group: &str) -> Result<u32, AppError> {
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
    fn what_others_could_enter_is_closed_and_what_is_not_ours_is_left() {
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
        refuse_foreign(path).expect("it is ours");
        assert_eq!(close(path, true).expect("closed"), Some(0o755));
        assert_eq!(mode(path), 0o710);
        assert_eq!(close(path, false).expect("closed"), Some(0o710));
        for (name, wanted) in [("", 0o700), ("media", 0o700), ("media/ab", 0o700), ("wadeck.db", 0o600)] {
            assert_eq!(mode(&path.join(name)), wanted, "{name}");
        }
        assert_eq!(mode(&path.join("wadeck.db-wal")), 0o600);
        assert_eq!(mode(&path.join("media/ab/abcd.png")), 0o600);
        assert_eq!(mode(&path.join("notes.txt")), 0o644, "this is somebody's own");
        assert_eq!(close(path, false).expect("nothing to do"), None);
    }

    #[test]
    fn a_directory_that_is_for_other_things_is_refused_and_left_as_it_is() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        std::fs::create_dir(path.join("Documents")).expect("made");
        set(path, 0o700);
        refuse_foreign(path).expect("nobody else can enter it");
        set(path, 0o755);
        let why = refuse_foreign(path).expect_err("refused").to_string();
        assert!(why.contains("also holds Documents") && why.contains("/wadeck."), "{why}");
        std::fs::write(path.join(DATABASE_FILE), "").expect("written");
        refuse_foreign(path).expect("it is a data directory already");
        std::fs::remove_dir(path.join("Documents")).expect("removed");
        set(path, 0o1777);
        assert!(refuse_foreign(path).expect_err("refused").to_string().contains("shared by everybody"));
        assert_eq!(mode(path), 0o1777);
        set(path, 0o700);
    }
}

//! Letting a group of this machine's users reach the socket, and nothing else of the data directory.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{Gid, Mode, chown};

use super::AppError;
use crate::api::SOCKET_FILE;

/// From now on, what this process makes is its user's alone.
pub(super) fn keep_private() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Opens the socket to a group, once it is there. The directory can then be passed through, so what lies
/// in it is closed first.
pub(super) fn open_to(directory: &Path, group: &str) -> Result<(), AppError> {
    let gid = number_of(group).ok_or_else(|| AppError::Other {
        what: format!("There is no group {} on this machine.", crate::domain::text::clean_line(group)),
        remedy: "Make it, or leave [attach] group empty: then the socket is for the engine's own user.".into(),
    })?;
    opened(directory, gid).map_err(|error| AppError::Other {
        what: format!("The socket cannot be opened to the group {group}: {error}."),
        remedy: "The engine's user has to be in that group.".into(),
    })
}

fn opened(directory: &Path, gid: Gid) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_file() || kind.is_dir() {
            let mode = entry.metadata()?.permissions().mode() & 0o700;
            std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(mode))?;
        }
    }
    for (path, mode) in [(directory.join(SOCKET_FILE), 0o660), (directory.to_owned(), 0o710)] {
        chown(&path, None, Some(gid))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// A group's number, as this machine knows it, from its files or from a directory service; a number is one
/// already.
fn number_of(group: &str) -> Option<Gid> {
    let known = nix::unistd::Group::from_name(group).ok().flatten().map(|group| group.gid.as_raw());
    known.or_else(|| group.parse().ok()).map(Gid::from_raw)
}

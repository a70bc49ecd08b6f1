//! Commands that need no engine: shell completions, manual pages and database backups.

use std::path::Path;

use clap::CommandFactory;
use thiserror::Error;

use crate::cli::arguments::Cli;
use crate::cli::client::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::options::Common;
use crate::config;
use crate::domain::code::Code;
use crate::store::{Store, StoreError};

pub(in crate::cli) fn completions(shell: clap_complete::Shell) -> Exit {
    let mut script = vec![];
    clap_complete::generate(shell, &mut Cli::command(), "wadeck", &mut script);
    print!("{}", String::from_utf8_lossy(&script));
    Exit::Done
}

/// Prints the main manual page, or writes the pages of all commands to a directory.
pub(in crate::cli) fn man(common: &Common, to: Option<&Path>) -> Exit {
    let written = match to {
        None => {
            let mut page = vec![];
            let made = clap_mangen::Man::new(Cli::command()).render(&mut page);
            made.map(|()| print!("{}", String::from_utf8_lossy(&page)))
        }
        Some(directory) => {
            std::fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
        }
    };
    match written {
        Ok(()) => Exit::Done,
        Err(error) => {
            let reason = format!("Cannot write the manual: {error}.");
            CliError::new(Code::LocalFile, reason, "Give a directory that you may write to.").report(common.json)
        }
    }
}

/// Writes a consistent copy of the database, also while an engine runs.
pub(in crate::cli) async fn backup(common: &Common, to: &Path, media: Option<&Path>) -> Exit {
    let directory = config::data_directory(common.data_dir.as_deref());
    if to.exists() {
        let reason = format!("{} already exists and was not overwritten.", to.display());
        return CliError::new(Code::File, reason, "Give a new file.").report(common.json);
    }
    let copied = async { Store::open_read_only(&directory).await?.copy_to(to).await };
    match copied.await {
        Ok(sound) if sound == "ok" => {
            let size = std::fs::metadata(to).map_or(0, |meta| meta.len());
            println!(
                "Copied {1} to {0} and verified the copy.",
                to.display(),
                crate::domain::message::media::size(size)
            );
            if let Err(error) = audit_end(to).await {
                let reason = format!("Cannot write the end of the audit beside the backup: {error}.");
                return CliError::new(Code::LocalFile, reason, "Free space there, then back up again.")
                    .report(common.json);
            }
            files(common, &directory.join("media"), media)
        }
        Ok(said) => {
            let reason = format!("The backup is damaged: {said}.");
            CliError::new(Code::Database, reason, "Back up again, and run `wadeck doctor`.").report(common.json)
        }
        Err(error) => {
            let remedy = "Check the path, the free space and the owner of the data directory.";
            CliError::new(Code::Database, format!("The backup failed: {error}."), remedy).report(common.json)
        }
    }
}

/// Why the head of the audit chain is not beside a backup.
#[derive(Debug, Error)]
enum AuditEndError {
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] std::io::Error),
}

/// Writes the head of the copy's audit chain to a file beside it. `wadeck audit verify --against FILE` compares with it.
async fn audit_end(copy: &Path) -> Result<(), AuditEndError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let Some(head) = Store::audit_head_of(copy).await? else { return Ok(()) };
    let path = std::path::PathBuf::from(format!("{}.audit", copy.display()));
    let line = format!("{}\n", serde_json::json!(head));
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path);
    file.and_then(|mut file| file.write_all(line.as_bytes()))?;
    println!("{} holds the head of the audit chain: {} {}.", path.display(), head.row, head.digest);
    Ok(())
}

/// Copies message files that the target lacks; files never change once written.
fn files(common: &Common, from: &Path, to: Option<&Path>) -> Exit {
    let Some(to) = to else {
        println!("Files of messages in {} were not copied; --media DIR copies them too.", from.display());
        return Exit::Done;
    };
    match copied(from, to) {
        Ok((new, all)) => {
            println!("{} holds {all} file(s) of messages, {new} new.", to.display());
            Exit::Done
        }
        Err(error) => {
            let reason = format!("Not all files of messages were copied: {error}.");
            CliError::new(Code::LocalFile, reason, "Free space, then run it again: it continues.").report(common.json)
        }
    }
}

fn copied(from: &Path, to: &Path) -> std::io::Result<(usize, usize)> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    let (mut new, mut all) = (0, 0);
    let entries = match std::fs::read_dir(from) {
        Ok(entries) => entries,
        // No file was received yet, or retention removed all of them.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((0, 0)),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let place = to.join(&name);
        if entry.file_type()?.is_dir() {
            let (inner_new, inner_all) = copied(&entry.path(), &place)?;
            (new, all) = (new + inner_new, all + inner_all);
            continue;
        }
        // A file still being written.
        if name.as_encoded_bytes().starts_with(b"part-") {
            continue;
        }
        all += 1;
        if place.exists() {
            continue;
        }
        // Copied under a temporary name, so that a file under its final name is complete.
        let half = to.join(format!("part-{}", name.to_string_lossy()));
        match std::fs::copy(entry.path(), &half) {
            // The original can have a wider mode from an earlier version.
            Ok(_) => std::fs::set_permissions(&half, std::fs::Permissions::from_mode(0o600))
                .and_then(|()| std::fs::rename(&half, &place))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                all -= 1;
                continue;
            }
            Err(error) => return Err(error),
        }
        new += 1;
    }
    Ok((new, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_copied_once_and_halves_never() {
        let (from, to) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        std::fs::create_dir(from.path().join("ab")).expect("made");
        std::fs::write(from.path().join("ab/abcd.png"), "a picture").expect("written");
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(from.path().join("ab/abcd.png"), open).expect("set");
        std::fs::write(from.path().join("part-m7"), "half").expect("written");
        let place = to.path().join("copy");
        assert_eq!(copied(from.path(), &place).expect("copied"), (1, 1));
        assert_eq!(copied(from.path(), &place).expect("copied"), (0, 1));
        assert_eq!(std::fs::read_to_string(place.join("ab/abcd.png")).expect("there"), "a picture");
        assert!(!place.join("part-m7").exists());
        let mode =
            |name: &str| std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(place.join(name)).expect("there"));
        assert_eq!((mode("ab") & 0o777, mode("ab/abcd.png") & 0o777), (0o700, 0o600));
        assert_eq!(copied(Path::new("/nowhere/at/all"), &place).expect("nothing"), (0, 0));
    }
}

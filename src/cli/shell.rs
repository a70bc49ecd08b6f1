//! Verbs that need no engine: completions, manual pages, the configuration as it is in force, and a copy
//! of the database.

use std::path::Path;

use clap::CommandFactory;

use super::{Cli, Common, Exit};
use crate::config;
use crate::store::Store;

pub(super) fn completions(shell: clap_complete::Shell) -> Exit {
    clap_complete::generate(shell, &mut Cli::command(), "wadeck", &mut std::io::stdout());
    Exit::Done
}

/// One page on standard output, or all of them into a directory.
pub(super) fn man(to: Option<&Path>) -> Exit {
    let written = match to {
        None => clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout()),
        Some(directory) => {
            std::fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
        }
    };
    match written {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("The manual cannot be written: {error}.");
            Exit::Failed
        }
    }
}

/// The file over the defaults, as one file.
pub(super) fn show(common: &Common) -> Exit {
    let path = config::config_file(common.config.as_deref());
    match config::in_force(&path, crate::provider::Registry::SHAPES) {
        Ok(value) if common.json => {
            println!("{}", super::print::json(&value));
            Exit::Done
        }
        Ok(value) => {
            println!("# {}", path.display());
            print!("{}", config::as_text(&value));
            Exit::Done
        }
        Err(error) => {
            eprintln!("{error}");
            Exit::Failed
        }
    }
}

/// A copy as of one moment, taken beside an engine that runs.
pub(super) async fn backup(common: &Common, to: &Path) -> Exit {
    let directory = config::data_directory(common.data_dir.as_deref());
    if to.exists() {
        eprintln!("{} is there already: nothing was written over.", to.display());
        return Exit::Failed;
    }
    let copied = async { Store::open_read_only(&directory).await?.copy_to(to).await };
    match copied.await {
        Ok(sound) if sound == "ok" => {
            let size = std::fs::metadata(to).map_or(0, |meta| meta.len());
            println!(
                "{} holds {}; it was read back and is sound. Files of messages lie in {}.",
                to.display(),
                crate::domain::content::size(size),
                directory.join("media").display()
            );
            Exit::Done
        }
        Ok(said) => {
            eprintln!("The copy is not sound: {said}. Take it again, and look at `wadeck doctor`.");
            Exit::Failed
        }
        Err(error) => {
            eprintln!(
                "No copy was made: {error}. Check the path, the room on the disk and who owns the data directory."
            );
            Exit::Failed
        }
    }
}

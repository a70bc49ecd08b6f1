//! Files and standard input of whoever runs a command.

use std::sync::{Mutex, PoisonError};

use tokio::io::AsyncRead;

use super::error::CliError;
use crate::domain::code::Code;

/// Standard input of a command.
pub(crate) type Input = Box<dyn AsyncRead + Send + Unpin>;

/// Where a command reads its files and standard input.
#[derive(Default)]
pub(in crate::cli) enum Files {
    /// Files and standard input of this process, which the caller owns.
    #[default]
    Own,
    /// Files of this process; standard input carries the commands and cannot be read.
    WithoutInput,
    /// No files: the caller is connected over SSH, which carries standard input only. It can be read once.
    Remote(Mutex<Option<Input>>),
}

impl Files {
    /// Returns the files of an SSH caller with this standard input.
    pub fn remote(input: Input) -> Self {
        Self::Remote(Mutex::new(Some(input)))
    }

    /// Returns standard input; fails where it is not available or was read before.
    pub fn input(&self) -> Result<Input, CliError> {
        let refused = |reason: &str, remedy: &str| CliError::new(Code::Input, reason, remedy);
        match self {
            Self::Own => Ok(Box::new(tokio::io::stdin())),
            Self::WithoutInput => Err(refused("Standard input is used for commands here.", "Give a file.")),
            Self::Remote(input) => {
                let input = input.lock().unwrap_or_else(PoisonError::into_inner).take();
                input.ok_or_else(|| refused("Standard input was read already.", "Use `-` once."))
            }
        }
    }
}

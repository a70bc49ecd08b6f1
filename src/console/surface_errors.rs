//! Why the terminal's side did not do what the console requested: transfer a file, or open the editor. From another
//! process an error arrives as its sentence.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::message::media::size;
use crate::domain::message::upload::MAX_UPLOAD_BYTES;
use crate::domain::request_error::RequestError;

/// Why a file of the user was not uploaded, or not saved. It is serialized as its sentence.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum FileError {
    #[error("The path is empty. Enter the path of a file.")]
    EmptyPath,
    #[error("Cannot read {path}: {cause}. Check the path.")]
    Unreadable { path: String, cause: String },
    #[error("{0} is not a file. Enter the path of a regular file.")]
    NotAFile(String),
    #[error("{path} has {}, more than the limit of {}. Send a link to it.", size(*.bytes), size(MAX_UPLOAD_BYTES))]
    TooLarge { path: String, bytes: u64 },
    #[error("Cannot save it as {path}: {cause}. Choose another path.")]
    NotSaved { path: String, cause: String },
    /// The engine did not take or give the file.
    #[error(transparent)]
    Engine(#[from] RequestError),
    #[error("The file did not get to the engine: {0}. Try again.")]
    NotTransferred(String),
    #[error("Unexpected response of the engine.")]
    UnexpectedAnswer,
    #[error("This console was opened with --read-only: no file is handed over.")]
    ReadOnly,
    /// The user is on another machine than the console.
    #[error(
        "The console runs on the engine's side and cannot use your files. Use `wadeck send --thread THREAD --file FILE` and `wadeck messages save MESSAGE`."
    )]
    OtherMachine,
    #[error("This console cannot open files.")]
    NoHandler,
    /// The sentence of another process.
    #[error("{0}")]
    Client(String),
}

impl From<String> for FileError {
    fn from(sentence: String) -> Self {
        Self::Client(sentence)
    }
}

impl From<FileError> for String {
    fn from(error: FileError) -> Self {
        error.to_string()
    }
}

/// Why the user's editor returned no text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditorError {
    #[error("Cannot create a file for the editor: {0}.")]
    NoFile(String),
    #[error("Cannot write the text for the editor: {0}.")]
    NotWritten(String),
    #[error("Cannot restore the terminal: {0}.")]
    Terminal(String),
    #[error("Cannot read the edited text: {0}.")]
    NotRead(String),
    #[error("{program} exited with {status}; the text is unchanged.")]
    Exit { program: String, status: String },
    #[error("Cannot start {program}: {cause}. Set $EDITOR.")]
    NotStarted { program: String, cause: String },
    /// The sentence of another process.
    #[error("{0}")]
    Client(String),
}

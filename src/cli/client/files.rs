//! Uploads and downloads of the command line. This process opens and writes the files, or standard input carries them
//! over SSH; the engine receives bytes, never a path.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::io::AsyncReadExt;

use super::error::CliError;
use super::input::{Files, Input};
use super::source::Source;
use crate::api;
use crate::attach::UploadHandler;
use crate::attach::files::{open, pieces, save};
use crate::console::FileError;
use crate::domain::code::Code;
use crate::domain::ids::{MessageId, UploadId};
use crate::domain::request::Request;
use crate::domain::templates::requests::{SampleSource, TemplateRequest};
use crate::operations::{media_file, receive_upload};

/// Maximum size of a text read from standard input.
const MAX_TEXT_BYTES: u64 = 64 * 1024;
/// Time without input after which reading standard input over SSH fails.
const INPUT_TIMEOUT: Duration = Duration::from_secs(30);

/// Returns the handler that uploads files chosen in an attached console to the engine of a data directory.
pub(in crate::cli) fn upload_handler(directory: &Path, read_only: bool) -> UploadHandler {
    let directory = directory.to_owned();
    Arc::new(move |path: String| {
        let directory = directory.clone();
        async move {
            if read_only {
                return Err(FileError::ReadOnly);
            }
            let (file, name) = open(&path).await?;
            match api::upload(&directory, &name, file).await {
                Ok(Ok(uploaded)) => Ok(uploaded),
                Ok(Err(error)) => Err(FileError::Engine(error)),
                Err(error) => Err(FileError::NotTransferred(error.to_string())),
            }
        }
        .boxed()
    })
}

impl Source {
    /// Uploads a local file, or standard input for `-`.
    pub async fn upload(&self, path: &str, name: Option<&str>) -> Result<UploadId, CliError> {
        if self.read_only {
            return Err(CliError::read_only("--read-only forbids changes."));
        }
        let (from, own): (Input, String) = match (path, &self.files) {
            ("-", files) => (files.input()?, "file".to_owned()),
            (_, Files::Remote(_)) => return Err(over_ssh()),
            (path, _) => {
                let (file, name) =
                    open(path).await.map_err(|why| CliError::from_sentences(Code::File, &why.to_string()))?;
                (Box::new(file), name)
            }
        };
        let name = name.unwrap_or(&own);
        if let Some((system, actor)) = &self.here {
            let uploaded = receive_upload(system, actor, name, pieces(from)).await.map_err(CliError::from)?;
            return Ok(uploaded.upload);
        }
        match api::upload(&self.directory, name, from).await {
            Ok(uploaded) => uploaded.map(|uploaded| uploaded.upload).map_err(CliError::from),
            Err(error) => Err(self.nobody(&error, "nothing was sent")),
        }
    }

    /// Reads a text from standard input.
    pub async fn read_text(&self) -> Result<String, CliError> {
        let mut bytes = vec![];
        let mut input = self.files.input()?.take(MAX_TEXT_BYTES + 1);
        let reading = input.read_to_end(&mut bytes);
        let read = match &self.files {
            Files::Remote(_) => tokio::time::timeout(INPUT_TIMEOUT, reading).await.map_err(|_| {
                let reason = format!("Standard input sent no data for {} s.", INPUT_TIMEOUT.as_secs());
                CliError::new(Code::Input, reason, "Pipe the text into the command.")
            })?,
            _ => reading.await,
        };
        read.map_err(|error| CliError::unreadable(format!("Cannot read standard input: {error}.")))?;
        if bytes.len() as u64 > MAX_TEXT_BYTES {
            let reason = format!("Standard input has more than {MAX_TEXT_BYTES} bytes, the maximum of a text.");
            return Err(CliError::new(Code::Input, reason, "Send it as a file."));
        }
        let text = String::from_utf8(bytes);
        let text =
            text.map_err(|_| CliError::new(Code::Input, "Standard input is not UTF-8 text.", "Send it as a file."))?;
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }

    /// Saves the file of a message to a local path and returns that path.
    pub(in crate::cli) async fn save(&self, message: MessageId, to: &str) -> Result<String, CliError> {
        if self.read_only && to != "-" {
            let reason = "--read-only forbids writing a file.";
            return Err(CliError::new(Code::ReadOnly, reason, "Use `-` to print it."));
        }
        if matches!(self.files, Files::Remote(_)) {
            let how = format!("Save it on your machine: ssh HOST wadeck messages save {message} - > FILE");
            return Err(CliError::new(
                Code::OwnMachineOnly,
                "A command over SSH cannot write files on the engine's machine.",
                how,
            ));
        }
        let saved = if let Some((system, actor)) = &self.here {
            let mut opened = media_file(system, actor, message).await.map_err(CliError::from)?;
            save(to, &opened.name, async |file: &mut tokio::fs::File| {
                crate::attach::files::copy(&mut opened.file, file).await
            })
            .await
        } else {
            let download = match api::download(&self.directory, message).await {
                Ok(download) => download.map_err(CliError::from)?,
                Err(error) => return Err(self.nobody(&error, "nothing was saved")),
            };
            if to == "-" {
                let out = download.write_to(&mut tokio::io::stdout()).await;
                out.map_err(|error| {
                    CliError::new(Code::LocalFile, format!("The file was not written completely: {error}."), "")
                })?;
                return Ok(String::new());
            }
            let name = download.name.clone();
            save(to, &name, async |file: &mut tokio::fs::File| download.write_to(file).await).await
        };
        let saved = saved.map(|path| path.display().to_string());
        saved.map_err(|why| CliError::from_sentences(Code::LocalFile, &why.to_string()))
    }

    fn nobody(&self, error: &std::io::Error, nothing: &str) -> CliError {
        if let Err(unseen) = super::source::ensure_no_engine(&self.directory, error) {
            return unseen;
        }
        let reason = format!("No engine answers on {} ({error}): {nothing}.", self.directory.display());
        CliError::new(Code::NoEngine, reason, "Start one with `wadeck serve`.")
    }
}

/// Returns the refusal of a path over SSH.
fn over_ssh() -> CliError {
    CliError::new(
        Code::OwnMachineOnly,
        "A command over SSH cannot open files on the engine's machine.",
        "Send yours through SSH: ssh HOST wadeck send … --file - --name NAME < FILE",
    )
}

/// Returns the request that uploads a template sample from an https address, a local file or `-`.
pub(in crate::cli) async fn sample(
    source: &Source,
    connection: crate::domain::ids::ConnectionId,
    from: String,
) -> Result<Request, CliError> {
    let source = if from.starts_with("https://") {
        SampleSource::Address(from)
    } else {
        SampleSource::Upload(source.upload(&from, None).await?)
    };
    Ok(Request::Template(TemplateRequest::Sample { connection, source }))
}

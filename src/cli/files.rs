//! Files of whoever uses the command line: this process opens and writes them, or they come over the SSH line. The
//! engine is given bytes, never a path.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::ask::Source;
use super::no_answer::NoAnswer;
use crate::api;
use crate::attach::UploadHandler;
use crate::attach::files::{open, pieces, save};
use crate::domain::code::Code;
use crate::domain::ids::{MessageId, UploadId};
use crate::domain::request::Request;
use crate::domain::templates::requests::{SampleSource, TemplateRequest};
use crate::operations::{media_file, receive_upload};

/// What a verb reads when it reads standard input.
pub(crate) type Input = Box<dyn AsyncRead + Send + Unpin>;

/// A text that is read from standard input has at most so many bytes.
const MAX_TEXT_BYTES: u64 = 64 * 1024;
/// Whoever pipes nothing for so long is not waited for over a line.
const SILENCE: Duration = Duration::from_secs(30);

/// Where files and standard input are.
#[derive(Default)]
pub(super) enum Files {
    /// Here: this process belongs to whoever asks.
    #[default]
    Own,
    /// Here, but standard input is what commands are typed into.
    WithoutInput,
    /// At the other end of a line, over which only standard input comes.
    Remote(Mutex<Option<Input>>),
}

impl Files {
    pub fn remote(input: Input) -> Self {
        Self::Remote(Mutex::new(Some(input)))
    }

    fn input(&self) -> Result<Input, NoAnswer> {
        let refused = |reason: &str, remedy: &str| NoAnswer::new(Code::Input, reason, remedy);
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

/// Opens files of whoever sits at a console of the engine behind a data directory, and hands them over to it.
pub(super) fn upload_handler(directory: &Path, read_only: bool) -> UploadHandler {
    let directory = directory.to_owned();
    Arc::new(move |path: String| {
        let directory = directory.clone();
        async move {
            if read_only {
                return Err("This console was opened with --read-only: no file is handed over.".to_owned());
            }
            let (file, name) = open(&path).await?;
            match api::upload(&directory, &name, file).await {
                Ok(Ok(uploaded)) => Ok(uploaded),
                Ok(Err(api::ApiError::Refused(refusal))) => Err(refusal.to_string()),
                Ok(Err(api::ApiError::Failed { id, said })) => Err(format!("{said} (log: {id})")),
                Err(error) => Err(format!("The file did not get to the engine: {error}. Try again.")),
            }
        }
        .boxed()
    })
}

impl Source {
    /// Opens a file here, or takes standard input for `-`, and hands the bytes to the engine.
    pub async fn upload(&self, path: &str, name: Option<&str>) -> Result<UploadId, NoAnswer> {
        if self.read_only {
            return Err(NoAnswer::read_only("--read-only forbids changes."));
        }
        let (from, own): (Input, String) = match (path, &self.files) {
            ("-", files) => (files.input()?, "file".to_owned()),
            (_, Files::Remote(_)) => return Err(over_ssh()),
            (path, _) => {
                let (file, name) = open(path).await.map_err(|why| NoAnswer::of_sentences(Code::File, &why))?;
                (Box::new(file), name)
            }
        };
        let name = name.unwrap_or(&own);
        if let Some((system, actor)) = &self.here {
            let uploaded = receive_upload(system, actor, name, pieces(from)).await.map_err(NoAnswer::from)?;
            return Ok(uploaded.upload);
        }
        match api::upload(&self.directory, name, from).await {
            Ok(uploaded) => uploaded.map(|uploaded| uploaded.upload).map_err(NoAnswer::from),
            Err(error) => Err(self.nobody(&error, "nothing was sent")),
        }
    }

    /// Standard input as a text.
    pub async fn typed(&self) -> Result<String, NoAnswer> {
        let mut bytes = vec![];
        let mut input = self.files.input()?.take(MAX_TEXT_BYTES + 1);
        let reading = input.read_to_end(&mut bytes);
        let read = match &self.files {
            Files::Remote(_) => tokio::time::timeout(SILENCE, reading).await.map_err(|_| {
                let reason = format!("Standard input sent no data for {} s.", SILENCE.as_secs());
                NoAnswer::new(Code::Input, reason, "Pipe the text into the command.")
            })?,
            _ => reading.await,
        };
        read.map_err(|error| NoAnswer::unreadable(format!("Cannot read standard input: {error}.")))?;
        if bytes.len() as u64 > MAX_TEXT_BYTES {
            let reason = format!("Standard input has more than {MAX_TEXT_BYTES} bytes, the maximum of a text.");
            return Err(NoAnswer::new(Code::Input, reason, "Send it as a file."));
        }
        let text = String::from_utf8(bytes);
        let text =
            text.map_err(|_| NoAnswer::new(Code::Input, "Standard input is not UTF-8 text.", "Send it as a file."))?;
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }

    /// Saves the file of a message where it is wanted. This process writes it.
    pub(super) async fn save(&self, message: MessageId, to: &str) -> Result<String, NoAnswer> {
        if self.read_only && to != "-" {
            let reason = "--read-only forbids writing a file.";
            return Err(NoAnswer::new(Code::ReadOnly, reason, "Use `-` to print it."));
        }
        if matches!(self.files, Files::Remote(_)) {
            let how = format!("Save it on your machine: ssh HOST wadeck messages save {message} - > FILE");
            return Err(NoAnswer::new(
                Code::OwnMachineOnly,
                "A command over SSH cannot write files on the engine's machine.",
                how,
            ));
        }
        let saved = if let Some((system, actor)) = &self.here {
            let mut opened = media_file(system, actor, message).await.map_err(NoAnswer::from)?;
            save(to, &opened.name, async |file: &mut tokio::fs::File| {
                crate::attach::files::copy(&mut opened.file, file).await
            })
            .await
        } else {
            let download = match api::download(&self.directory, message).await {
                Ok(download) => download.map_err(NoAnswer::from)?,
                Err(error) => return Err(self.nobody(&error, "nothing was saved")),
            };
            if to == "-" {
                let out = download.write_to(&mut tokio::io::stdout()).await;
                out.map_err(|error| {
                    NoAnswer::new(Code::LocalFile, format!("The file was not written completely: {error}."), "")
                })?;
                return Ok(String::new());
            }
            let name = download.name.clone();
            save(to, &name, async |file: &mut tokio::fs::File| download.write_to(file).await).await
        };
        let saved = saved.map(|path| path.display().to_string());
        saved.map_err(|why| NoAnswer::of_sentences(Code::LocalFile, &why))
    }

    fn nobody(&self, error: &std::io::Error, nothing: &str) -> NoAnswer {
        if let Err(unseen) = super::ask::no_engine(&self.directory, error) {
            return unseen;
        }
        let reason = format!("No engine answers on {} ({error}): {nothing}.", self.directory.display());
        NoAnswer::new(Code::NoEngine, reason, "Start one with `wadeck serve`.")
    }
}

/// What is said to whoever names a path over SSH.
fn over_ssh() -> NoAnswer {
    NoAnswer::new(
        Code::OwnMachineOnly,
        "A command over SSH cannot open files on the engine's machine.",
        "Send yours through SSH: ssh HOST wadeck send … --file - --name NAME < FILE",
    )
}

/// The sample that a verb names: an https address, a file here, or `-`.
pub(super) async fn sample(
    source: &Source,
    connection: crate::domain::ids::ConnectionId,
    from: String,
) -> Result<Request, NoAnswer> {
    let source = if from.starts_with("https://") {
        SampleSource::Address(from)
    } else {
        SampleSource::Upload(source.upload(&from, None).await?)
    };
    Ok(Request::Template(TemplateRequest::Sample { connection, source }))
}

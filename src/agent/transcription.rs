//! Transcribes audio files with an endpoint that speaks OpenAI's `/audio/transcriptions`.

use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::multipart::{Form, Part};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use thiserror::Error;

use super::{AgentError, excerpt, exchange_with_headers};

/// Maximum duration of one request.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Characters of a transcript that are kept.
const MAX_CHARACTERS: usize = 20_000;

/// A configured endpoint.
#[derive(Debug, Clone)]
pub struct TranscriptionConfig {
    /// The base URL, such as `https://api.openai.com/v1`.
    pub url: String,
    pub model: String,
    pub key: Option<SecretString>,
    /// Longer audio is not sent.
    pub max_duration: Duration,
    /// Larger files are not sent.
    pub max_bytes: u64,
}

/// Why a file was not transcribed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct TranscriptionError {
    pub reason: String,
    /// The same request may succeed later.
    pub is_temporary: bool,
}

/// Transcribes audio files.
#[derive(Debug, Clone)]
pub struct Transcriber {
    client: reqwest::Client,
    pub config: TranscriptionConfig,
}

impl Transcriber {
    /// Builds the client. Fails if the system's TLS cannot be used.
    pub fn new(config: TranscriptionConfig) -> Result<Self, AgentError> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|error| AgentError(format!("Cannot build an HTTP client: {error}.")))?;
        Ok(Self { client, config })
    }

    /// Returns what made a transcript: the model and the host.
    pub fn source(&self) -> String {
        let host = reqwest::Url::parse(&self.config.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        format!("{} at {}", self.config.model, host.unwrap_or_else(|| "an endpoint".to_owned()))
    }

    /// Returns the words of an audio file.
    pub async fn transcribe(
        &self,
        bytes: Vec<u8>,
        mime_type: &str,
        name: String,
    ) -> Result<String, TranscriptionError> {
        let permanent = |reason: String| TranscriptionError { reason, is_temporary: false };
        // The endpoints take the container's type, without parameters such as `codecs=opus`.
        let plain = mime_type.split(';').next().unwrap_or(mime_type).trim().to_owned();
        let part = Part::bytes(bytes).file_name(name).mime_str(&plain);
        let part = part.map_err(|_| permanent(format!("{plain} is not a type of file")))?;
        let form =
            Form::new().part("file", part).text("model", self.config.model.clone()).text("response_format", "json");
        let url = format!("{}/audio/transcriptions", self.config.url.trim_end_matches('/'));
        let mut request = self.client.post(url).multipart(form);
        if let Some(key) = &self.config.key {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
                .map_err(|_| permanent("the API key has characters that are not allowed in a header".to_owned()))?;
            value.set_sensitive(true);
            request = request.header("authorization", value);
        }
        let answer = exchange_with_headers(request, "The transcription URL").await;
        let (status, _, text) = answer.map_err(|error| TranscriptionError { reason: error.0, is_temporary: true })?;
        if status != 200 {
            let reason = format!("The transcription URL returned HTTP {status}: {}", excerpt(&text));
            return Err(TranscriptionError { reason, is_temporary: status == 429 || status >= 500 });
        }
        let answer: Value = serde_json::from_str(&text)
            .map_err(|_| permanent(format!("The transcription is not JSON: {}", excerpt(&text))))?;
        match answer.get("text").and_then(Value::as_str).map(str::trim) {
            Some("") => Err(permanent("No words were recognized.".to_owned())),
            Some(words) => Ok(words.chars().take(MAX_CHARACTERS).collect()),
            None => Err(permanent(format!("The transcription has no text: {}", excerpt(&text)))),
        }
    }
}

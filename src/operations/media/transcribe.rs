//! Transcribes received voice notes with the configured endpoint, where the provider gave no transcript. A failure keeps
//! its reason with the message and holds nothing up.

use std::time::Duration;

use crate::domain::change::Change;
use crate::domain::ids::ThreadId;
use crate::domain::message::voice::opus_duration;
use crate::domain::text::{Untrusted, clean_line};
use crate::operations::{Result, System};
use crate::store::PendingTranscription;

/// Longer than a request may take, so that an expired lease means that its process died.
const LEASE: Duration = Duration::from_secs(120);
/// Pauses after temporary failures; after the last one the transcription fails.
const PAUSES: [Duration; 2] = [Duration::from_secs(30), Duration::from_secs(120)];
/// How long an agent waits for the transcripts of the messages that it answers.
const AGENT_WAITS: Duration = Duration::from_secs(20);

/// Transcribes the next voice note that is due. Returns `false` if none is due.
pub async fn transcribe_next(system: &System) -> Result<bool> {
    transcribe_one(system, None).await
}

/// Makes sure that an agent reads the transcripts of a thread's voice notes: transcribes those that are due, and waits
/// up to [`AGENT_WAITS`] for those that are being transcribed.
pub(crate) async fn before_an_agent_reads(system: &System, thread: ThreadId) -> Result<()> {
    if system.transcriber().is_none() {
        return Ok(());
    }
    let wait = async {
        while transcribe_one(system, Some(thread)).await? {}
        while system.store().transcribes_in(thread).await? {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Ok(())
    };
    tokio::time::timeout(AGENT_WAITS, wait).await.unwrap_or(Ok(()))
}

async fn transcribe_one(system: &System, thread: Option<ThreadId>) -> Result<bool> {
    let Some(transcriber) = system.transcriber() else { return Ok(false) };
    let mut write = system.store().write().await?;
    let claimed = write.claim_transcription(thread, system.now(), LEASE).await?;
    write.commit().await?;
    let Some(claimed) = claimed else { return Ok(false) };
    let outcome = words_of(system, &claimed).await;
    let now = system.now();
    let mut write = system.store().write().await?;
    match outcome {
        Ok(words) => {
            write.store_transcript(claimed.message, &Untrusted::new(words), &transcriber.source(), now).await?;
        }
        Err((reason, is_temporary)) => {
            let reason = clean_line(&reason);
            let pause = PAUSES.get(claimed.attempts.saturating_sub(1) as usize).filter(|_| is_temporary);
            match pause {
                Some(pause) => write.retry_transcription(claimed.message, &reason, now.plus(*pause)).await?,
                None => {
                    tracing::warn!(message = %claimed.message, reason, "Voice note not transcribed");
                    write.fail_transcription(claimed.message, &reason, now).await?;
                }
            }
        }
    }
    write.commit().await?;
    system.bus().publish([Change::Thread(claimed.thread)]);
    Ok(true)
}

/// Returns the words of a voice note, or why there are none and whether a retry may help.
async fn words_of(system: &System, claimed: &PendingTranscription) -> std::result::Result<String, (String, bool)> {
    let refused = |reason: String| Err((reason, false));
    let Some(transcriber) = system.transcriber() else { return refused("no endpoint is configured".to_owned()) };
    let Some(file) = claimed.file.clone() else { return refused("the file was removed".to_owned()) };
    let files = system.store().files().clone();
    let name = file.as_str().to_owned();
    let bytes = tokio::task::spawn_blocking(move || files.read(&file)).await;
    let bytes = match bytes.map_err(std::io::Error::other).flatten() {
        Ok(bytes) => bytes,
        Err(error) => return refused(format!("the file cannot be read: {error}")),
    };
    let config = &transcriber.config;
    if bytes.len() as u64 > config.max_bytes {
        return refused(format!("the file has {} bytes; at most {} are transcribed", bytes.len(), config.max_bytes));
    }
    if let Some(duration) = opus_duration(&bytes).filter(|duration| *duration > config.max_duration) {
        let (seconds, most) = (duration.as_secs(), config.max_duration.as_secs());
        return refused(format!("it lasts {seconds} s; at most {most} s are transcribed"));
    }
    let transcribed = transcriber.transcribe(bytes, &claimed.mime_type, name).await;
    transcribed.map_err(|error| (error.reason, error.is_temporary))
}

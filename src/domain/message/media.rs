//! Media files: which kinds can be sent, the provider's limits, and safe file names. A file's type is read from its
//! bytes, never from its name.

use serde::{Deserialize, Serialize};

use crate::domain::code::Code;
use crate::domain::file_name::{self, FileName, ending};
use crate::domain::ids::MessageId;
use crate::domain::refusal::Refusal;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;

/// Maximum size of an inbound file in bytes: the provider's limit for documents.
pub const LARGEST: u64 = 100 * 1024 * 1024;

/// A media file at the provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// The provider's media id; empty for a local file that is not uploaded yet.
    pub id: String,
    /// Name in the local file store. It is never taken from outside.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "file_name::lenient")]
    pub file: Option<FileName>,
    pub mime_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<Untrusted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<Untrusted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<Untrusted>,
    /// What made the transcript, such as a model and its host; `None` if the provider gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript_source: Option<String>,
    /// Why there is no transcript, although one was attempted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript_error: Option<String>,
    #[serde(default)]
    pub voice: bool,
    #[serde(default)]
    pub animated: bool,
}

impl Media {
    /// Returns the transcript and what made it, or why there is none, as rows of label and value.
    pub(super) fn transcript_rows(&self) -> Vec<(&'static str, Untrusted)> {
        let words = self.transcript.clone().map(|words| ("transcript", words));
        let source = self.transcript_source.as_deref().map(|source| ("transcribed by", Untrusted::from(source)));
        let error = self.transcript_error.as_deref().map(|error| ("not transcribed", Untrusted::from(error)));
        words.into_iter().chain(source).chain(error).collect()
    }
}

/// Describes a media file: kind and size in brackets, then file name, caption and transcript.
pub(super) fn described(what: &str, media: &Media) -> Untrusted {
    let mut label = format!("[{what}");
    if let Some(bytes) = media.bytes {
        label.push(' ');
        label.push_str(&size(bytes));
    }
    label.push(']');
    for part in [&media.file_name, &media.caption].into_iter().flatten() {
        label.push(' ');
        label.push_str(part.as_received());
    }
    if let Some(words) = &media.transcript {
        // The words are a machine's reading of the voice, and not what the contact wrote.
        label.push_str(if media.transcript_source.is_some() { " [machine transcript] " } else { " " });
        label.push_str(words.as_received());
    }
    Untrusted::new(label)
}

/// Width and height of a sticker in pixels.
const STICKER: (u32, u32) = (512, 512);

/// The kind of message that a file is sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    Image,
    Video,
    Audio,
    /// A voice note with waveform: only Ogg with Opus.
    Voice,
    Document,
    Sticker,
}

impl FileKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Voice => "voice note",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }

    /// Returns the maximum size in bytes.
    pub const fn most(self) -> u64 {
        match self {
            Self::Image => 5 * 1024 * 1024,
            Self::Video | Self::Audio | Self::Voice => 16 * 1024 * 1024,
            Self::Document => LARGEST,
            Self::Sticker => 500 * 1024,
        }
    }
}

/// Properties of a file, read from its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    pub mime_type: String,
    pub bytes: u64,
    /// Width and height of an image in pixels.
    pub size: Option<(u32, u32)>,
    /// An Ogg file that contains Opus. `animated` below is for WebP files.
    pub opus: bool,
    /// An Opus file with more than one channel; voice notes are mono.
    #[serde(default)]
    pub stereo: bool,
    pub animated: bool,
    /// Why phones may not be able to play the file, if its bytes show that.
    pub codec_fault: Option<String>,
}

/// Pads an image to a canvas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagePadding {
    pub width: u32,
    pub height: u32,
    /// Red, green and blue; `None` uses the color of the image's corner.
    pub colour: Option<[u8; 3]>,
}

impl ImagePadding {
    /// Width and height of a square canvas in pixels.
    pub const SQUARE: (u32, u32) = (1080, 1080);
    /// Width and height of a tall canvas in pixels.
    pub const TALL: (u32, u32) = (1080, 1350);

    /// Parses a shape (`square` or `tall`) and a color (`white`, `black`, `#rrggbb` or the corner's). Returns `None`
    /// for no padding.
    pub fn read(shape: &str, colour: &str) -> Result<Option<Self>, Refusal> {
        let (width, height) = match shape.trim() {
            "" | "no" => return Ok(None),
            "square" => Self::SQUARE,
            "tall" => Self::TALL,
            other => {
                let why = format!("Unknown padding shape `{}`.", clean_line(other));
                return Err(Refusal::new(Code::Pad, why, "Use square, tall or no."));
            }
        };
        let colour = match colour.trim() {
            "" | "corner" => None,
            "white" => Some([255; 3]),
            "black" => Some([0; 3]),
            other => Some(hex(other).ok_or_else(|| {
                Refusal::new(
                    Code::Pad,
                    format!("Unknown color `{}`.", clean_line(other)),
                    "Use corner, white, black or #rrggbb.",
                )
            })?),
        };
        Ok(Some(Self { width, height, colour }))
    }
}

/// Parses a color such as `#rrggbb`.
fn hex(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    if digits.len() != 6 || !digits.is_ascii() {
        return None;
    }
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

const DOCUMENTS: &[&str] = &[
    "text/plain",
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
];

/// Returns the kind that a file is sent as, with warnings for the sender. `voice` requests a voice note.
pub fn plan(facts: &FileFacts, voice: bool) -> Result<(FileKind, Vec<String>), Refusal> {
    let mut warnings = vec![];
    if facts.bytes == 0 {
        return Err(Refusal::new(Code::File, "The file is empty.", "Choose another file."));
    }
    let kind = match facts.mime_type.as_str() {
        "image/jpeg" | "image/png" => FileKind::Image,
        "image/webp" if facts.size.is_some_and(|size| size != STICKER) => {
            let (width, height) = facts.size.unwrap_or_default();
            let why = format!("A WebP image is sent as a sticker, which is 512x512; this one is {width}x{height}.");
            return Err(Refusal::new(Code::File, why, "Save it as JPEG or PNG, or as a sticker of 512x512."));
        }
        "image/webp" => FileKind::Sticker,
        "video/mp4" | "video/3gpp" => FileKind::Video,
        "audio/ogg" if !facts.opus => {
            let why = "This Ogg file does not contain Opus: the provider would refuse it after sending.";
            return Err(Refusal::new(Code::File, why, "Convert it to Ogg with Opus, or to MP3."));
        }
        "audio/ogg" if facts.stereo => {
            let why = "This Opus file has more than one channel; voice notes are mono.";
            return Err(Refusal::new(Code::File, why, "Convert it to mono, or let wadeck convert it to a voice note."));
        }
        "audio/ogg" => FileKind::Voice,
        "audio/aac" | "audio/amr" | "audio/mpeg" | "audio/mp4" => {
            if !voice {
                warnings.push("It arrives as an attachment, not as a voice note: that takes Ogg with Opus.".to_owned());
            }
            FileKind::Audio
        }
        mime if DOCUMENTS.contains(&mime) => FileKind::Document,
        mime if mime.starts_with("image/") => {
            let why = format!("The provider refuses images of the type {}.", clean_line(mime));
            return Err(Refusal::new(Code::File, why, "Save it as JPEG or PNG."));
        }
        mime if mime.starts_with("video/") || mime.starts_with("audio/") => {
            let why = format!("The provider refuses files of the type {}.", clean_line(mime));
            return Err(Refusal::new(Code::File, why, "Use MP4 with H.264 and AAC, or MP3."));
        }
        mime => {
            warnings.push(format!("The provider may refuse files of the type {}.", clean_line(mime)));
            FileKind::Document
        }
    };
    let most = if kind == FileKind::Sticker && !facts.animated { 100 * 1024 } else { kind.most() };
    if facts.bytes > most {
        let why = format!("The file has {}; the maximum for {} is {}.", size(facts.bytes), kind.name(), size(most));
        return Err(Refusal::new(Code::File, why, "Make it smaller, or send it as a document inside a PDF."));
    }
    if let Some(fault) = &facts.codec_fault {
        let remedy = match facts.mime_type.as_str() {
            mime if mime.starts_with("image/") => "Save it as a PNG with 8 bits per colour, or as JPEG.",
            mime if mime.starts_with("video/") => "Convert it to MP4 with H.264 and AAC.",
            _ => "Choose the right file, or give it the ending of what it is.",
        };
        return Err(Refusal::new(Code::File, fault.clone(), remedy));
    }
    if let (FileKind::Image, Some((width, height))) = (kind, facts.size)
        && f64::from(width) > 1.5 * f64::from(height)
    {
        warnings.push(format!("{width}x{height} is so wide that phones show a strip of it: pad it square or tall."));
    }
    if kind == FileKind::Voice && facts.bytes > 512 * 1024 {
        warnings.push("Above 512 KB a voice note has to be downloaded before it plays.".to_owned());
    }
    Ok((kind, warnings))
}

/// Returns a file name without path, leading dots and control characters, with at most 120 bytes; `otherwise` if
/// nothing is left.
pub fn safe_name(given: &str, otherwise: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ' | '(' | ')');
    let kept: String = clean_line(last).chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let kept = kept.trim_matches(|c: char| c == '.' || c == ' ' || c == '_');
    let mut name = String::new();
    for c in kept.chars() {
        if name.len() + c.len_utf8() > 120 {
            break;
        }
        name.push(c);
    }
    if name.is_empty() { otherwise.to_owned() } else { name }
}

/// Returns the name under which a message's file is saved. It starts with the message id, so that it is never hidden,
/// an option of a program, or a name with a special meaning.
pub fn saved_name(message: MessageId, given: Option<&str>, mime_type: &str) -> String {
    let end = ending(mime_type);
    match given.map(|given| safe_name(given, "")).filter(|name| !name.is_empty()) {
        Some(name) => format!("{message}-{name}"),
        None => format!("{message}.{end}"),
    }
}

/// State of a message's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaState {
    /// The file is being downloaded or waits for a retry.
    Wanted,
    Kept,
    /// The provider no longer has the file.
    Lost,
    /// The file differs from its announcement or is too large.
    Refused,
    /// The file was deleted because of its age or to free space.
    Pruned,
}

impl MediaState {
    pub const ALL: [Self; 5] = [Self::Wanted, Self::Kept, Self::Lost, Self::Refused, Self::Pruned];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Kept => "kept",
            Self::Lost => "lost",
            Self::Refused => "refused",
            Self::Pruned => "pruned",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A message's file and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaView {
    pub state: MediaState,
    pub mime_type: String,
    pub bytes: Option<u64>,
    /// Name in the file store.
    pub file: Option<FileName>,
    /// Why the file is not available.
    pub said: Option<String>,
    pub fetched_at: Option<Timestamp>,
    /// Bytes uploaded and total bytes, during an upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<(u64, u64)>,
}

/// Result of checking a file before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCheck {
    pub facts: FileFacts,
    pub kind: Option<FileKind>,
    pub warnings: Vec<String>,
    pub refusal: Option<String>,
    /// Whether wadeck can convert the file to a voice note.
    pub can_convert: bool,
    pub preview: Option<crate::domain::message::picture::Raster>,
}

/// Formats a size: `812 B`, `200 KB`, `1.4 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(mime_type: &str, bytes: u64) -> FileFacts {
        FileFacts { mime_type: mime_type.into(), bytes, ..FileFacts::default() }
    }

    #[test]
    fn what_would_be_refused_later_is_refused_now() {
        for (mime, bytes) in [
            ("image/jpeg", 6 * 1024 * 1024),
            ("video/mp4", 17 * 1024 * 1024),
            ("application/pdf", LARGEST + 1),
            ("image/webp", 200 * 1024),
            ("image/gif", 10),
            ("audio/ogg", 10),
            ("image/png", 0),
        ] {
            assert!(plan(&facts(mime, bytes), false).is_err(), "{mime} {bytes}");
        }
        let mp3 = plan(&facts("audio/mpeg", 10), false).expect("fine");
        assert_eq!((mp3.0, mp3.1.len()), (FileKind::Audio, 1));
        let wide = FileFacts { size: Some((1200, 630)), ..facts("image/png", 10) };
        assert!(plan(&wide, false).expect("fine").1[0].contains("strip"));
    }

    #[test]
    fn names_from_outside_are_only_names() {
        for (given, name) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\windows\\a.exe", "a.exe"),
            (".bashrc", "bashrc"),
            ("a\u{202e}fdp.exe", "a_fdp.exe"),
            ("\u{1b}[2J.pdf", "[2J.pdf"),
            ("..", "file"),
            ("レシート 1.pdf", "レシート 1.pdf"),
        ] {
            let safe = safe_name(given, "file");
            assert!(!safe.contains(['/', '\\', '\u{1b}', '\u{202e}']) && !safe.starts_with('.'), "{safe}");
            if !given.contains('\u{1b}') && !given.contains('\u{202e}') {
                assert_eq!(safe, name);
            }
        }
        assert!(safe_name(&"é".repeat(500), "x").len() <= 120);
    }

    #[test]
    fn shapes_and_colours_are_read() {
        assert_eq!(ImagePadding::read("no", "").expect("fine"), None);
        assert_eq!(ImagePadding::read("tall", "#ff8000").expect("fine").expect("padded").colour, Some([255, 128, 0]));
        assert!(ImagePadding::read("round", "").is_err() && ImagePadding::read("square", "#12").is_err());
    }
}

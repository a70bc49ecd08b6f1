//! Files: which may be sent as what, within the provider's limits, and under which names they are
//! safe. What a file is, its own bytes say; what it is called proves nothing.

use serde::{Deserialize, Serialize};

use crate::domain::code::Code;
use crate::domain::file_name::{self, FileName, ending};
use crate::domain::ids::MessageId;
use crate::domain::refusal::Refusal;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;

/// No file that comes in is larger, in bytes: the provider's own limit for documents.
pub const LARGEST: u64 = 100 * 1024 * 1024;

/// A file that the provider keeps under an id of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// The provider's id; empty for a file of ours that is not uploaded yet.
    pub id: String,
    /// The name of a file of ours in the file store. It is set here and never taken from outside.
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
    #[serde(default)]
    pub voice: bool,
    #[serde(default)]
    pub animated: bool,
}

/// As what a file travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    Image,
    Video,
    Audio,
    /// An audio message with the wave form: Ogg with Opus, nothing else.
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

    /// In bytes.
    pub const fn most(self) -> u64 {
        match self {
            Self::Image => 5 * 1024 * 1024,
            Self::Video | Self::Audio | Self::Voice => 16 * 1024 * 1024,
            Self::Document => LARGEST,
            Self::Sticker => 500 * 1024,
        }
    }
}

/// What the bytes of a file say about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    pub mime_type: String,
    pub bytes: u64,
    /// Width and height of a picture.
    pub size: Option<(u32, u32)>,
    /// Ogg that holds Opus; WebP that moves.
    pub opus: bool,
    pub animated: bool,
    /// Why a player may not play it, where its bytes show that.
    pub codec_fault: Option<String>,
}

/// How a picture is set on a canvas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagePadding {
    pub width: u32,
    pub height: u32,
    /// Red, green, blue; none takes the colour of the picture's corner.
    pub colour: Option<[u8; 3]>,
}

impl ImagePadding {
    pub const SQUARE: (u32, u32) = (1080, 1080);
    pub const TALL: (u32, u32) = (1080, 1350);

    /// `square` or `tall`, on `white`, `black`, `#rrggbb`, or the corner's colour.
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

/// As what the file goes, and what whoever sends it should know first. `voice` wants the wave form.
pub fn plan(facts: &FileFacts, voice: bool) -> Result<(FileKind, Vec<String>), Refusal> {
    let mut warnings = vec![];
    if facts.bytes == 0 {
        return Err(Refusal::new(Code::File, "The file is empty.", "Choose another file."));
    }
    let kind = match facts.mime_type.as_str() {
        "image/jpeg" | "image/png" => FileKind::Image,
        "image/webp" => FileKind::Sticker,
        "video/mp4" | "video/3gpp" => FileKind::Video,
        "audio/ogg" if !facts.opus => {
            let why = "This Ogg file does not contain Opus: the provider would refuse it after sending.";
            return Err(Refusal::new(Code::File, why, "Convert it to Ogg with Opus, or to MP3."));
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
        return Err(Refusal::new(Code::File, fault.clone(), "Convert it to MP4 with H.264 and AAC."));
    }
    if let (FileKind::Image, Some((width, height))) = (kind, facts.size)
        && f64::from(width) > 1.5 * f64::from(height)
    {
        warnings.push(format!("{width}x{height} is so wide that phones show a strip of it: pad it square or tall."));
    }
    if let (FileKind::Sticker, Some(size)) = (kind, facts.size)
        && size != (512, 512)
    {
        warnings.push(format!("Stickers are 512x512; this one is {}x{}.", size.0, size.1));
    }
    if kind == FileKind::Voice && facts.bytes > 512 * 1024 {
        warnings.push("Above 512 KB a voice note has to be downloaded before it plays.".to_owned());
    }
    Ok((kind, warnings))
}

/// A name that is only a name: no path, nothing hidden, nothing that steers, not too long.
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

/// The name under which the file of a message is saved: its id first, so that it is never an option of a program,
/// hidden, or the name of a file that means something where it is saved.
pub fn saved_name(message: MessageId, given: Option<&str>, mime_type: &str) -> String {
    let end = ending(mime_type);
    match given.map(|given| safe_name(given, "")).filter(|name| !name.is_empty()) {
        Some(name) => format!("{message}-{name}"),
        None => format!("{message}.{end}"),
    }
}

/// Where the file of a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaState {
    /// It is being fetched, or will be tried again.
    Wanted,
    Kept,
    /// The provider does not have it any more.
    Lost,
    /// It is not what was announced, or too large.
    Refused,
    /// It was here, and is gone by age or for room.
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

/// The file of a message as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaView {
    pub state: MediaState,
    pub mime_type: String,
    pub bytes: Option<u64>,
    /// Its name in the file store.
    pub file: Option<FileName>,
    /// Why it is not here, or not yet.
    pub said: Option<String>,
    pub fetched_at: Option<Timestamp>,
    /// Bytes sent of all, while it is on its way up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<(u64, u64)>,
}

/// What a look at a file shows before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCheck {
    pub facts: FileFacts,
    pub kind: Option<FileKind>,
    pub warnings: Vec<String>,
    pub refusal: Option<String>,
    /// Whether it can be made a voice note here.
    pub can_convert: bool,
    pub preview: Option<crate::domain::message::picture::Raster>,
}

/// `812 B`, `200 KB`, `1.4 MB`.
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

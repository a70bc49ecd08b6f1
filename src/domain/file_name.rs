//! Names of files in the file store. A name is made only from the hash of the file's bytes and a known extension, so
//! that outside text can never point to another path.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// 64 hexadecimal digits of a SHA-256, a dot and a known extension.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// Returns the name of a file with this SHA-256.
    pub fn of(sha256: [u8; 32], mime_type: &str) -> Self {
        Self(format!("{}.{}", hex::encode(sha256), ending(mime_type)))
    }

    /// Parses a stored name; `None` for anything that [`FileName::of`] would not produce.
    pub fn parse(text: &str) -> Option<Self> {
        let (hash, end) = text.split_once('.')?;
        let hexadecimal = hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (hexadecimal && ENDINGS.contains(&end)).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the hexadecimal SHA-256 of the bytes.
    pub fn sha256(&self) -> &str {
        &self.0[..64]
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("this is no name of a file in the file store"))
    }
}

/// Deserializes a file name in stored content. An invalid name counts as no file, because rows of older databases can
/// contain any text.
pub(super) fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<FileName>, D::Error> {
    let text = Option::<serde_json::Value>::deserialize(deserializer)?;
    Ok(text.and_then(|value| value.as_str().and_then(FileName::parse)))
}

/// All file extensions in the file store.
pub const ENDINGS: &[&str] = &[
    "jpg", "png", "webp", "gif", "mp4", "3gp", "ogg", "mp3", "m4a", "aac", "amr", "pdf", "txt", "doc", "xls", "ppt",
    "docx", "xlsx", "pptx", "bin",
];

/// Returns the extension for a MIME type; `bin` for unknown types. The original name is not used.
pub fn ending(mime_type: &str) -> &'static str {
    match mime_type.split(';').next().unwrap_or_default().trim() {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "image/gif" => "gif",
        "video/mp4" => "mp4",
        "video/3gpp" => "3gp",
        "audio/ogg" => "ogg",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        "audio/aac" => "aac",
        "audio/amr" => "amr",
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        "application/msword" => "doc",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.ms-powerpoint" => "ppt",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => "pptx",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hash_with_a_known_ending_is_a_name() {
        let name = FileName::of([0xab; 32], "image/png");
        assert_eq!(FileName::parse(name.as_str()), Some(name.clone()));
        assert_eq!(name.sha256(), "ab".repeat(32));
        let hash = "ab".repeat(32);
        for text in [
            String::new(),
            "../../etc/passwd".into(),
            "/proc/self/environ".into(),
            hash.clone(),
            format!("{hash}."),
            format!("{hash}.sh"),
            format!("{hash}.png/../x.png"),
            format!("{}.png", hash.to_uppercase()),
            format!("../{}.png", &hash[3..]),
            format!("{hash}.png\n"),
            format!("a{hash}.png"),
        ] {
            assert_eq!(FileName::parse(&text), None, "{text:?}");
        }
    }
}

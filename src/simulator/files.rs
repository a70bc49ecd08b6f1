//! The simulator's stored files, and the files of generated messages.

use std::collections::HashMap;

use base64::Engine as _;
use sha2::{Digest, Sha256};

use super::faults::{MediaFault, UploadFault};
use super::payload::Saying;

#[derive(Debug, Clone)]
pub(super) struct StoredFile {
    pub mime_type: String,
    pub bytes: Vec<u8>,
    pub number: Option<String>,
    pub name: Option<String>,
}

/// Stored files, and the URLs that were issued.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub stored: HashMap<String, StoredFile>,
    pub fault: Vec<MediaFault>,
    pub upload_fault: Vec<UploadFault>,
    pub uploads: usize,
    pub tokens: HashMap<String, (String, i64)>,
    pub cut: Vec<String>,
    pub empty: Vec<String>,
    pub count: u64,
}

impl Files {
    pub fn keep(&mut self, id: &str, mime_type: &str, bytes: Vec<u8>) {
        let file = StoredFile { mime_type: mime_type.to_owned(), bytes, number: None, name: None };
        self.stored.insert(id.to_owned(), file);
    }

    /// Returns the SHA-256 of a file in base64, as in webhooks. `None` for an unknown id.
    pub fn hash(&self, id: &str) -> Option<String> {
        let file = self.stored.get(id)?;
        Some(base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&file.bytes)))
    }
}

/// Generates the file of a message, of the right type. `None` for messages without a file.
pub(super) fn generate_media(saying: &Saying, seed: u32) -> Option<(&'static str, Vec<u8>)> {
    match saying {
        Saying::Image { .. } => Some(("image/png", picture(seed))),
        Saying::Sticker => Some(("image/webp", sticker(seed))),
        Saying::Voice { .. } => {
            let mut bytes = b"OggS\0\x02".to_vec();
            bytes.extend_from_slice(&[0; 22]);
            bytes.extend_from_slice(b"OpusHead\x01\x01");
            bytes.resize(4_000, 7);
            Some(("audio/ogg; codecs=opus", bytes))
        }
        Saying::Document { .. } => {
            Some(("application/pdf", b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n".to_vec()))
        }
        _ => None,
    }
}

/// Returns a picture of a tooth on one of four backgrounds, drawn by `cargo run --example demo_pictures`.
fn picture(seed: u32) -> Vec<u8> {
    let files: [&[u8]; 4] = [
        include_bytes!("pictures/tooth-0.png"),
        include_bytes!("pictures/tooth-1.png"),
        include_bytes!("pictures/tooth-2.png"),
        include_bytes!("pictures/tooth-3.png"),
    ];
    files[(seed % 4) as usize].to_vec()
}

/// Returns the picture as a sticker of 512 x 512 pixels.
fn sticker(seed: u32) -> Vec<u8> {
    let files: [&[u8]; 4] = [
        include_bytes!("pictures/tooth-0.webp"),
        include_bytes!("pictures/tooth-1.webp"),
        include_bytes!("pictures/tooth-2.webp"),
        include_bytes!("pictures/tooth-3.webp"),
    ];
    files[(seed % 4) as usize].to_vec()
}

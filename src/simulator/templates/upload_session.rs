//! The state of an upload of a header sample.

/// An upload session.
#[derive(Debug, Default)]
pub(in super::super) struct UploadSession {
    pub mime_type: String,
    pub length: usize,
    pub bytes: Vec<u8>,
}

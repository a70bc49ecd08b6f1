//! Faults that tests and stories set for the next request.

use serde_json::{Value, json};

/// A fault of a send request.
#[derive(Debug, Clone)]
pub enum SendFault {
    /// The message is sent; the response is lost.
    LoseAnswer,
    /// The message is not sent; there is no response.
    Vanish,
    /// The message is sent; a gateway responds with an error.
    GatewayError,
    /// The request is rejected with this status and body, and `Retry-After` in seconds.
    Answer { status: u16, body: Value, retry_after: Option<u32> },
    /// The message is sent; the response takes this long.
    Slow(std::time::Duration),
}

impl SendFault {
    /// Returns a rejection in the Graph API's error format.
    pub fn graph(status: u16, code: u32, message: &str) -> Self {
        let body = json!({ "error": { "message": format!("(#{code}) {message}"), "type": "OAuthException", "code": code,
            "error_data": { "messaging_product": "whatsapp", "details": message } } });
        Self::Answer { status, body, retry_after: None }
    }
}

/// A fault of a file request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaFault {
    /// The URL has expired.
    Expired,
    /// The hash in the metadata does not match the file.
    Changed,
    /// The file does not exist any more.
    Gone,
    /// The URL points to a foreign host.
    Elsewhere,
    /// The connection ends in the middle of the file.
    CutOff,
    /// The file has 0 bytes.
    Empty,
    /// The platform's own URL refuses the key; the other URL works.
    Forbidden,
}

/// A fault of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadFault {
    Unwell,
    Refused,
}

//! Uploaded files that no message uses yet. A request refers to an upload by its id, never by a path.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::ids::UploadId;
use crate::domain::message::media::LARGEST;

/// Maximum size of an upload in bytes: the largest limit of any message kind.
pub const MAX_UPLOAD_BYTES: u64 = LARGEST;
/// Maximum number of uploads per person or program.
pub const MAX_UPLOADS: u32 = 100;
/// Maximum total bytes of all uploads of a person or program.
pub const MAX_UPLOADED_BYTES: u64 = 10 * LARGEST;
/// Time after which an upload is deleted. Messages that were created from it keep their file.
pub const UPLOAD_KEPT: Duration = Duration::from_secs(3_600);

/// An uploaded file, and the id by which requests refer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    pub upload: UploadId,
    /// Sanitized file name.
    pub name: String,
    pub bytes: u64,
    /// Hexadecimal.
    pub sha256: String,
}

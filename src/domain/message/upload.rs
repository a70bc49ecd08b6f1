//! Files that somebody handed over and that no message carries yet. A request names an upload by its id; it never
//! names a path.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::ids::UploadId;
use crate::domain::message::media::LARGEST;

/// An upload has at most so many bytes: the largest that any kind of message may carry.
pub const MAX_UPLOAD_BYTES: u64 = LARGEST;
/// One person or program has at most so many uploads at once.
pub const MAX_UPLOADS: u32 = 100;
/// And so many bytes in all of them.
pub const MAX_UPLOADED_BYTES: u64 = 10 * LARGEST;
/// An upload is removed this long after it came. Messages that were made of it keep their file.
pub const UPLOAD_KEPT: Duration = Duration::from_secs(3_600);

/// A file that was handed over, and how requests name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    pub upload: UploadId,
    /// What the file is called, made harmless.
    pub name: String,
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
}

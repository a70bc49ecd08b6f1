//! A template ready to be sent.

use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::{ConnectionId, UploadId};
use crate::domain::time::Timestamp;

/// A template with its recipient, parameters and time.
pub(crate) struct Filled {
    pub connection: ConnectionId,
    pub to: PhoneNumber,
    pub name: String,
    pub language: String,
    pub parameters: Vec<(String, String)>,
    pub header: Option<UploadId>,
    pub at: Option<Timestamp>,
}

//! Everything there is to know of a message, as rows.

use crate::domain::message::inbound_content::Rows;
use crate::domain::view::MessageDetail;

impl MessageDetail {
    /// Label and value of everything there is to know of the content and what came along.
    pub fn details(&self) -> Rows {
        self.content.details().into_iter().chain(self.extras.details()).collect()
    }
}

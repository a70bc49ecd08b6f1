//! Detail rows of a message.

use crate::domain::message::inbound_content::Rows;
use crate::domain::view::MessageDetail;

impl MessageDetail {
    /// Returns the properties of the content and of its extras as rows of label and value.
    pub fn details(&self) -> Rows {
        self.content.details().into_iter().chain(self.extras.details()).collect()
    }
}

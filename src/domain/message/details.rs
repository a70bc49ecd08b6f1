//! Detail rows of a message.

use crate::domain::message::inbound_content::Rows;
use crate::domain::text::Untrusted;
use crate::domain::view::MessageDetail;

impl MessageDetail {
    /// Returns the properties of the content, of its extras and of its charge as rows of label and value.
    pub fn details(&self) -> Rows {
        let charge = self.pricing.rows().into_iter().map(|(label, value)| (label, Untrusted::new(value)));
        self.content.details().into_iter().chain(self.extras.details()).chain(charge).collect()
    }
}

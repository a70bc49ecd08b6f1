//! Shows all facts about one message.

use crate::console::cx::Cx;
use crate::console::intent::{Intent, OverlayEvent};
use crate::console::overlays::reading::Text;
use crate::console::thread::facts::message_facts;
use crate::domain::ids::MessageId;
use crate::domain::query::{Answer, Query};
use crate::domain::view::{MessageDetail, ThreadRow};

/// The facts about one message.
#[derive(Debug)]
pub(super) struct MessageDetails {
    message: MessageId,
    row: Option<ThreadRow>,
    detail: Option<MessageDetail>,
}

impl MessageDetails {
    /// Creates the text for a message of the open thread.
    pub fn new(message: MessageId, row: Option<ThreadRow>) -> Self {
        Self { message, row, detail: None }
    }
}

impl Text for MessageDetails {
    fn title(&self) -> &'static str {
        "Message"
    }

    fn opened(&mut self, _: &Cx) -> Vec<Intent> {
        vec![Intent::Ask(Query::Message { message: self.message })]
    }

    fn update(&mut self, _: &Cx, event: &OverlayEvent<'_>) -> Vec<Intent> {
        if let OverlayEvent::Answered(Query::Message { message }, Answer::Message(detail)) = event
            && *message == self.message
        {
            self.detail = detail.as_deref().cloned();
        }
        vec![]
    }

    fn lines(&self, cx: &Cx) -> Vec<String> {
        match &self.detail {
            Some(detail) => message_facts(cx, self.row.as_ref(), detail),
            None => vec!["Loading …".into()],
        }
    }
}

//! Shows the body of a webhook delivery as received, for a limited time.

use std::time::Duration;

use crate::console::cx::Cx;
use crate::console::intent::{Intent, OverlayEvent};
use crate::console::overlays::reading::Text;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// The body is hidden again after this time.
const REVEALED: Duration = Duration::from_secs(60);

/// The body of a webhook delivery, and when it was revealed.
#[derive(Debug)]
pub(in crate::console) struct Revealed {
    body: String,
    at: Timestamp,
}

impl Revealed {
    pub fn new(body: String, at: Timestamp) -> Self {
        Self { body, at }
    }
}

impl Text for Revealed {
    fn title(&self) -> &'static str {
        "Body as received"
    }

    fn lines(&self, _: &Cx) -> Vec<String> {
        self.body.lines().map(clean_line).collect()
    }

    fn update(&mut self, cx: &Cx, event: &OverlayEvent<'_>) -> Vec<Intent> {
        let over = matches!(event, OverlayEvent::Tick) && cx.now.since(self.at) >= REVEALED;
        if over { vec![Intent::Close] } else { vec![] }
    }
}

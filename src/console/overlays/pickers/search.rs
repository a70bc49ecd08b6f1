//! Searches messages by words and filter terms; picking one opens it in its thread.

use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::picker::{PickerKind, ROWS, Row};
use crate::console::words;
use crate::domain::inbound::event::Direction;
use crate::domain::query::{Answer, Query};
use crate::domain::text::clean_line;
use crate::domain::view::FoundMessage;

/// Lists the messages that match a search.
#[derive(Debug, Default)]
pub(in crate::console) struct Search {
    found: Vec<FoundMessage>,
}

impl PickerKind for Search {
    fn title(&self) -> &'static str {
        "Search messages"
    }

    fn hint(&self) -> &'static str {
        "words and terms: status:failed dir:in num:4567 since:2h code:131047; enter opens"
    }

    fn empty_text(&self) -> &'static str {
        "Type words, or filter terms such as status:failed since:2h."
    }

    fn query(&self, _: &Cx, typed: &str) -> Option<Query> {
        Some(Query::Search { text: typed.to_owned(), limit: ROWS, before: None })
    }

    fn is_narrowed_by_engine(&self) -> bool {
        true
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Found(rows) = answer {
            self.found.clone_from(rows);
        }
    }

    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let row = |FoundMessage { contact, message }: &FoundMessage| {
            let way = if message.direction == Direction::Inbound { "←" } else { "→" };
            let author = message.author.as_deref().map(clean_line).unwrap_or_default();
            let age = words::age(message.created_at, cx.now);
            Row {
                right: format!("{author} {age}").trim_start().to_owned(),
                warn: message.status.name() == "failed",
                ..Row::new(message.id.to_string(), format!("{way} {}", contact.display_name()), message.text.line())
            }
        };
        self.found.iter().map(row).collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let found = self.found.iter().map(|one| &one.message).find(|message| message.id.to_string() == row.id);
        found.map(|message| Intent::GoToMessage(message.thread_id, message.id)).into_iter().collect()
    }

    fn forget(&mut self) {
        self.found.clear();
    }
}

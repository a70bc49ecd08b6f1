//! Picks a contact: to open the contact's thread, or to merge it into another contact.

use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::picker::{PickerKind, ROWS, Row};
use crate::console::words;
use crate::domain::contacts::view::ContactRow;
use crate::domain::ids::ContactId;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;

/// Contacts that match the typed text.
#[derive(Debug, Default)]
pub(in crate::console) struct Contacts {
    found: Vec<ContactRow>,
    /// The contact that the picked one is merged into; `None` if picking opens the thread.
    merge_into: Option<ContactId>,
}

impl Contacts {
    /// Creates a picker for the contact to merge into this one.
    pub fn to_merge_into(contact: ContactId) -> Self {
        Self { found: vec![], merge_into: Some(contact) }
    }

    fn open(&self, row: &Row) -> Intent {
        let found = self.found.iter().find(|one| one.id.to_string() == row.id);
        match found.and_then(|one| one.threads.first()) {
            Some((thread, ..)) => Intent::GoToThread(*thread),
            None => Intent::Warn("This contact has no thread.".to_owned()),
        }
    }
}

impl PickerKind for Contacts {
    fn title(&self) -> &'static str {
        match self.merge_into {
            None => "Find a contact",
            Some(_) => "Merge with",
        }
    }

    fn empty_text(&self) -> &'static str {
        "Type part of a name or number."
    }

    fn query(&self, _: &Cx, typed: &str) -> Option<Query> {
        Some(Query::Contacts { text: typed.to_owned(), limit: ROWS })
    }

    fn is_narrowed_by_engine(&self) -> bool {
        true
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Contacts(rows) = answer {
            self.found.clone_from(rows);
        }
    }

    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let row = |row: &ContactRow| {
            let number = row.contact.phone_number.as_ref().map(ToString::to_string).unwrap_or_default();
            let last = row.threads.first().map(|(_, at, over)| format!("{over} {}", words::age(*at, cx.now)));
            let tail = format!("{number}  {}", row.wish()).trim_end().to_owned();
            Row { right: last.unwrap_or_default(), ..Row::new(row.id.to_string(), row.contact.display_name(), tail) }
        };
        self.found.iter().filter(|row| Some(row.id) != self.merge_into).map(row).collect()
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        match (self.merge_into, row.id.parse()) {
            (None, _) => vec![self.open(row)],
            (Some(keep), Ok(gone)) => {
                let question = format!("Merge {} and {keep}? Splitting undoes it.", row.head);
                vec![Intent::ask_first(question, Request::MergeContacts { keep, gone })]
            }
            (Some(_), Err(_)) => vec![],
        }
    }

    fn forget(&mut self) {
        self.found.clear();
    }
}

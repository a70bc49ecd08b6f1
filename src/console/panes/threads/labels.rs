//! The labels of a thread: one is added or removed, and a new one is typed.

use crate::console::cx::Cx;
use crate::console::intent::Intent;
use crate::console::overlays::picker::{PickerKind, Row};
use crate::domain::ids::ThreadId;
use crate::domain::message::label::{LabelCount, read};
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::domain::view::ThreadRow;

/// Labels of the thread's organization: those of the thread first.
#[derive(Debug)]
pub(super) struct LabelPicker {
    thread: ThreadId,
    organization: String,
    /// Labels of the thread.
    own: Vec<String>,
    known: Option<Vec<LabelCount>>,
}

impl LabelPicker {
    pub fn new(row: &ThreadRow) -> Self {
        Self { thread: row.id, organization: row.organization.clone(), own: row.labels.clone(), known: None }
    }

    fn has(&self, label: &str) -> bool {
        self.own.iter().any(|own| own == label)
    }

    fn others(&self) -> impl Iterator<Item = &LabelCount> {
        let of = self.known.iter().flatten().filter(|one| one.organization == self.organization);
        of.filter(|one| !self.has(&one.label))
    }
}

impl PickerKind for LabelPicker {
    fn title(&self) -> &'static str {
        "Labels"
    }

    fn hint(&self) -> &'static str {
        "enter adds or removes; type a new one; esc closes"
    }

    fn empty_text(&self) -> &'static str {
        if self.known.is_none() { "Loading …" } else { "No labels. Type one and press enter." }
    }

    fn query(&self, _: &Cx, _: &str) -> Option<Query> {
        Some(Query::Labels)
    }

    fn take(&mut self, answer: &Answer) {
        if let Answer::Labels(rows) = answer {
            self.known = Some(rows.clone());
        }
    }

    fn rows(&self, cx: &Cx) -> Vec<Row> {
        let mark = cx.settings.theme.pick("✓", "x");
        let own = self.own.iter().map(|label| {
            Row::new(label.clone(), format!("{mark} {}", clean_line(label)), "enter removes it from this thread")
        });
        let others = self.others().map(|one| {
            let threads = if one.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", one.threads) };
            Row { right: threads, ..Row::new(one.label.clone(), format!("  {}", clean_line(&one.label)), "") }
        });
        own.chain(others).collect()
    }

    fn typed_row(&self, _: &Cx, typed: &str) -> Option<Row> {
        match read(typed) {
            Ok(label) if self.has(&label) || self.others().any(|one| one.label == label) => None,
            Ok(label) => Some(Row::new(label.clone(), format!("  {label}"), "new label")),
            Err(refusal) => Some(Row { off: Some(refusal.to_string()), ..Row::new("", "  not a label", "") }),
        }
    }

    fn pick(&self, _: &Cx, row: &Row) -> Vec<Intent> {
        let (thread, label) = (self.thread, row.id.clone());
        let request =
            if self.has(&label) { Request::RemoveLabel { thread, label } } else { Request::AddLabel { thread, label } };
        vec![Intent::perform(request)]
    }

    fn forget(&mut self) {
        self.known = None;
    }
}

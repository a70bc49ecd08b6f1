//! Progress of applying a delivery item by item. Items that could not be applied are set aside with a reason. The
//! progress is stored with the delivery, so that only these items are retried.

use serde::{Deserialize, Serialize};

use crate::domain::ids::ThreadId;
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::text::clean_line;

/// Number of reasons listed in a note; further ones are counted.
const REASONS: usize = 20;

/// An item that was not applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Index of the item in the delivery, from 0.
    pub at: usize,
    /// The provider's id of the number, if no connection has it; `None` if the item could not be parsed or stored.
    pub number: Option<String>,
    pub why: String,
}

impl SetAside {
    /// Creates an entry for an item of a number without a connection. An item that names no number is unreadable,
    /// because it cannot be applied after more numbers are connected.
    pub fn foreign(at: usize, number: &str) -> Self {
        let number: String = clean_line(number).chars().take(40).collect();
        if number.trim().is_empty() {
            return Self::unreadable(at, "no phone_number_id, so the number it is for is unknown");
        }
        Self { at, why: format!("phone_number_id {number}"), number: Some(number) }
    }

    /// Creates an entry for an item that could not be parsed, or that the database refused.
    pub fn unreadable(at: usize, why: &str) -> Self {
        Self { at, number: None, why: clean_line(why).chars().take(300).collect() }
    }
}

/// Progress of a delivery, with the items that were set aside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Number of items.
    of: usize,
    /// Index of the next unprocessed item.
    next: usize,
    aside: Vec<SetAside>,
    /// Items set aside before that are to be retried now.
    #[serde(default)]
    again: Vec<usize>,
    /// Notes about applied items.
    #[serde(default)]
    notes: Vec<String>,
    /// Number of further notes that are not stored.
    #[serde(default)]
    more_notes: usize,
    /// Threads that the items are about; stores at most two, because only a single thread is of use.
    #[serde(default)]
    threads: Vec<ThreadId>,
}

impl Progress {
    /// Resumes stored progress if it is of the same number of items; else starts anew. Finished progress retries its
    /// set-aside items.
    pub fn begin(kept: Option<&Self>, of: usize) -> Self {
        match kept.filter(|kept| kept.of == of) {
            Some(kept) => {
                let mut next = kept.clone();
                if kept.is_done() {
                    next.again = next.aside.drain(..).map(|item| item.at).collect();
                }
                next
            }
            None => Self { of, ..Self::default() },
        }
    }

    /// Returns up to `most` next items and marks them as processed.
    pub fn todo(&mut self, most: usize) -> Vec<usize> {
        let mut items: Vec<usize> = self.again.drain(..self.again.len().min(most)).collect();
        let upto = self.of.min(self.next + most.saturating_sub(items.len()));
        items.extend(self.next..upto);
        self.next = upto;
        items
    }

    /// Returns the provider's ids of the numbers without a connection, each once.
    pub fn foreign_numbers(&self) -> Vec<&str> {
        let mut numbers: Vec<&str> = self.aside.iter().filter_map(|item| item.number.as_deref()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Adds an item that could not be applied.
    pub fn set_aside(&mut self, item: SetAside) {
        self.aside.push(item);
    }

    /// Adds notes about applied items, each distinct note once; beyond the limit they are counted.
    pub fn say(&mut self, notes: Vec<String>) {
        for note in notes {
            if self.notes.contains(&note) {
                continue;
            }
            if self.notes.len() < REASONS {
                self.notes.push(note);
            } else {
                self.more_notes += 1;
            }
        }
    }

    /// Returns the notes about applied items, one per line.
    pub fn said(&self) -> Vec<String> {
        let more = (self.more_notes > 0).then(|| format!("And {} more like this.", self.more_notes));
        self.notes.iter().cloned().chain(more).collect()
    }

    /// Records that an item is about a thread.
    pub fn add_thread(&mut self, thread: ThreadId) {
        if self.threads.len() < 2 && !self.threads.contains(&thread) {
            self.threads.push(thread);
        }
    }

    /// Returns the thread that all items are about; `None` if there are several or none.
    pub fn thread(&self) -> Option<ThreadId> {
        match self.threads.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Returns `true` if all items were processed.
    pub const fn is_done(&self) -> bool {
        self.next >= self.of && self.again.is_empty()
    }

    /// Returns `true` if any item was set aside.
    pub const fn any(&self) -> bool {
        !self.aside.is_empty()
    }

    /// Returns the delivery's state: pending until all items are processed, then quarantined or unreadable.
    pub fn state(&self) -> DeliveryState {
        if !self.is_done() {
            DeliveryState::Pending
        } else if self.aside.iter().any(|item| item.number.is_some()) {
            DeliveryState::Quarantined
        } else {
            DeliveryState::Unreadable
        }
    }

    /// Returns the reasons, each with its item's number if the delivery has several items.
    pub fn note(&self) -> String {
        if self.of == 1 {
            let why = self.aside.first().map(|item| item.why.clone());
            return why.into_iter().chain(self.said()).collect::<Vec<_>>().join("\n");
        }
        let applied = self.next.saturating_sub(self.aside.len() + self.again.len());
        let mut lines = vec![format!("{applied} of {} items were applied", self.of)];
        lines.extend(self.aside.iter().take(REASONS).map(|item| format!("item {}: {}", item.at + 1, item.why)));
        if self.aside.len() > REASONS {
            lines.push(format!("and {} more", self.aside.len() - REASONS));
        }
        lines.extend(self.said());
        lines.join("\n")
    }

    /// Returns kind, subject and text of each alert to raise. Items that the finished progress `before` already set
    /// aside for the same reason raise none.
    pub fn alerts(&self, before: Option<&Self>) -> Vec<(AlertKind, String, String)> {
        if !self.is_done() {
            return vec![];
        }
        let heard = before.filter(|before| before.is_done()).map_or(&[][..], |before| &before.aside);
        let mut alerts: Vec<(AlertKind, String, String)> = vec![];
        for item in self.aside.iter().filter(|item| !heard.contains(item)) {
            let alert = match &item.number {
                Some(_) => {
                    let said = format!("Webhooks arrive for a number without a connection: {}.", item.why);
                    (AlertKind::Quarantine, item.why.clone(), said)
                }
                None if self.of == 1 => (
                    AlertKind::Unreadable,
                    "delivery".to_owned(),
                    "A signed webhook could not be read. It is stored and can be replayed.".to_owned(),
                ),
                None => {
                    let said = "A part of a signed webhook could not be read. It is stored, and the rest was applied.";
                    (AlertKind::Unreadable, "delivery".to_owned(), said.to_owned())
                }
            };
            if !alerts.iter().any(|known| known.0 == alert.0 && known.1 == alert.1) {
                alerts.push(alert);
            }
        }
        alerts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_tells_about_one_thread_over_all_its_turns_or_about_none() {
        let mut progress = Progress::begin(None, 4);
        progress.todo(2);
        assert_eq!(progress.thread(), None);
        progress.add_thread(ThreadId(1));
        let kept = serde_json::to_string(&progress).expect("kept");
        let mut next = Progress::begin(serde_json::from_str(&kept).ok().as_ref(), 4);
        next.add_thread(ThreadId(1));
        assert_eq!(next.thread(), Some(ThreadId(1)));
        next.add_thread(ThreadId(2));
        next.add_thread(ThreadId(1));
        assert_eq!(next.thread(), None);
    }

    #[test]
    fn an_item_that_names_no_number_leaves_no_hole() {
        for number in ["", "  "] {
            let item = SetAside::foreign(0, number);
            assert_eq!(item.number, None);
            assert!(item.why.contains("no phone_number_id"), "{}", item.why);
        }
        let mut progress = Progress::begin(None, 1);
        assert_eq!(progress.todo(9), [0]);
        progress.set_aside(SetAside::foreign(0, ""));
        assert_eq!(progress.state(), DeliveryState::Unreadable, "no number that is connected later makes it readable");
    }

    #[test]
    fn a_large_delivery_is_applied_in_turns_and_only_what_was_set_aside_is_tried_again() {
        let mut progress = Progress::begin(None, 7);
        assert_eq!(progress.todo(3), [0, 1, 2]);
        progress.set_aside(SetAside::foreign(1, "9"));
        assert_eq!(progress.state(), DeliveryState::Pending);
        let mut progress = Progress::begin(Some(&progress), 7);
        assert_eq!(progress.todo(9), [3, 4, 5, 6]);
        progress.set_aside(SetAside::unreadable(5, "no id"));
        assert_eq!(progress.state(), DeliveryState::Quarantined);
        assert_eq!(progress.note(), "5 of 7 items were applied\nitem 2: phone_number_id 9\nitem 6: no id");
        assert_eq!(progress.alerts(None).len(), 2);
        assert_eq!(progress.alerts(Some(&progress)).len(), 0, "the same again is no news");
        let mut again = Progress::begin(Some(&progress), 7);
        assert_eq!(again.todo(9), [1, 5]);
        assert!(again.is_done() && !again.any());
        assert_eq!(Progress::begin(Some(&progress), 8).todo(9).len(), 8, "read in another way, it is read anew");
    }
}

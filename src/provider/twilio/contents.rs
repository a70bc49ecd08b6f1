//! Ids of content objects that were created for interactive messages.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Remembered ids at most; then the memory starts empty, and names are looked up again.
const MAX_REMEMBERED: usize = 10_000;

/// Ids of created content objects, by account and name.
#[derive(Debug, Default)]
pub(super) struct Contents(Mutex<HashMap<(String, String), String>>);

impl Contents {
    pub fn get(&self, account: &str, name: &str) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(account.to_owned(), name.to_owned())).cloned()
    }

    pub fn keep(&self, account: &str, name: &str, id: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert((account.to_owned(), name.to_owned()), id.to_owned());
    }

    /// Forgets an id that the provider no longer knows. Returns `true` if it was remembered.
    pub fn forget(&self, id: &str) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.len();
        known.retain(|_, known| known != id);
        known.len() < before
    }
}

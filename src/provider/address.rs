//! Our public URL, which is configured or known once the listener runs. Signatures may cover it and requests may
//! contain it.

use std::sync::{Arc, Mutex, PoisonError};

/// Our public URL, shared by all providers.
#[derive(Debug, Clone, Default)]
pub struct OwnAddress(Arc<Mutex<Option<String>>>);

impl OwnAddress {
    /// Sets the URL and removes its trailing slash.
    pub fn set(&self, address: Option<String>) {
        let address = address.map(|address| address.trim_end_matches('/').to_owned());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// Returns the URL without a trailing slash. `None` until it is known.
    pub fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

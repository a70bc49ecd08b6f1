//! Where providers reach us: configured, or known once we listen. Signatures may cover it, and
//! requests may name it.

use std::sync::{Arc, Mutex, PoisonError};

/// Our own address as providers call it, shared by everybody who needs it.
#[derive(Debug, Clone, Default)]
pub struct OwnAddress(Arc<Mutex<Option<String>>>);

impl OwnAddress {
    pub fn set(&self, address: Option<String>) {
        let address = address.map(|address| address.trim_end_matches('/').to_owned());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// Without a slash at its end.
    pub fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

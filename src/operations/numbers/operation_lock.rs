//! Locks for changes at a provider. The provider's state is queried over HTTP, where no transaction excludes a second
//! person, so the second change is refused.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::domain::access::actor::Actor;
use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::operations::{System, unpoisoned};

/// Who is changing what, by the name of what is changed.
pub(crate) type Hands = Arc<Mutex<BTreeMap<String, String>>>;

/// A lock on something at the provider; dropping it releases the lock.
#[derive(Debug)]
pub(crate) struct OperationLock {
    hands: Hands,
    what: String,
}

impl Drop for OperationLock {
    fn drop(&mut self) {
        unpoisoned(&self.hands).remove(&self.what);
    }
}

impl System {
    /// Locks `what` until the returned value is dropped. Refuses if another change is in progress.
    pub(crate) fn lock_operation(&self, actor: &Actor, what: &str) -> Result<OperationLock, Refusal> {
        let hands = &self.shared.hands;
        let mut held = unpoisoned(hands);
        if let Some(who) = held.get(what) {
            let why = format!("{who} is changing {what}.");
            return Err(Refusal::new(Code::InProgress, why, "Retry in a moment."));
        }
        held.insert(what.to_owned(), actor.to_string());
        Ok(OperationLock { hands: hands.clone(), what: what.to_owned() })
    }
}

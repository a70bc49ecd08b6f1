//! What somebody is changing at a provider right now. Rules about what a provider has are asked over HTTP, where
//! no transaction holds off a second person: they are told that somebody is at it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::domain::access::actor::Actor;
use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::operations::{System, unpoisoned};

/// Who changes what, by what it is.
pub(crate) type Hands = Arc<Mutex<BTreeMap<String, String>>>;

/// Held while something is changed; lets go when it is dropped.
#[derive(Debug)]
pub(crate) struct InHand {
    hands: Hands,
    what: String,
}

impl Drop for InHand {
    fn drop(&mut self) {
        unpoisoned(&self.hands).remove(&self.what);
    }
}

impl System {
    /// Keeps everybody else from changing the same until the answer is dropped. Refused where somebody is at it.
    pub(crate) fn take_in_hand(&self, actor: &Actor, what: &str) -> Result<InHand, Refusal> {
        let hands = &self.shared.hands;
        let mut held = unpoisoned(hands);
        if let Some(who) = held.get(what) {
            let why = format!("{who} is changing {what}.");
            return Err(Refusal::new(Code::InProgress, why, "Retry in a moment."));
        }
        held.insert(what.to_owned(), actor.to_string());
        Ok(InHand { hands: hands.clone(), what: what.to_owned() })
    }
}

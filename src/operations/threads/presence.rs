//! Who is here: every console, from when it is opened until it is gone.

use crate::domain::access::actor::Actor;
use crate::domain::change::Change;
use crate::domain::view::Here;
use crate::operations::{System, unpoisoned};

/// A console that is open; gone with this.
pub struct Arrival {
    system: System,
    number: u64,
}

impl std::fmt::Debug for Arrival {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arrival").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        unpoisoned(&self.system.shared.here).remove(&self.number);
        self.system.bus().publish([Change::Activity]);
    }
}

impl System {
    /// Somebody opens a console; `how` says over which way.
    pub fn arrives(&self, actor: &Actor, how: &str) -> Arrival {
        let mut here = unpoisoned(&self.shared.here);
        let number = here.keys().next_back().map_or(1, |last| last + 1);
        let role = actor.role().map(|role| role.name().to_owned()).unwrap_or_default();
        let one =
            Here { who: actor.to_string(), role, how: how.to_owned(), since: self.now(), thread: None, writes: false };
        here.insert(number, one);
        drop(here);
        self.bus().publish([Change::Activity]);
        Arrival { system: self.clone(), number }
    }

    /// Everybody, with the thread that they look at.
    pub fn here(&self) -> Vec<Here> {
        let mut all: Vec<Here> = unpoisoned(&self.shared.here).values().cloned().collect();
        let attendance = self.attendance();
        for one in &mut all {
            if let Some((thread, writes)) = attendance.of(&one.who, self.now()) {
                (one.thread, one.writes) = (Some(thread), writes);
            }
        }
        all
    }

    pub(crate) fn consoles(&self) -> u32 {
        u32::try_from(unpoisoned(&self.shared.here).len()).unwrap_or(u32::MAX)
    }
}

//! Presence of consoles, from opening to closing.

use crate::domain::access::actor::Actor;
use crate::domain::change::Change;
use crate::domain::presence::Here;
use crate::operations::{System, unpoisoned};

/// An open console; dropping it removes the console.
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
    /// Registers a console that was opened; `how` names the connection type.
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

    /// Returns all open consoles, each with the thread that its person looks at.
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

    /// Returns the number of open consoles.
    pub(crate) fn consoles(&self) -> u32 {
        u32::try_from(unpoisoned(&self.shared.here).len()).unwrap_or(u32::MAX)
    }
}

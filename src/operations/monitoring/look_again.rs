//! Checks the database file while the engine runs. An intact file is checked at intervals, because pages that are
//! rarely read may be damaged. SQLite also reports failed reads as damage, so a file reported as damaged is checked
//! again, and the engine resumes if it is intact.

use std::time::Duration;

use crate::operations::monitoring::database_alerts::record_damage_end;
use crate::operations::{System, unpoisoned};

/// Maximum duration of a check.
const CHECK_LIMIT: Duration = Duration::from_secs(60);
/// Initial and maximum number of beats between two checks of a damaged file; a check reads the whole file.
const BEATS: (u32, u32) = (2, 300);
/// Number of beats between two checks of an intact file.
const ROUTINE: u32 = 6 * 3_600;

/// Schedule of the checks.
#[derive(Debug, Default)]
pub(crate) struct RecheckSchedule {
    runs: bool,
    left: u32,
    pause: u32,
    /// Beats since the last check of the intact file.
    sound_for: u32,
}

impl RecheckSchedule {
    /// Counts one beat of a damaged file. Returns `true` if a check begins now.
    fn begins(&mut self) -> bool {
        if self.runs || self.left > 0 {
            self.left = self.left.saturating_sub(1);
            return false;
        }
        self.runs = true;
        true
    }

    /// Counts one beat of an intact file. Returns `true` if a check is due.
    fn is_due(&mut self) -> bool {
        self.sound_for += 1;
        let due = self.sound_for >= ROUTINE;
        if due {
            self.sound_for = 0;
        }
        due
    }

    fn ended(&mut self, sound: bool) {
        let (least, most) = BEATS;
        self.runs = false;
        self.pause = if sound { 0 } else { (self.pause * 2).clamp(least, most) };
        self.left = self.pause;
    }
}

/// Starts a check of the file if one is due. A failed check is recorded as damage.
pub(crate) fn look_again(system: &System) {
    if !system.store().is_damaged() {
        if unpoisoned(&system.shared.pulse).recheck.is_due() {
            let system = system.clone();
            tokio::spawn(async move {
                if let Err(error) = system.store().check_file(CHECK_LIMIT).await {
                    tracing::error!(%error, "Cannot check the database file");
                }
            });
        }
        return;
    }
    if !unpoisoned(&system.shared.pulse).recheck.begins() {
        return;
    }
    let system = system.clone();
    tokio::spawn(async move {
        let checked = system.store().check_file(CHECK_LIMIT).await;
        let sound = matches!(checked, Ok(Some(said)) if said == "ok");
        unpoisoned(&system.shared.pulse).recheck.ended(sound);
        if let Some(ended) = sound.then(|| system.store().end_damage()).flatten() {
            tracing::warn!("The database file is intact: the reported damage was failed reads");
            if let Err(error) = record_damage_end(&system, &ended).await {
                tracing::error!(%error, "Cannot end an alert whose cause has ended");
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_become_rarer_and_never_run_twice_at_once() {
        let mut recheck = RecheckSchedule::default();
        assert!(recheck.begins() && !recheck.begins(), "one at a time");
        let mut pauses = vec![];
        for _ in 0..10 {
            recheck.ended(false);
            pauses.push((0..1_000).take_while(|_| !recheck.begins()).count());
        }
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        recheck.ended(true);
        assert!(recheck.begins(), "after a sound file everything begins anew");
    }

    #[test]
    fn a_sound_file_is_looked_at_four_times_a_day() {
        let mut recheck = RecheckSchedule::default();
        assert_eq!((0..86_400).filter(|_| recheck.is_due()).count(), 4);
    }
}

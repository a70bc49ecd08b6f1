//! The pulse, once a second: checks whether the database can be written and whether the clock was changed. A problem
//! is reported immediately from memory, and stored once a write succeeds.

use crate::operations::monitoring::database_alerts::{no_damage, report_trouble, store_ended_alert};
use std::time::Duration;

use crate::domain::change::Change;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::monitoring::database::{DatabaseFault, DatabaseTrouble};
use crate::domain::time::{ClockWatch, Timestamp, short_span};
use crate::operations::monitoring::conditions::condition;
use crate::operations::monitoring::look_again::{RecheckSchedule, look_again};
use crate::operations::{Result, System, check_all, unpoisoned};

/// After this time without a commit, a small write tests the database.
const PROVE_EVERY: Duration = Duration::from_secs(60);
/// Maximum duration of the file check at startup, which runs in the background.
const CHECK_LIMIT: Duration = Duration::from_secs(60);
/// How often the audit head is logged while rows are added.
const LOG_HEAD_EVERY: Duration = Duration::from_secs(3_600);

/// State between two beats.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    clock: ClockWatch,
    /// The fault that consoles were notified of.
    pub(crate) told: Option<DatabaseFault>,
    /// Whether the alert about damage is stored.
    pub(crate) stored: bool,
    pub(crate) recheck: RecheckSchedule,
    /// The last audit row saved outside the database, and the row and time of the last log entry.
    kept: i64,
    logged: (i64, Option<Timestamp>),
}

/// Checks the clock and the database.
pub async fn check_clock_and_database(system: &System) -> Result<()> {
    clock(system).await?;
    let store = system.store();
    let known = store.trouble();
    let max_age = if known.is_some() { Duration::ZERO } else { PROVE_EVERY };
    let _ = store.prove_writable(max_age).await;
    if let Some(ended) = store.end_trouble_if_over() {
        store_ended_alert(system, &ended).await?;
    }
    look_again(system);
    report_trouble(system, store.trouble()).await?;
    keep_audit_head(system, false);
    Ok(())
}

/// Tests whether the database can be written, for health checks and the watchdog; a commit within the last second
/// suffices.
pub async fn prove_writable(system: &System) -> Result<(), DatabaseTrouble> {
    system.store().prove_writable(Duration::from_secs(1)).await
}

/// Checks the database file in the background, and raises or clears the alert about damage. On a large file the check
/// may not finish.
pub async fn check_file_at_start(system: System) {
    let store = system.store();
    let sound = match store.check_file(CHECK_LIMIT).await {
        Ok(Some(said)) => said == "ok",
        Ok(None) => {
            tracing::info!(
                "The check of the database file did not finish within {} s; run `wadeck doctor` for a full check",
                CHECK_LIMIT.as_secs()
            );
            return;
        }
        Err(error) => {
            tracing::error!(%error, "Cannot check the database file");
            return;
        }
    };
    if sound {
        if let Err(error) = no_damage(&system).await {
            tracing::error!(%error, "Cannot end an alert whose cause has ended");
        }
        system.bus().publish([Change::Alerts]);
    }
}

/// Detects that the clock was changed, raises or clears the alert, and moves stored due times to the new clock.
pub(crate) async fn clock(system: &System) -> Result<()> {
    let now = system.now();
    let (jump, back) = {
        let mut pulse = unpoisoned(&system.shared.pulse);
        let jump = pulse.clock.look(now, system.parts.clock.monotonic());
        if pulse.clock.is_back() {
            pulse.clock.set_by = 0;
        }
        (jump, pulse.clock.set_by == 0)
    };
    let Some(jump) = jump else { return Ok(()) };
    let by = Duration::from_millis(jump.unsigned_abs());
    let way = if jump < 0 { "back" } else { "forward" };
    let said = format!(
        "The clock was set {way} by {} to {now}. Service windows, retries and times of day go by it. \
         If that was not intended, set it right: timedatectl set-ntp true.",
        short_span(by)
    );
    tracing::warn!("{said}");
    let mut write = system.store().write().await?;
    condition(&mut write, AlertKind::Clock, "jump", (!back).then_some(said), now).await?;
    write.pace_by_clock(Timestamp::from_millis(now.millis() - jump), now).await?;
    let moved = if jump < 0 { write.set_clock_back(by, now).await? } else { 0 };
    write.commit().await?;
    tracing::info!(moved, "Due times moved to the new clock");
    system.bus().publish([Change::Alerts]);
    for wake in system.wakeups().all() {
        wake.notify_one();
    }
    // Providers' reports about our clock are refreshed, because the earlier ones are outdated.
    let system = system.clone();
    tokio::spawn(async move {
        if let Err(error) = check_all(&system).await {
            tracing::error!(%error, "Cannot check the connections after the clock was set");
        }
    });
    Ok(())
}

/// Saves the audit head beside the database, at most once a second, and logs it once an hour and `at_stop`.
pub fn keep_audit_head(system: &System, at_stop: bool) {
    let Some(head) = system.store().audit_head() else { return };
    let now = system.now();
    let (keep, log) = {
        let mut pulse = unpoisoned(&system.shared.pulse);
        let (logged, at) = pulse.logged;
        let due = at_stop || at.is_none_or(|at| now.since(at) >= LOG_HEAD_EVERY);
        let log = due && (logged != head.row.0 || at_stop);
        if log {
            pulse.logged = (head.row.0, Some(now));
        }
        (std::mem::replace(&mut pulse.kept, head.row.0) != head.row.0, log)
    };
    if log {
        tracing::info!(row = %head.row, digest = %head.digest, at = %head.at, "audit head");
    }
    if keep && let Err(error) = system.store().keep_audit_head(&head, true) {
        tracing::warn!(%error, "Cannot save the head of the audit chain beside the database");
        unpoisoned(&system.shared.pulse).kept = -1;
    }
}

/// Compares the audit head saved beside the database with the database, once at startup.
pub async fn compare_audit_head(system: &System) -> Result<()> {
    let now = system.now();
    let lost = system.store().open_audit_head(now).await?;
    if let Some(head) = system.store().audit_head() {
        unpoisoned(&system.shared.pulse).kept = head.row.0;
    }
    let said = lost.map(|known| {
        format!(
            "The audit lacks {} of {}, whose digest is kept in {}. If a backup was restored, this is what it lacks, and an admin \
             accepts it with `wadeck audit accept-restored --confirm ROW`; otherwise somebody removed or rewrote rows. `wadeck audit verify` \
             says more.",
            known.head.row, known.head.at, known.source
        )
    });
    let lasting = system.store().conditions().await?;
    if said.is_some() || lasting.contains(&AlertKind::Audit.condition_name("head")) {
        let mut write = system.store().write().await?;
        condition(&mut write, AlertKind::Audit, "head", said, now).await?;
        write.commit().await?;
    }
    Ok(())
}

//! Health of the database, kept in memory: updated by every commit and failure, and tested by a small write if there
//! was no recent commit.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection};

use crate::domain::access::audit::AuditHead;
use crate::domain::monitoring::database::{DatabaseFault, DatabaseTrouble};
use crate::domain::time::Timestamp;
use crate::store::error::fault_of;
use crate::store::{Result, Store, StoreError, options};

/// Maximum duration of a test write.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// Minimum pause after a failed test write.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// Failures of single statements count as over after this time without another.
const QUIET: Duration = Duration::from_secs(3);
/// Times further ahead of the clock than this are invalid, and not the result of a clock that was set back.
const MAX_AHEAD: Duration = Duration::from_secs(86_400);

/// Health in memory, shared by all clones of the store.
#[derive(Debug, Default)]
pub(crate) struct Health {
    state: Mutex<State>,
    /// Allows one test write at a time.
    probing: tokio::sync::Mutex<()>,
    /// The latest time of arrival returned, in milliseconds.
    latest: AtomicI64,
    /// The last committed audit row.
    head: Mutex<Option<AuditHead>>,
    /// Number of statements in all committed transactions.
    statements: AtomicU64,
    reads: AtomicU64,
    /// `true` if no delivery waits to be applied. Only the holder of the writer changes it; `false` at startup.
    nothing_pending: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    committed: Option<Instant>,
    probed: Option<Instant>,
    failed: Option<Instant>,
    trouble: Option<ReportedFailure>,
    /// Remains until a check of the whole file finds it intact, now or at the next start.
    damage: Option<ReportedFailure>,
    /// When a failure of the database was last allowed into the log.
    logged: Option<Instant>,
}

#[derive(Debug, Clone)]
struct ReportedFailure {
    fault: DatabaseFault,
    detail: String,
    since: Instant,
    times: u64,
    /// Whether a transaction could not begin or commit, as opposed to a failed statement.
    writing: bool,
}

impl ReportedFailure {
    fn told(&self) -> DatabaseTrouble {
        DatabaseTrouble {
            fault: self.fault,
            detail: self.detail.clone(),
            lasted: self.since.elapsed(),
            times: self.times,
        }
    }
}

impl Health {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the statements of a committed transaction.
    pub(crate) fn count_statements(&self, statements: u64) {
        self.statements.fetch_add(statements, Ordering::Relaxed);
    }

    /// Returns the number of statements in all committed transactions.
    pub(crate) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Counts a reader taken from its pool.
    pub(crate) fn count_read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how often a reader was taken from its pool.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Stores whether deliveries may be pending.
    pub(crate) fn note_pending(&self, pending: bool) {
        self.nothing_pending.store(!pending, Ordering::Relaxed);
    }

    /// Returns `true` if deliveries may be pending.
    pub(crate) fn may_have_pending(&self) -> bool {
        !self.nothing_pending.load(Ordering::Relaxed)
    }

    /// Records a successful commit.
    pub(crate) fn committed(&self) {
        let mut state = self.state();
        state.committed = Some(Instant::now());
        if state.trouble.as_ref().is_some_and(|trouble| trouble.writing) {
            // The pulse reports the end of the trouble; until then queries see a working database.
            state.failed = None;
        }
    }

    /// Records an error. Errors about values or statements do not affect the health.
    pub(crate) fn failed(&self, error: &StoreError, writing: bool) {
        if let Some((fault, detail)) = fault_of(error) {
            self.note(fault, detail, writing);
        }
    }

    fn note(&self, fault: DatabaseFault, detail: String, writing: bool) {
        let mut state = self.state();
        let now = Instant::now();
        if fault != DatabaseFault::Damaged {
            state.failed = Some(now);
        }
        let place = if fault == DatabaseFault::Damaged { &mut state.damage } else { &mut state.trouble };
        let (since, times) = place.as_ref().map_or((now, 0), |known| (known.since, known.times));
        *place = Some(ReportedFailure { fault, detail, since, times: times + 1, writing });
    }

    /// Returns the health if it is known without a test write; `None` if a test is required.
    fn known(&self, max_age: Duration) -> Option<Result<(), DatabaseTrouble>> {
        let state = self.state();
        if let Some(damage) = &state.damage {
            return Some(Err(damage.told()));
        }
        let within = |at: Option<Instant>, span| at.is_some_and(|at| at.elapsed() < span);
        match &state.trouble {
            Some(trouble) if state.failed.is_some() => within(state.probed, PROBE_EVERY).then(|| Err(trouble.told())),
            _ => within(state.committed, max_age).then_some(Ok(())),
        }
    }

    /// Returns damage, or trouble that no later commit has ended.
    fn standing(&self) -> Option<DatabaseTrouble> {
        let state = self.state();
        let trouble = state.trouble.as_ref().filter(|_| state.failed.is_some());
        state.damage.as_ref().or(trouble).map(ReportedFailure::told)
    }

    /// Stores the last committed audit row.
    pub(crate) fn set_head(&self, head: AuditHead) {
        let mut known = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        // A lower row means that rows were removed; the higher one is kept to show that.
        if known.as_ref().is_none_or(|known| known.row < head.row) {
            *known = Some(head);
        }
    }

    /// Returns the last committed audit row.
    pub(crate) fn head(&self) -> Option<AuditHead> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns a time of arrival for `now`; never earlier than one returned before.
    pub(crate) fn arrival(&self, now: Timestamp) -> Timestamp {
        let now = now.millis();
        let horizon = i64::try_from(MAX_AHEAD.as_millis()).unwrap_or(i64::MAX);
        let next = |latest: i64| {
            let is_ahead = latest > now && latest - now <= horizon;
            // Each time is later than the one before, so the latest arrival sorts first in lists.
            if is_ahead { latest + 1 } else { now }
        };
        let before = self.latest.fetch_update(Ordering::AcqRel, Ordering::Acquire, |latest| Some(next(latest)));
        let latest = before.map_or(now, next);
        Timestamp::from_millis(latest)
    }
}

impl Store {
    /// Returns `true` if this error may be logged now. A failure of the database is reported once; while it lasts,
    /// many operations fail, and one of their errors per second is logged.
    #[must_use]
    pub fn may_log(&self, error: &StoreError) -> bool {
        if fault_of(error).is_none() {
            return true;
        }
        let mut state = self.health.state();
        let due = state.logged.is_none_or(|at| at.elapsed() >= Duration::from_secs(1));
        if due {
            state.logged = Some(Instant::now());
        }
        due
    }

    /// Records an error of a statement; its handler passes it here.
    pub fn note_failure(&self, error: &StoreError) {
        self.health.failed(error, false);
    }

    /// Returns the current trouble; damage of the file takes precedence.
    pub fn trouble(&self) -> Option<DatabaseTrouble> {
        let state = self.health.state();
        state.damage.as_ref().or(state.trouble.as_ref()).map(ReportedFailure::told)
    }

    /// Returns `true` if the file was found to be damaged.
    pub fn is_damaged(&self) -> bool {
        self.health.state().damage.is_some()
    }

    /// Clears damage after a check found the file intact, and returns it.
    pub fn end_damage(&self) -> Option<DatabaseTrouble> {
        self.health.state().damage.take().map(|damage| damage.told())
    }

    /// Clears trouble that is over, and returns it.
    pub fn end_trouble_if_over(&self) -> Option<DatabaseTrouble> {
        let mut state = self.health.state();
        let trouble = state.trouble.as_ref()?;
        let committed_since = state.committed.is_some_and(|at| state.failed.is_none_or(|failed| at > failed));
        let quiet = trouble.writing || state.failed.is_none_or(|failed| failed.elapsed() > QUIET);
        if !committed_since || !quiet {
            return None;
        }
        state.failed = None;
        state.trouble.take().map(|trouble| trouble.told())
    }

    /// Tests whether the database can be written: a commit within `max_age` suffices, otherwise a small write is
    /// made, at most one per second and with a timeout.
    pub async fn prove_writable(&self, max_age: Duration) -> Result<(), DatabaseTrouble> {
        if self.read_only {
            return Ok(());
        }
        if let Some(known) = self.health.known(max_age) {
            return known;
        }
        let _one = self.health.probing.lock().await;
        if let Some(known) = self.health.known(max_age) {
            return known;
        }
        let began = Instant::now();
        let probe = async {
            let mut write = self.write().await?;
            // The value has no meaning; the write changes one page.
            if let Err(error) = sqlx::query("PRAGMA user_version = 1").execute(write.connection()).await {
                let error = StoreError::from(error);
                self.health.failed(&error, true);
                return Err(error);
            }
            write.commit().await
        };
        let ended = tokio::time::timeout(PROBE_TIMEOUT, probe).await;
        self.health.state().probed = Some(Instant::now());
        match ended {
            Ok(Ok(())) => self.health.standing().map_or(Ok(()), Err),
            Ok(Err(error)) => {
                if fault_of(&error).is_none() {
                    self.health.note(DatabaseFault::NoAnswer, error.to_string(), true);
                }
                Err(self.trouble_or_no_answer())
            }
            // A commit during the test shows that the database works; the test only waited its turn.
            Err(_) if self.health.state().committed.is_some_and(|at| at > began) => Ok(()),
            Err(_) => {
                let detail = format!("a test write did not finish within {} s", PROBE_TIMEOUT.as_secs());
                self.health.note(DatabaseFault::NoAnswer, detail, true);
                Err(self.trouble_or_no_answer())
            }
        }
    }

    fn trouble_or_no_answer(&self) -> DatabaseTrouble {
        self.trouble().unwrap_or_else(|| DatabaseTrouble {
            fault: DatabaseFault::NoAnswer,
            detail: "cause unknown".to_owned(),
            lasted: Duration::ZERO,
            times: 1,
        })
    }

    /// Checks the database file on a separate connection, for at most `limit`. Returns `None` if the check did not
    /// finish. A failed check is recorded as damage.
    pub async fn check_file(&self, limit: Duration) -> Result<Option<String>> {
        let began = Instant::now();
        let mut connection = options(&self.path).read_only(true).connect().await?;
        connection.lock_handle().await?.set_progress_handler(100_000, move || began.elapsed() < limit);
        let said: std::result::Result<String, sqlx::Error> =
            sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await;
        let said = match said {
            Ok(said) => said,
            Err(_) if began.elapsed() >= limit => return Ok(None),
            Err(error) => {
                let error = StoreError::from(error);
                self.health.failed(&error, false);
                return Err(error);
            }
        };
        let _ = connection.close().await;
        if said != "ok" {
            self.health.note(DatabaseFault::Damaged, said.lines().next().unwrap_or_default().to_owned(), false);
        }
        Ok(Some(said))
    }

    /// Returns the time for something that arrives or is written now, never earlier than what came before, so that
    /// the order of arrival survives a clock that is set back.
    pub fn arrival(&self, now: Timestamp) -> Timestamp {
        self.health.arrival(now)
    }

    /// Returns the last committed audit row; `None` if there is none.
    pub fn audit_head(&self) -> Option<AuditHead> {
        self.health.head()
    }

    /// Loads the in-memory state from the database, once at startup.
    pub(crate) async fn recall(&self) -> Result<()> {
        let latest: Option<i64> =
            sqlx::query_scalar("SELECT max(last_message_at) FROM threads").fetch_one(&self.writer).await?;
        self.health.latest.store(latest.unwrap_or(0), Ordering::Release);
        if let Some(head) = self.stored_audit_head().await? {
            self.health.set_head(head);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_arrival_rise_when_the_clock_does_not() {
        let health = Health::default();
        let at = Timestamp::from_seconds;
        assert_eq!(health.arrival(at(10_000)), at(10_000));
        let later = health.arrival(at(2_800));
        assert!(later > at(10_000));
        assert!(health.arrival(at(2_800)) > later, "each is later than the one before");
        assert_eq!(health.arrival(at(20_000)), at(20_000));
        health.arrival(at(4_000_000_000));
        assert_eq!(health.arrival(at(20_001)), at(20_001), "a clock that was decades ahead is not followed");
    }

    #[test]
    fn trouble_stands_until_something_was_committed() {
        let health = Health::default();
        health.committed();
        assert_eq!(health.known(Duration::from_secs(60)), Some(Ok(())));
        health.note(DatabaseFault::Full, "full (13)".to_owned(), true);
        assert!(health.standing().is_some());
        assert_eq!(health.known(Duration::from_secs(60)), None, "somebody has to try");
        health.committed();
        assert!(health.standing().is_none());
        health.note(DatabaseFault::Damaged, "malformed (11)".to_owned(), false);
        health.committed();
        assert!(matches!(health.known(Duration::from_secs(60)), Some(Err(_))), "damage is not over with a commit");
    }
}

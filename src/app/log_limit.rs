//! At most one line a second for one cause: a fault that is met a thousand times a second does not fill the
//! disk that it may come from.

use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Lines of the same cause are left out for this long after one.
const EVERY: Duration = Duration::from_secs(1);
/// Causes that are told apart at one place in the code; more within a second are left out.
const MAX_CAUSES: usize = 16;

/// Leaves out warnings and errors that say again what was said within a second. A cause is a place in the
/// code with the values of `error` and `worker`.
#[derive(Debug, Clone, Default)]
pub(super) struct LogLimit {
    told: Arc<Mutex<HashMap<tracing::callsite::Identifier, HashMap<u64, Instant>>>>,
    left_out: Arc<AtomicU64>,
}

impl LogLimit {
    /// How many lines were left out since the last call.
    pub(super) fn take_left_out(&self) -> u64 {
        self.left_out.swap(0, Ordering::Relaxed)
    }

    fn allows(&self, place: tracing::callsite::Identifier, cause: u64, now: Instant) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let causes = told.entry(place).or_default();
        if causes.len() >= MAX_CAUSES {
            causes.retain(|_, at| now.duration_since(*at) < EVERY);
        }
        let full = causes.len() >= MAX_CAUSES;
        match causes.entry(cause) {
            Entry::Occupied(mut known) if now.duration_since(*known.get()) >= EVERY => {
                known.insert(now);
                true
            }
            Entry::Occupied(_) => false,
            Entry::Vacant(_) if full => false,
            Entry::Vacant(new) => {
                new.insert(now);
                true
            }
        }
    }
}

impl<S: Subscriber> Layer<S> for LogLimit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        if *event.metadata().level() > Level::WARN {
            return true;
        }
        let mut cause = Cause(DefaultHasher::new());
        event.record(&mut cause);
        let allowed = self.allows(event.metadata().callsite(), cause.0.finish(), Instant::now());
        if !allowed {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        allowed
    }
}

struct Cause(DefaultHasher);

impl Visit for Cause {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if matches!(field.name(), "error" | "worker") {
            format!("{value:?}").hash(&mut self.0);
        }
    }
}

/// A writer whose failures are nobody's: a log that cannot be written ends nothing. The formatter would
/// print about it on standard error, and printing there panics when that is what fails.
#[derive(Debug, Clone)]
pub(super) struct Quiet<W>(pub(super) W);

impl<W: std::io::Write> std::io::Write for Quiet<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // The file's own rotation prints about its trouble too.
        let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.0.write_all(bytes)));
        let _ = written;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Count(Arc<AtomicU64>);

    impl<S: Subscriber> Layer<S> for Count {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_is_said_a_thousand_times_is_logged_once_and_counted() {
        let (limit, count) = (LogLimit::default(), Count::default());
        let subscriber = tracing_subscriber::registry().with(limit.clone()).with(count.clone());
        tracing::subscriber::with_default(subscriber, || {
            for number in 0..1_000 {
                tracing::error!(worker = "apply", error = "disk", number, "a step broke");
            }
            tracing::info!("told");
            tracing::info!("told");
        });
        assert!(count.0.load(Ordering::Relaxed) < 10, "{}", count.0.load(Ordering::Relaxed));
        assert!(limit.take_left_out() > 990);
        assert_eq!(limit.take_left_out(), 0);
    }

    #[test]
    fn a_writer_that_fails_ends_nothing() {
        use std::io::Write;
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
        let mut quiet = Quiet(full);
        assert_eq!(quiet.write(b"a line\n").expect("taken"), 7);
    }
}

//! Rate limit of the log: at most one line per second and cause, so that a fault that repeats a thousand times a
//! second does not fill the disk.

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

/// Time after a line during which lines of the same cause are suppressed.
const REPEAT_INTERVAL: Duration = Duration::from_secs(1);
/// Causes per place in the code within [`REPEAT_INTERVAL`]; lines of further causes are suppressed.
const MAX_CAUSES: usize = 16;

/// Suppresses warnings and errors whose cause was logged within [`REPEAT_INTERVAL`]. A cause is a place in the code
/// with the values of `error` and `worker`.
#[derive(Debug, Clone, Default)]
pub(super) struct LogLimit {
    logged_at: Arc<Mutex<HashMap<tracing::callsite::Identifier, HashMap<u64, Instant>>>>,
    suppressed_lines: Arc<AtomicU64>,
}

impl LogLimit {
    /// Returns the number of lines that were suppressed since the last call.
    pub(super) fn take_suppressed_lines(&self) -> u64 {
        self.suppressed_lines.swap(0, Ordering::Relaxed)
    }

    fn allows(&self, place: tracing::callsite::Identifier, cause: u64, now: Instant) -> bool {
        let mut logged_at = self.logged_at.lock().unwrap_or_else(PoisonError::into_inner);
        let causes = logged_at.entry(place).or_default();
        if causes.len() >= MAX_CAUSES {
            causes.retain(|_, at| now.duration_since(*at) < REPEAT_INTERVAL);
        }
        let full = causes.len() >= MAX_CAUSES;
        match causes.entry(cause) {
            Entry::Occupied(mut known) if now.duration_since(*known.get()) >= REPEAT_INTERVAL => {
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
            self.suppressed_lines.fetch_add(1, Ordering::Relaxed);
        }
        allowed
    }
}

/// Hashes the fields of an event that identify its cause.
struct Cause(DefaultHasher);

impl Visit for Cause {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if matches!(field.name(), "error" | "worker") {
            format!("{value:?}").hash(&mut self.0);
        }
    }
}

/// A writer that ignores failures, so that a log that cannot be written does not end the program. The formatter would
/// print the failure to standard error, and that panics if standard error fails too.
#[derive(Debug, Clone)]
pub(super) struct IgnoreErrors<W>(pub(super) W);

impl<W: std::io::Write> std::io::Write for IgnoreErrors<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // The log file's rotation prints its own errors too.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.0.write_all(bytes)));
        let _ = result;
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
    fn repeated_errors_are_logged_once_and_counted() {
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
        assert!(limit.take_suppressed_lines() > 990);
        assert_eq!(limit.take_suppressed_lines(), 0);
    }

    #[test]
    fn a_failing_writer_reports_success() {
        use std::io::Write;
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
        let mut writer = IgnoreErrors(full);
        assert_eq!(writer.write(b"a line\n").expect("taken"), 7);
    }
}

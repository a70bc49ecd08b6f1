//! The log: one file per day in the data directory, a limited number of files, and the last lines in memory for the
//! console. Nothing is printed to a terminal that a console draws on.

use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::AppError;
use super::log_limit::{IgnoreErrors, LogLimit};
use crate::domain::text::clean_line;

/// Lines that are kept in memory.
const MAX_TAIL_LINES: usize = 500;
/// Characters of a line that are kept in memory; the file has the whole line.
const MAX_LINE_CHARACTERS: usize = 2_000;

/// The running log. Dropping it writes the buffered lines.
#[derive(Debug)]
pub struct Logs {
    tail: Tail,
    limit: LogLimit,
    _guard: Option<WorkerGuard>,
}

/// The last lines of the log, sanitized.
#[derive(Debug, Clone, Default)]
struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Logs {
    /// Starts logging to `directory`, and to standard error too if there is no console.
    pub fn start(directory: &Path, level: &str, files: usize, on_stderr: bool) -> Result<Self, AppError> {
        let directory = directory.join("logs");
        std::fs::create_dir_all(&directory)
            .map_err(|source| AppError::Directory { path: directory.clone(), source })?;
        let appender = RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix("wadeck")
            .filename_suffix("log")
            .max_log_files(files.max(1))
            .build(&directory)
            .map_err(|error| AppError::Other {
                what: format!("The log cannot be written to {}: {error}.", directory.display()),
                remedy: "Make the data directory writable, or name another with --data-dir.".into(),
            })?;
        let (writer, guard) = tracing_appender::non_blocking(IgnoreErrors(appender));
        let tail = Tail::default();
        let filter = filter(std::env::var("WADECK_LOG").ok().as_deref(), level)?;
        let to_file = layer().with_ansi(false).with_target(false).log_internal_errors(false).with_writer(writer);
        let to_tail = layer().with_ansi(false).with_target(false).log_internal_errors(false).with_writer(tail.clone());
        let stderr = || IgnoreErrors(std::io::stderr());
        let to_stderr = on_stderr
            .then(|| layer().with_ansi(false).with_target(false).log_internal_errors(false).with_writer(stderr));
        let limit = LogLimit::default();
        let started = tracing_subscriber::registry()
            .with(filter)
            .with(limit.clone())
            .with(to_file)
            .with(to_tail)
            .with(to_stderr)
            .try_init();
        // Several engines may share one test process; the first one's log serves all of them.
        let _ = started;
        Ok(Self { tail, limit, _guard: Some(guard) })
    }

    /// A log that drops everything, for tests that build many systems.
    pub fn silent() -> Self {
        Self { tail: Tail::default(), limit: LogLimit::default(), _guard: None }
    }

    /// Returns a function that returns the number of lines that were suppressed as repetitions since its last call.
    pub fn suppressed_lines(&self) -> impl Fn() -> u64 + Send + Sync + use<> {
        let limit = self.limit.clone();
        move || limit.take_suppressed_lines()
    }

    /// Returns a function that returns the last lines, oldest first.
    pub fn tail(&self) -> Arc<dyn Fn(usize) -> Vec<String> + Send + Sync> {
        let tail = self.tail.clone();
        Arc::new(move |lines| {
            let lines_kept = tail.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines_kept.iter().skip(lines_kept.len().saturating_sub(lines)).cloned().collect()
        })
    }
}

/// Returns the filter: `WADECK_LOG` (targets and levels, such as `warn,wadeck=debug`), or else our own lines from
/// `level` on and warnings of libraries. Fails if the variable is not valid.
fn filter(variable: Option<&str>, level: &str) -> Result<Targets, AppError> {
    let text = variable.map_or_else(|| format!("warn,wadeck={level}"), str::to_owned);
    text.parse().map_err(|error| AppError::Other {
        what: format!("WADECK_LOG=`{}` cannot be read: {error}.", clean_line(&text)),
        remedy: "Write targets and levels, such as warn,wadeck=debug.".into(),
    })
}

impl<'w> MakeWriter<'w> for Tail {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

impl Write for Tail {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let mut lines_kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for part in text.lines() {
            if lines_kept.len() == MAX_TAIL_LINES {
                lines_kept.pop_front();
            }
            lines_kept.push_back(clean_line(part).chars().take(MAX_LINE_CHARACTERS).collect());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_memory_are_bounded_and_have_no_control_characters() {
        let mut tail = Tail::default();
        for number in 0..MAX_TAIL_LINES + 10 {
            tail.write_all(format!("line {number}\u{1b}[2J {}\n", "x".repeat(3 * MAX_LINE_CHARACTERS)).as_bytes())
                .expect("kept");
        }
        let lines_kept = tail.0.lock().expect("kept");
        assert_eq!(lines_kept.len(), MAX_TAIL_LINES);
        assert!(
            lines_kept[0].starts_with("line 10")
                && lines_kept.iter().all(|line| line.chars().count() == MAX_LINE_CHARACTERS)
        );
        assert!(lines_kept.iter().all(|line| !line.contains('\u{1b}')));
    }

    #[test]
    fn the_variable_sets_the_filter_and_an_invalid_one_is_an_error() {
        let debug = |filter: &Targets, target: &str| filter.would_enable(target, &tracing::Level::DEBUG);
        let own = filter(None, "debug").expect("read");
        assert!(debug(&own, "wadeck::store") && !debug(&own, "hyper"));
        let other = filter(Some("info,hyper=debug"), "debug").expect("read");
        assert!(debug(&other, "hyper") && !debug(&other, "wadeck::store"));
        let error = filter(Some("wadeck=loud"), "info").expect_err("no such level");
        assert!(error.to_string().contains("WADECK_LOG=`wadeck=loud` cannot be read"), "{error}");
    }
}

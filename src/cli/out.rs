//! Output of the command line. Standard output can be a closed pipe (`| head -1`) and either stream can be on a full
//! disk; neither causes a panic. A closed pipe does not change the exit code; any other write error makes the command
//! fail.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Interval at which a command that never ends checks whether its output is still read.
const READER_CHECK_INTERVAL: Duration = Duration::from_millis(200);

/// Whether a write to standard output failed for a reason other than a closed pipe.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes to standard output. A closed pipe is ignored.
pub(super) fn write(text: Arguments<'_>) {
    let mut out = io::stdout().lock();
    let Err(error) = out.write_fmt(text).and_then(|()| out.flush()) else { return };
    if error.kind() != ErrorKind::BrokenPipe && !LOST.swap(true, Ordering::Relaxed) {
        write_error(format_args!("The output cannot be written: {error}.\n"));
    }
}

/// Writes to standard error; errors are ignored.
pub(super) fn write_error(text: Arguments<'_>) {
    let _ = io::stderr().lock().write_fmt(text);
}

/// Returns whether output was lost although the pipe was open.
pub(super) fn is_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Completes when standard output is closed by its reader.
pub(super) async fn reader_left() {
    let left = || {
        let out = io::stdout();
        let mut ends = [PollFd::new(&out, PollFlags::empty())];
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        let gone = PollFlags::ERR | PollFlags::NVAL;
        poll(&mut ends, Some(&none)).is_ok() && ends[0].revents().intersects(gone)
    };
    let mut look = tokio::time::interval(READER_CHECK_INTERVAL);
    loop {
        look.tick().await;
        if left() {
            return;
        }
    }
}

/// Replaces the standard macro; does not panic on a closed pipe.
macro_rules! print {
    ($($text:tt)*) => { $crate::cli::out::write(format_args!($($text)*)) };
}

/// Replaces the standard macro; does not panic on a closed pipe.
macro_rules! println {
    () => { $crate::cli::out::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::out::write(format_args!("{}\n", format_args!($($text)*))) };
}

/// Replaces the standard macro; does not panic if standard error cannot be written.
macro_rules! eprintln {
    ($($text:tt)*) => { $crate::cli::out::write_error(format_args!("{}\n", format_args!($($text)*))) };
}

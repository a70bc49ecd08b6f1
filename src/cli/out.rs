//! What the command line prints. Whoever reads standard output may leave at any time (`| head -1`), and either
//! stream may lie on a full disk: neither is a reason to panic. A reader that left changes nothing about how a
//! command ended; output that could not be written for another reason is a failure.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How often a command that goes on for ever looks whether anybody still reads.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Standard output could not be written, and not because its reader left.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes to standard output. Nobody is told if its reader has left.
pub(super) fn write(text: Arguments<'_>) {
    let mut out = io::stdout().lock();
    let Err(error) = out.write_fmt(text).and_then(|()| out.flush()) else { return };
    if error.kind() != ErrorKind::BrokenPipe && !LOST.swap(true, Ordering::Relaxed) {
        write_error(format_args!("The output cannot be written: {error}.\n"));
    }
}

/// Writes to standard error, as far as that is possible.
pub(super) fn write_error(text: Arguments<'_>) {
    let _ = io::stderr().lock().write_fmt(text);
}

/// Whether some of what was printed is lost, though somebody reads.
pub(super) fn is_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Returns once nobody reads standard output any more.
pub(super) async fn reader_left() {
    let left = || {
        let out = io::stdout();
        let mut ends = [PollFd::new(&out, PollFlags::empty())];
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        let gone = PollFlags::ERR | PollFlags::NVAL;
        poll(&mut ends, Some(&none)).is_ok() && ends[0].revents().intersects(gone)
    };
    let mut look = tokio::time::interval(LOOK_AGAIN);
    loop {
        look.tick().await;
        if left() {
            return;
        }
    }
}

/// As the standard one, for a command line whose output may be cut off.
macro_rules! print {
    ($($text:tt)*) => { $crate::cli::out::write(format_args!($($text)*)) };
}

/// As the standard one, for a command line whose output may be cut off.
macro_rules! println {
    () => { $crate::cli::out::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::out::write(format_args!("{}\n", format_args!($($text)*))) };
}

/// As the standard one, for a standard error that may not be writable.
macro_rules! eprintln {
    ($($text:tt)*) => { $crate::cli::out::write_error(format_args!("{}\n", format_args!($($text)*))) };
}

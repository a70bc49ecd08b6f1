//! Programs that are started here: with the umask that this program was started with. Its own files are for nobody
//! else; what a program of somebody's writes is theirs.

use std::io;
use std::sync::OnceLock;

use rustix::fs::Mode;
use tokio::process::{Child, Command};

/// The umask of before.
static STARTED_WITH: OnceLock<Mode> = OnceLock::new();

/// Remembers the umask that this program was started with. Only the first time counts.
pub fn started_with(umask: Mode) {
    STARTED_WITH.get_or_init(|| umask);
}

/// Starts a program with that umask. Where the system does not let a thread have a umask of its own, it is started
/// with the narrow one of this program.
pub fn start(command: &mut Command) -> io::Result<Child> {
    let Some(umask) = STARTED_WITH.get().copied() else { return command.spawn() };
    let runtime = tokio::runtime::Handle::current();
    // A child takes the umask of the thread that starts it; this thread stops sharing that with the others first.
    let started = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if is_alone() {
                rustix::process::umask(umask);
            }
            let _runtime = runtime.enter();
            command.spawn()
        });
        thread.join()
    });
    started.unwrap_or_else(|_| Err(io::Error::other("the thread that starts it broke")))
}

/// Lets this thread have a umask and a directory of its own. Returns whether it has.
#[cfg(target_os = "linux")]
fn is_alone() -> bool {
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_FS).is_ok()
}

#[cfg(not(target_os = "linux"))]
const fn is_alone() -> bool {
    false
}

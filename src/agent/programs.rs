//! Starts external programs with the umask that wadeck itself was started with. wadeck's own files are private; the
//! files of other programs follow the user's umask.

use std::io;
use std::sync::OnceLock;

use rustix::fs::Mode;
use tokio::process::{Child, Command};

/// The umask at the start of this process.
static ORIGINAL_UMASK: OnceLock<Mode> = OnceLock::new();

/// Stores the umask that this process was started with. Only the first call counts.
pub fn started_with(umask: Mode) {
    ORIGINAL_UMASK.get_or_init(|| umask);
}

/// Starts a program with the original umask. If a thread cannot have its own umask on this system, the program gets
/// the restricted one of this process.
pub fn start(command: &mut Command) -> io::Result<Child> {
    let Some(umask) = ORIGINAL_UMASK.get().copied() else { return command.spawn() };
    let runtime = tokio::runtime::Handle::current();
    // A child process inherits the umask of the thread that starts it; this thread first stops sharing its umask.
    let started = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if unshare_umask() {
                rustix::process::umask(umask);
            }
            let _runtime = runtime.enter();
            command.spawn()
        });
        thread.join()
    });
    started.unwrap_or_else(|_| Err(io::Error::other("the thread that starts it broke")))
}

/// The process group of a program; dropping it kills the program and its children.
#[derive(Debug)]
pub struct ProcessGroup(Option<u32>);

impl ProcessGroup {
    /// Returns the group of a program that was started with a process group of its own.
    pub fn of(child: &Child) -> Self {
        Self(child.id())
    }

    /// Lets children of the program run on after it has ended.
    pub fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        let group = self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// Gives this thread its own umask and working directory. Returns `true` on success.
#[cfg(target_os = "linux")]
fn unshare_umask() -> bool {
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_FS).is_ok()
}

#[cfg(not(target_os = "linux"))]
const fn unshare_umask() -> bool {
    false
}

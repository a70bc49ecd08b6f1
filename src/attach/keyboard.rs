//! The input of the local terminal: a thread that reads bytes and sends them on. It polls before it reads, so that it
//! can stop and leave the terminal to an editor.

use std::io;
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::sync::mpsc;

/// Chunks of input that are buffered.
const MAX_PENDING_CHUNKS: usize = 64;

/// A running input thread; dropping it stops the thread.
pub(super) struct Keyboard {
    bytes: mpsc::Receiver<Vec<u8>>,
    /// Closing this end of the pipe stops the thread.
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Keyboard {
    pub fn start() -> io::Result<Self> {
        let (stopped, stop) = pipe_with(PipeFlags::CLOEXEC)?;
        let (typed, bytes) = mpsc::channel(MAX_PENDING_CHUNKS);
        let thread = std::thread::Builder::new().name("keyboard".into()).spawn(move || {
            while let Some(bytes) = read_next(&stopped) {
                if typed.blocking_send(bytes).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { bytes, stop: Some(stop), thread: Some(thread) })
    }

    /// Waits for the next bytes. `None` at the end of input, or if reading failed.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        self.bytes.recv().await
    }
}

impl Drop for Keyboard {
    /// Stops the thread, and returns when it no longer reads the terminal.
    fn drop(&mut self) {
        self.bytes.close();
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Waits for the next bytes. `None` at the end of input, on an error, or if the thread is stopped.
fn read_next(stopped: &OwnedFd) -> Option<Vec<u8>> {
    let stdin = rustix::stdio::stdin();
    loop {
        let mut poll_fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut poll_fds, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return None,
            Ok(_) => {}
        }
        if !poll_fds[1].revents().is_empty() {
            return None;
        }
        let mut bytes = vec![0; 4096];
        match rustix::io::read(stdin, &mut bytes) {
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(_) | Ok(0) => return None,
            Ok(count) => {
                bytes.truncate(count);
                return Some(bytes);
            }
        }
    }
}

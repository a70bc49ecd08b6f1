//! The local terminal's input: a thread that waits for bytes and hands them on. It asks whether
//! there is something before it reads, so that it can be told to leave the terminal to an editor.

use std::io;
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::sync::mpsc;

/// Bytes that were typed and not yet taken, in pieces.
const WAITING: usize = 64;

pub(super) struct Keyboard {
    bytes: mpsc::Receiver<Vec<u8>>,
    /// Closed, it ends the thread.
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Keyboard {
    pub fn start() -> io::Result<Self> {
        let (stopped, stop) = pipe_with(PipeFlags::CLOEXEC)?;
        let (typed, bytes) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new().name("keyboard".into()).spawn(move || {
            while let Some(bytes) = wait(&stopped) {
                if typed.blocking_send(bytes).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { bytes, stop: Some(stop), thread: Some(thread) })
    }

    /// What was typed next; none when nobody is there any more.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        self.bytes.recv().await
    }
}

impl Drop for Keyboard {
    /// Returns once nobody reads the terminal any more.
    fn drop(&mut self) {
        self.bytes.close();
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The next bytes; none at the end of input, or when it was stopped.
fn wait(stopped: &OwnedFd) -> Option<Vec<u8>> {
    let stdin = rustix::stdio::stdin();
    loop {
        let mut asked = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut asked, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return None,
            Ok(_) => {}
        }
        if !asked[1].revents().is_empty() {
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

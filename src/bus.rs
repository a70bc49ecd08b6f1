//! Tells whoever listens that something stored has changed: ids only, after the commit. A listener
//! that lags is told to reload everything; nobody waits for it. It holds no data and decides
//! nothing.

use tokio::sync::broadcast;

use crate::domain::change::Change;

/// Changes that a slow listener may be behind before it is told to reload.
const BACKLOG: usize = 1_024;

#[derive(Debug, Clone)]
pub struct Bus {
    sender: broadcast::Sender<Change>,
}

/// One listener's end.
#[derive(Debug)]
pub struct Listener {
    receiver: broadcast::Receiver<Change>,
}

impl Default for Bus {
    fn default() -> Self {
        Self { sender: broadcast::channel(BACKLOG).0 }
    }
}

impl Bus {
    /// Tells everyone. With nobody listening, nothing happens.
    pub fn publish(&self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            let _ = self.sender.send(change);
        }
    }

    pub fn listen(&self) -> Listener {
        Listener { receiver: self.sender.subscribe() }
    }
}

impl Listener {
    /// The next change; [`Change::Everything`] when some were missed, `None` when the engine ended.
    pub async fn next(&mut self) -> Option<Change> {
        match self.receiver.recv().await {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Change::Everything),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// What has come already, without waiting.
    pub fn try_next(&mut self) -> Option<Change> {
        match self.receiver.try_recv() {
            Ok(change) => Some(change),
            Err(broadcast::error::TryRecvError::Lagged(_)) => Some(Change::Everything),
            Err(_) => None,
        }
    }
}

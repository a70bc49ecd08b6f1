//! Publishes the ids of what changed in the database, after the commit. Publishing never blocks: a subscriber that
//! falls behind is sent [`Change::Everything`] and reloads. The bus stores no data.

use tokio::sync::broadcast;

use crate::domain::change::Change;

/// Changes that are buffered for a slow subscriber; after more it has to reload everything.
const MAX_BUFFERED_CHANGES: usize = 1_024;

/// Publishes changes to all subscribers in this process. Clones share one channel.
#[derive(Debug, Clone)]
pub struct Bus {
    sender: broadcast::Sender<Change>,
}

/// A subscription to the bus.
#[derive(Debug)]
pub struct Subscription {
    receiver: broadcast::Receiver<Change>,
}

impl Default for Bus {
    fn default() -> Self {
        Self { sender: broadcast::channel(MAX_BUFFERED_CHANGES).0 }
    }
}

impl Bus {
    /// Sends the changes to all subscribers. Without subscribers they are dropped.
    pub fn publish(&self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            let _ = self.sender.send(change);
        }
    }

    pub fn subscribe(&self) -> Subscription {
        Subscription { receiver: self.sender.subscribe() }
    }
}

impl Subscription {
    /// Waits for the next change: [`Change::Everything`] if some were missed, `None` after the engine ended.
    pub async fn next(&mut self) -> Option<Change> {
        match self.receiver.recv().await {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Change::Everything),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// Returns a change that has already arrived, without waiting. `None` if there is none.
    pub fn try_next(&mut self) -> Option<Change> {
        match self.receiver.try_recv() {
            Ok(change) => Some(change),
            Err(broadcast::error::TryRecvError::Lagged(_)) => Some(Change::Everything),
            Err(_) => None,
        }
    }
}

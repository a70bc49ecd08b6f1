//! Publishes the ids of what changed in the database, after the commit. Publishing never blocks: a subscriber that
//! falls behind is sent [`Change::Everything`] and reloads. The bus stores no data.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::broadcast;

use crate::domain::change::Change;

/// Publications that are buffered for a slow subscriber; after more it has to reload everything.
const MAX_BUFFERED: usize = 1_024;

/// Publishes changes to all subscribers in this process. Clones share one channel.
#[derive(Debug, Clone)]
pub struct Bus {
    sender: broadcast::Sender<Arc<[Change]>>,
}

/// A subscription to the bus.
#[derive(Debug)]
pub struct Subscription {
    receiver: broadcast::Receiver<Arc<[Change]>>,
    /// Changes of the last publication that were not returned yet.
    received: VecDeque<Change>,
}

impl Default for Bus {
    fn default() -> Self {
        Self { sender: broadcast::channel(MAX_BUFFERED).0 }
    }
}

impl Bus {
    /// Sends the changes to all subscribers, each of them once. Without subscribers they are dropped.
    pub fn publish(&self, changes: impl IntoIterator<Item = Change>) {
        if self.sender.receiver_count() == 0 {
            return;
        }
        let mut seen = HashSet::new();
        let changes: Arc<[Change]> = changes.into_iter().filter(|change| seen.insert(*change)).collect();
        if !changes.is_empty() {
            let _ = self.sender.send(changes);
        }
    }

    pub fn subscribe(&self) -> Subscription {
        Subscription { receiver: self.sender.subscribe(), received: VecDeque::new() }
    }
}

impl Subscription {
    /// Waits for the next change: [`Change::Everything`] if some were missed, `None` after the engine ended.
    pub async fn next(&mut self) -> Option<Change> {
        loop {
            if let Some(change) = self.received.pop_front() {
                return Some(change);
            }
            match self.receiver.recv().await {
                Ok(changes) => self.received.extend(changes.iter().copied()),
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(Change::Everything),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// Returns a change that has already arrived, without waiting. `None` if there is none.
    pub fn try_next(&mut self) -> Option<Change> {
        loop {
            if let Some(change) = self.received.pop_front() {
                return Some(change);
            }
            match self.receiver.try_recv() {
                Ok(changes) => self.received.extend(changes.iter().copied()),
                Err(broadcast::error::TryRecvError::Lagged(_)) => return Some(Change::Everything),
                Err(_) => return None,
            }
        }
    }
}

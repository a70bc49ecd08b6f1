//! What the provider lists, compared with what is stored here.

use std::collections::HashSet;
use std::time::Duration;

use crate::domain::ids::ConnectionId;
use crate::domain::inbound::event::MessageEvent;
use crate::domain::key::message_key;
use crate::domain::message::status::DeliveryRecord;
use crate::domain::time::Timestamp;
use crate::operations::{Result, System};

/// A push may be under way for so long.
pub(super) const UNDER_WAY: Duration = Duration::from_secs(120);

/// What the provider has, beside what is here.
pub(super) struct Comparison {
    connection: ConnectionId,
    pub now: Timestamp,
    pub since: Timestamp,
    pub listed: usize,
    pub missing: Vec<MessageEvent>,
    /// Messages that are here, with statuses that are not.
    pub behind: Vec<MessageEvent>,
    read: HashSet<[u8; 16]>,
}

impl Comparison {
    pub fn new(connection: ConnectionId, now: Timestamp, since: Timestamp) -> Self {
        Self { connection, now, since, listed: 0, missing: vec![], behind: vec![], read: HashSet::new() }
    }

    /// Compares a message that the provider lists. The same from another list counts once.
    pub async fn take(&mut self, system: &System, message: MessageEvent) -> Result<()> {
        let key = message_key(self.connection, &message.provider_message_id);
        if message.test || self.now.since(message.sent_at) <= UNDER_WAY || !self.read.insert(key) {
            return Ok(());
        }
        self.listed += 1;
        if let Some(standing) = system.store().standing_of(&key).await? {
            // However old it is: its fate may be of today.
            if message.statuses.iter().fold(standing.clone(), DeliveryRecord::merge) != standing {
                self.behind.push(message);
            }
        } else if message.sent_at >= self.since && !system.store().is_known(&key).await? {
            self.missing.push(message);
        }
        Ok(())
    }

    /// Whether it was compared already.
    pub fn is_read(&self, provider_message_id: &str) -> bool {
        self.read.contains(&message_key(self.connection, provider_message_id))
    }

    /// Whether it is stored here.
    pub async fn is_here(&self, system: &System, provider_message_id: &str) -> Result<bool> {
        let key = message_key(self.connection, provider_message_id);
        Ok(system.store().is_known(&key).await?)
    }
}

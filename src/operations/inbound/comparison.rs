//! Compares the provider's lists with the stored messages.

use std::collections::HashSet;
use std::time::Duration;

use crate::domain::ids::ConnectionId;
use crate::domain::inbound::event::MessageEvent;
use crate::domain::key::message_key;
use crate::domain::message::status::DeliveryRecord;
use crate::domain::time::Timestamp;
use crate::operations::{Result, System};

/// How long a webhook may be under way; younger messages are not compared.
pub(super) const UNDER_WAY: Duration = Duration::from_secs(120);

/// State of one comparison: what the provider has, and what is missing here.
pub(super) struct Comparison {
    connection: ConnectionId,
    pub now: Timestamp,
    pub since: Timestamp,
    pub listed: usize,
    pub missing: Vec<MessageEvent>,
    /// Messages that are stored, but lack statuses that the provider lists.
    pub behind: Vec<MessageEvent>,
    read: HashSet<[u8; 16]>,
}

impl Comparison {
    /// Creates a comparison of messages since a time.
    pub fn new(connection: ConnectionId, now: Timestamp, since: Timestamp) -> Self {
        Self { connection, now, since, listed: 0, missing: vec![], behind: vec![], read: HashSet::new() }
    }

    /// Compares one message that the provider lists. A message that appears in two lists counts once.
    pub async fn take(&mut self, system: &System, message: MessageEvent) -> Result<()> {
        let key = message_key(self.connection, &message.provider_message_id);
        if message.test || self.now.since(message.sent_at) <= UNDER_WAY || !self.read.insert(key) {
            return Ok(());
        }
        self.listed += 1;
        if let Some(standing) = system.store().delivery_record_of(&key).await? {
            // Regardless of the message's age: its delivery status may be recent.
            if message.statuses.iter().fold(standing.clone(), DeliveryRecord::merge) != standing {
                self.behind.push(message);
            }
        } else if message.sent_at >= self.since && !system.store().is_known(&key).await? {
            self.missing.push(message);
        }
        Ok(())
    }

    /// Returns `true` if the message was compared already.
    pub fn is_read(&self, provider_message_id: &str) -> bool {
        self.read.contains(&message_key(self.connection, provider_message_id))
    }

    /// Returns `true` if the message is stored.
    pub async fn is_stored(&self, system: &System, provider_message_id: &str) -> Result<bool> {
        let key = message_key(self.connection, provider_message_id);
        Ok(system.store().is_known(&key).await?)
    }
}

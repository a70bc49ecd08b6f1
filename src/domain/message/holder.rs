//! Who holds a conversation at the provider: wadeck, or another app connected to the same number.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::agents::routing::STANDBY;
use crate::domain::inbound::event::{Direction, MessageEvent, Origin};
use crate::domain::message::content::Content;
use crate::domain::message::inbound_kind::InboundKind;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// After this long without a message from the contact, no app holds a conversation. Source: conversation routing ›
/// thread lifecycle.
const IDLE_AFTER: Duration = Duration::from_secs(86_400);

/// The holder of a conversation, according to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    Us,
    /// Another app with this role; empty if the event names no role.
    Other(Untrusted),
}

impl Holder {
    /// Returns the holder that an event implies; `None` for tests, history and backfilled messages, which imply none.
    pub fn from_event(event: &MessageEvent) -> Option<Self> {
        if event.test {
            return None;
        }
        match (&event.origin, &event.content) {
            (Origin::Other(name), _) if name == STANDBY => Some(Self::Other(Untrusted::default())),
            (Origin::Api, Content::News(news)) if news.kind == "handover" => match news.what.as_received() {
                // The provider sends this only to the new holder.
                "control_passed" | "pass_thread_control" => Some(Self::Us),
                // The provider sends this only to the previous holder.
                "control_taken" | "take_thread_control" => {
                    let role = news.members.iter().find(|(name, _)| name == "new_owner_role");
                    Some(Self::Other(role.map(|(_, role)| role.clone()).unwrap_or_default()))
                }
                _ => None,
            },
            // The provider sends a contact's message as a regular message only to the holder of the conversation.
            (Origin::Api, content) if event.direction == Direction::Inbound => {
                let said = matches!(
                    InboundKind::of(content),
                    InboundKind::Words | InboundKind::Sticker | InboundKind::Unsupported
                );
                said.then_some(Self::Us)
            }
            _ => None,
        }
    }
}

impl MessageEvent {
    /// Returns `true` if another app held the conversation when the message was sent.
    pub fn is_observed(&self) -> bool {
        matches!(&self.origin, Origin::Other(name) if name == STANDBY)
    }
}

/// Another app holds a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldElsewhere {
    /// The app's role as the provider names it; empty if it names none.
    pub role: Untrusted,
    /// When an event last showed it.
    pub told_at: Timestamp,
}

impl HeldElsewhere {
    /// Returns `true` if the hold still counts.
    pub fn is_current(&self, now: Timestamp) -> bool {
        now < self.told_at.plus(IDLE_AFTER)
    }

    /// Returns `another app`, with its role if known.
    pub fn who(&self) -> String {
        let role: String = self.role.line().replace('_', " ").chars().take(40).collect();
        if role.is_empty() { "another app".to_owned() } else { format!("another app ({role})") }
    }
}

//! Who holds a conversation at the provider: we, or another app that is connected to the same number.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::agents::routing::STANDBY;
use crate::domain::inbound::event::{Direction, MessageEvent, Origin};
use crate::domain::message::content::Content;
use crate::domain::message::inbound_kind::InboundKind;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// Without a message of the contact nobody holds a conversation for longer. Source: conversation routing › thread
/// lifecycle.
const IDLE_AFTER: Duration = Duration::from_secs(86_400);

/// What an event says of who holds its conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    Us,
    /// Another app, in this role; empty where none is named.
    Other(Untrusted),
}

impl Holder {
    /// Who holds the conversation as it is told. Tests, history and what was found later say nothing of that.
    pub fn told_by(event: &MessageEvent) -> Option<Self> {
        if event.test {
            return None;
        }
        match (&event.origin, &event.content) {
            (Origin::Other(name), _) if name == STANDBY => Some(Self::Other(Untrusted::default())),
            (Origin::Api, Content::News(news)) if news.kind == "handover" => match news.what.as_received() {
                // Told to the new holder alone.
                "control_passed" | "pass_thread_control" => Some(Self::Us),
                // Told to the one before alone.
                "control_taken" | "take_thread_control" => {
                    let role = news.members.iter().find(|(name, _)| name == "new_owner_role");
                    Some(Self::Other(role.map(|(_, role)| role.clone()).unwrap_or_default()))
                }
                _ => None,
            },
            // What a contact says comes as a message of its own only to whoever holds the conversation.
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
    /// Whether it was said while another app holds the conversation: we read along.
    pub fn is_observed(&self) -> bool {
        matches!(&self.origin, Origin::Other(name) if name == STANDBY)
    }
}

/// Another app holds a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldElsewhere {
    /// In which role, as the provider calls it; empty where none is named.
    pub role: Untrusted,
    /// When that was seen last.
    pub told_at: Timestamp,
}

impl HeldElsewhere {
    /// Whether that is so still, by what was told.
    pub fn is_current(&self, now: Timestamp) -> bool {
        now < self.told_at.plus(IDLE_AFTER)
    }

    /// `another app`, with its role where that is known.
    pub fn who(&self) -> String {
        let role: String = self.role.line().replace('_', " ").chars().take(40).collect();
        if role.is_empty() { "another app".to_owned() } else { format!("another app ({role})") }
    }
}

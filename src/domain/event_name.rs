//! All events that other programs can receive: wire name and meaning.

macro_rules! events {
    ($(#[doc = $meaning:literal] $variant:ident $wire:literal;)*) => {
        /// The name of an event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventName {
            $(#[doc = $meaning] $variant,)*
        }

        impl EventName {
            /// Every event, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the name on the wire and in the database; it never changes.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)* }
            }

            /// Returns the name of the variant in the source.
            pub const fn variant(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }

            /// Returns one sentence: what happened.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning.trim_ascii(),)* }
            }
        }
    };
}

events! {
    /// A contact sent a message.
    MessageReceived "message.received";
    /// The provider accepted a message.
    MessageAccepted "message.accepted";
    /// A message arrived.
    MessageDelivered "message.delivered";
    /// A message was read, or a voice note played.
    MessageRead "message.read";
    /// A message failed, before or after the provider accepted it.
    MessageFailed "message.failed";
    /// An agent transferred a thread to a person.
    ThreadHandedOff "thread.handed_off";
    /// A person took a thread.
    ThreadTaken "thread.taken";
    /// A person released a thread.
    ThreadReleased "thread.released";
    /// A person transferred a thread to a colleague.
    ThreadHandedOver "thread.handed_over";
    /// A person resolved a thread.
    ThreadResolved "thread.resolved";
    /// A resolved thread was opened again, by a person or by a message of the contact.
    ThreadReopened "thread.reopened";
    /// A person added a label to a thread.
    ThreadLabeled "thread.labeled";
    /// A person removed a label from a thread.
    ThreadUnlabeled "thread.unlabeled";
    /// A person snoozed a thread.
    ThreadSnoozed "thread.snoozed";
    /// The snooze of a thread ended: at its time, by a person, or by a message of the contact.
    ThreadUnsnoozed "thread.unsnoozed";
    /// Someone proposed an assignment.
    AssignmentProposed "assignment.proposed";
    /// An assignment was approved and is active.
    AssignmentApproved "assignment.approved";
    /// An assignment was rejected.
    AssignmentRejected "assignment.rejected";
    /// An assignment was revoked.
    AssignmentRevoked "assignment.revoked";
    /// An assignment ended, or nobody decided it in time.
    AssignmentExpired "assignment.expired";
    /// A webhook arrived for a number without a connection.
    DeliveryQuarantined "delivery.quarantined";
    /// An agent failed a written conversation.
    AgentRehearsalFailed "agent.rehearsal_failed";
    /// Someone stopped agents.
    AgentsStopped "agents.stopped";
}

impl EventName {
    /// Returns the event with this name; `None` for events of another version.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.as_str() == text)
    }

    /// Returns `true` if a pattern such as `message.received` or `assignment.*` includes this event.
    pub fn fits(self, pattern: &str) -> bool {
        match pattern.strip_suffix('*') {
            Some(beginning) => self.as_str().starts_with(beginning),
            None => self.as_str() == pattern,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_reads_back_and_patterns_name_families() {
        for event in EventName::ALL {
            assert_eq!(EventName::parse(event.as_str()), Some(*event));
            assert!(event.meaning().ends_with('.') && event.fits("*"), "{event:?}");
        }
        let fits = |pattern: &str| EventName::ALL.iter().filter(|event| event.fits(pattern)).count();
        assert_eq!((fits("assignment.*"), fits("message.received"), fits("message"), fits("nothing.*")), (5, 1, 0, 0));
    }
}

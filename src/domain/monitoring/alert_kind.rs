//! All alert kinds: their wire string, title, condition and remedy.

/// Declares the enum and its table: condition, variant, wire string, title, remedy.
macro_rules! kinds {
    ($(#[doc = $raised:literal] $variant:ident $wire:literal $title:literal $remedy:literal;)*) => {
        /// The kind of an alert.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AlertKind {
            $(#[doc = $raised] $variant,)*
        }

        impl AlertKind {
            /// Every kind, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the string on the wire and in the database; it never changes.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)* }
            }

            /// Returns the name of the variant in the source.
            pub const fn variant(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }

            /// Returns the title, for lists and headings.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// Returns one sentence that says when it is raised.
            pub const fn raised(self) -> &'static str {
                match self { $(Self::$variant => $raised.trim_ascii(),)* }
            }

            /// Returns one sentence that says what to do.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)* }
            }
        }
    };
}

kinds! {
    /// A message was not sent after all retries. One alert for one cause.
    DeadLetter "dead_letter" "Message not sent" "Fix the cause, then retry or discard the message.";
    /// The provider, or a rule of ours, refused a message for good. One alert for one cause.
    SendRefused "send_refused" "Message refused" "Fix the cause, then retry or discard the message.";
    /// The provider reports that a message did not arrive. One alert for one cause.
    DeliveryFailed "delivery_failed" "Message not delivered" "Read the error, then retry or discard the message.";
    /// Two lookups did not settle whether a message was sent. One alert for all messages of a number.
    Uncertain "uncertain" "Delivery uncertain" "Look at the evidence, then settle or retry the message.";
    /// An earlier attempt arrived as well, so the contact may have the message twice.
    SentTwice "twice" "Sent twice" "Tell the contact, if it matters.";
    /// The provider gave one id to two messages.
    SharedId "shared_id" "Two messages under one id" "Report it to the provider.";
    /// The provider keeps a message for later, and cannot be asked about it or does not give it back.
    KeptByProvider "kept" "Kept by the provider" "Look at the message in the provider's own console.";
    /// A message was sent although someone had discarded it.
    SentAfterDiscard "gone" "Sent although discarded" "Tell the contact, if it matters.";
    /// Many messages of one number failed within a quarter of an hour.
    Failing "failing" "Many failures" "Look at the failed messages before you send more.";
    /// A message has both a failure and a proof of arrival.
    Contradiction "contradiction" "Contradictory statuses" "Ask the contact whether it arrived.";
    /// The provider is unreachable or fails while messages are being retried.
    Outage "outage" "Provider outage" "Wait: messages are retried until their deadline.";
    /// The base URL answers with a redirect, or something else answers instead of the provider. All its numbers are held.
    BaseUrl "base_url" "Base URL does not lead to the provider" "Correct the base URL; held messages are then sent automatically.";
    /// The provider refuses the API key. The number's messages are held.
    Credentials "credentials" "API key refused" "Set a valid key; held messages are then sent automatically.";
    /// The provider refuses the account or the number. The number's messages are held.
    Account "account" "Account refused" "Resolve it with the provider; held messages are then sent automatically.";
    /// The provider does not know the number, or the key may not use it.
    Setup "setup" "Number not usable" "Compare the connection's ids with the provider's console.";
    /// A template was paused, rejected or disabled.
    Template "template" "Template not usable" "Edit the template, or use another one.";
    /// Queued messages use a template that cannot be sent.
    TemplateScheduled "template_scheduled" "Queued messages use an unusable template" "Discard them, or wait for the approval.";
    /// The quality rating of a template fell. The platform pauses templates of low quality.
    TemplateQuality "template_quality" "Template quality fell" "Send it to fewer contacts, or edit it, before it is paused.";
    /// The category of a template changes to one that costs more.
    TemplateCategory "template_category" "Template category changes" "Check the price, or edit the template.";
    /// The quality rating of a number fell.
    Quality "quality" "Quality rating fell" "Send fewer and better targeted messages.";
    /// The platform reports a problem of the account.
    Platform "platform" "Notice of the platform" "Look at the provider's console.";
    /// Webhooks arrive for a number that no connection has.
    Quarantine "quarantine" "Webhooks for an unknown number" "Connect the number; its deliveries are applied then.";
    /// A signed webhook, or an item of one, cannot be read.
    Unreadable "unreadable" "Unreadable webhook" "Look at the delivery, and replay it after an update.";
    /// Acknowledged webhooks are applied more than ten seconds late.
    Lag "lag" "Webhooks applied late" "Look at the load and the disk of the engine's machine.";
    /// Someone wrote in a group: the message is stored, and is in no thread.
    Group "group" "Message in a group" "Answer it elsewhere: groups are not supported.";
    /// The provider's workflow transferred a conversation to a person, or failed.
    Workflow "workflow" "Workflow needs a person" "Answer the thread.";
    /// A webhook says that a number was deleted, and the provider has not confirmed it.
    DeletionReported "deletion_told" "Deletion reported" "Look at the number in the provider's console.";
    /// A number is no longer connected at the provider.
    Disconnected "disconnected" "Number disconnected" "Reconnect the number.";
    /// A number was disconnected several times within seven days.
    Flapping "flapping" "Number disconnects repeatedly" "Ask the owner of the number's phone, then the provider.";
    /// The provider reports a number that no connection has.
    NumberUnclaimed "number_unclaimed" "Number without a connection" "Adopt the number, or ignore it.";
    /// The provider switched the webhook off, or posts to another address.
    WebhookOff "webhook_off" "Webhook off" "Update the webhook's address and switch it on.";
    /// A test webhook did not come back.
    Canary "canary" "Test webhook lost" "Look at the connection's checks.";
    /// Many requests came with invalid tokens.
    WrongTokens "wrong_tokens" "Invalid tokens" "Find the program that sends them, or block its address.";
    /// Messages were never pushed, and are fetched from the provider's list.
    Gap "gap" "Missed messages" "Look at the filled-in messages: no agent answers them.";
    /// Nobody wrote to a number for `silent_after_hours`.
    Silent "silent" "Number silent" "Send a test webhook, and look at the provider.";
    /// Someone has waited for a person for `waiting_minutes`.
    Waiting "waiting" "Contacts wait" "Answer them.";
    /// A service window closes within `closing_minutes` while the contact waits.
    Closing "closing" "Windows close" "Answer them; later only a template reaches them.";
    /// A message has been due for `queue_minutes`.
    Queue "queue" "Queue delayed" "Look at the connection's checks and the outbox.";
    /// The engine's disk has little room.
    Disk "disk" "Disk nearly full" "Free space on the engine's disk.";
    /// The engine's clock is wrong, or was set.
    Clock "clock" "Clock wrong" "Synchronize the clock of the engine's machine.";
    /// The database cannot be written, or its file is damaged.
    Database "database" "Database fault" "Check the disk and the database file of the engine's machine.";
    /// Rows of the database cannot be read. They are left out; everything else goes on.
    UnreadableRows "unreadable_rows" "Unreadable rows" "Restore a backup, or correct the rows.";
    /// The audit lacks rows whose digest is kept outside the database.
    Audit "audit" "Audit incomplete" "Verify the audit; accept a restored backup only if you know of it.";
    /// A notice says that a contact has one of our own numbers now. They keep the one that they had.
    MovedToOwnNumber "moved_to_own_number" "Contact moved to our own number" "Ask the contact for their new number.";
    /// Two contacts look like the same person.
    SamePerson "same_person" "Possible duplicate contacts" "Merge them if they are one person.";
    /// An agent transferred a thread to a person.
    HandOff "hand_off" "Agent asks for a person" "Answer the thread.";
    /// An agent failed to answer.
    AgentFailed "agent_failed" "Agent failed" "Answer the thread, and look at the agent's run.";
    /// An agent wanted to send something that must not be sent, or did not answer a message.
    AgentHeldBack "agent_held_back" "Agent held back" "Read the thread, and answer it if needed.";
    /// An agent's reply contains data of another contact; it is held.
    ForeignData "foreign_data" "Reply with another contact's data held" "Read the held reply; correct or dismiss it.";
    /// An agent failed a written conversation.
    RehearsalFailed "rehearsal_failed" "Rehearsal failed" "Read the results, and correct the agent or the conversation.";
    /// An agent changed after its approval, so the approval is stale.
    AgentChanged "agent_changed" "Approval stale" "Approve the agent in its current version.";
    /// An assignment ends soon.
    AssignmentEnds "assignment_ends" "Assignment ends soon" "Propose a new one, if it is still needed.";
    /// An assignment ended.
    AssignmentEnded "assignment_ended" "Assignment ended" "Propose a new one, if it is still needed.";
    /// Events cannot be delivered to an endpoint.
    Endpoint "endpoint" "Event delivery failed" "Fix the endpoint; events of the last thirty days can be read again.";
}

impl AlertKind {
    /// Returns the kind with this string; `None` for kinds of another version.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Returns the name under which a lasting condition of this kind is stored.
    pub fn condition_name(self, subject: &str) -> String {
        format!("trouble:{}:{subject}", self.as_str())
    }
}

/// Returns `docs/alerts.md`: every kind with its title, when it is raised and what to do.
pub fn alerts_markdown() -> String {
    let mut text = "# Alerts\n\n\
        Printed by `wadeck alerts kinds --markdown` from the list of kinds. An alert is open until its cause has ended or somebody\n\
        acknowledges it; the [operator guide](operator-guide.md) says how it reaches people.\n\n\
        | kind | title | raised when | what to do |\n|---|---|---|---|\n"
        .to_owned();
    for kind in AlertKind::ALL {
        let row = (kind.as_str(), kind.title(), kind.raised(), kind.remedy());
        text.push_str(&format!("| `{}` | {} | {} | {} |\n", row.0, row.1, row.2, row.3));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_its_own_string_a_title_and_a_remedy() {
        let strings: BTreeSet<&str> = AlertKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(strings.len(), AlertKind::ALL.len());
        for kind in AlertKind::ALL {
            assert_eq!(AlertKind::parse(kind.as_str()), Some(*kind));
            assert!(!kind.title().ends_with('.') && !kind.title().is_empty(), "{kind:?}");
            assert!(kind.raised().ends_with('.') && kind.remedy().ends_with('.'), "{kind:?}");
        }
    }
}

//! Effects of each kind of inbound message on its thread, as one table that the inbound operations apply. It is also
//! rendered into `docs/inbound.md`. Pure functions, without clock and store.

use std::fmt::Write as _;

use crate::domain::inbound::event::{MessageEvent, Origin};
use crate::domain::message::content::Content;

/// The kind of an inbound message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InboundKind {
    /// Something a customer communicates: text, file, choice or order.
    Words,
    Sticker,
    /// A reaction, shown on the message that it refers to.
    Reaction,
    Call,
    /// Notices about the conversation: system notices, edits, deletions, opened chats, changed identities, handovers.
    News,
    /// Content that wadeck cannot read.
    Unsupported,
    /// A group message; it does not belong to a private thread.
    Group,
}

/// The circumstance under which a message arrived, as far as its effects depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Circumstance {
    Usual,
    /// Another app holds the conversation.
    Observed,
    /// From before the number was connected.
    History,
    /// A provider's test.
    Test,
}

impl Circumstance {
    pub const ALL: [Self; 4] = [Self::Usual, Self::Observed, Self::History, Self::Test];

    /// Returns the circumstance of an event. Test and history take precedence over another app's hold.
    pub fn of(event: &MessageEvent) -> Self {
        if event.test { Self::Test } else { Self::of_untested(event) }
    }

    /// Returns the circumstance that applies if the test flag is ignored.
    pub fn of_untested(event: &MessageEvent) -> Self {
        match event.origin {
            Origin::HistorySync => Self::History,
            _ if event.is_observed() => Self::Observed,
            _ => Self::Usual,
        }
    }

    /// Returns the name used in the document.
    const fn words(self) -> &'static str {
        match self {
            Self::Usual => "",
            Self::Observed => "while another app owns the conversation",
            Self::History => "history",
            Self::Test => "test of the provider",
        }
    }
}

/// Effects on the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a table of yes and no")]
pub struct KindEffects {
    /// The message appears in the contact's thread.
    pub line: bool,
    /// The message opens or extends the service window.
    pub window: bool,
    /// The message counts as unread.
    pub unread: bool,
    /// Routing selects an agent. If `false`, no agent answers.
    pub routed: bool,
    /// The thread waits for a person if no agent answers.
    pub waits: bool,
}

impl InboundKind {
    pub const ALL: [Self; 7] =
        [Self::Words, Self::Sticker, Self::Reaction, Self::Call, Self::News, Self::Unsupported, Self::Group];

    /// Returns the name used in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Words => "content",
            Self::Sticker => "sticker",
            Self::Reaction => "reaction",
            Self::Call => "call",
            Self::News => "notice",
            Self::Unsupported => "unsupported",
            Self::Group => "group message",
        }
    }

    /// Describes the content of this kind.
    const fn includes(self) -> &'static str {
        match self {
            Self::Words => "text, files, locations, contact cards, button taps, forms, orders",
            Self::Sticker => "stickers, which need no answer",
            Self::Reaction => "shown on its message",
            Self::Call => "shown with caller, time, missed or duration",
            Self::News => "system notices, edits, deletions, opened chats, handovers; what they report is changed",
            Self::Unsupported => "content that the platform cannot pass on, shown with its name",
            Self::Group => "messages in groups; stored with the delivery, with an alert",
        }
    }

    /// Returns the kind of a content. Group messages are recognized by their envelope, not by their content.
    pub fn of(content: &Content) -> Self {
        match content {
            Content::Sticker(_) => Self::Sticker,
            Content::Reaction { .. } => Self::Reaction,
            Content::Call(_) => Self::Call,
            Content::News(_) | Content::Edit { .. } | Content::Deletion { .. } => Self::News,
            // An unknown kind of tap or form, and a location or order with an invalid number, are still a customer's
            // action.
            Content::Other { kind, .. } if matches!(&**kind, "interactive" | "location" | "order") => Self::Words,
            Content::Other { .. } => Self::Unsupported,
            _ => Self::Words,
        }
    }

    /// Returns the effects of this kind: the rows of the table.
    pub const fn effects(self) -> KindEffects {
        let (yes, no) = (true, false);
        match self {
            //                   line window unread routed waits
            Self::Words => row([yes, yes, yes, yes, yes]),
            Self::Sticker => row([yes, yes, yes, no, no]),
            Self::Reaction => row([no, no, no, no, no]),
            Self::Call => row([yes, yes, no, no, no]),
            Self::News => row([yes, no, no, no, no]),
            Self::Unsupported => row([yes, no, yes, no, yes]),
            Self::Group => row([no, no, no, no, no]),
        }
    }

    /// Returns `true` if a stored kind name is something a contact communicated, which agents answer.
    pub fn is_contact_content(kind: &str) -> bool {
        !matches!(kind, "reaction" | "call" | "edit" | "revoke" | "system" | "request_welcome" | "handover")
    }
}

impl KindEffects {
    /// Returns the effects that remain under a circumstance. If another app holds the conversation, it answers; the
    /// service window still opens, because it belongs to the number. History and tests only appear in the thread.
    #[must_use]
    pub const fn under(self, circumstance: Circumstance) -> Self {
        match circumstance {
            Circumstance::Usual => self,
            Circumstance::Observed => Self { unread: false, routed: false, waits: false, ..self },
            Circumstance::History | Circumstance::Test => row([self.line, false, false, false, false]),
        }
    }

    /// Returns the effects in the order of the table's columns.
    const fn columns(self) -> [bool; 5] {
        [self.line, self.window, self.unread, self.routed, self.waits]
    }
}

/// Returns the tables of `docs/inbound.md`, as they appear between its markers.
pub fn kinds_markdown() -> String {
    let mut text = String::from(
        "| kind | in the thread | opens the service window | unread | an agent is asked | waits for a person without one | includes |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for kind in InboundKind::ALL {
        let cells = kind.effects().columns().map(|has| if has { "yes" } else { "no" }).join(" | ");
        let _ = writeln!(text, "| {} | {cells} | {} |", kind.name(), kind.includes());
    }
    text.push_str("\nSome circumstances remove effects of every kind:\n\n| circumstance | removed |\n|---|---|\n");
    let names = ["line in the thread", "service window", "unread", "agent", "waiting for a person"];
    for circumstance in Circumstance::ALL.into_iter().filter(|one| *one != Circumstance::Usual) {
        let left = row([true; 5]).under(circumstance).columns();
        let removed: Vec<_> = names.iter().zip(left).filter(|(_, left)| !left).map(|(name, _)| *name).collect();
        let _ = writeln!(text, "| {} | {} |", circumstance.words(), removed.join(", "));
    }
    text
}

/// Returns the effects of a row of the table.
const fn row([line, window, unread, routed, waits]: [bool; 5]) -> KindEffects {
    KindEffects { line, window, unread, routed, waits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::inbound_content::{Call, News};

    #[test]
    fn what_somebody_said_is_told_by_content_and_by_name_alike() {
        let contents = [
            Content::text("hi"),
            Content::Call(Call::default()),
            Content::News(News { kind: "system".into(), ..News::default() }),
            Content::News(News { kind: "request_welcome".into(), ..News::default() }),
            Content::News(News { kind: "handover".into(), ..News::default() }),
            Content::Edit { target: "x".into(), content: Box::new(Content::text("hi")) },
            Content::Deletion { target: "x".into() },
            Content::Reaction { target: "x".into(), emoji: None },
            Content::Other { kind: "unsupported".into(), summary: "".into(), members: vec![] },
        ];
        for content in contents {
            let said = matches!(
                InboundKind::of(&content),
                InboundKind::Words | InboundKind::Sticker | InboundKind::Unsupported
            );
            assert_eq!(InboundKind::is_contact_content(content.kind()), said, "{content:?}");
        }
    }

    #[test]
    fn only_what_a_customer_does_opens_the_window_and_only_words_are_answered() {
        for kind in InboundKind::ALL {
            let follows = kind.effects();
            let customer = matches!(kind, InboundKind::Words | InboundKind::Sticker | InboundKind::Call);
            assert_eq!(follows.window, customer, "{kind:?}");
            assert!(!follows.routed || follows.unread, "{kind:?}: an agent answers what counts as unread");
            assert!(!follows.waits || follows.unread, "{kind:?}: what waits is unread");
        }
        let none = row([true, false, false, false, false]);
        for circumstance in [Circumstance::History, Circumstance::Test] {
            assert_eq!(InboundKind::Words.effects().under(circumstance), none, "{circumstance:?}: it is shown only");
        }
        let group = InboundKind::Group.effects();
        assert!(!group.line && !group.window && !group.routed, "a group is nobody's private thread");
    }
}

//! What a message that came in means for its thread: one table, obeyed by whoever applies it, and printed into
//! `docs/inbound.md`. It is a function of values: neither clock nor store is asked.

use std::fmt::Write as _;

use crate::domain::inbound::event::{MessageEvent, Origin};
use crate::domain::message::content::Content;

/// What kind of thing came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InboundKind {
    /// What a customer says, by writing, showing, choosing or ordering.
    Words,
    Sticker,
    /// Attached to the message that it names, and nothing beside.
    Reaction,
    Call,
    /// News about the conversation: a system notice, an edit, a deletion, a chat that was opened, an identity that
    /// changed, a conversation handed over.
    News,
    /// The customer said something that cannot be read here.
    Unsupported,
    /// Said in a group: it belongs into no private thread.
    Group,
}

/// How a message came, as far as its effects depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Circumstance {
    Usual,
    /// Another app holds the conversation.
    Observed,
    /// From before the number was connected.
    History,
    /// A test of the provider.
    Test,
}

impl Circumstance {
    pub const ALL: [Self; 4] = [Self::Usual, Self::Observed, Self::History, Self::Test];

    /// The circumstance that decides: a test and history have no effects, whoever holds the conversation.
    pub fn of(event: &MessageEvent) -> Self {
        if event.test { Self::Test } else { Self::of_untested(event) }
    }

    /// The same as if the message were no test: what it would mean.
    pub fn of_untested(event: &MessageEvent) -> Self {
        match event.origin {
            Origin::HistorySync => Self::History,
            _ if event.is_observed() => Self::Observed,
            _ => Self::Usual,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Usual => "",
            Self::Observed => "while another app owns the conversation",
            Self::History => "history",
            Self::Test => "test of the provider",
        }
    }
}

/// What follows for the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a table of yes and no")]
pub struct KindEffects {
    /// It is a line in the contact's own thread.
    pub line: bool,
    /// It opens the service window, or keeps it open.
    pub window: bool,
    /// It counts as unread.
    pub unread: bool,
    /// Routing is asked which agent answers. Where it is not asked, nobody answers by himself.
    pub routed: bool,
    /// Without an agent the thread waits for a person.
    pub waits: bool,
}

impl InboundKind {
    pub const ALL: [Self; 7] =
        [Self::Words, Self::Sticker, Self::Reaction, Self::Call, Self::News, Self::Unsupported, Self::Group];

    /// Its name in the document.
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

    /// What belongs to it.
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

    /// The kind of a content. A group message is told by its envelope, not by what it holds.
    pub fn of(content: &Content) -> Self {
        match content {
            Content::Sticker(_) => Self::Sticker,
            Content::Reaction { .. } => Self::Reaction,
            Content::Call(_) => Self::Call,
            Content::News(_) | Content::Edit { .. } | Content::Deletion { .. } => Self::News,
            // A tap or a filled form of a kind that nobody here knows, a place or an order with a number that is none,
            // is the customer's own act all the same.
            Content::Other { kind, .. } if matches!(&**kind, "interactive" | "location" | "order") => Self::Words,
            Content::Other { .. } => Self::Unsupported,
            _ => Self::Words,
        }
    }

    /// The table.
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

    /// Whether messages that are stored under this name are something that a contact said: what an agent answers.
    pub fn is_said(kind: &str) -> bool {
        !matches!(kind, "reaction" | "call" | "edit" | "revoke" | "system" | "request_welcome" | "handover")
    }
}

impl KindEffects {
    /// What is left of the effects under a circumstance. Where another app holds the conversation, it is read along, and
    /// whoever answers is not here; the window is that of the number, whichever app the contact wrote to. History and
    /// tests are shown, and nothing else.
    #[must_use]
    pub const fn under(self, circumstance: Circumstance) -> Self {
        match circumstance {
            Circumstance::Usual => self,
            Circumstance::Observed => Self { unread: false, routed: false, waits: false, ..self },
            Circumstance::History | Circumstance::Test => row([self.line, false, false, false, false]),
        }
    }

    const fn columns(self) -> [bool; 5] {
        [self.line, self.window, self.unread, self.routed, self.waits]
    }
}

/// The tables of `docs/inbound.md`, as they stand between its markers.
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
            assert_eq!(InboundKind::is_said(content.kind()), said, "{content:?}");
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

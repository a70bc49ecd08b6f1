//! Duplicate messages: the same content for the same contact within a minute.

use std::time::Duration;

use crate::domain::code::Code;
use crate::domain::ids::MessageId;
use crate::domain::message::content::Content;
use crate::domain::message::media::Media;
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;
use crate::domain::time::{Timestamp, short_span};

/// Two equal messages whose sending times are closer than this are duplicates.
pub const DUPLICATE_WITHIN: Duration = Duration::from_secs(60);

/// A message that was queued or sent before.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    pub message: MessageId,
    pub author: String,
    pub written_at: Timestamp,
    pub content: Content,
}

/// Returns the refusal of a message whose duplicate is among the `earlier` ones. `me` is its author.
pub fn refuse_duplicate(content: &Content, earlier: &[Earlier], me: &str, now: Timestamp) -> Option<Refusal> {
    let first = earlier.iter().find(|one| equal(content, &one.content))?;
    let ago = now.since(first.written_at);
    let when = if ago.as_secs() == 0 { "just now".to_owned() } else { format!("{} ago", short_span(ago)) };
    let who = if first.author == me { "You".to_owned() } else { clean_line(&first.author) };
    let why = format!("{who} sent the same message to this contact {when} ({}).", first.message);
    let remedy =
        "Change the text, or send it with `--despite-duplicate` (`despite_duplicate` in JSON, `say!` line by line).";
    Some(Refusal::new(Code::DuplicateMessage, why, remedy))
}

/// Returns `true` if a contact sees no difference between two messages. White space at the ends of lines does not
/// count, and neither does the id under which a provider stores a file. Reactions are never equal.
fn equal(one: &Content, other: &Content) -> bool {
    use Content::{Audio, Document, Image, Reaction, Sticker, Text, Video};
    match (one, other) {
        (Reaction { .. }, _) | (_, Reaction { .. }) => false,
        (Text { body: one, .. }, Text { body: other, .. }) => {
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            words(one.as_received()) == words(other.as_received())
        }
        (Image(one), Image(other))
        | (Video(one), Video(other))
        | (Audio(one), Audio(other))
        | (Document(one), Document(other))
        | (Sticker(one), Sticker(other)) => same_file(one, other),
        (
            Content::Template { name, language, parameters, header, .. },
            Content::Template { name: n, language: l, parameters: p, header: h, .. },
        ) => {
            let headers = match (header, h) {
                (Some(one), Some(other)) => same_file(one, other),
                (one, other) => one.is_none() && other.is_none(),
            };
            (name, language, parameters) == (n, l, p) && headers
        }
        (one, other) => one == other,
    }
}

fn same_file(one: &Media, other: &Media) -> bool {
    let same = match (&one.file, &other.file) {
        (Some(one), Some(other)) => one == other,
        _ => !one.id.is_empty() && one.id == other.id,
    };
    same && one.caption == other.caption && one.file_name == other.file_name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn earlier(content: Content) -> Vec<Earlier> {
        let written_at = Timestamp::from_millis(1_000_000);
        vec![Earlier { message: MessageId(7), author: "ben".into(), written_at, content }]
    }

    #[test]
    fn equal_texts_are_duplicates_and_the_refusal_names_who_sent_the_first_and_when() {
        let now = Timestamp::from_millis(1_012_000);
        let refused =
            refuse_duplicate(&Content::text("On  its way.\n"), &earlier(Content::text("On its way.")), "ada", now);
        let refused = refused.expect("a duplicate");
        assert_eq!(refused.code, Code::DuplicateMessage);
        assert!(refused.to_string().contains("ben sent the same message to this contact 12s ago (m7)"), "{refused}");
        let own = refuse_duplicate(&Content::text("On its way."), &earlier(Content::text("On its way.")), "ben", now);
        assert!(own.expect("a duplicate").to_string().starts_with("You sent"));
    }

    #[test]
    fn other_words_other_files_and_reactions_are_no_duplicates() {
        let now = Timestamp::from_millis(1_012_000);
        let none = |one: Content, other: Content| refuse_duplicate(&one, &earlier(other), "ada", now).is_none();
        assert!(none(Content::text("Yes."), Content::text("No.")));
        let file = |id: &str| Content::Image(Media { id: id.into(), ..Media::default() });
        assert!(none(file("1"), file("2")));
        assert!(!none(file("1"), file("1")));
        let thumb = Content::Reaction { target: "x".into(), emoji: Some("👍".into()) };
        assert!(none(thumb.clone(), thumb));
    }
}

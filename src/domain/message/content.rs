//! Message content. Every kind has a one-line text for lists and detail rows; neither is ever empty, even for unknown
//! kinds.

use crate::domain::code::Code;
use crate::domain::message::media::{Media, described, size};
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use crate::domain::message::inbound_content::{Call, News, Order, members};
use crate::domain::message::interactive::{Heading, Interactive, within};
use crate::domain::number;
use crate::domain::refusal::Refusal;
use crate::domain::text::{Untrusted, clean_line};

/// A shared contact card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub name: Untrusted,
    pub phones: Vec<Untrusted>,
    pub emails: Vec<Untrusted>,
    /// Other fields of the card, such as company, addresses and links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<(String, Untrusted)>,
}

/// Content of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    Text {
        body: Untrusted,
        /// Advertisement that the message came from, in rows of older versions; newer ones store it in [`Extras`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        referral: Option<Untrusted>,
    },
    Image(Media),
    Video(Media),
    Audio(Media),
    Document(Media),
    Sticker(Media),
    Location {
        #[serde(deserialize_with = "number::stored")]
        latitude: f64,
        #[serde(deserialize_with = "number::stored")]
        longitude: f64,
        name: Option<Untrusted>,
        address: Option<Untrusted>,
    },
    Contacts {
        cards: Vec<Card>,
    },
    /// A reaction to the target message; without an emoji it removes the reaction.
    Reaction {
        target: String,
        emoji: Option<Untrusted>,
    },
    /// A tap on a quick reply button of a template.
    Button {
        text: Untrusted,
        payload: Untrusted,
    },
    /// An outgoing interactive message: buttons, a list or a link.
    Offer(Interactive),
    /// A tap on a button or list row, or a submitted form.
    Interactive {
        reply: InteractiveReply,
        id: Untrusted,
        title: Untrusted,
        description: Option<Untrusted>,
    },
    Template {
        name: String,
        language: String,
        /// The provider's template id, at providers that send by id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Values by placeholder: `customer_name` or `1` for the body, prefixed with `header:` or `button:0:` for the
        /// other parts.
        parameters: Vec<(String, Untrusted)>,
        /// Header file, if the template has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<Box<Media>>,
        /// The text as the contact sees it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rendered: Option<Untrusted>,
    },
    /// A customer's order from a catalog.
    Order(Order),
    Call(Call),
    /// A notice about the conversation itself.
    News(News),
    /// An edit of an earlier message.
    Edit {
        target: String,
        content: Box<Content>,
    },
    /// The sender deleted a message.
    Deletion {
        target: String,
    },
    /// An unsupported kind; keeps the provider's description and the fields of the object.
    Other {
        kind: String,
        summary: Untrusted,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        members: Vec<(String, Untrusted)>,
    },
}

/// Kind of an interactive reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InteractiveReply {
    Button,
    List,
    Form,
}

/// Returns the names and values of a submitted form, without the `flow_token`.
pub fn form_fields(answer: &Untrusted) -> Vec<(String, String)> {
    let read = crate::domain::json_text::parse(answer.as_received().as_bytes());
    let Ok(serde_json::Value::Object(fields)) = read else { return vec![] };
    let shown = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Array(list) if list.iter().all(serde_json::Value::is_string) => {
            list.iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    fields.into_iter().filter(|(name, _)| name != "flow_token").map(|(name, value)| (name, shown(value))).collect()
}

impl Content {
    pub fn text(body: impl Into<Untrusted>) -> Self {
        Self::Text { body: body.into(), referral: None }
    }

    /// Returns the kind's name, as used in lists and JSON.
    pub fn kind(&self) -> &str {
        match self {
            Self::Text { .. } => "text",
            Self::Image(_) => "image",
            Self::Video(_) => "video",
            Self::Audio(_) => "audio",
            Self::Document(_) => "document",
            Self::Sticker(_) => "sticker",
            Self::Location { .. } => "location",
            Self::Contacts { .. } => "contacts",
            Self::Reaction { .. } => "reaction",
            Self::Button { .. } => "button",
            Self::Interactive { .. } | Self::Offer(_) => "interactive",
            Self::Template { .. } => "template",
            Self::Order(_) => "order",
            Self::Call(_) => "call",
            Self::News(news) => &news.kind,
            Self::Edit { .. } => "edit",
            Self::Deletion { .. } => "revoke",
            Self::Other { kind, .. } => kind,
        }
    }

    /// Returns the content as text: the words, or a description in brackets. Never empty.
    pub fn words(&self) -> Untrusted {
        match self {
            Self::Text { body, .. } if body.as_received().trim().is_empty() => Untrusted::from("[empty text]"),
            Self::Text { body, .. } => body.clone(),
            Self::Image(media) => described("image", media),
            Self::Video(media) => described("video", media),
            Self::Audio(media) => described(if media.voice { "voice note" } else { "audio" }, media),
            Self::Document(media) => described("document", media),
            Self::Sticker(media) => described(if media.animated { "animated sticker" } else { "sticker" }, media),
            Self::Location { latitude, longitude, name, address } => {
                let place =
                    [name, address].into_iter().flatten().map(Untrusted::as_received).collect::<Vec<_>>().join(", ");
                let place = if place.is_empty() { String::new() } else { format!(" {place}") };
                if !latitude.is_finite() || !longitude.is_finite() {
                    return Untrusted::new(format!("[location without readable coordinates]{place}"));
                }
                Untrusted::new(format!("[location {latitude:.5},{longitude:.5}]{place}"))
            }
            Self::Contacts { cards } => {
                let parts = |card: &Card| {
                    let parts = std::iter::once(&card.name).chain(card.phones.first()).map(Untrusted::as_received);
                    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
                };
                let names: Vec<_> = cards.iter().map(parts).filter(|name| !name.is_empty()).collect();
                let names = if names.is_empty() { "without a name".to_owned() } else { names.join(", ") };
                Untrusted::new(format!("[{}] {names}", if cards.len() == 1 { "contact" } else { "contacts" }))
            }
            Self::Reaction { emoji: Some(emoji), .. } => Untrusted::new(format!("reacted {}", emoji.as_received())),
            Self::Reaction { emoji: None, .. } => Untrusted::from("removed a reaction"),
            Self::Button { text, .. } => Untrusted::new(format!("chose: {}", text.as_received())),
            Self::Offer(offer) => {
                let labels =
                    offer.labels().iter().map(|label| format!("[{}]", label.as_received())).collect::<Vec<_>>();
                Untrusted::new(format!("{} {}", offer.body.as_received(), labels.join(" ")))
            }
            Self::Interactive { reply: InteractiveReply::Form, title, description, .. } => {
                let fields = description.as_ref().map(form_fields).unwrap_or_default();
                let head = format!("filled the form {}", title.as_received());
                let told = fields.iter().map(|(name, value)| format!("{name}: {value}"));
                Untrusted::new(std::iter::once(head).chain(told).collect::<Vec<_>>().join("\n"))
            }
            Self::Interactive { title, .. } => Untrusted::new(format!("chose: {}", title.as_received())),
            Self::Template { name, .. } => Untrusted::new(format!("[Template: {name}]")),
            Self::Order(order) => order.words(),
            Self::Call(call) => call.words(),
            Self::News(news) => news.words(),
            Self::Edit { .. } => match self.replacement() {
                Some(new) => Untrusted::new(format!("[edited a message] {}", new.words().as_received())),
                None => Untrusted::from("[edited a message] the new text was not sent"),
            },
            Self::Deletion { .. } => Untrusted::from("[deleted a message]"),
            Self::Other { kind, summary, members } => {
                let told = members.iter().map(|(name, value)| format!("{name}: {}", value.as_received()));
                let told = told.collect::<Vec<_>>().join(", ");
                let parts = [format!("[{kind}]"), summary.as_received().to_owned(), told];
                Untrusted::new(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
            }
        }
    }

    /// Returns all properties as rows of label and value.
    pub fn details(&self) -> Vec<(&'static str, Untrusted)> {
        let text = |value: &str| Untrusted::from(value);
        match self {
            Self::Text { body, referral } => {
                let from = referral.clone().map(|referral| ("came from", referral));
                std::iter::once(("text", body.clone())).chain(from).collect()
            }
            Self::Image(media)
            | Self::Video(media)
            | Self::Audio(media)
            | Self::Document(media)
            | Self::Sticker(media) => {
                let mut rows = vec![("media id", text(&media.id)), ("type", text(&media.mime_type))];
                rows.extend(media.file_name.clone().map(|name| ("file name", name)));
                rows.extend(media.bytes.map(|bytes| ("size", Untrusted::new(size(bytes)))));
                rows.extend(media.caption.clone().map(|caption| ("caption", caption)));
                rows.extend(media.transcript_rows());
                rows.extend(media.sha256.as_deref().map(|hash| ("sha256", text(hash))));
                rows
            }
            Self::Location { latitude, longitude, name, address } => {
                let degrees = |number: &f64| Untrusted::new(number::format_number(*number));
                let mut rows = vec![("latitude", degrees(latitude)), ("longitude", degrees(longitude))];
                rows.extend(name.clone().map(|name| ("name", name)));
                rows.extend(address.clone().map(|address| ("address", address)));
                if latitude.is_finite() && longitude.is_finite() {
                    rows.push((
                        "map",
                        Untrusted::new(format!("https://maps.google.com/?q={latitude:.6},{longitude:.6}")),
                    ));
                }
                rows
            }
            Self::Contacts { cards } => cards
                .iter()
                .flat_map(|card| {
                    let phones = card.phones.iter().map(|phone| ("phone", phone.clone()));
                    let emails = card.emails.iter().map(|email| ("email", email.clone()));
                    let named = std::iter::once(("name", card.name.clone()));
                    named.chain(phones).chain(emails).chain(members(&card.more)).collect::<Vec<_>>()
                })
                .collect(),
            Self::Reaction { target, emoji } => {
                vec![("to message", text(target)), ("emoji", emoji.clone().unwrap_or_else(|| text("removed")))]
            }
            Self::Button { text, payload } => vec![("button", text.clone()), ("payload", payload.clone())],
            Self::Interactive { id, title, description, .. } => {
                let mut rows = vec![("choice", title.clone()), ("choice id", id.clone())];
                rows.extend(description.clone().map(|words| ("description", words)));
                rows
            }
            Self::Offer(offer) => {
                let mut rows = vec![("offers", text(offer.name())), ("text", offer.body.clone())];
                rows.extend(offer.footer.clone().map(|footer| ("footer", footer)));
                rows.extend(offer.labels().into_iter().map(|label| ("choice", label)));
                rows
            }
            Self::Template { name, language, parameters, header, rendered, .. } => {
                let mut rows = vec![("template", text(name)), ("language", text(language))];
                rows.extend(rendered.clone().map(|words| ("rendered", words)));
                rows.extend(header.as_ref().map(|file| ("header", text(&file.mime_type))));
                rows.extend(
                    parameters.iter().map(|(name, value)| {
                        ("parameter", Untrusted::new(format!("{name} = {}", value.as_received())))
                    }),
                );
                rows
            }
            Self::Order(order) => order.details(),
            Self::Call(call) => call.details(),
            Self::News(news) => news.details(),
            Self::Edit { target, content } => {
                std::iter::once(("edits", text(target))).chain(content.details()).collect()
            }
            Self::Deletion { target } => vec![("deletes", text(target))],
            Self::Other { kind, summary, members: told } => {
                let head = [("kind", text(kind)), ("content", summary.clone())];
                head.into_iter().chain(members(told)).collect()
            }
        }
    }

    /// Returns the new content of an edit; `None` if the edit carries no usable content.
    pub fn replacement(&self) -> Option<&Content> {
        let Self::Edit { content, .. } = self else { return None };
        let whole = match &**content {
            Self::Text { body, .. } => !body.as_received().trim().is_empty(),
            Self::Image(media)
            | Self::Video(media)
            | Self::Audio(media)
            | Self::Document(media)
            | Self::Sticker(media) => !media.id.is_empty() || media.caption.is_some(),
            Self::Contacts { cards } => !cards.is_empty(),
            Self::Reaction { .. } | Self::Call(_) | Self::News(_) | Self::Edit { .. } | Self::Deletion { .. } => false,
            Self::Other { .. } => false,
            _ => true,
        };
        whole.then_some(content)
    }

    /// Returns `true` if an entry of a provider's message list with these words can be this content. The list shows a
    /// template's name or text, and a file's caption or nothing.
    pub fn echoes(&self, words: &str) -> bool {
        if self.words().as_received() == words {
            return true;
        }
        match self {
            Self::Template { rendered, .. } => rendered.as_ref().is_some_and(|told| told.as_received() == words),
            _ => self.media().is_some_and(|media| media.caption.as_ref().map_or("", |one| one.as_received()) == words),
        }
    }

    /// Returns the media file of the content, if it has one.
    pub fn media(&self) -> Option<&Media> {
        match self {
            Self::Image(media)
            | Self::Video(media)
            | Self::Audio(media)
            | Self::Document(media)
            | Self::Sticker(media) => Some(media),
            Self::Template { header, .. } => header.as_deref(),
            Self::Offer(offer) => match &offer.heading {
                Some(Heading::Image(media) | Heading::Video(media) | Heading::Document(media)) => Some(media),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the media file of the content for changes, if it has one.
    pub fn media_mut(&mut self) -> Option<&mut Media> {
        match self {
            Self::Image(media)
            | Self::Video(media)
            | Self::Audio(media)
            | Self::Document(media)
            | Self::Sticker(media) => Some(media),
            Self::Template { header, .. } => header.as_deref_mut(),
            Self::Offer(offer) => match &mut offer.heading {
                Some(Heading::Image(media) | Heading::Video(media) | Heading::Document(media)) => Some(media),
                _ => None,
            },
            _ => None,
        }
    }

    /// Refuses content that people cannot send or that exceeds the provider's limits. The composer and the operation
    /// both call it.
    pub fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Text { body, .. } => check_text(body.as_received()),
            Self::Image(media) | Self::Video(media) | Self::Document(media) => match &media.caption {
                Some(caption) => within("The caption", caption, 1, 1024),
                None => Ok(()),
            },
            Self::Audio(media) | Self::Sticker(media) if media.caption.is_some() => Err(Refusal::new(
                Code::Content,
                "Messages of this type have no caption.",
                "Send the text as a separate message.",
            )),
            Self::Audio(_) | Self::Sticker(_) | Self::Template { .. } | Self::Reaction { .. } => Ok(()),
            Self::Location { latitude, longitude, .. } => {
                if number::LATITUDE.contains(latitude) && number::LONGITUDE.contains(longitude) {
                    Ok(())
                } else {
                    Err(Refusal::new(
                        Code::Content,
                        "The coordinates are out of range.",
                        "Use a latitude from -90 to 90 and a longitude from -180 to 180.",
                    ))
                }
            }
            Self::Contacts { cards } => {
                let whole = |card: &Card| !card.name.as_received().trim().is_empty() && !card.phones.is_empty();
                if (1..=257).contains(&cards.len()) && cards.iter().all(whole) {
                    Ok(())
                } else {
                    Err(Refusal::new(Code::Content, "A contact card needs a name and a number.", "Give both."))
                }
            }
            Self::Offer(offer) => offer.check(),
            Self::Button { .. }
            | Self::Interactive { .. }
            | Self::Order(_)
            | Self::Call(_)
            | Self::News(_)
            | Self::Edit { .. }
            | Self::Deletion { .. }
            | Self::Other { .. } => {
                Err(Refusal::new(Code::Content, "Messages of this type can only be received.", "Send it as text."))
            }
        }
    }

    /// Returns `false` for templates, which may be sent at any time; everything else needs an open service window.
    pub const fn is_freeform(&self) -> bool {
        !matches!(self, Self::Template { .. })
    }
}

/// Refuses a text that cannot be sent. The console and the operation both call it.
pub fn check_text(text: &str) -> Result<(), Refusal> {
    if clean_line(text).trim().is_empty() {
        return Err(Refusal::new(Code::EmptyText, "The text is empty.", "Write a text."));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        let why = "The text has control characters, which phones do not show.";
        return Err(Refusal::new(Code::ControlCharacters, why, "Remove them."));
    }
    let length = Untrusted::new(text).as_received().chars().count();
    if length > 4096 {
        let why = format!("The text has {length} characters; the maximum is 4096.");
        return Err(Refusal::new(Code::TextTooLong, why, "Send it in parts."));
    }
    Ok(())
}

/// Returns `true` for a single emoji: one grapheme that is neither alphanumeric nor control nor whitespace.
pub fn is_one_emoji(text: &str) -> bool {
    let fits = |c: char| !c.is_alphanumeric() && !c.is_control() && !c.is_whitespace();
    text.graphemes(true).count() == 1 && text.chars().count() <= 12 && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_read_is_not_sent() {
        assert_eq!(check_text("\u{200b}").expect_err("invisible").code, Code::EmptyText);
        assert_eq!(check_text("a\u{1b}[31mb").expect_err("an escape").code, Code::ControlCharacters);
        assert_eq!(check_text("a\0b").expect_err("a zero byte").code, Code::ControlCharacters);
        assert!(check_text("line\n\tnext \u{200f}שלום").is_ok());
        for emoji in ["👍", "❤️", "👨‍👩‍👧", "🇩🇪", "👍🏽"] {
            assert!(is_one_emoji(emoji), "{emoji}");
        }
        for none in ["", "👍👍", "\u{1b}", "a", "ok", " ", "👍 "] {
            assert!(!is_one_emoji(none), "{none:?}");
        }
    }

    #[test]
    fn nothing_is_ever_blank() {
        let media = Media { mime_type: "image/jpeg".into(), ..Media::default() };
        let contents = [
            Content::text("  "),
            Content::Image(media.clone()),
            Content::Video(media.clone()),
            Content::Audio(media.clone()),
            Content::Document(media.clone()),
            Content::Sticker(media),
            Content::Location { latitude: 0.0, longitude: 0.0, name: None, address: None },
            Content::Contacts { cards: vec![] },
            Content::Reaction { target: "x".into(), emoji: None },
            Content::Button { text: "".into(), payload: "".into() },
            Content::Template {
                name: "n".into(),
                language: "en".into(),
                id: None,
                parameters: vec![],
                header: None,
                rendered: None,
            },
            Content::Other { kind: "order".into(), summary: "".into(), members: vec![] },
        ];
        for content in contents {
            assert!(!content.words().line().trim().is_empty(), "{content:?}");
            assert!(!content.details().is_empty() || content.kind() == "contacts", "{content:?}");
        }
    }
}

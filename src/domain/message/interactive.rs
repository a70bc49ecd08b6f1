//! Interactive messages: buttons, lists, links, location requests, catalogs and Flows. Limits are the provider's.

use serde::{Deserialize, Serialize};

use crate::domain::code::Code;
use crate::domain::message::media::Media;
use crate::domain::refusal::Refusal;
use crate::domain::text::Untrusted;

/// An option that a contact can choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The id that the reply contains.
    pub id: String,
    pub title: Untrusted,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Untrusted>,
}

/// Options under a title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    pub title: Untrusted,
    pub rows: Vec<Choice>,
}

/// Header above the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heading {
    Text(Untrusted),
    Image(Media),
    Video(Media),
    Document(Media),
}

/// What an interactive message offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "offers", rename_all = "snake_case")]
pub enum Action {
    Buttons {
        buttons: Vec<Choice>,
    },
    List {
        button: Untrusted,
        sections: Vec<Section>,
    },
    Link {
        label: Untrusted,
        url: String,
    },
    AskLocation,
    Catalogue {
        product: Option<String>,
    },
    Product {
        catalogue: String,
        product: String,
    },
    Products {
        catalogue: String,
        sections: Vec<Section>,
    },
    /// A Flow, by its id at Meta.
    Flow {
        flow: String,
        name: Untrusted,
        label: Untrusted,
        /// Token that the response contains.
        token: String,
        /// Sends the unpublished draft version, for tests.
        draft: bool,
        /// The Flow calls its endpoint when it is opened.
        asks: bool,
        screen: Option<String>,
    },
}

/// An interactive message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interactive {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading: Option<Heading>,
    pub body: Untrusted,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<Untrusted>,
    #[serde(flatten)]
    pub action: Action,
}

impl Interactive {
    /// Returns a short name of what the message offers.
    pub const fn name(&self) -> &'static str {
        match self.action {
            Action::Buttons { .. } => "buttons",
            Action::List { .. } => "list",
            Action::Link { .. } => "link button",
            Action::AskLocation => "location request",
            Action::Catalogue { .. } => "catalogue",
            Action::Product { .. } => "product",
            Action::Products { .. } => "products",
            Action::Flow { .. } => "form",
        }
    }

    /// Returns all labels that can be tapped, in order.
    pub fn labels(&self) -> Vec<Untrusted> {
        match &self.action {
            Action::Buttons { buttons } => buttons.iter().map(|choice| choice.title.clone()).collect(),
            Action::List { sections, .. } => {
                sections.iter().flat_map(|section| section.rows.iter().map(|row| row.title.clone())).collect()
            }
            Action::Link { label, .. } => vec![label.clone()],
            Action::AskLocation => vec!["Send location".into()],
            Action::Catalogue { .. } => vec!["View catalogue".into()],
            Action::Product { .. } => vec!["View".into()],
            Action::Products { .. } => vec!["View items".into()],
            Action::Flow { label, .. } => vec![label.clone()],
        }
    }

    /// Returns what a provider that supports only buttons, plain lists and links cannot send, and what to do instead;
    /// `None` if it can send the message. Source: Twilio, part 6.
    pub fn beyond_simple(&self) -> Option<(&'static str, &'static str)> {
        let longest = if matches!(self.action, Action::Link { .. }) { 640 } else { 1024 };
        let texts = || {
            [Some(&self.body), self.footer.as_ref()].into_iter().flatten().chain(match &self.heading {
                Some(Heading::Text(text)) => Some(text),
                _ => None,
            })
        };
        match &self.action {
            Action::Buttons { .. } | Action::Link { .. } | Action::List { .. } => {}
            Action::AskLocation => return Some(("location requests", "Ask for the location with words.")),
            Action::Flow { .. } => return Some(("Flows", "Ask the questions with words.")),
            _ => return Some(("products", "Send a link to them.")),
        }
        if matches!(self.heading, Some(Heading::Image(_) | Heading::Video(_) | Heading::Document(_))) {
            return Some(("a file above buttons", "Send the file as a message of its own."));
        }
        if let Action::List { sections, .. } = &self.action {
            if self.heading.is_some() || self.footer.is_some() {
                return Some(("a heading or a footer with a list", "Put it into the text."));
            }
            if sections.iter().any(|section| !section.title.as_received().trim().is_empty()) {
                return Some(("section titles in a list", "Leave the titles out."));
            }
        }
        if let Action::Buttons { buttons } = &self.action
            && buttons.iter().any(|choice| choice.id.len() > 200)
        {
            return Some(("ids of more than 200 characters", "Shorten the id."));
        }
        if texts().any(|text| text.as_received().encode_utf16().count() > longest) {
            let most = if longest == 640 {
                "a text of more than 640 characters with a link"
            } else {
                "a text of more than 1024 characters with choices"
            };
            return Some((most, "Shorten it, or send the text first."));
        }
        let labels = self.labels();
        // Double braces are places for values there.
        if texts().chain(&labels).any(|text| text.as_received().contains("{{")) {
            return Some(("{{ with choices", "Write it without the braces."));
        }
        None
    }

    /// Refuses a message that the provider would refuse. The form and the operation both call it.
    pub fn check(&self) -> Result<(), Refusal> {
        within("The text", &self.body, 1, if matches!(self.action, Action::List { .. }) { 4096 } else { 1024 })?;
        if let Some(footer) = &self.footer {
            within("The footer", footer, 1, 60)?;
        }
        match (&self.heading, &self.action) {
            (Some(Heading::Text(text)), _) => {
                within("The heading", text, 1, 60)?;
                if text.as_received().contains(['*', '_', '~', '`']) {
                    return Err(refused("The heading has one of * _ ~ and `, which is not allowed.", "Remove it."));
                }
            }
            (Some(_), Action::List { .. } | Action::Products { .. }) => {
                return Err(refused("A list's heading can only be text.", "Remove the file."));
            }
            _ => {}
        }
        if self.heading.is_some() && matches!(self.action, Action::AskLocation | Action::Product { .. }) {
            return Err(refused("Messages of this type have no heading.", "Remove it."));
        }
        match &self.action {
            Action::Buttons { buttons } => {
                if !(1..=3).contains(&buttons.len()) {
                    return Err(refused(
                        format!("The message has {} buttons; the range is 1 to 3.", buttons.len()),
                        "Use a list for more choices.",
                    ));
                }
                choices(buttons.iter(), 20, 256)
            }
            Action::List { button, sections } => {
                within("The button", button, 1, 20)?;
                let rows: usize = sections.iter().map(|section| section.rows.len()).sum();
                if !(1..=10).contains(&rows) || sections.len() > 10 {
                    return Err(refused(
                        format!("The list has {rows} rows; the range is 1 to 10 in total."),
                        "Remove some.",
                    ));
                }
                for section in sections {
                    if section.rows.is_empty() {
                        return Err(refused(format!("The section {} is empty.", section.title.line()), "Remove it."));
                    }
                    within("A section's title", &section.title, 0, 24)?;
                }
                choices(sections.iter().flat_map(|section| &section.rows), 24, 200)
            }
            Action::Flow { label, .. } => within("The button", label, 1, 20),
            Action::Link { label, url } => {
                within("The button", label, 1, 20)?;
                if url.starts_with("https://") || url.starts_with("http://") {
                    Ok(())
                } else {
                    Err(refused(
                        format!("`{}` is not a URL.", crate::domain::text::clean_line(url)),
                        "Start it with https://.",
                    ))
                }
            }
            Action::Products { sections, .. } => {
                let products: usize = sections.iter().map(|section| section.rows.len()).sum();
                if self.heading.is_none() {
                    return Err(refused("Several products need a heading.", "Give a heading."));
                }
                if (1..=30).contains(&products) && sections.len() <= 10 {
                    Ok(())
                } else {
                    Err(refused(format!("The message has {products} products; the range is 1 to 30."), "Remove some."))
                }
            }
            Action::AskLocation | Action::Catalogue { .. } | Action::Product { .. } => Ok(()),
        }
    }
}

fn refused(why: impl Into<String>, instead: &str) -> Refusal {
    Refusal::new(Code::Content, why, instead)
}

/// Refuses a text outside its length limits. Counts UTF-16 units, the provider's strictest way to count.
pub(crate) fn within(what: &str, text: &Untrusted, least: usize, most: usize) -> Result<(), Refusal> {
    let length = text.as_received().encode_utf16().count();
    if length < least || (least > 0 && text.as_received().trim().is_empty()) {
        return Err(refused(format!("{what} is empty."), "Give it a value."));
    }
    if length > most {
        return Err(refused(format!("{what} has {length} characters; the maximum is {most}."), "Shorten it."));
    }
    Ok(())
}

/// Checks the titles, descriptions and ids of options, which must be unique.
fn choices<'c>(all: impl Iterator<Item = &'c Choice>, title: usize, id: usize) -> Result<(), Refusal> {
    let mut seen: Vec<(&str, &str)> = vec![];
    for choice in all {
        within("A choice", &choice.title, 1, title)?;
        if let Some(description) = &choice.description {
            within("A description", description, 1, 72)?;
        }
        if choice.id.is_empty() || choice.id.len() > id || choice.id.trim() != choice.id {
            return Err(refused(
                format!("The id of {} is empty or too long.", choice.title.line()),
                "Give it a short id.",
            ));
        }
        if seen.iter().any(|(known, shown)| *known == choice.id || *shown == choice.title.as_received()) {
            return Err(refused(
                format!("{} is there twice.", choice.title.line()),
                "Give each choice its own title and id.",
            ));
        }
        seen.push((&choice.id, choice.title.as_received()));
    }
    Ok(())
}

/// Parses options that are written in one line: `Keep; Move = move_it; Cancel | only today`. Text after `=` is the
/// id, after `|` the description; a part that starts with `#` is a section title.
pub fn read_sections(text: &str) -> Vec<Section> {
    let mut sections = vec![Section { title: Untrusted::default(), rows: vec![] }];
    for part in text.split([';', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
        if let Some(title) = part.strip_prefix('#') {
            sections.push(Section { title: title.trim().into(), rows: vec![] });
            continue;
        }
        let (head, description) = part.split_once('|').map_or((part, None), |(head, tail)| (head, Some(tail.trim())));
        let (title, id) =
            head.split_once('=').map_or((head.trim(), None), |(title, id)| (title.trim(), Some(id.trim())));
        let count: usize = sections.iter().map(|section| section.rows.len()).sum();
        let id = id.filter(|id| !id.is_empty()).map_or_else(|| made_id(title, count), str::to_owned);
        let description = description.filter(|words| !words.is_empty()).map(Untrusted::from);
        if let Some(section) = sections.last_mut() {
            section.rows.push(Choice { id, title: title.into(), description });
        }
    }
    sections.retain(|section| !section.rows.is_empty());
    sections
}

/// Derives an id from an option's title.
fn made_id(title: &str, count: usize) -> String {
    let plain: String = title.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let plain = plain.trim_matches('_');
    if plain.is_empty() { format!("choice_{}", count + 1) } else { plain.chars().take(40).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(action: Action) -> Interactive {
        Interactive { heading: None, body: "Keep the slot?".into(), footer: None, action }
    }

    fn buttons(text: &str) -> Action {
        Action::Buttons { buttons: read_sections(text).into_iter().flat_map(|section| section.rows).collect() }
    }

    #[test]
    fn what_people_write_becomes_choices() {
        let sections = read_sections("Express | 1-2 days; Standard = std; # Slow; By ship");
        assert_eq!(sections.len(), 2);
        assert_eq!((sections[0].rows[1].id.as_str(), sections[1].title.as_received()), ("std", "Slow"));
        assert_eq!(sections[0].rows[0].description, Some("1-2 days".into()));
        assert_eq!(read_sections("日本語")[0].rows[0].id, "choice_1");
    }

    #[test]
    fn limits_are_the_providers() {
        assert!(offer(buttons("Keep; Move; Cancel")).check().is_ok());
        for bad in ["", "a; b; c; d", "Keep; Keep", "This title is longer than twenty characters"] {
            assert!(offer(buttons(bad)).check().is_err(), "{bad}");
        }
        let rows = (0..11).map(|n| format!("row {n}")).collect::<Vec<_>>().join(";");
        let list = |rows: &str| offer(Action::List { button: "Options".into(), sections: read_sections(rows) });
        assert!(list(&rows).check().is_err());
        assert!(list("One; Two").check().is_ok());
        assert!(offer(Action::Link { label: "Track".into(), url: "javascript:1".into() }).check().is_err());
    }
}

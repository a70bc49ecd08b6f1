//! Placeholders of a template: required and optional values to send it.

use super::template::{Template, TemplateButton};
use crate::domain::text::Untrusted;

/// Values of a location header, all required, as `header:latitude` and so on.
pub(crate) const LOCATION_PARTS: [&str; 4] = ["latitude", "longitude", "name", "address"];
/// Header formats that are files.
pub(crate) const FILE_FORMATS: [&str; 3] = ["IMAGE", "VIDEO", "DOCUMENT"];

/// A placeholder of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Key in a request: `customer_name`, `1`, `header:1`, `header`, `button:0:url`, `card:0:1`.
    pub key: String,
    /// Label for people.
    pub label: String,
    pub example: Option<Untrusted>,
    /// The value is a file: an uploaded file, an https link, or the provider's media id.
    pub file: bool,
    /// The value can be omitted.
    pub optional: bool,
}

impl Template {
    /// Returns the placeholders in reading order.
    pub fn slots(&self) -> Vec<Slot> {
        let mut slots = Slots { template: self, found: vec![] };
        if self.shared_places {
            slots.shared();
            return slots.found;
        }
        slots.header();
        for name in places(self.body.as_received()) {
            slots.add(&name, name.clone(), Need::Words);
        }
        if self.offer.as_ref().is_some_and(|offer| offer.has_expiration) {
            slots.add("offer:expires", "end of the offer".to_owned(), Need::Words);
        }
        slots.buttons("", &self.buttons);
        for (index, card) in self.cards.iter().enumerate() {
            let (prefix, name) = (format!("card:{index}:"), format!("card {}, ", index + 1));
            if let Some(format) = card.header_format.as_deref() {
                slots.file_or_product(&prefix, &name, format);
            }
            for place in places(card.body.as_received()) {
                slots.add(&format!("{prefix}{place}"), format!("{name}{place}"), Need::Words);
            }
            slots.buttons(&prefix, &card.buttons);
        }
        slots.found
    }
}

/// The kind of value that a placeholder takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Words,
    MaybeWords,
    File,
}

/// Collects placeholders.
struct Slots<'t> {
    template: &'t Template,
    found: Vec<Slot>,
}

impl Slots<'_> {
    /// Adds a placeholder with its example.
    fn add(&mut self, key: &str, label: String, need: Need) {
        let example = self.template.examples.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
        let (file, optional) = (need == Need::File, need == Need::MaybeWords);
        self.found.push(Slot { key: key.to_owned(), label, example, file, optional });
    }

    /// Adds placeholders whose names are shared by the whole template.
    fn shared(&mut self) {
        let template = self.template;
        let texts = template.header.iter().chain([&template.body]);
        let texts = texts.chain(template.buttons.iter().filter_map(|button| button.url.as_ref()));
        let mut names: Vec<String> = texts.flat_map(|text| places(text.as_received())).collect();
        // Numeric order: 2 before 10.
        names.sort_by_key(|name| (name.parse::<u32>().unwrap_or(u32::MAX), name.clone()));
        names.dedup();
        for name in names {
            self.add(&name, name.clone(), Need::Words);
        }
    }

    /// Adds the placeholders of the header.
    fn header(&mut self) {
        match self.template.header_format.as_deref() {
            None => {}
            Some("TEXT") => {
                for name in self.template.header.iter().flat_map(|text| places(text.as_received())) {
                    self.add(&format!("header:{name}"), format!("header {name}"), Need::Words);
                }
            }
            Some("LOCATION") => {
                for part in LOCATION_PARTS {
                    self.add(&format!("header:{part}"), format!("header {part}"), Need::Words);
                }
            }
            Some(format) => self.file_or_product("", "", format),
        }
    }

    /// Adds the placeholders of a header that takes a product or a file.
    fn file_or_product(&mut self, prefix: &str, name: &str, format: &str) {
        if format == "PRODUCT" {
            self.add(&format!("{prefix}header:product"), format!("{name}header, product"), Need::Words);
            self.add(&format!("{prefix}header:catalog"), format!("{name}header, catalog id"), Need::Words);
        } else if format != "TEXT" {
            let label = format!("{name}header, {}", format.to_ascii_lowercase());
            self.add(&format!("{prefix}header"), label, Need::File);
        }
    }

    /// Adds the values that buttons take. Source: Cloud API, parts 5.4 and 5.6.
    fn buttons(&mut self, prefix: &str, buttons: &[TemplateButton]) {
        if self.template.doubles_code() {
            return;
        }
        for (index, button) in buttons.iter().enumerate() {
            let key = |what: &str| format!("{prefix}button:{index}:{what}");
            let card = prefix.strip_prefix("card:").and_then(|rest| rest.trim_end_matches(':').parse::<usize>().ok());
            let card = card.map(|index| format!("card {}, ", index + 1)).unwrap_or_default();
            let label = format!("{card}button \u{201c}{}\u{201d}", button.text.line());
            match button.kind.as_str() {
                "QUICK_REPLY" => self.add(&key("payload"), format!("{label}, payload"), Need::MaybeWords),
                "COPY_CODE" => self.add(&key("code"), format!("{label}, code"), Need::Words),
                "FLOW" => {
                    self.add(&key("flow_token"), format!("{label}, Flow token"), Need::MaybeWords);
                    self.add(&key("flow_data"), format!("{label}, Flow data"), Need::MaybeWords);
                }
                "CATALOG" => self.add(&key("product"), format!("{label}, product shown"), Need::MaybeWords),
                "MPM" => {
                    self.add(&key("product"), format!("{label}, product shown"), Need::Words);
                    self.add(&key("sections"), format!("{label}, sections"), Need::Words);
                }
                "VOICE_CALL" => self.add(&key("minutes"), format!("{label}, minutes"), Need::MaybeWords),
                _ if button.url.as_ref().is_some_and(|url| !places(url.as_received()).is_empty()) => {
                    self.add(&key("url"), label, Need::Words);
                }
                _ => {}
            }
        }
    }
}

/// Returns the names between double braces, in order, each once.
pub(super) fn places(text: &str) -> Vec<String> {
    let mut names: Vec<String> = vec![];
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(end) = rest[start..].find("}}") else { break };
        let name = rest[start + 2..start + end].trim().to_owned();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
        rest = &rest[start + end + 2..];
    }
    names
}

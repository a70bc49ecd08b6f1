//! Templates: texts approved beforehand, kept by the provider and asked for live. What is held
//! here is a picture with the time it was taken.

use serde::{Deserialize, Serialize};

use crate::domain::ids::ConnectionId;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// An open set: what nobody here has heard of is shown as it came, never filtered away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TemplateStatus(String);

impl TemplateStatus {
    pub fn new(name: &str) -> Self {
        Self(name.to_ascii_uppercase())
    }

    pub fn name(&self) -> &str {
        &self.0
    }

    /// Only an approved template can be sent.
    pub fn can_send(&self) -> bool {
        self.0 == "APPROVED"
    }

    /// Somebody has to act before it can be sent again.
    pub fn wants_attention(&self) -> bool {
        matches!(self.0.as_str(), "REJECTED" | "PAUSED" | "DISABLED" | "LIMIT_EXCEEDED" | "FLAGGED")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub id: String,
    pub name: Untrusted,
    pub language: Untrusted,
    pub category: Untrusted,
    pub status: TemplateStatus,
    pub header: Option<Untrusted>,
    /// `TEXT`, `IMAGE`, `VIDEO`, `DOCUMENT` …; none without a header.
    #[serde(default)]
    pub header_format: Option<String>,
    pub body: Untrusted,
    pub footer: Option<Untrusted>,
    pub buttons: Vec<TemplateButton>,
    /// Examples that were given for approval, by place.
    #[serde(default)]
    pub examples: Vec<(String, Untrusted)>,
    /// Why it was rejected, when it was.
    pub rejected_reason: Option<Untrusted>,
    /// `GREEN`, `YELLOW`, `RED`: how people take it, where it is told.
    #[serde(default)]
    pub quality: Option<String>,
    /// Places are named once for the whole template, wherever they stand in it.
    #[serde(default)]
    pub shared_places: bool,
    /// Parts that need values of their own at each send and for which this build has no fields, as a
    /// person calls them: `carousel`, `limited-time offer`, `product list`. Such a template is refused.
    #[serde(default)]
    pub unfillable: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateButton {
    /// `QUICK_REPLY`, `URL`, `PHONE_NUMBER`, `COPY_CODE` …
    pub kind: String,
    pub text: Untrusted,
    pub url: Option<Untrusted>,
}

/// What a location header is filled in with, all of it, under `header:latitude` and so on.
pub(crate) const LOCATION_PARTS: [&str; 4] = ["latitude", "longitude", "name", "address"];

/// One place in a template that has to be filled in before it can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// How it is called in a request: `customer_name`, `1`, `header:1`, `button:0:url`, `header`.
    pub key: String,
    /// How it is called to a person.
    pub label: String,
    pub example: Option<Untrusted>,
    /// A file, not words.
    pub file: bool,
}

impl Template {
    /// Whether the code of an authentication template goes into text and button alike.
    pub(crate) fn doubles_code(&self) -> bool {
        self.category.as_received().eq_ignore_ascii_case("AUTHENTICATION")
    }

    /// Whether it is what a filter asks for: words of its name, and `status:`, `category:`, `lang:`.
    pub fn fits(&self, filter: &str) -> bool {
        filter.to_lowercase().split_whitespace().all(|word| {
            let holds = |text: &str, part: &str| text.to_lowercase().contains(part);
            match word.split_once(':') {
                Some(("status", part)) => holds(self.status.name(), part),
                Some(("category", part)) => holds(self.category.as_received(), part),
                Some(("lang" | "language", part)) => holds(self.language.as_received(), part),
                _ => {
                    let text = format!("{} {} {}", self.name.line(), self.status.name(), self.category.line());
                    holds(&text, word) || holds(self.body.as_received(), word)
                }
            }
        })
    }

    /// What has to be filled in, in reading order.
    pub fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![];
        let example = |key: &str| self.examples.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
        let mut add = |key: String, label: String, file: bool| {
            let example = example(&key);
            slots.push(Slot { key, label, example, file });
        };
        if self.shared_places {
            let texts = self.header.iter().chain([&self.body]);
            let texts = texts.chain(self.buttons.iter().filter_map(|button| button.url.as_ref()));
            let mut names: Vec<String> = texts.flat_map(|text| places(text.as_received())).collect();
            // As people count them: 2 before 10.
            names.sort_by_key(|name| (name.parse::<u32>().unwrap_or(u32::MAX), name.clone()));
            names.dedup();
            for name in names {
                add(name.clone(), name, false);
            }
            return slots;
        }
        match self.header_format.as_deref() {
            None => {}
            Some("TEXT") => {
                for name in self.header.iter().flat_map(|text| places(text.as_received())) {
                    add(format!("header:{name}"), format!("header {name}"), false);
                }
            }
            Some("LOCATION") => {
                for part in LOCATION_PARTS {
                    add(format!("header:{part}"), format!("header {part}"), false);
                }
            }
            Some(format) => add("header".into(), format!("header, {}", format.to_ascii_lowercase()), true),
        }
        for name in places(self.body.as_received()) {
            add(name.clone(), name, false);
        }
        for (index, button) in self.buttons.iter().enumerate() {
            let open = button.url.as_ref().is_some_and(|url| !places(url.as_received()).is_empty());
            let label = format!("button \u{201c}{}\u{201d}", button.text.line());
            if open && !self.doubles_code() {
                add(format!("button:{index}:url"), label, false);
            } else if button.kind == "COPY_CODE" && !self.doubles_code() {
                add(format!("button:{index}:code"), format!("{label}, code"), false);
            }
        }
        slots
    }

    /// What goes out beside what was filled in: a code goes into its button too.
    pub fn doubled(&self, given: &[(String, String)]) -> Vec<(String, String)> {
        let mut all = given.to_vec();
        if self.doubles_code()
            && !self.buttons.is_empty()
            && let Some((_, code)) = given.first()
        {
            all.push(("button:0:url".into(), code.clone()));
        }
        all
    }

    /// The header's words with what is filled in; none for other headers than texts.
    pub(crate) fn filled_header(&self, given: &[(String, String)]) -> Option<String> {
        let text = self.header.as_ref().filter(|_| self.header_format.as_deref() == Some("TEXT"))?;
        let key = |name: &str| if self.shared_places { name.to_owned() } else { format!("header:{name}") };
        Some(filled(text.as_received(), |name| value_of(given, &key(name))))
    }

    /// The body's words with what is filled in.
    pub(crate) fn filled_body(&self, given: &[(String, String)]) -> String {
        filled(self.body.as_received(), |name| value_of(given, name))
    }

    /// The words as the contact will see them; what is not filled in yet stays as it is.
    pub fn render(&self, given: &[(String, String)]) -> Untrusted {
        let mut parts = vec![];
        match (self.filled_header(given), self.header_format.as_deref()) {
            (Some(text), _) => parts.push(text),
            (None, Some("LOCATION")) => {
                let name = value_of(given, "header:name").map(|name| format!(" {name}")).unwrap_or_default();
                parts.push(format!("[location]{name}"));
            }
            (None, Some(format)) => parts.push(format!("[{}]", format.to_ascii_lowercase())),
            (None, None) => {}
        }
        parts.push(self.filled_body(given));
        parts.extend(self.footer.as_ref().map(|footer| footer.as_received().to_owned()));
        for (index, button) in self.buttons.iter().enumerate() {
            let url = button.url.as_ref().map(|url| {
                filled(url.as_received(), |name| {
                    if self.shared_places {
                        value_of(given, name)
                    } else {
                        value_of(given, &format!("button:{index}:url"))
                    }
                })
            });
            let tail = url.map(|url| format!(" {url}")).unwrap_or_default();
            parts.push(format!("[{}]{tail}", button.text.as_received()));
        }
        Untrusted::new(parts.join("\n"))
    }
}

/// What was filled in under a key; none where that is empty.
fn value_of<'g>(given: &'g [(String, String)], key: &str) -> Option<&'g str> {
    given.iter().find(|(known, value)| known == key && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// The names between double braces, in order, each once.
fn places(text: &str) -> Vec<String> {
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

fn filled<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(end) = rest[start..].find("}}") else { break };
        out.push_str(&rest[..start]);
        let name = rest[start + 2..start + end].trim();
        out.push_str(value(name).unwrap_or(&rest[start..start + end + 2]));
        rest = &rest[start + end + 2..];
    }
    out.push_str(rest);
    out
}

/// One connection's templates as the provider listed them, with the time of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateList {
    pub connection: ConnectionId,
    pub connection_name: String,
    /// When `templates` was fetched; none before the first answer.
    pub fetched_at: Option<Timestamp>,
    /// When the provider was asked last, whether or not it answered.
    #[serde(default)]
    pub tried_at: Option<Timestamp>,
    pub templates: Vec<Template>,
    /// Why the last look did not succeed; `templates` is then older than wished.
    pub trouble: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Template {
        Template {
            id: "1".into(),
            name: "order".into(),
            language: "en_US".into(),
            category: "UTILITY".into(),
            status: TemplateStatus::new("approved"),
            header: Some("Order {{order_id}}".into()),
            header_format: Some("TEXT".into()),
            body: "Hello {{customer_name}}, it is {{ status }}. {{customer_name}}!".into(),
            footer: Some("Lumen".into()),
            buttons: vec![TemplateButton {
                kind: "URL".into(),
                text: "Track".into(),
                url: Some("https://example.net/{{1}}".into()),
            }],
            examples: vec![],
            rejected_reason: None,
            quality: None,
            shared_places: false,
            unfillable: vec![],
        }
    }

    fn given(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_place_is_asked_for_once_and_none_may_stay_empty() {
        let template = template();
        let keys: Vec<String> = template.slots().into_iter().map(|slot| slot.key).collect();
        assert_eq!(keys, ["header:order_id", "customer_name", "status", "button:0:url"]);
        let mut values = given(&[
            ("header:order_id", "A-17"),
            ("customer_name", "Rosa"),
            ("status", "shipped"),
            ("button:0:url", "A-17"),
        ]);
        assert!(template.check(&values, false).is_ok());
        assert_eq!(
            template.render(&values).lines(),
            ["Order A-17", "Hello Rosa, it is shipped. Rosa!", "Lumen", "[Track] https://example.net/A-17"]
        );
        values[1].1 = "  ".into();
        assert!(template.check(&values, false).expect_err("empty").reason.contains("customer_name"));
        values[1].1 = "two\nlines".into();
        assert!(template.check(&values, false).is_err());
        values[1].1 = "Rosa".into();
        values.push(("stranger".into(), "x".into()));
        assert!(template.check(&values, false).expect_err("unknown").remedy.contains("customer_name"));
    }

    #[test]
    fn a_file_in_the_header_is_asked_for() {
        let template = Template {
            header: None,
            header_format: Some("IMAGE".into()),
            body: "Hi".into(),
            buttons: vec![],
            ..template()
        };
        assert!(template.slots()[0].file);
        assert!(template.check(&[], false).is_err() && template.check(&[], true).is_ok());
    }

    #[test]
    fn a_code_goes_into_its_button_too() {
        let template = Template {
            category: "AUTHENTICATION".into(),
            header: None,
            header_format: None,
            body: "{{1}} is your code".into(),
            ..template()
        };
        assert_eq!(template.slots().len(), 1);
        assert_eq!(template.doubled(&given(&[("1", "4711")]))[1], ("button:0:url".into(), "4711".into()));
    }
}

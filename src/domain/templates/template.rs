//! Message templates: approved texts that the provider stores. wadeck stores copies with the time at which they were
//! fetched.

use serde::{Deserialize, Serialize};

use crate::domain::ids::ConnectionId;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// Status of a template. Unknown statuses are kept and shown as received.
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

    /// Returns `true` for approved templates; no others can be sent.
    pub fn can_send(&self) -> bool {
        self.0 == "APPROVED"
    }

    /// Returns `true` if the template was never submitted for approval.
    pub fn is_unsubmitted(&self) -> bool {
        self.0 == "UNSUBMITTED"
    }

    /// Returns `true` while the provider reviews the template.
    pub fn is_pending(&self) -> bool {
        matches!(self.0.as_str(), "PENDING" | "IN_APPEAL" | "RECEIVED" | "SUBMITTED")
    }

    /// Returns `true` if a person has to act before the template can be sent again.
    pub fn wants_attention(&self) -> bool {
        matches!(self.0.as_str(), "REJECTED" | "PAUSED" | "DISABLED" | "LIMIT_EXCEEDED" | "FLAGGED")
    }
}

/// A message template as the provider listed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub id: String,
    pub name: Untrusted,
    pub language: Untrusted,
    pub category: Untrusted,
    pub status: TemplateStatus,
    pub header: Option<Untrusted>,
    /// `TEXT`, `IMAGE`, `VIDEO`, `DOCUMENT` …; `None` without a header.
    #[serde(default)]
    pub header_format: Option<String>,
    pub body: Untrusted,
    pub footer: Option<Untrusted>,
    pub buttons: Vec<TemplateButton>,
    /// Examples from the approval, by placeholder.
    #[serde(default)]
    pub examples: Vec<(String, Untrusted)>,
    /// Why the template was rejected.
    pub rejected_reason: Option<Untrusted>,
    /// Quality rating: `GREEN`, `YELLOW` or `RED`, if the provider reports it.
    #[serde(default)]
    pub quality: Option<String>,
    /// Placeholder names are shared by the whole template, not separate per component.
    #[serde(default)]
    pub shared_places: bool,
    /// Limited-time offer, if the template has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<LimitedTimeOffer>,
    /// Carousel cards in order; empty without a carousel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<TemplateCard>,
    /// Since when the template has this status, as observed here; `None` if it was never stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Unsupported components, as shown to people, such as `header of the kind gif`. A template with any is refused.
    #[serde(default)]
    pub unfillable: Vec<String>,
    /// Can be sent inside the service window although it was never submitted for approval.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub free_in_window: bool,
}

/// A button of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateButton {
    /// `QUICK_REPLY`, `URL`, `PHONE_NUMBER`, `COPY_CODE` …
    pub kind: String,
    pub text: Untrusted,
    pub url: Option<Untrusted>,
}

/// A card of a carousel. Source: Cloud API, part 5.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateCard {
    /// `IMAGE`, `VIDEO` or `PRODUCT`; `None` without a header.
    pub header_format: Option<String>,
    pub body: Untrusted,
    pub buttons: Vec<TemplateButton>,
}

/// A limited-time offer. Source: Cloud API, part 5.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitedTimeOffer {
    pub text: Untrusted,
    /// Whether each message specifies when the offer ends.
    pub has_expiration: bool,
}

impl Template {
    /// Returns `true` for authentication templates, whose code is used in both text and button.
    pub(crate) fn doubles_code(&self) -> bool {
        self.category.as_received().eq_ignore_ascii_case("AUTHENTICATION")
    }

    /// Returns `true` if the template can be sent: it is approved, or the service window is open and it needs no
    /// approval there.
    pub fn can_send(&self, window_open: bool) -> bool {
        self.status.can_send() || (window_open && self.free_in_window && self.status.is_unsubmitted())
    }

    /// Returns `true` if the template matches a filter: words, and the terms `status:`, `category:` and `lang:`.
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
}

/// The templates of one connection as the provider listed them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateList {
    pub connection: ConnectionId,
    pub connection_name: String,
    /// The provider's id of the business account, by which webhooks name the list.
    #[serde(skip)]
    pub account: String,
    /// When `templates` was fetched; `None` before the first successful fetch.
    pub fetched_at: Option<Timestamp>,
    /// When the last fetch was attempted, successful or not.
    #[serde(default)]
    pub tried_at: Option<Timestamp>,
    pub templates: Vec<Template>,
    /// Why the last fetch failed; `templates` is then outdated.
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
            offer: None,
            cards: vec![],
            since: None,
            unfillable: vec![],
            free_in_window: false,
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
        assert_eq!(template.parameters(&given(&[("1", "4711")]))[1], ("button:0:url".into(), "4711".into()));
    }
}

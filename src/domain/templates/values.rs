//! Checks all values of a template against its placeholders and the platform's limits. The form, the command line and
//! the operation call the same function.

use crate::domain::code::Code;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::message::media::Media;
use crate::domain::refusal::Refusal;
use crate::domain::templates::limits;
use crate::domain::templates::slots::LOCATION_PARTS;
use crate::domain::templates::template::{Template, TemplateList};
use crate::domain::templates::value_checks::refused;
use crate::domain::text::{Untrusted, clean_line};

impl Template {
    /// Refuses missing, unknown and invalid values, and a header file if the template takes none.
    pub fn check(&self, given: &[(String, String)], has_file: bool) -> Result<(), Refusal> {
        if let Some(part) = self.unfillable.first() {
            let why = format!("The template {} has a {part}, which wadeck cannot fill yet.", self.name.line());
            return Err(Refusal::new(Code::TemplateComponent, why, "Choose another template."));
        }
        let slots = self.slots();
        for slot in &slots {
            let value = given.iter().find(|(key, _)| *key == slot.key).map(|(_, value)| value.trim());
            let value = value.filter(|value| !value.is_empty());
            if slot.key == "header" && slot.file && has_file {
                if value.is_some() {
                    let why = format!("Two files are given for the {}.", slot.label);
                    return Err(refused(why, "Give one of file, link and media id."));
                }
            } else if let Some(value) = value {
                self.check_value(slot, value)?;
            } else if slot.file {
                let why = format!("The template needs a file for its {}.", slot.label);
                return Err(refused(why, "Choose a file, or give an https link."));
            } else if !slot.optional {
                let why = format!("{} is not filled in; templates with empty places are refused.", slot.label);
                return Err(refused(why, "Give it a value."));
            }
        }
        if has_file && !slots.iter().any(|slot| slot.key == "header") {
            let why = format!("The header of the template {} takes no file.", self.name.line());
            return Err(refused(why, "Send it without one."));
        }
        if let Some((key, _)) = given.iter().find(|(key, _)| !slots.iter().any(|slot| slot.key == *key)) {
            let why = format!("The template has no place called {}.", clean_line(key));
            let places = slots.iter().map(|slot| slot.key.as_str()).collect::<Vec<_>>().join(", ");
            let instead = if places.is_empty() { "It has none.".to_owned() } else { format!("It has: {places}.") };
            return Err(refused(why, instead));
        }
        self.check_lengths(given)
    }

    /// Refuses a template without approval outside the service window.
    pub fn check_window(&self, open: bool) -> Result<(), Refusal> {
        if self.can_send(open) {
            return Ok(());
        }
        let why = format!(
            "The template {} ({}) is {}, so it can be sent inside the service window only, which is closed.",
            self.name.line(),
            self.language.line(),
            self.status.name()
        );
        Err(Refusal::new(Code::TemplateNotApproved, why, "Choose an approved template."))
    }

    /// Refuses texts that are too long with their values; the provider would fail with 132005.
    fn check_lengths(&self, given: &[(String, String)]) -> Result<(), Refusal> {
        let alone = self.header_format.is_none() && self.footer.is_none() && self.buttons.is_empty();
        let header = (self.header_format.as_deref() == Some("TEXT")).then(|| self.filled_header(given)).flatten();
        let most = match (&self.offer, alone && self.cards.is_empty()) {
            (Some(_), _) => limits::MAX_BODY_WITH_OFFER,
            (None, true) => limits::MAX_LONE_BODY,
            (None, false) => limits::MAX_BODY,
        };
        let mut parts = vec![("body".to_owned(), self.filled_body(given), most)];
        parts.extend(header.map(|text| ("header".to_owned(), text, limits::MAX_HEADER)));
        for at in 0..self.cards.len() {
            parts.push((format!("body of card {}", at + 1), self.filled_card(at, given), limits::MAX_CARD_BODY));
        }
        for (part, text, bound) in parts {
            let length = text.chars().count();
            if length > bound {
                let why = format!("Filled in, the {part} has {length} characters; the platform takes {bound}.");
                return Err(refused(why, "Shorten the values."));
            }
        }
        Ok(())
    }

    /// Refuses a file of another kind than the approved one, for the placeholder `header` or `card:0:header`. The
    /// platform would fail with 132012.
    pub fn check_header_file(&self, key: &str, file: &Media) -> Result<(), Refusal> {
        let format = self.file_format(key).unwrap_or_default().to_ascii_lowercase();
        let family = file.mime_type.split('/').next().unwrap_or_default();
        let kind = if ["image", "video", "audio"].contains(&family) { family } else { "document" };
        if kind == format {
            return Ok(());
        }
        let name = file.file_name.as_ref().map_or_else(|| "The file".into(), Untrusted::line);
        let why = format!(
            "The template {} has a header of the kind {format}, and {name} is of the kind {kind}.",
            self.name.line()
        );
        Err(Refusal::new(Code::TemplateHeader, why, format!("Choose a file of the kind {format}.")))
    }

    /// Note for people before they send a marketing template.
    pub const MARKETING_NOTE: &str =
        "It is marketing: the contact must have opted in, and each delivered message is charged.";

    /// Returns `true` for marketing templates, which contacts can turn off.
    pub fn is_marketing(&self) -> bool {
        self.category.as_received().eq_ignore_ascii_case("MARKETING")
    }

    /// Refuses a recipient that the platform excludes: it withholds marketing messages to United States numbers since
    /// 2025-04-01 (Meta: error 131049; Twilio: error 63049).
    pub fn check_recipient(&self, to: &PhoneNumber) -> Result<(), Refusal> {
        if self.is_marketing() && to.is_in_united_states() {
            let why = format!(
                "The template {} is marketing, and WhatsApp delivers no marketing templates to numbers of the United States such as {to}.",
                self.name.line()
            );
            return Err(Refusal::new(Code::MarketingUnitedStates, why, "Send a utility template."));
        }
        Ok(())
    }
}

impl TemplateList {
    /// Returns the template with this name and exactly this language, in any status.
    pub fn named(&self, name: &str, language: &str) -> Option<&Template> {
        self.templates.iter().find(|one| one.name.as_received() == name && one.language.as_received() == language)
    }

    /// Returns the approved template with a name and a language. Without a language, the name must have only one.
    pub fn sendable(&self, name: &str, language: &str) -> Result<&Template, Refusal> {
        let named: Vec<&Template> = self.templates.iter().filter(|one| one.name.as_received() == name).collect();
        let shown = clean_line(name);
        let languages = || {
            let mut all: Vec<String> = named.iter().map(|one| one.language.line()).collect();
            all.sort();
            all.join(", ")
        };
        let found = match (named.as_slice(), language) {
            ([], _) => {
                let why = format!("Template {shown} not found for {}.", self.connection_name);
                return Err(Refusal::new(Code::TemplateUnknown, why, "Choose a template from the list."));
            }
            ([only], "") => only,
            (_, "") => {
                let why = format!("The template {shown} exists in several languages: {}.", languages());
                return Err(Refusal::new(Code::TemplateLanguage, why, "Name one of them."));
            }
            (several, language) => {
                let found = several.iter().find(|one| same_language(one.language.as_received(), language));
                found.ok_or_else(|| {
                    let why = format!(
                        "The template {shown} does not exist in {}; its languages are: {}.",
                        clean_line(language),
                        languages()
                    );
                    Refusal::new(Code::TemplateLanguage, why, "Name one of them.")
                })?
            }
        };
        // Whether the window is open is checked where the recipient is known.
        if found.can_send(true) {
            return Ok(found);
        }
        let why = format!("The template {shown} ({}) is {}.", found.language.line(), found.status.name());
        Err(Refusal::new(Code::TemplateNotApproved, why, "Choose an approved template."))
    }
}

/// Returns `true` if two language codes are equal, ignoring case and treating `-` as `_`.
fn same_language(one: &str, other: &str) -> bool {
    let plain = |code: &str| code.to_ascii_lowercase().replace('-', "_");
    plain(one) == plain(other)
}

/// Returns the values of a location header; `None` if the parameters have none. A text header has at most one
/// placeholder, so that both coordinates together identify a location.
pub fn location_of(parameters: &[(String, Untrusted)]) -> Option<[&Untrusted; 4]> {
    let value = |part: &str| {
        parameters.iter().find(|(key, _)| key.strip_prefix("header:") == Some(part)).map(|(_, value)| value)
    };
    let [latitude, longitude, name, address] = LOCATION_PARTS;
    Some([value(latitude)?, value(longitude)?, value(name)?, value(address)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::templates::template::TemplateStatus;

    fn with_header(format: &str) -> Template {
        Template {
            id: "1".into(),
            name: "order".into(),
            language: "en".into(),
            category: "UTILITY".into(),
            status: TemplateStatus::new("approved"),
            header: None,
            header_format: Some(format.into()),
            body: "Hi {{1}}".into(),
            footer: None,
            buttons: vec![],
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

    #[test]
    fn a_header_file_has_to_be_of_the_kind_that_was_approved() {
        let file = |mime_type: &str| Media { mime_type: mime_type.into(), ..Media::default() };
        for (format, mime_type, fits) in [
            ("IMAGE", "image/png", true),
            ("IMAGE", "application/pdf", false),
            ("DOCUMENT", "application/pdf", true),
            ("DOCUMENT", "image/png", false),
            ("DOCUMENT", "audio/ogg", false),
            ("VIDEO", "video/mp4", true),
            ("VIDEO", "image/jpeg", false),
        ] {
            assert_eq!(
                with_header(format).check_header_file("header", &file(mime_type)).is_ok(),
                fits,
                "{format} {mime_type}"
            );
        }
    }

    #[test]
    fn what_is_filled_in_keeps_the_limits_of_the_platform() {
        let mut template = with_header("TEXT");
        template.header = Some("Order".into());
        let given = |text: String| vec![("1".to_owned(), text)];
        assert!(template.check(&given("x".repeat(1021)), false).is_ok());
        assert!(template.check(&given("x".repeat(1022)), false).expect_err("too long").reason.contains("1025"));
        assert!(template.check(&given("a    b".into()), false).is_ok(), "four blanks pass");
        assert!(template.check(&given("a     b".into()), false).is_err());
        assert!(template.check(&given("x".into()), true).is_err(), "a file that has no place");
        template.header_format = None;
        assert!(template.check(&given("x".repeat(1022)), false).is_ok(), "alone, a body may be longer");
        template.offer =
            Some(crate::domain::templates::template::LimitedTimeOffer { text: "Ends".into(), has_expiration: false });
        assert!(template.check(&given("x".repeat(597)), false).is_ok());
        assert!(template.check(&given("x".repeat(598)), false).expect_err("beside an offer").reason.contains("600"));
        template.offer = None;
        let card = crate::domain::templates::template::TemplateCard {
            header_format: None,
            body: "Card {{1}}".into(),
            buttons: vec![],
        };
        template.cards = vec![card];
        let both = |text: String| vec![("1".to_owned(), "x".to_owned()), ("card:0:1".to_owned(), text)];
        assert!(template.check(&both("x".repeat(155)), false).is_ok());
        assert!(
            template.check(&both("x".repeat(156)), false).expect_err("on a card").reason.contains("body of card 1")
        );
        template.cards = vec![];
        template.category = "AUTHENTICATION".into();
        assert!(template.check(&given("1".repeat(15)), false).is_ok());
        assert!(template.check(&given("1".repeat(16)), false).is_err());
    }
}

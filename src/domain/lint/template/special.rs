//! Checks authentication templates, limited-time offers and carousels.

use super::part::{Part, count, text, upper};
use super::{buttons, texts};
use crate::domain::lint::Report;
use crate::domain::templates::limits;

/// Checks the components of an authentication template.
pub(super) fn authentication(report: &mut Report, components: &[Part<'_>]) {
    for part in components {
        match part.kind.as_str() {
            "BODY" | "FOOTER" => {
                if !part.value["text"].is_null() {
                    let place = format!("{}.text", part.place);
                    report.error(
                        "T31",
                        &place,
                        "The text of a one-time code template is set by Meta.",
                        "Remove the text.",
                    );
                }
            }
            "BUTTONS" => one_time(report, part),
            kind => report.error(
                "T31",
                &part.place,
                format!("A one-time code template cannot have a {kind}."),
                "Use a body, a footer and one button.",
            ),
        }
        let expires = &part.value["code_expiration_minutes"];
        if !expires.is_null()
            && !expires.as_i64().is_some_and(|minutes| (1..=limits::MAX_CODE_MINUTES).contains(&minutes))
        {
            let place = format!("{}.code_expiration_minutes", part.place);
            report.error(
                "T32",
                &place,
                format!("An expiry of {expires} minutes is not allowed."),
                "Use a whole number from 1 to 90.",
            );
        }
    }
    if !components.iter().any(|part| part.kind == "BUTTONS") {
        report.error("T31", "components", "There is no OTP button.", "Add one of type OTP.");
    }
}

/// Checks the one-time code button of an authentication template.
fn one_time(report: &mut Report, part: &Part<'_>) {
    let none = vec![];
    let buttons = part.value["buttons"].as_array().unwrap_or(&none);
    if buttons.len() != 1 || upper(&buttons[0], "type") != "OTP" {
        report.error(
            "T31",
            &format!("{}.buttons", part.place),
            "A one-time code template must have exactly one button.",
            "Use one button of type OTP.",
        );
        return;
    }
    let (button, place) = (&buttons[0], format!("{}.buttons[0]", part.place));
    let kind = upper(button, "otp_type");
    if !matches!(kind.as_str(), "COPY_CODE" | "ONE_TAP" | "ZERO_TAP") {
        report.error(
            "T31",
            &format!("{place}.otp_type"),
            format!("`{}` is not an otp_type.", text(button, "otp_type")),
            "Use COPY_CODE, ONE_TAP or ZERO_TAP.",
        );
    }
    for key in ["text", "autofill_text"] {
        if count(text(button, key)) > limits::MAX_BUTTON_LABEL {
            report.error("T8", &format!("{place}.{key}"), "The label is too long.", "Use at most 25 characters.");
        }
    }
    if !matches!(kind.as_str(), "ONE_TAP" | "ZERO_TAP") {
        return;
    }
    let apps = button["supported_apps"].as_array().unwrap_or(&none);
    if apps.is_empty() || apps.len() > limits::MAX_APPS {
        report.error(
            "T33",
            &format!("{place}.supported_apps"),
            format!("There are {} apps.", apps.len()),
            "Use one to five.",
        );
    }
    for (at, app) in apps.iter().enumerate() {
        let (package, hash) = (text(app, "package_name"), text(app, "signature_hash"));
        let segment = |one: &str| {
            one.starts_with(|c: char| c.is_ascii_alphabetic())
                && one.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if package.len() > limits::MAX_PACKAGE || package.split('.').count() < 2 || !package.split('.').all(segment) {
            report.error(
                "T33",
                &format!("{place}.supported_apps[{at}].package_name"),
                format!("`{package}` is not a package name."),
                "Write it like com.example.app.",
            );
        }
        if hash.len() != limits::APP_HASH || !hash.chars().all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c)) {
            report.error(
                "T33",
                &format!("{place}.supported_apps[{at}].signature_hash"),
                format!("`{hash}` is not a signature hash."),
                "Use exactly 11 characters.",
            );
        }
    }
    if kind == "ZERO_TAP" && button["zero_tap_terms_accepted"] != true {
        report.error(
            "T33",
            &format!("{place}.zero_tap_terms_accepted"),
            "The zero-tap terms are not accepted.",
            "Set zero_tap_terms_accepted to true if you accept them.",
        );
    }
}

/// Warns about utility and marketing templates that look like one-time codes, which are rejected.
pub(super) fn looks_like_a_code(report: &mut Report, components: &[Part<'_>]) {
    for part in components.iter().filter(|part| part.kind == "BODY") {
        let lower = text(part.value, "text").to_lowercase();
        let looks =
            ["verification code", "is your code", "one-time password", "one time password", "otp is", "passcode"];
        if looks.iter().any(|words| lower.contains(words)) && lower.contains("{{") {
            report.warn(
                "T34",
                &format!("{}.text", part.place),
                "This looks like a one-time code.",
                "Use the category AUTHENTICATION.",
            );
        }
    }
}

/// Checks a limited-time offer.
pub(super) fn limited_offer(report: &mut Report, components: &[Part<'_>], category: &str) {
    let Some(offer) = components.iter().find(|part| part.kind == "LIMITED_TIME_OFFER") else { return };
    let place = &offer.place;
    let inner = &offer.value["limited_time_offer"];
    let length = count(text(inner, "text"));
    if length == 0 || length > limits::MAX_OFFER_TEXT {
        report.error(
            "T8",
            &format!("{place}.limited_time_offer.text"),
            format!("The offer has {length} characters."),
            "Use 1 to 16 characters.",
        );
    }
    if category != "MARKETING" {
        report.error("T29", place, "A limited-time offer needs the category MARKETING.", "Change the category.");
    }
    if components.iter().any(|part| part.kind == "FOOTER") {
        report.error("T29", place, "A limited-time offer cannot have a footer.", "Remove it.");
    }
    let header = components.iter().find(|part| part.kind == "HEADER").map(|part| upper(part.value, "format"));
    if header.is_some_and(|format| !matches!(format.as_str(), "IMAGE" | "VIDEO")) {
        report.error(
            "T29",
            place,
            "The header of a limited-time offer must be an image or a video.",
            "Change the header.",
        );
    }
    let kinds: Vec<String> = components
        .iter()
        .filter(|part| part.kind == "BUTTONS")
        .flat_map(|part| part.value["buttons"].as_array().into_iter().flatten())
        .map(|one| upper(one, "type"))
        .collect();
    if !kinds.iter().any(|kind| kind == "URL") {
        report.error("T29", place, "A limited-time offer needs a URL button.", "Add one of type URL.");
    }
    if inner["has_expiration"] == true {
        match kinds.iter().position(|kind| kind == "COPY_CODE") {
            None => report.error(
                "T29",
                place,
                "A limited-time offer with an expiry needs a copy code button.",
                "Add a button COPY_CODE.",
            ),
            Some(0) => {}
            Some(_) => report.warn("T29", place, "The copy code button is not the first one.", "Put it first."),
        }
    }
}

/// Checks a carousel and its cards.
pub(super) fn carousel(report: &mut Report, components: &[Part<'_>], category: &str, named: bool) {
    let Some(carousel) = components.iter().find(|part| part.kind == "CAROUSEL") else { return };
    let none = vec![];
    let cards = carousel.value["cards"].as_array().unwrap_or(&none);
    let place = format!("{}.cards", carousel.place);
    if category != "MARKETING" {
        report.error("T30", &carousel.place, "A carousel needs the category MARKETING.", "Change the category.");
    }
    if !(limits::MIN_CARDS..=limits::MAX_CARDS).contains(&cards.len()) {
        report.error("T30", &place, format!("There are {} cards.", cards.len()), "Use 2 to 10.");
    }
    if components.iter().any(|part| matches!(part.kind.as_str(), "HEADER" | "FOOTER" | "BUTTONS")) {
        report.error(
            "T30",
            "components",
            "A template with a carousel has other components than a body.",
            "Move header and buttons into the cards.",
        );
    }
    let mut shapes: Vec<Vec<String>> = vec![];
    for (at, card) in cards.iter().enumerate() {
        let parts = super::part::parts(&card["components"], &format!("{place}[{at}].components"));
        let place = format!("{place}[{at}]");
        let mut shape = vec![];
        for part in &parts {
            match part.kind.as_str() {
                "HEADER" => {
                    shape.push(format!("HEADER {}", upper(part.value, "format")));
                    texts::header(report, part, category, named);
                }
                "BODY" => {
                    shape.push("BODY".into());
                    texts::body(report, part, named, limits::MAX_CARD_BODY);
                }
                "BUTTONS" => {
                    let kinds = part.value["buttons"].as_array().into_iter().flatten().map(|one| upper(one, "type"));
                    let kinds: Vec<String> = kinds.collect();
                    if kinds.len() > limits::MAX_CARD_BUTTONS {
                        report.error(
                            "T30",
                            &part.place,
                            format!("A card has {} buttons.", kinds.len()),
                            "Use at most two.",
                        );
                    }
                    shape.push(format!("BUTTONS {}", kinds.join(" ")));
                    buttons::check(report, part, category);
                }
                other => {
                    report.error(
                        "T30",
                        &part.place,
                        format!("A card cannot have a {other}."),
                        "Use a header, a body and buttons.",
                    );
                }
            }
        }
        if !parts.iter().any(|part| part.kind == "HEADER") {
            report.error("T30", &place, "The card has no header.", "Add an image or a video.");
        }
        if !parts.iter().any(|part| part.kind == "BUTTONS") {
            report.warn(
                "T30",
                &place,
                "The card has no button.",
                "Add one: cards without buttons are likely to be rejected.",
            );
        }
        shapes.push(shape);
    }
    if shapes.windows(2).any(|pair| pair[0] != pair[1]) {
        report.error(
            "T30",
            &place,
            "The cards differ in their components.",
            "Use the same components in the same order on all cards.",
        );
    }
}

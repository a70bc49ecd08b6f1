//! Checks name, language, category and the set of components, also against the account's templates.

use serde_json::Value;

use super::part::{Part, text, upper};
use crate::domain::lint::Finding;
use crate::domain::lint::Report;
use crate::domain::templates::limits;
use crate::domain::templates::template::Template;

/// Languages of templates. Source: Cloud API, appendix A.
pub const LANGUAGES: &str = " af sq ar ar_EG ar_AE ar_LB ar_MA ar_QA az be_BY bn bn_IN bg ca zh_CN zh_HK zh_TW hr cs da prs_AF nl nl_BE en en_GB en_US en_AE en_AU en_CA en_GH en_IE en_IN en_JM en_MY en_NZ en_QA en_SG en_UG en_ZA et fil fi fr fr_BE fr_CA fr_CH fr_CI fr_MA ka de de_AT de_CH el gu ha he hi hu id ga it ja kn kk rw_RW ko ky_KG lo lv lt mk ms ml mr nb ps_AF fa pl pt_BR pt_PT pa ro ru sr si_LK sk sl es es_AR es_CL es_CO es_CR es_DO es_EC es_HN es_MX es_PA es_PE es_ES es_UY sw sv ta te th tr uk ur uz vi zu ";

const CATEGORIES: [&str; 3] = ["AUTHENTICATION", "MARKETING", "UTILITY"];
const MEMBERS: [&str; 9] = [
    "name",
    "language",
    "category",
    "components",
    "parameter_format",
    "message_send_ttl_seconds",
    "allow_category_change",
    "cta_url_link_tracking_opted_out",
    "sub_category",
];
const COMPONENTS: [&str; 7] =
    ["HEADER", "BODY", "FOOTER", "BUTTONS", "LIMITED_TIME_OFFER", "CAROUSEL", "CALL_PERMISSION_REQUEST"];
const FORMATS: [&str; 6] = ["TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION", "PRODUCT"];

/// Checks the top-level fields.
pub(super) fn check(report: &mut Report, template: &Value) {
    let name = text(template, "name");
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > limits::MAX_NAME || !name.chars().all(plain) {
        report.error(
            "T1",
            "name",
            format!("`{name}` is not a valid template name."),
            "Use 1 to 512 characters of a-z, 0-9 and _.",
        );
        if !name.is_empty() {
            report.mark_fixable();
        }
    }
    if template.get("language_code").is_some() {
        report.error("T2", "language_code", "The language has the wrong key.", "Use the key language.");
        report.mark_fixable();
    } else {
        let language = text(template, "language");
        if language.is_empty() || !LANGUAGES.contains(&format!(" {language} ")) {
            let near = nearest(language).map(|near| format!("Did you mean {near}? ")).unwrap_or_default();
            report.error(
                "T2",
                "language",
                format!("`{language}` is not a template language."),
                format!("{near}Use a code such as en_US, es or pt_BR."),
            );
        }
    }
    let category = upper(template, "category");
    if !CATEGORIES.contains(&category.as_str()) {
        let what = format!("`{}` is not a category.", text(template, "category"));
        report.error("T3", "category", what, "Use UTILITY, MARKETING or AUTHENTICATION.");
    }
    if let Some(format) = template.get("parameter_format") {
        let known =
            format.as_str().is_some_and(|one| matches!(one.to_ascii_lowercase().as_str(), "named" | "positional"));
        if !known {
            report.error(
                "T4",
                "parameter_format",
                format!("`{format}` is not a parameter_format."),
                "Use NAMED or POSITIONAL.",
            );
        }
    }
    for member in template.as_object().into_iter().flatten().map(|(name, _)| name) {
        if !MEMBERS.contains(&member.as_str()) && member != "language_code" && member != "parameter_format" {
            report.warn("T7", member, format!("Unknown key `{member}` here."), "Remove it.");
        }
    }
    lifetime(report, template, &category);
}

/// Checks how long the platform may attempt the delivery, in seconds.
fn lifetime(report: &mut Report, template: &Value, category: &str) {
    let Some(ttl) = template.get("message_send_ttl_seconds") else { return };
    let range = match category {
        "AUTHENTICATION" => 30..=900,
        "UTILITY" => 30..=43_200,
        _ => 43_200..=2_592_000,
    };
    if ttl.as_i64() != Some(-1) && !ttl.as_i64().is_some_and(|ttl| range.contains(&ttl)) {
        let instead = format!("Use {} to {} in this category.", range.start(), range.end());
        report.error(
            "T35",
            "message_send_ttl_seconds",
            format!("A lifetime of {ttl} seconds is not allowed."),
            instead,
        );
    }
}

/// Returns the most similar language code; `None` if none is similar enough.
fn nearest(language: &str) -> Option<&'static str> {
    let near =
        LANGUAGES.split_whitespace().max_by(|a, b| strsim::jaro(a, language).total_cmp(&strsim::jaro(b, language)))?;
    (strsim::jaro(near, language) > 0.7).then_some(near)
}

/// Checks the set of components and their fields.
pub(super) fn check_components(report: &mut Report, components: &[Part<'_>]) {
    let of = |kind: &str| components.iter().filter(|part| part.kind == kind).count();
    if of("BODY") != 1 {
        report.error("T6", "components", format!("There are {} bodies.", of("BODY")), "Use exactly one.");
    }
    for kind in ["HEADER", "FOOTER", "BUTTONS", "LIMITED_TIME_OFFER", "CAROUSEL"] {
        if of(kind) > 1 {
            report.error(
                "T6",
                "components",
                format!("There are {} of {kind}.", of(kind)),
                "Use at most one; it contains all buttons.",
            );
        }
    }
    for part in components {
        if !COMPONENTS.contains(&part.kind.as_str()) {
            let what = format!("`{}` is not a component.", text(part.value, "type"));
            report.error("T7", &format!("{}.type", part.place), what, format!("Use one of {}.", COMPONENTS.join(", ")));
        }
        let format = upper(part.value, "format");
        if part.kind == "HEADER" && !FORMATS.contains(&format.as_str()) {
            let place = format!("{}.format", part.place);
            report.error(
                "T7",
                &place,
                format!("`{}` is not a header format.", text(part.value, "format")),
                format!("Use one of {}.", FORMATS.join(", ")),
            );
        }
        let known: &[&str] = match part.kind.as_str() {
            "HEADER" => &["type", "format", "text", "example"],
            "BODY" => &["type", "text", "example", "add_security_recommendation"],
            "FOOTER" => &["type", "text", "code_expiration_minutes"],
            "BUTTONS" => &["type", "buttons"],
            "CAROUSEL" => &["type", "cards"],
            "LIMITED_TIME_OFFER" => &["type", "limited_time_offer"],
            _ => continue,
        };
        for member in part.value.as_object().into_iter().flatten().map(|(name, _)| name) {
            if !known.contains(&member.as_str()) {
                let place = format!("{}.{member}", part.place);
                report.warn("T7", &place, format!("Unknown key `{member}` here."), "Remove it.");
            }
        }
    }
}

/// Checks the template against the account's templates.
pub(super) fn against(report: &mut Report, template: &Value, known: &[Template], own: Option<&str>) {
    let (name, language) = (text(template, "name"), text(template, "language"));
    let others = || known.iter().filter(|one| Some(one.id.as_str()) != own);
    let same_name = |one: &&Template| one.name.as_received() == name;
    if others().filter(same_name).any(|one| one.language.as_received() == language) {
        let what = format!("The template {name} already exists in {language}.");
        report.error("T5", "name", what, "Edit it, or choose another name.");
    }
    let words = |kind: &str| {
        let list = template["components"].as_array().into_iter().flatten();
        list.filter(|one| upper(one, "type") == kind).map(|one| text(one, "text")).next().unwrap_or_default().to_owned()
    };
    let (body, footer) = (words("BODY"), words("FOOTER"));
    let duplicate = others().find(|one| {
        !body.is_empty()
            && one.body.as_received() == body
            && one.footer.as_ref().map(crate::domain::text::Untrusted::as_received).unwrap_or_default() == footer
    });
    if let Some(duplicate) = duplicate.filter(|_| upper(template, "category") != "AUTHENTICATION") {
        let what = format!("{} ({}) has the same body and footer.", duplicate.name.line(), duplicate.language.line());
        report.warn("T36", "components", what, "Duplicates are rejected: change the text, or use that template.");
    }
    let category = upper(template, "category");
    if let Some(other) =
        others().filter(same_name).find(|one| one.category.as_received().to_ascii_uppercase() != category)
    {
        let what = format!(
            "The template with this name in {} has the category {}.",
            other.language.line(),
            other.category.line()
        );
        report.warn(
            "T40",
            "category",
            what,
            "All languages of a template must have the same category, variables and buttons.",
        );
    }
    if own.is_none() && known.len() >= limits::MAX_TEMPLATES_UNVERIFIED {
        let what = format!("The account has {} templates.", known.len());
        report.warn("T41", "", what, "The limit is 250 before business verification and 6000 after it.");
    }
}

/// T43: checks which templates can be edited, and which fields.
pub fn check_edit(report: &mut Vec<Finding>, old: &Template, new: &Value) {
    let mut own = Report::default();
    let status = old.status.name();
    if !matches!(status, "APPROVED" | "REJECTED" | "PAUSED") {
        let what = format!("It is {}.", status.to_lowercase());
        own.error("T43", "", what, "Only approved, rejected and paused templates can be edited.");
    }
    for (member, before) in [("name", &old.name), ("language", &old.language)] {
        if text(new, member) != before.as_received() {
            let what = format!("The {member} was {} and cannot be changed.", before.line());
            own.error("T43", member, what, "Create a new template instead.");
        }
    }
    if status == "APPROVED" && upper(new, "category") != old.category.as_received().to_ascii_uppercase() {
        let what = format!("The template is approved as {}.", old.category.line());
        own.error("T43", "category", what, "The category of an approved template cannot be changed.");
    }
    report.splice(0..0, own.findings);
}

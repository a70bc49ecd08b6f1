//! Rules of templates, T1 to T45. Source: Cloud API, part 5.8.

mod buttons;
mod fix;
mod part;
mod special;
mod texts;
mod top;
mod variables;

use serde_json::Value;

pub use self::fix::fix;
pub use self::top::{LANGUAGES, check_edit};

use self::part::{parts, text, upper};
use super::{Finding, Report};
use crate::domain::templates::limits;
use crate::domain::templates::template::Template;

/// Returns all findings about a template, errors first. `known` are the account's templates; `own` is the id of the
/// template being edited.
pub fn lint(template: &Value, known: &[Template], own: Option<&str>) -> Vec<Finding> {
    let mut report = Report::default();
    if !template.is_object() {
        report.error("T7", "", "A template is one JSON object.", "Write { \"name\": …, \"components\": [ … ] }.");
        return report.findings;
    }
    top::check(&mut report, template);
    top::against(&mut report, template, known, own);
    let components = parts(&template["components"], "components");
    let named = text(template, "parameter_format").eq_ignore_ascii_case("named");
    let category = upper(template, "category");
    top::check_components(&mut report, &components);
    if category == "AUTHENTICATION" {
        special::authentication(&mut report, &components);
    } else {
        let has_offer = components.iter().any(|one| one.kind == "LIMITED_TIME_OFFER");
        let max_body = if has_offer { limits::MAX_BODY_WITH_OFFER } else { limits::MAX_BODY };
        for part in &components {
            texts::check(&mut report, part, &category, named, max_body);
            if part.kind == "BUTTONS" {
                buttons::check(&mut report, part, &category);
            }
        }
        variables::one_format(&mut report, template, &components);
        special::limited_offer(&mut report, &components, &category);
        special::carousel(&mut report, &components, &category, named);
        special::looks_like_a_code(&mut report, &components);
        texts::policy(&mut report, &components, &category);
    }
    let mut findings = report.findings;
    findings.sort_by_key(|finding| finding.level);
    findings
}

//! Describes notices about templates, numbers and the account in one sentence. Source: part 1.9.

use serde_json::Value;

use super::{dictionary, loose, text};
use crate::domain::inbound::event::{InboundEvent, TemplateChange, TemplateState};
use crate::domain::templates::template::TemplateStatus;
use crate::domain::text::{Untrusted, clean_line};

/// A notice as one sentence. `alarming` raises an alert.
struct RawNotice {
    subject: String,
    sentence: String,
    alarming: bool,
    template: Option<TemplateState>,
}

fn clean_field(value: &Value, path: &str) -> Option<String> {
    loose(value, path).map(|text| clean_line(&text)).filter(|text| !text.is_empty() && text != "NONE")
}

fn or_text(value: Option<String>, usual: &str) -> String {
    value.unwrap_or_else(|| usual.to_owned())
}

/// Parses a change that is neither message nor status. An unknown field keeps its name.
pub(super) fn read(account: Option<&str>, field: &str, value: &Value) -> InboundEvent {
    let RawNotice { subject, sentence, alarming, template } = describe(field, value);
    InboundEvent::Notice {
        name: clean_line(field).chars().take(80).collect(),
        account: account.map(str::to_owned),
        subject,
        said: Untrusted::new(sentence),
        alarming,
        template,
    }
}

fn describe(field: &str, value: &Value) -> RawNotice {
    let at = |path: &str| clean_field(value, path);
    let number = || or_text(at("/display_phone_number"), "the number");
    let note =
        |subject: String, sentence: String, alarming: bool| RawNotice { subject, sentence, alarming, template: None };
    // The documentation has quality under another field: the keys decide.
    if at("/new_quality_score").is_some() && at("/message_template_name").is_some() {
        return template_quality(value);
    }
    match field {
        "message_template_status_update" => template_status(value),
        "template_category_update" => template_category(value),
        "phone_number_quality_update" => {
            let event = or_text(at("/event"), "changed");
            let limit = at("/current_limit").or_else(|| at("/max_daily_conversations_per_business"));
            let limit = limit.map(|limit| format!(", limit {limit}")).unwrap_or_default();
            let alarming = matches!(event.as_str(), "FLAGGED" | "DOWNGRADE");
            note(number(), format!("The quality of {}: {event}{limit}.", number()), alarming)
        }
        "phone_number_name_update" => {
            let (name, decision) =
                (or_text(at("/requested_verified_name"), "the name"), or_text(at("/decision"), "undecided"));
            let why = at("/rejection_reason").map(|why| format!(": {why}")).unwrap_or_default();
            let sentence = format!("The display name {name} of {} is {decision}{why}.", number());
            note(number(), sentence, decision == "REJECTED")
        }
        "account_alerts" => {
            let kind = or_text(at("/alert_info/alert_type").or_else(|| at("/alert_type")), "an alert");
            let words = at("/alert_info/alert_description").or_else(|| at("/alert_description"));
            let severity = or_text(at("/alert_info/alert_severity").or_else(|| at("/alert_severity")), "");
            let sentence = format!("The platform reports an alert about the account: {kind}. {}", or_text(words, ""));
            note(kind, sentence.trim().to_owned(), matches!(severity.as_str(), "CRITICAL" | "WARNING"))
        }
        "account_update" => {
            let event = or_text(at("/event"), "changed");
            let more =
                ["/restriction_info/0/restriction_type", "/violation_info/violation_type", "/ban_info/waba_ban_state"];
            let more = more.iter().find_map(|path| at(path)).map(|what| format!(", {what}")).unwrap_or_default();
            let bad = [
                "ACCOUNT_DELETED",
                "ACCOUNT_RESTRICTION",
                "ACCOUNT_VIOLATION",
                "DISABLED_UPDATE",
                "ACCOUNT_OFFBOARDED",
                "PARTNER_REMOVED",
            ];
            let alarming = bad.contains(&event.as_str()) && !more.ends_with("REINSTATE");
            note(event.clone(), format!("The business account: {event}{more}."), alarming)
        }
        "account_review_update" => {
            let decision = or_text(at("/decision"), "undecided");
            note(decision.clone(), format!("The review of the business account: {decision}."), decision == "REJECTED")
        }
        "security" => {
            let event = or_text(at("/event"), "changed");
            note(number(), format!("The security of {}: {event}.", number()), true)
        }
        "user_preferences" => {
            let (who, wants) =
                (or_text(at("/user_preferences/0/wa_id"), "somebody"), or_text(at("/user_preferences/0/value"), "?"));
            note(who.clone(), format!("{who} said {wants} to marketing messages."), false)
        }
        _ => errors(value).unwrap_or_else(|| note(String::new(), String::new(), false)),
    }
}

/// Parses errors of the account, the app or the platform, without a message. Source: part 1.7.
fn errors(value: &Value) -> Option<RawNotice> {
    let error = value.pointer("/errors/0")?;
    let code = loose(error, "/code").unwrap_or_default();
    let sentence = text(error, "/error_data/details").or_else(|| text(error, "/title")).unwrap_or_default();
    let failure = dictionary::failure(&code, text(error, "/title"), sentence);
    let sentence = format!("The platform reports {}: {}", failure.line(), failure.explanation);
    Some(RawNotice { subject: code, sentence, alarming: true, template: None })
}

fn template_name(value: &Value) -> (String, String) {
    let name = or_text(clean_field(value, "/message_template_name"), "a template");
    // Some samples have `en-US` for `en_US`.
    let language = or_text(clean_field(value, "/message_template_language"), "?").replace('-', "_");
    (name, language)
}

fn template_status(value: &Value) -> RawNotice {
    let (name, language) = template_name(value);
    let event = or_text(clean_field(value, "/event"), "CHANGED");
    let why = ["/reason", "/rejection_info/reason", "/other_info/description", "/disable_info/disable_date"];
    let why = why.iter().find_map(|path| clean_field(value, path));
    let status = match event.as_str() {
        "REINSTATED" | "UNPAUSED" => "APPROVED",
        other => other,
    };
    let alarming = TemplateStatus::new(status).wants_attention() || matches!(status, "LOCKED" | "PENDING_DELETION");
    let tail = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    RawNotice {
        subject: name.clone(),
        sentence: format!("The template {name} ({language}) is {event}{tail}."),
        alarming,
        template: Some(TemplateState {
            name,
            language,
            change: TemplateChange::Status { status: TemplateStatus::new(status), reason: why.map(Untrusted::new) },
        }),
    }
}

/// Describes a change of category. A move to marketing, which costs more, raises an alert.
fn template_category(value: &Value) -> RawNotice {
    let (name, language) = template_name(value);
    let at = |path: &str| clean_field(value, path);
    let (change, sentence, alarming) = match (at("/correct_category"), at("/previous_category"), at("/new_category")) {
        (Some(coming), _, _) => {
            let sentence = format!("The template {name} ({language}) moves to the category {coming} within a day.");
            (TemplateChange::CategoryPlanned, sentence, true)
        }
        (None, before, now) => {
            let (before, now) = (or_text(before, "another one"), or_text(now, "another one"));
            let sentence = format!(
                "The template {name} ({language}) moved from the category {before} to {now}: its price changed."
            );
            let alarming = now.eq_ignore_ascii_case("MARKETING");
            (TemplateChange::Category(now), sentence, alarming)
        }
    };
    let template = Some(TemplateState { name: name.clone(), language, change });
    RawNotice { subject: name, sentence, alarming, template }
}

fn template_quality(value: &Value) -> RawNotice {
    let (name, language) = template_name(value);
    let score = |path: &str| or_text(clean_field(value, path), "UNKNOWN");
    let (before, now) = (score("/previous_quality_score"), score("/new_quality_score"));
    let sentence = format!("The quality of the template {name} ({language}) went from {before} to {now}.");
    let alarming = matches!(now.as_str(), "RED" | "YELLOW");
    let template = Some(TemplateState { name: name.clone(), language, change: TemplateChange::Quality(now) });
    RawNotice { subject: name, sentence, alarming, template }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sentence_of(field: &str, value: Value) -> (String, bool) {
        let InboundEvent::Notice { said, alarming, .. } = read(Some("1"), field, &value) else {
            unreachable!("a notice")
        };
        (said.as_received().to_owned(), alarming)
    }

    #[test]
    fn every_notice_is_a_sentence_and_bad_news_is_alarming() {
        let template = |event: &str, reason: &str| {
            json!({ "event": event, "message_template_id": 12, "message_template_name": "order_update",
                "message_template_language": "en-US", "reason": reason })
        };
        assert_eq!(
            sentence_of("message_template_status_update", template("REJECTED", "INVALID_FORMAT")),
            ("The template order_update (en_US) is REJECTED: INVALID_FORMAT.".into(), true)
        );
        assert_eq!(
            sentence_of("message_template_status_update", template("APPROVED", "NONE")),
            ("The template order_update (en_US) is APPROVED.".into(), false)
        );
        let quality = json!({ "previous_quality_score": "GREEN", "new_quality_score": "RED", "message_template_name": "x",
            "message_template_language": "en" });
        assert!(sentence_of("message_template_status_update", quality.clone()).1, "under the wrong field");
        assert!(sentence_of("message_template_quality_update", quality).0.contains("from GREEN to RED"));
        let flagged = json!({ "display_phone_number": "15550001111", "event": "FLAGGED", "current_limit": "TIER_1K" });
        assert_eq!(
            sentence_of("phone_number_quality_update", flagged),
            ("The quality of 15550001111: FLAGGED, limit TIER_1K.".into(), true)
        );
        let alert = json!({ "entity_type": "WABA", "entity_id": "1", "alert_info": { "alert_severity": "CRITICAL",
            "alert_status": "ACTIVE", "alert_type": "OBA_REJECTED", "alert_description": "No.\u{1b}[2J" } });
        let (words, alarming) = sentence_of("account_alerts", alert);
        assert!(alarming && words.contains("OBA_REJECTED") && !words.contains('\u{1b}'), "{words}");
        let ban = json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "DISABLE" } });
        assert_eq!(
            sentence_of("account_update", ban),
            ("The business account: DISABLED_UPDATE, DISABLE.".into(), true)
        );
        let back = json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "REINSTATE" } });
        assert!(!sentence_of("account_update", back).1);
        let errors = json!({ "errors": [{ "code": 130_429, "title": "Rate limit hit" }] });
        assert!(sentence_of("messages", errors).0.starts_with("The platform reports 130429"));
        assert_eq!(sentence_of("calls", json!({})), (String::new(), false));
    }
}

//! Parses a number's health report. Source: platform API, part 2.6.

use serde_json::Value;

use crate::domain::numbers::health::{Health, HealthCheck, HealthEntity, HealthError};
use crate::domain::text::{Untrusted, clean_line};
use crate::provider::cloud_api::{loose, text, untrusted};

/// Parses all checks, in the order in which a message passes them. Unknown checks come last.
pub(super) fn read(object: &Value) -> Health {
    let known = [
        "phone_number_access",
        "token_validity",
        "messaging_health",
        "webhook_subscription",
        "webhook_verified",
        "test_message",
    ];
    let mut checks: Vec<HealthCheck> =
        object["checks"].as_object().into_iter().flatten().map(|(name, value)| check(name, value)).collect();
    checks.sort_by_key(|check| known.iter().position(|name| *name == check.name).unwrap_or(known.len()));
    Health {
        status: clean_line(text(object, "/status").unwrap_or("unknown")).to_ascii_lowercase(),
        error: untrusted(object, "/error"),
        checks,
    }
}

fn check(name: &str, value: &Value) -> HealthCheck {
    let details = &value["details"];
    let mut facts: Vec<(String, Untrusted)> = vec![];
    facts.extend(untrusted(value, "/overall_status").map(|word| ("overall".to_owned(), word)));
    for (key, fact) in details.as_object().into_iter().flatten() {
        let shown = match fact {
            Value::String(words) => words.clone(),
            Value::Bool(_) | Value::Number(_) => fact.to_string(),
            _ => continue,
        };
        facts.push((clean_line(key).replace('_', " "), shown.into()));
    }
    HealthCheck {
        name: clean_line(name),
        passed: value["passed"].as_bool().unwrap_or(false),
        error: untrusted(value, "/error"),
        facts,
        entities: details["entities"].as_array().into_iter().flatten().map(entity).collect(),
    }
}

fn entity(object: &Value) -> HealthEntity {
    let list = |name: &str| object[name].as_array().cloned().unwrap_or_default();
    HealthEntity {
        kind: clean_line(text(object, "/entity_type").unwrap_or("UNKNOWN")),
        id: clean_line(&loose(object, "/id").unwrap_or_default()),
        can_send: clean_line(text(object, "/can_send_message").unwrap_or("UNKNOWN")),
        notes: list("additional_info").iter().filter_map(Value::as_str).map(Untrusted::from).collect(),
        errors: list("errors")
            .iter()
            .map(|error| HealthError {
                code: clean_line(&loose(error, "/error_code").unwrap_or_default()),
                said: untrusted(error, "/error_description").unwrap_or_default(),
                remedy: untrusted(error, "/possible_solution"),
            })
            .collect(),
    }
}

//! Masks secrets in JSON that is shown to a person.

use serde_json::Value;

/// Replaces every string whose key is_read like a secret's with `***`. Keys stay, so that a person sees which secrets
/// exist.
pub(super) fn mask_secrets(mut value: Value) -> Value {
    const SECRETS: [&str; 6] = ["secret", "token", "password", "api_key", "access_key", "private_key"];
    match &mut value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                let lower = name.to_ascii_lowercase();
                let secret = field.is_string() && SECRETS.iter().any(|word| lower.contains(word));
                *field = if secret { "***".into() } else { mask_secrets(field.take()) };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = mask_secrets(item.take())),
        _ => {}
    }
    value
}

//! Template sources: the provider's JSON, or a short line-based form. Both are parsed to the same JSON value, without
//! loss.
//!
//! ```text
//! name: order_update
//! language: en_US
//! category: utility
//! header: Order {{order_id}}
//! body:
//! Hello {{customer_name}}, your order is {{status}}. Thanks!
//! footer: Lumen
//! button: url Track https://example.com/o/{{1}}
//! button: reply Need help
//! example customer_name: Rosa
//! ```

use serde_json::{Map, Value, json};

use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;

const KEYS: [&str; 14] = [
    "name",
    "language",
    "category",
    "format",
    "ttl",
    "header",
    "image",
    "video",
    "document",
    "location",
    "body",
    "footer",
    "button",
    "code_minutes",
];

/// Builds the refusal of a line.
fn refused(line: usize, why: impl Into<String>, instead: &str) -> Refusal {
    Refusal::new(Code::TemplateForm, format!("Line {line}: {}", clean_line(&why.into())), instead.to_owned())
}

/// Parses either form.
pub fn read(text: &str) -> Result<Value, Refusal> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| {
            let why = format!("The template is not valid JSON: {error}.");
            Refusal::new(Code::TemplateForm, why, "Fix it at that place.")
        });
    }
    short(text)
}

/// The parts of a template in the short form.
#[derive(Default)]
struct Draft {
    top: Map<String, Value>,
    header: Option<Value>,
    body: Option<String>,
    footer: Option<String>,
    buttons: Vec<Value>,
    examples: Vec<(String, String)>,
    minutes: Option<i64>,
    secure: bool,
}

/// Parses the short form.
fn short(text: &str) -> Result<Value, Refusal> {
    let mut draft = Draft::default();
    let mut body: Option<Vec<&str>> = None;
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        let key = line.split_once(':').filter(|(key, _)| {
            let key = key.trim();
            KEYS.contains(&key) || key.starts_with("example ") || key == "security"
        });
        match (key, &mut body) {
            (Some((key, value)), _) => {
                if let Some(lines) = body.take() {
                    draft.body = Some(lines.join("\n").trim().to_owned());
                }
                let (key, value) = (key.trim(), value.trim());
                if key == "body" {
                    body = Some(if value.is_empty() { vec![] } else { vec![value] });
                } else {
                    put(&mut draft, number, key, value)?;
                }
            }
            (None, Some(lines)) => lines.push(line),
            (None, None) if line.trim().is_empty() || line.starts_with('#') => {}
            (None, None) => {
                let instead = format!("Begin it with one of {}; or write the whole as JSON.", KEYS.join(", "));
                return Err(refused(number, format!("`{line}` cannot be read."), &instead));
            }
        }
    }
    if let Some(lines) = body {
        draft.body = Some(lines.join("\n").trim().to_owned());
    }
    Ok(whole(draft))
}

/// Adds the value of a line to the draft.
fn put(draft: &mut Draft, line: usize, key: &str, value: &str) -> Result<(), Refusal> {
    let media = |format: &str| json!({ "type": "HEADER", "format": format, "example": { "header_handle": [value] } });
    match key {
        "name" | "language" => drop(draft.top.insert(key.to_owned(), value.into())),
        "category" => drop(draft.top.insert(key.to_owned(), value.to_ascii_uppercase().into())),
        "format" => drop(draft.top.insert("parameter_format".into(), value.to_ascii_uppercase().into())),
        "ttl" => {
            let seconds: i64 =
                value.parse().map_err(|_| refused(line, format!("`{value}` is not a number of seconds."), ""))?;
            draft.top.insert("message_send_ttl_seconds".into(), seconds.into());
        }
        "header" => draft.header = Some(json!({ "type": "HEADER", "format": "TEXT", "text": value })),
        "image" => draft.header = Some(media("IMAGE")),
        "video" => draft.header = Some(media("VIDEO")),
        "document" => draft.header = Some(media("DOCUMENT")),
        "location" => draft.header = Some(json!({ "type": "HEADER", "format": "LOCATION" })),
        "footer" => draft.footer = Some(value.to_owned()),
        "security" => draft.secure = matches!(value, "yes" | "true"),
        "code_minutes" => {
            draft.minutes =
                Some(value.parse().map_err(|_| refused(line, format!("`{value}` is not a number of minutes."), ""))?);
        }
        "button" => draft.buttons.push(button(line, value)?),
        other => {
            let name = other.trim_start_matches("example ").trim();
            draft.examples.push((name.to_owned(), value.to_owned()));
        }
    }
    Ok(())
}

/// Parses a button: `reply Need help`, `url Track https://…`, `phone Call +1555…`, `copy SAVE10`, `flow Book 123` or
/// `code Copy`.
fn button(line: usize, text: &str) -> Result<Value, Refusal> {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim();
    let last = || rest.rsplit_once(' ').map(|(label, last)| (label.trim(), last));
    let lacks = |what: &str| {
        refused(
            line,
            format!("The button has no {what}."),
            "Write it like button: url Track https://example.com/o/{{1}}",
        )
    };
    Ok(match kind {
        "reply" => json!({ "type": "QUICK_REPLY", "text": rest }),
        "url" => {
            let (label, url) = last().ok_or_else(|| lacks("its address"))?;
            json!({ "type": "URL", "text": label, "url": url })
        }
        "phone" => {
            let (label, number) = last().ok_or_else(|| lacks("its number"))?;
            json!({ "type": "PHONE_NUMBER", "text": label, "phone_number": number })
        }
        "copy" => json!({ "type": "COPY_CODE", "example": rest }),
        "flow" => {
            let (label, id) = last().ok_or_else(|| lacks("the id of its Flow"))?;
            json!({ "type": "FLOW", "text": label, "flow_id": id })
        }
        "code" => json!({ "type": "OTP", "otp_type": "COPY_CODE", "text": rest }),
        other => {
            return Err(refused(
                line,
                format!("Unknown button `{other}`."),
                "Use reply, url, phone, copy, flow or code.",
            ));
        }
    })
}

/// Returns the names of the variables in a text, each once.
fn names(text: &str) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    for part in text.split("{{").skip(1) {
        if let Some((name, _)) = part.split_once("}}") {
            let name = name.trim().to_owned();
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

/// Builds the provider's JSON from the draft.
fn whole(draft: Draft) -> Value {
    let mut template = Value::Object(draft.top);
    let all: String = [draft.body.as_deref(), draft.header.as_ref().and_then(|header| header["text"].as_str())]
        .into_iter()
        .flatten()
        .collect();
    let named = names(&all).iter().any(|name| !name.chars().all(|c| c.is_ascii_digit()));
    if template.get("parameter_format").is_none() && !names(&all).is_empty() {
        template["parameter_format"] = if named { "NAMED" } else { "POSITIONAL" }.into();
    }
    let example = |text: &str, base: &str, nested: bool| -> Option<Value> {
        let wanted = names(text);
        let given =
            |name: &String| draft.examples.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let values: Vec<(String, String)> =
            wanted.iter().filter_map(|name| Some((name.clone(), given(name)?))).collect();
        if values.is_empty() {
            return None;
        }
        Some(if named {
            let list: Vec<Value> =
                values.iter().map(|(name, value)| json!({ "param_name": name, "example": value })).collect();
            json!({ format!("{base}_named_params"): list })
        } else {
            let list: Vec<&String> = values.iter().map(|(_, value)| value).collect();
            if nested { json!({ base: [list] }) } else { json!({ base: list }) }
        })
    };
    let mut components = vec![];
    if let Some(mut header) = draft.header {
        if let Some(example) = header["text"].as_str().and_then(|text| example(text, "header_text", false)) {
            header["example"] = example;
        }
        components.push(header);
    }
    let code = draft.buttons.iter().any(|button| button["type"] == "OTP");
    if let Some(text) = draft.body.filter(|text| !text.is_empty()) {
        let mut body = json!({ "type": "BODY", "text": text });
        if let Some(example) = example(&text, "body_text", true) {
            body["example"] = example;
        }
        components.push(body);
    } else if code {
        components.push(json!({ "type": "BODY", "add_security_recommendation": draft.secure }));
    }
    if let Some(text) = draft.footer {
        components.push(json!({ "type": "FOOTER", "text": text }));
    } else if let Some(minutes) = draft.minutes {
        components.push(json!({ "type": "FOOTER", "code_expiration_minutes": minutes }));
    }
    if !draft.buttons.is_empty() {
        let mut buttons = draft.buttons;
        for (at, button) in buttons.iter_mut().enumerate() {
            let example = draft.examples.iter().find(|(name, _)| *name == format!("button {}", at + 1));
            if let Some((_, value)) = example {
                button["example"] = json!([value]);
            }
        }
        components.push(json!({ "type": "BUTTONS", "buttons": buttons }));
    }
    template["components"] = components.into();
    template
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lint::{passes, template::lint};

    #[test]
    fn the_short_form_becomes_what_the_provider_wants() {
        let text = "name: order_update\nlanguage: en_US\ncategory: utility\nheader: Order {{order_id}}\nbody:\nHello {{customer_name}}, your order is {{status}}.\n\nThanks for waiting!\nfooter: Lumen\n\
            button: url Track it https://example.com/o/{{1}}\nbutton: reply Need help\nexample order_id: A-17\nexample customer_name: Rosa\nexample status: shipped\nexample button 1: https://example.com/o/A-17\n";
        let value = read(text).expect("read");
        assert_eq!(
            value["components"][1]["text"],
            "Hello {{customer_name}}, your order is {{status}}.\n\nThanks for waiting!"
        );
        assert_eq!(value["parameter_format"], "NAMED");
        assert_eq!(value["components"][3]["buttons"][0]["text"], "Track it");
        assert!(passes(&lint(&value, &[], None)), "{:?}", lint(&value, &[], None));
    }

    #[test]
    fn what_is_not_understood_is_named_with_its_line() {
        assert!(read("name: x\nhallo").expect_err("a stranger").reason.contains("Line 2"));
        assert!(read("button: door Open").expect_err("no button").reason.contains("door"));
        assert!(read("{ \"name\": ").expect_err("no JSON").reason.contains("JSON"));
    }
}

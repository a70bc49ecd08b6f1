//! A lenient JSON parser for bodies from outside. It accepts half surrogate pairs (a string cut in the middle of an
//! emoji), numbers that are too large and values that are nested too deeply, so that the rest of the body is not
//! lost.

use std::borrow::Cow;

use serde_json::Value;

/// Maximum nesting depth. Deeper values are replaced with a text; the underlying parser stops at 128.
const DEEPEST: usize = 100;
/// Replacement for values that are nested too deeply.
const TOO_DEEP: &str = "\"nested too deep to be read\"";

/// Parses JSON. Half surrogate pairs and bytes that are not UTF-8 become U+FFFD, numbers that are too large become
/// strings of their digits, and values that are nested too deeply become a text. Valid JSON is parsed without extra
/// cost.
pub fn parse(body: &[u8]) -> Result<Value, serde_json::Error> {
    parse_noting(body).map(|(value, _)| value)
}

/// Parses JSON in the same way, and returns one sentence per kind of replacement.
pub fn parse_noting(body: &[u8]) -> Result<(Value, Vec<&'static str>), serde_json::Error> {
    let body = without_mark(body);
    let fault = match serde_json::from_slice(body) {
        Ok(value) => return Ok((value, vec![])),
        Err(fault) => fault,
    };
    let mut text = String::from_utf8_lossy(body);
    let mut notes = vec![];
    if text.as_bytes() != body {
        notes.push("Bytes that are not UTF-8 were replaced with U+FFFD.");
    }
    for (mend, note) in MENDS {
        if let Some(mended) = mend(&text) {
            text = Cow::Owned(mended);
            notes.push(note);
        }
    }
    if notes.is_empty() { Err(fault) } else { serde_json::from_str(&text).map(|value| (value, notes)) }
}

/// A repair of the text; returns `None` if there is nothing to repair.
type Mend = fn(&str) -> Option<String>;

/// Repairs in their order, each with its note.
const MENDS: [(Mend, &str); 2] = [
    (without_half_pairs, "Half of a surrogate pair was replaced with U+FFFD."),
    (
        within_bounds,
        "Values that are nested too deep, or numbers that are too large, were replaced with text; \
         the delivery has the original.",
    ),
];

/// Returns the body without a leading byte order mark.
pub fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Replaces numbers that are too large with strings of their digits, and values that are nested too deeply with a
/// text; `None` if there are none.
fn within_bounds(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut from, mut at, mut depth, mut deep_from, mut found) = (0, 0, 0_usize, 0, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = after_string(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                if depth == DEEPEST + 1 {
                    deep_from = at;
                }
                at += 1;
            }
            b'}' | b']' => {
                at += 1;
                if depth == DEEPEST + 1 {
                    out.push_str(text.get(from..deep_from)?);
                    out.push_str(TOO_DEEP);
                    (from, found) = (at, true);
                }
                depth = depth.saturating_sub(1);
            }
            b'-' | b'0'..=b'9' if depth <= DEEPEST => {
                let rest = bytes.get(at..)?;
                let in_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
                let end = at + rest.iter().position(|byte| !in_number(byte)).unwrap_or(rest.len());
                let digits = text.get(at..end)?;
                if digits.parse::<f64>().is_ok_and(f64::is_infinite) {
                    out.push_str(text.get(from..at)?);
                    out.push_str(&format!("\"{digits}\""));
                    (from, found) = (end, true);
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    out.push_str(text.get(from..)?);
    found.then_some(out)
}

/// Returns the index after the string that starts at `at`.
fn after_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Replaces half surrogate pairs; `None` if there are none.
fn without_half_pairs(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut from, mut at, mut found) = (0, 0, false);
    while let Some(offset) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        at += offset;
        match unit(bytes, at) {
            Some(0xd800..=0xdbff) if matches!(unit(bytes, at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                out.push_str(&text[from..at]);
                out.push_str("\\ufffd");
                at += 6;
                (from, found) = (at, true);
            }
            // Any other escape: skip both characters, because the second one can be a backslash.
            _ => at += 2,
        }
    }
    out.push_str(text.get(from..)?);
    found.then_some(out)
}

/// Returns the UTF-16 unit of an escape such as `\ud83d` at this index.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_too_deep_or_too_large_takes_nothing_along() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        for text in [
            format!(r#"{{"a":"]}}\"1e999 [","x":{},"b":2}}"#, nested(130)),
            format!(r#"{{"a":"]}}\"1e999 [","x":{},"b":2}}"#, nested(100_000)),
            format!(r#"{{"a":"]}}\"1e999 [","x":{}{{"k":"}}]"}}{},"b":2}}"#, "[".repeat(130), "]".repeat(130)),
        ] {
            let read = parse(text.as_bytes()).expect("read");
            assert_eq!((&read["a"], &read["b"]), (&json!("]}\"1e999 ["), &json!(2)));
            assert!(read.to_string().contains("nested too deep to be read"), "{read}");
        }
        let (_, notes) = parse_noting(br#"{"a":1e999,"b":"\ud83d"}"#).expect("read");
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[0].contains("surrogate") && notes[1].contains("too large"), "{notes:?}");
        assert!(parse_noting(b"{}").expect("read").1.is_empty());
        let untouched = format!(r#"{{"x":{}}}"#, nested(120));
        assert_eq!(parse(untouched.as_bytes()).expect("read").to_string(), untouched);
        for (text, wanted) in [
            (r#"{"a":1e999,"b":[-1E+400,2]}"#, json!({ "a": "1e999", "b": ["-1E+400", 2] })),
            (r#"{"a":1e999,"b":"\ud83d"}"#, json!({ "a": "1e999", "b": "\u{fffd}" })),
            ("\u{feff}{\"a\":1}", json!({ "a": 1 })),
            ("\u{feff}{\"a\":1e999}", json!({ "a": "1e999" })),
        ] {
            assert_eq!(parse(text.as_bytes()).expect(text), wanted, "{text}");
        }
        for text in ["[".repeat(200), "]".repeat(200), "1e999e".into(), format!("{}x", nested(130)), "\u{feff}".into()]
        {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn half_a_pair_becomes_the_replacement_character_and_nothing_else_changes() {
        for (text, wanted) in [
            (r#"{"a":"cut \ud83d"}"#, json!({ "a": "cut \u{fffd}" })),
            (r#"{"a":"\ude00 low"}"#, json!({ "a": "\u{fffd} low" })),
            (r#"{"a":"\uD83D\ud83d\ude00"}"#, json!({ "a": "\u{fffd}\u{1f600}" })),
            (
                r#"{"k\ud83d":["\ud83dx",{"n":"\ud83d\n"}]}"#,
                json!({ "k\u{fffd}": ["\u{fffd}x", { "n": "\u{fffd}\n" }] }),
            ),
            (r#"{"a":"\\ud83d and \ud83d"}"#, json!({ "a": "\\ud83d and \u{fffd}" })),
            (r#"{"a":"\ud83d\ude00"}"#, json!({ "a": "\u{1f600}" })),
        ] {
            assert_eq!(parse(text.as_bytes()).expect(text), wanted, "{text}");
        }
        assert_eq!(parse(b"{\"a\":\"\xff\"}").expect("read"), json!({ "a": "\u{fffd}" }));
        for text in [r#"{"a":"\u12"}"#, r#"{"a":"\ud83d"#, "{", "\\"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}

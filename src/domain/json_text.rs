//! JSON as strangers write it. A string may be cut in the middle of an emoji, which leaves half of a surrogate
//! pair behind: no valid text, and no reason to lose everything around it.

use serde_json::Value;

/// Reads JSON. Half surrogate pairs, and bytes that are no UTF-8, are read as U+FFFD. The usual case costs
/// nothing more than the parser.
pub fn parse(body: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(body).or_else(|fault| {
        let text = String::from_utf8_lossy(body);
        let Some(mended) = without_half_pairs(&text) else {
            return if text.as_bytes() == body { Err(fault) } else { serde_json::from_str(&text) };
        };
        serde_json::from_str(&mended)
    })
}

/// The text with each half pair replaced; `None` where there is none.
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
            // Any other escape: what stands behind the backslash is no backslash of its own.
            _ => at += 2,
        }
    }
    out.push_str(text.get(from..)?);
    found.then_some(out)
}

/// The UTF-16 unit of an escape such as `\ud83d` that begins here.
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

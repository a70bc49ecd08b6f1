//! Removes reasoning and control characters from a model's text.

/// Returns the text without the model's reasoning and without control characters other than line breaks and tabs.
pub fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let text = without_reasoning(&text);
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect::<String>().trim().to_owned()
}

/// Tags in which models write their reasoning.
const REASONING_TAGS: [&str; 4] = ["think", "thinking", "reasoning", "thought"];

fn without_reasoning(text: &str) -> String {
    let mut rest = text.to_owned();
    for name in REASONING_TAGS {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        loop {
            // Lowercasing ASCII only keeps byte offsets equal to those in the text.
            let lower = rest.to_ascii_lowercase();
            match (lower.find(&open), lower.find(&close)) {
                (Some(from), to) if to.is_none_or(|to| from < to) => {
                    let after = nested_end(&lower[from..], &open, &close).map(|end| from + end);
                    // An unclosed tag hides everything to the end of the text.
                    let tail = after.map(|after| rest[after..].to_owned()).unwrap_or_default();
                    rest.truncate(from);
                    rest.push_str(&tail);
                }
                // The opening tag was part of the prompt.
                (_, Some(to)) => rest = rest[to + close.len()..].to_owned(),
                _ => break,
            }
        }
    }
    rest
}

/// The offset after the tag that closes the first opening tag, counting nested ones. `None` if it is unclosed.
fn nested_end(text: &str, open: &str, close: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_u32, 0);
    loop {
        let (opens, closes) = (text[at..].find(open), text[at..].find(close));
        match (opens, closes) {
            (Some(opens), Some(closes)) if opens < closes => (depth, at) = (depth + 1, at + opens + open.len()),
            (_, Some(closes)) => {
                at += closes + close.len();
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_and_control_characters_are_removed() {
        for (text, cleaned) in [
            ("<think>I should greet.\n\nYes.</think>\n\nHello.", "Hello."),
            ("I should greet.</think>Hello.", "Hello."),
            ("Hello.<THINK>and now?", "Hello."),
            ("<think>a<think>b</think>c</think>Hello.", "Hello."),
            ("<thinking>a</thinking>One.<reasoning>b</reasoning> Two.", "One. Two."),
            ("<think>only thoughts</think>", ""),
            ("One\r\ntwo\u{1b}[2J\u{7}\u{85}\tthree\0", "One\ntwo[2J\tthree"),
            ("3 < 4 and <thinking aloud> stays", "3 < 4 and <thinking aloud> stays"),
            ("ÄÖ<think>ß</think>ü", "ÄÖü"),
        ] {
            assert_eq!(clean(text), cleaned, "{text:?}");
        }
    }
}

//! The texts in the source: string literals that are sentences, labels or messages.

use std::fs;
use std::path::{Path, PathBuf};

/// One string literal.
#[derive(Debug, PartialEq, Eq)]
pub struct Literal {
    pub text: String,
    /// The code on the same statement before it, without white space; for telling a log line from a screen.
    pub before: String,
}

/// All source files, sorted by path, but those of the simulator, whose texts are those of the providers.
pub fn files() -> Vec<(String, String)> {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = vec![];
    walk(&root, &mut found);
    found.sort();
    let name = |path: &Path| path.strip_prefix(&root).expect("inside").with_extension("").display().to_string();
    let files = found.iter().map(|path| (name(path), fs::read_to_string(path).expect("readable")));
    files.filter(|(name, _)| !name.starts_with("simulator")).collect()
}

/// The literals of a file outside of comments and tests, in order.
pub fn literals(text: &str) -> Vec<Literal> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let bytes = code.as_bytes();
    let (mut at, mut statement, mut found) = (0, 0, vec![]);
    while at < bytes.len() {
        let rest = &code[at..];
        let word_before = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if let Some(hashes) = raw(rest).filter(|_| !word_before) {
            let begin = at + hashes + 2;
            let end = format!("\"{}", "#".repeat(hashes));
            let length = code[begin..].find(&end).expect("a raw string ends");
            found
                .push(Literal { text: code[begin..begin + length].to_owned(), before: squeezed(&code[statement..at]) });
            at = begin + length + end.len();
        } else if let Some(inner) = rest.strip_prefix('"') {
            let length = quoted(inner);
            let bytes_only = at > 0 && bytes[at - 1] == b'b';
            if !bytes_only {
                let text = plain(&inner[..length]);
                found.push(Literal { text, before: squeezed(&code[statement..at]) });
            }
            at += length + 2;
        } else if let Some(length) = character(rest) {
            at += length;
        } else {
            if [';', '{', '}'].iter().any(|end| rest.starts_with(*end)) {
                statement = at + 1;
            }
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

/// The number of hashes of a raw string that begins here.
fn raw(rest: &str) -> Option<usize> {
    let hashes = rest.strip_prefix('r')?.bytes().take_while(|byte| *byte == b'#').count();
    rest.as_bytes().get(hashes + 1).filter(|byte| **byte == b'"').map(|_| hashes)
}

/// The bytes up to the quote that ends a string.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    rest.len()
}

/// The bytes of a character literal that begins here; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if let Some(escape) = inner.strip_prefix('\\') {
        return Some(escape[1..].find('\'')? + 4);
    }
    let first = inner.chars().next()?;
    inner[first.len_utf8()..].starts_with('\'').then(|| first.len_utf8() + 2)
}

/// A literal as it is printed, on one line: continued lines joined, line breaks as `\n`.
fn plain(literal: &str) -> String {
    let mut text = String::new();
    let mut rest = literal;
    while let Some((before, after)) = rest.split_once("\\\n") {
        text.push_str(before);
        rest = after.trim_start();
    }
    text.push_str(rest);
    text.replace("\\\"", "\"")
}

fn squeezed(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn literals_are_found_and_nothing_else() {
    let code = [
        "",
        "// \"a comment\"",
        "fn one() -> &'static str { let c = '\"'; let l: &'a str = \"first \\\"quoted\\\" \\",
        "     line\"; tracing::warn!(\"a log line\"); b\"bytes\"; r#\"raw \"text\"\"# }",
        "#[cfg(test)]",
        "mod tests { const X: &str = \"a test\"; }",
        "",
    ]
    .join("\n");
    let found = literals(&code);
    let texts: Vec<&str> = found.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["first \"quoted\" line", "a log line", "raw \"text\""]);
    assert!(found[1].before.contains("tracing::warn!("), "{found:?}");
}

//! Checks the endpoint code of a Flow against the rules for the provider's functions. Source: platform API, part 7.2.

use super::{Finding, Report};

/// Returns the required first line of a handler.
fn head() -> &'static str {
    crate::domain::templates::starter::FLOW_CODE.lines().next().unwrap_or_default()
}

/// Returns the first version in an answer that is not `3.0`. The code is in one line with single spaces.
fn foreign_version(squeezed: &str) -> Option<&str> {
    squeezed.match_indices("version").find_map(|(at, word)| {
        let rest =
            squeezed[at + word.len()..].trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?.trim_start();
        let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'))?;
        let value = rest[1..].split(quote).next()?;
        (value != "3.0" && value.starts_with(|first: char| first.is_ascii_digit())).then_some(value)
    })
}

/// Checks the version of the protocol, the modules, and the action BACK.
fn check_protocol(report: &mut Report, bare: &str, squeezed: &str) {
    if let Some(version) = foreign_version(squeezed) {
        report.error(
            "C7",
            "",
            format!("A response has the version \"{version}\"."),
            "Respond with version: \"3.0\"; the endpoint protocol has no other.",
        );
    }
    let imports = |line: &str| line.starts_with("import ") || line.starts_with("import{") || line.contains("require(");
    if bare.lines().any(|line| imports(line.trim_start())) {
        report.error(
            "C8",
            "",
            "The code imports a module.",
            "Remove the import: the provider runs one file without modules. Use `fetch` and `env`.",
        );
    }
    if bare.contains("INIT") && !bare.contains("BACK") {
        report.warn(
            "C9",
            "",
            "The code does not handle the action BACK: screens with refresh_on_back are not refreshed.",
            "Respond with the screen that the contact returns to.",
        );
    }
}

/// Returns all findings about endpoint code.
pub fn lint(code: &str) -> Vec<Finding> {
    let mut report = Report::default();
    let bare: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let squeezed: String = bare.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted = head().trim_end_matches(['{', ' ']);
    if !squeezed.contains(wanted) && !squeezed.contains(&wanted.replace(", ", ",")) {
        report.error("C1", "", "The code has no handler.", format!("Begin it with: {}", head()));
    }
    for word in ["export default", "export ", "module.exports", "exports."] {
        if bare.lines().any(|line| line.trim_start().starts_with(word)) {
            report.error(
                "C2",
                "",
                format!("The code contains `{}`.", word.trim()),
                "Remove it: the handler is found by its name.",
            );
            break;
        }
    }
    if squeezed.contains("const handler") || squeezed.contains("handler = ") {
        report.error(
            "C1",
            "",
            "The handler is an arrow function or a constant.",
            "Write it as a function declaration.",
        );
    }
    if !bare.contains("version") {
        report.warn(
            "C3",
            "",
            "No response contains a version: the screen would stay empty.",
            "Respond with { version: \"3.0\", screen, data }.",
        );
    }
    check_protocol(&mut report, &bare, &squeezed);
    if !bare.contains("INIT") {
        report.warn(
            "C4",
            "",
            "The code does not handle the action INIT: a Flow that requests data at its start stays empty.",
            "Respond with the first screen.",
        );
    }
    if bare.contains("SUCCESS") && !bare.contains("extension_message_response") {
        report.error(
            "C5",
            "",
            "SUCCESS lacks its response.",
            "Add data: { extension_message_response: { params: { flow_token, … } } }.",
        );
    }
    let (mut open, mut least) = (0_i32, 0_i32);
    for c in bare.chars() {
        open += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        least = least.min(open);
    }
    if open != 0 || least < 0 {
        report.error("C6", "", "The braces do not match.", "Close every quote, bracket and brace.");
    }
    report.findings
}

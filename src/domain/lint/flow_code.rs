//! Checks the endpoint code of a Flow against the rules for the provider's functions. Source: platform API, part 7.2.

use super::{Finding, Report};

/// Returns the required first line of a handler.
fn head() -> &'static str {
    crate::domain::templates::starter::FLOW_CODE.lines().next().unwrap_or_default()
}

/// Returns all findings about endpoint code.
pub fn lint(code: &str) -> Vec<Finding> {
    let mut report = Report::default();
    let bare: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let squeezed: String = bare.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted = head().trim_end_matches(['{', ' ']);
    if !squeezed.contains(wanted) && !squeezed.contains(&wanted.replace(", ", ",")) {
        report.error("C1", "", "There is no handler.", format!("Begin it with: {}", head()));
    }
    for word in ["export default", "export ", "module.exports", "exports."] {
        if bare.lines().any(|line| line.trim_start().starts_with(word)) {
            report.error(
                "C2",
                "",
                format!("`{}` does not belong into it.", word.trim()),
                "Leave it out: the handler is found by its name.",
            );
            break;
        }
    }
    if squeezed.contains("const handler") || squeezed.contains("handler = ") {
        report.error("C1", "", "The handler is an arrow, or a constant.", "Write it as a function.");
    }
    if !bare.contains("version") {
        report.warn(
            "C3",
            "",
            "No answer names a version: the screen would stay empty.",
            "Answer { version: \"3.0\", screen, data }.",
        );
    }
    if !bare.contains("INIT") {
        report.warn(
            "C4",
            "",
            "The action INIT is not answered: a Flow that asks at its opening stays empty.",
            "Answer it with the first screen.",
        );
    }
    if bare.contains("SUCCESS") && !bare.contains("extension_message_response") {
        report.error(
            "C5",
            "",
            "SUCCESS lacks its answer.",
            "Put data: { extension_message_response: { params: { flow_token, … } } } with it.",
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

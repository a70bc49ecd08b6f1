//! Checks variables and their examples.

use serde_json::Value;

use super::part::{Part, text};
use crate::domain::lint::Report;

/// The text between double braces, with its start and end.
pub(super) struct Variable {
    pub inner: String,
    pub start: usize,
    pub end: usize,
}

/// Returns the variables of a text; `None` if the braces do not match.
pub(super) fn variables(text: &str) -> Option<Vec<Variable>> {
    let mut found = vec![];
    let mut at = 0;
    while let Some(start) = text[at..].find("{{").map(|start| start + at) {
        let end = text[start..].find("}}")? + start;
        let inner = &text[start + 2..end];
        if inner.contains("{{") {
            return None;
        }
        found.push(Variable { inner: inner.to_owned(), start, end: end + 2 });
        at = end + 2;
    }
    (!text[at..].contains("}}")).then_some(found)
}

/// Checks the variables of a text and returns their names.
pub(super) fn check(report: &mut Report, part: &Part<'_>, named: bool) -> Vec<String> {
    let (words, place) = (text(part.value, "text"), format!("{}.text", part.place));
    let Some(found) = variables(words) else {
        report.error("T11", &place, "The braces do not match.", "Close every {{ with }}.");
        return vec![];
    };
    let mut names: Vec<String> = vec![];
    for one in &found {
        let name = one.inner.trim();
        if name != one.inner {
            report.warn(
                "T14",
                &place,
                format!("`{{{{{}}}}}` contains spaces.", one.inner),
                format!("Write {{{{{name}}}}}."),
            );
            report.mark_fixable();
        }
        if name.contains(['#', '$', '%']) || name.contains(' ') {
            report.error(
                "T14",
                &place,
                format!("`{name}` contains #, $, % or a space."),
                "Use letters, digits and _ only.",
            );
            continue;
        }
        let numbered = name.starts_with(|c: char| ('1'..='9').contains(&c)) && name.chars().all(|c| c.is_ascii_digit());
        let plain = |c: char| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit();
        let called = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') && name.chars().all(plain);
        match (named, numbered, called) {
            (false, false, true) | (true, true, _) => {}
            (false, true, _) => {}
            (true, false, true) if name.contains(|c: char| c.is_ascii_digit()) => {
                report.warn(
                    "T11",
                    &place,
                    format!("`{name}` contains digits."),
                    "Use letters and _; digits may be rejected.",
                );
            }
            (true, false, true) => {}
            _ => report.error(
                "T11",
                &place,
                format!("`{name}` is not a valid variable name."),
                if named { "Use lower-case letters and _." } else { "1, 2, 3 …" },
            ),
        }
        if named && names.iter().any(|known| known == name) {
            report.error("T13", &place, format!("`{name}` is used twice."), "Use each name once per component.");
        }
        names.push(name.to_owned());
    }
    if !named {
        order(report, &place, &names);
    }
    if part.kind == "BODY" {
        around(report, &place, words, &found);
    }
    examples(report, part, named, &names);
    names
}

/// Checks that numbered variables are 1, 2, 3 … without gaps.
fn order(report: &mut Report, place: &str, names: &[String]) {
    let numbers: Vec<usize> = names.iter().filter_map(|name| name.parse().ok()).collect();
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.iter().enumerate().any(|(at, number)| *number != at + 1) {
        report.error("T12", place, format!("The variables are {names:?}."), "Number them 1, 2, 3 without gaps.");
    } else {
        let mut seen = vec![];
        for number in numbers {
            if !seen.contains(&number) {
                seen.push(number);
            }
        }
        if seen.windows(2).any(|pair| pair[0] > pair[1]) {
            report.warn(
                "T12",
                place,
                "The variables do not appear in rising order.",
                "Number them in the order of the text.",
            );
        }
    }
}

/// Checks the text before, after and between the variables of a body.
fn around(report: &mut Report, place: &str, words: &str, found: &[Variable]) {
    let (Some(first), Some(last)) = (found.first(), found.last()) else { return };
    if words[..first.start].trim().is_empty() {
        report.error("T15", place, "The body begins with a variable.", "Put a word before it, such as Hello.");
    }
    if words[last.end..].trim().is_empty() {
        report.error("T15", place, "The body ends with a variable.", "Put text after it, such as a full stop.");
    }
    for pair in found.windows(2) {
        if words[pair[0].end..pair[1].start].trim().is_empty() {
            report.error("T16", place, "Two variables are adjacent.", "Put words between them.");
        }
    }
    let mut rest = String::new();
    let mut at = 0;
    for one in found {
        rest.push_str(&words[at..one.start]);
        rest.push(' ');
        at = one.end;
    }
    rest.push_str(&words[at..]);
    let plain = rest.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
    if plain < 2 * found.len() + 1 {
        let what = format!("The text has {plain} words for {} variables, which is too few.", found.len());
        report.warn("T17", place, what, format!("Use at least {} words.", 2 * found.len() + 1));
    }
}

/// Checks that each variable has an example, in the field of the variable format.
fn examples(report: &mut Report, part: &Part<'_>, named: bool, names: &[String]) {
    let (base, place) =
        (if part.kind == "HEADER" { "header_text" } else { "body_text" }, format!("{}.example", part.place));
    let mut wanted: Vec<&String> = vec![];
    for name in names {
        if !wanted.contains(&name) {
            wanted.push(name);
        }
    }
    let example = &part.value["example"];
    let named_key = format!("{base}_named_params");
    let (right, wrong) = if named { (named_key.as_str(), base) } else { (base, named_key.as_str()) };
    if wanted.is_empty() {
        if !example.is_null() {
            report.warn("T18", &place, "There is an example but no variable.", "Remove it.");
            report.mark_fixable();
        }
        return;
    }
    if example.get(wrong).is_some() {
        report.error("T19", &place, format!("The example has the key {wrong}."), format!("Use the key {right}."));
        report.mark_fixable();
        return;
    }
    let given: Vec<(Option<&str>, &str)> = if named {
        let list = example[right].as_array().into_iter().flatten();
        list.map(|one| (one["param_name"].as_str(), text(one, "example"))).collect()
    } else {
        let list = match &example[right] {
            Value::Array(list) if part.kind == "BODY" => {
                if list.len() != 1 || !list[0].is_array() {
                    report.error("T19", &place, "body_text is one list inside a list.", "Write [[\"x\", \"y\"]].");
                    report.mark_fixable();
                    return;
                }
                list[0].as_array()
            }
            Value::Array(list) => Some(list),
            _ => None,
        };
        list.into_iter().flatten().map(|one| (None, one.as_str().unwrap_or_default())).collect()
    };
    let lacks: Vec<&str> = if named {
        wanted
            .iter()
            .filter(|name| !given.iter().any(|(of, words)| *of == Some(name.as_str()) && !words.trim().is_empty()))
            .map(|name| name.as_str())
            .collect()
    } else {
        wanted
            .iter()
            .enumerate()
            .filter(|(at, _)| given.get(*at).is_none_or(|(_, words)| words.trim().is_empty()))
            .map(|(_, name)| name.as_str())
            .collect()
    };
    if !lacks.is_empty() {
        report.error(
            "T18",
            &place,
            format!("There is no example for {}.", lacks.join(", ")),
            format!("Give one for each, under {right}."),
        );
        report.mark_fixable();
    } else if given.len() != wanted.len() {
        report.error(
            "T18",
            &place,
            format!("{} examples for {} variables.", given.len(), wanted.len()),
            "As many as variables.",
        );
        report.mark_fixable();
    }
}

/// Checks that all variables use one format, the declared one.
pub(super) fn one_format(report: &mut Report, template: &Value, components: &[Part<'_>]) {
    let texts = components.iter().filter(|part| matches!(part.kind.as_str(), "HEADER" | "BODY"));
    let names: Vec<String> = texts
        .flat_map(|part| variables(text(part.value, "text")).unwrap_or_default())
        .map(|one| one.inner.trim().to_owned())
        .collect();
    let numbers = names.iter().filter(|name| name.chars().all(|c| c.is_ascii_digit())).count();
    if numbers > 0 && numbers < names.len() {
        report.error("T13", "components", "Names and numbers are mixed.", "Use one of them in the whole template.");
    } else if !names.is_empty() {
        let named = text(template, "parameter_format").eq_ignore_ascii_case("named");
        if named != (numbers == 0) {
            let format = if numbers == 0 { "NAMED" } else { "POSITIONAL" };
            report.error(
                "T13",
                "parameter_format",
                "The variables are of the other format.",
                format!("Say \"parameter_format\": \"{format}\"."),
            );
            report.mark_fixable();
        }
    }
}

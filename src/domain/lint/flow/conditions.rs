//! Checks the conditions of `If` and the values of `Switch`.

use super::parts::Screen;
use crate::domain::lint::Report;

/// A token of a condition.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Bound(String),
    Literal,
    Operator(String),
    Open,
    Close,
}

/// Checks the conditions of a screen.
pub(super) fn check(report: &mut Report, screen: &Screen<'_>) {
    for node in &screen.nodes {
        match node.kind {
            "If" => {
                let place = format!("{}.condition", node.place);
                if let Some(condition) = node.value["condition"].as_str() {
                    condition_rules(report, screen, &place, condition);
                }
                if node.value["then"].as_array().is_some_and(Vec::is_empty) {
                    report.error("F46", &format!("{}.then", node.place), "The branch is empty.", "Add a component.");
                }
                if node.depth >= 3 {
                    report.error("F46", &node.place, "If components are nested too deeply.", "The maximum depth is 3.");
                }
            }
            "Switch" => {
                if node.value["cases"].as_object().is_some_and(serde_json::Map::is_empty) {
                    report.error("F46", &format!("{}.cases", node.place), "There are no cases.", "Add at least one.");
                }
                if let Some(value) = node.value["value"].as_str().filter(|value| !value.contains("${")) {
                    report.error(
                        "F46",
                        &format!("{}.value", node.place),
                        format!("`{value}` is constant."),
                        "Bind it to data.",
                    );
                }
            }
            _ => {}
        }
    }
}

/// Checks one condition.
fn condition_rules(report: &mut Report, screen: &Screen<'_>, place: &str, condition: &str) {
    let mut wrong = |what: &str, instead: &str| report.error("F46", place, what, instead);
    if condition.trim().is_empty() {
        return wrong("The condition is empty.", "Write a condition such as ${data.open}.");
    }
    if !condition.contains("${") {
        return wrong("The condition is constant.", "Bind something to data, such as ${data.open}.");
    }
    let Some(tokens) = tokens(condition.trim().trim_matches('`')) else {
        return wrong(
            "The condition cannot be read: quotes or braces do not match.",
            "Close every quote, bracket and brace.",
        );
    };
    let mut open = 0_i32;
    for token in &tokens {
        open += match token {
            Token::Open => 1,
            Token::Close => -1,
            _ => 0,
        };
        if open < 0 {
            break;
        }
    }
    if open != 0 {
        return wrong("The parentheses do not match.", "Close every quote, bracket and brace.");
    }
    let flat: Vec<&Token> = tokens.iter().filter(|token| !matches!(token, Token::Open | Token::Close)).collect();
    let operator = |token: Option<&&Token>| matches!(token, Some(Token::Operator(name)) if name != "!");
    let lone = |at: usize| operator(flat.get(at)) && (at == 0 || operator(flat.get(at - 1)) || at + 1 == flat.len());
    if (0..flat.len()).any(lone) {
        return wrong("An operator lacks an operand.", "Write an operand on both sides.");
    }
    for triple in flat.windows(3) {
        if let [Token::Literal, Token::Operator(_), Token::Literal] = triple {
            return wrong("The condition compares two constants.", "Bind one of them to data.");
        }
    }
    if let [Token::Bound(name)] = flat.as_slice()
        && let Some(field) = name.strip_prefix("data.")
    {
        let declared = screen.value["data"][field]["type"].as_str();
        if declared.is_some_and(|kind| kind != "boolean") {
            wrong("The condition is not a boolean.", "Compare it, such as ${data.count} > 0.");
        }
    }
}

/// Splits a condition into tokens; `None` if a text or reference is not closed, or a character is invalid.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = vec![];
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_whitespace() {
            rest = &rest[c.len_utf8()..];
        } else if let Some(after) = rest.strip_prefix("${") {
            let end = after.find('}')?;
            found.push(Token::Bound(after[..end].trim().to_owned()));
            rest = &after[end + 1..];
        } else if let Some(after) = rest.strip_prefix('\'') {
            let end = after.find('\'')?;
            found.push(Token::Literal);
            rest = &after[end + 1..];
        } else if c == '(' || c == ')' {
            found.push(if c == '(' { Token::Open } else { Token::Close });
            rest = &rest[1..];
        } else if let Some(name) = ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "/", "%"]
            .iter()
            .find(|name| rest.starts_with(**name))
        {
            found.push(Token::Operator((*name).to_owned()));
            rest = &rest[name.len()..];
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "()=!<>&|+-/%'$".contains(c)).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            found.push(Token::Literal);
            rest = &rest[end..];
        }
    }
    Some(found)
}

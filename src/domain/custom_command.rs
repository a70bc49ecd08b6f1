//! Custom commands: programs that the configuration declares and that a user runs on the selected item of a console.
//! Values of the item are passed as arguments, never through a shell.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::access::role::Role;
use crate::domain::text::clean_line;

/// A custom command of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomCommand {
    /// Unique name, as the palette, the help and the audit log show it.
    pub title: String,
    /// The key sequence, such as `ctrl-o`; `None` if the command is only in the palette.
    pub key: Option<String>,
    /// The name of the pane in which the command is valid; `None` for all panes.
    pub pane: Option<String>,
    /// The role that a user needs at least.
    pub role: Role,
    /// Whether the console asks before it runs.
    pub confirm: bool,
    /// The program and its arguments, with placeholders.
    pub command: Vec<String>,
    pub output: OutputTarget,
    /// Whether consoles over SSH and attached ones may run it, on the engine's machine.
    pub remote: bool,
    /// The program is killed after this time.
    pub timeout: Duration,
}

/// Where the output of a custom command is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputTarget {
    /// In an overlay that scrolls.
    Overlay,
    /// The first line, as a notice.
    Notice,
    /// In the clipboard of the terminal.
    Clipboard,
    /// Nowhere; the program may keep running in the background.
    Nowhere,
}

impl OutputTarget {
    /// The names in the configuration.
    pub const NAMES: [(&'static str, Self); 4] =
        [("overlay", Self::Overlay), ("notice", Self::Notice), ("clipboard", Self::Clipboard), ("none", Self::Nowhere)];
}

/// The output of a custom command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandOutput {
    /// Standard output, or standard error if there was no other. Control characters are not removed.
    pub text: String,
    /// Whether the text was longer than the limit.
    pub is_truncated: bool,
}

/// Placeholders with their meanings. Which of them have a value depends on the selected item.
pub const PLACEHOLDERS: [(&str, &str); 8] = [
    ("id", "id of the selected row"),
    ("thread", "id of the thread"),
    ("message", "id of the selected message"),
    ("contact", "id of the contact"),
    ("name", "name of the contact"),
    ("phone", "phone number of the contact, such as +15550100002"),
    ("connection", "name of the connection"),
    ("number", "phone number of the connection"),
];

/// Values of the selected item by placeholder.
pub type Values = BTreeMap<&'static str, String>;

/// Returns the placeholders of a text, in order: the names between double braces.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}").map(|(name, _)| name.trim()))
}

/// Returns the first placeholder of the arguments that does not exist; `None` if all exist.
pub fn unknown_placeholder(arguments: &[String]) -> Option<&str> {
    let is_known = |name: &str| PLACEHOLDERS.iter().any(|(known, _)| *known == name);
    arguments.iter().flat_map(|argument| placeholders(argument)).find(|name| !is_known(name))
}

/// Why the arguments of a command cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// The selected item has no value for the placeholder.
    #[error("Nothing selected here has the value {{{{{0}}}}}.")]
    Missing(String),
    /// The value would make the whole argument an option of the program.
    #[error("The value {{{{{0}}}}} begins with a hyphen: the program could read it as an option.")]
    Option(String),
}

/// Returns the arguments with the values filled in. Each stays one argument. Control characters of values are removed.
/// Fails if a value is missing, or if it would begin an argument with a hyphen.
pub fn fill_in(arguments: &[String], values: &Values) -> Result<Vec<String>, FillError> {
    arguments.iter().map(|argument| fill_in_one(argument, values)).collect()
}

fn fill_in_one(argument: &str, values: &Values) -> Result<String, FillError> {
    let mut filled = String::new();
    let mut rest = argument;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        filled.push_str(before);
        let name = name.trim();
        let value = values.get(name).map(|value| clean_line(value)).filter(|value| !value.trim().is_empty());
        let value = value.ok_or_else(|| FillError::Missing(name.to_owned()))?;
        if filled.is_empty() && value.starts_with('-') {
            return Err(FillError::Option(name.to_owned()));
        }
        filled.push_str(&value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(argument: &str, name: &str) -> Result<String, FillError> {
        fill_in_one(argument, &Values::from([("name", name.to_owned()), ("thread", "t7".to_owned())]))
    }

    #[test]
    fn a_value_stays_one_argument_whatever_it_contains() {
        let hostile = "$(rm -rf ~); `x` \"y\" 'z' | & > {{thread}}\n\u{1b}[31m";
        let filled = fill("--note={{name}} of {{ thread }}", hostile).expect("filled");
        assert!(filled.starts_with("--note=$(rm -rf ~); `x` \"y\" 'z' | & > {{thread}}"), "{filled:?}");
        assert!(filled.ends_with(" of t7") && !filled.contains('\u{1b}') && !filled.contains('\n'), "{filled:?}");
        assert_eq!(fill("{ \"a\": 1 }", "x"), Ok("{ \"a\": 1 }".to_owned()), "other braces are text");
        assert_eq!(fill("{{open", "x"), Ok("{{open".to_owned()));
    }

    #[test]
    fn a_value_never_becomes_an_option_and_is_never_left_out() {
        assert_eq!(fill("{{name}}", "--output=/etc/passwd"), Err(FillError::Option("name".into())));
        assert_eq!(fill("{{phone}}", "x"), Err(FillError::Missing("phone".into())));
        assert_eq!(fill("{{name}}", " "), Err(FillError::Missing("name".into())));
        let arguments = ["a".to_owned(), "{{name}} {{nam}}".to_owned()];
        assert_eq!(unknown_placeholder(&arguments), Some("nam"));
    }
}

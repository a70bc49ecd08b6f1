//! The default key bindings, and their printed form.

use std::fmt::Write as _;

use super::command::Scope;
use super::commands::table;
use super::input::Keymap;

impl Default for Keymap {
    fn default() -> Self {
        Self::of(table())
    }
}

/// Returns the content of `docs/keys.md`, generated from the command table.
pub fn keys_markdown() -> String {
    let keymap = Keymap::default();
    let mut text = String::from(
        "# Keys\n\nPrinted from the command table by `wadeck keys --markdown`. Every key can be changed in the\n\
         configuration, `[keys]`, by the id of its command. `?` lists the commands of the current pane.\n\n\
         Letters are commands only while no text field is open, and only one at a time: letters that arrive\n\
         within 30 ms of each other, such as pasted text, run no commands. Irreversible actions ask for\n\
         confirmation. `y` confirms after 0.6 s, `ctrl-y` at once; any other letter cancels. A form that\n\
         sends something or ends something is submitted with `ctrl-s`, never with `enter`.\n",
    );
    for scope in Scope::all() {
        let mut specs = table().filter(|spec| spec.scope == scope).peekable();
        if specs.peek().is_none() {
            continue;
        }
        let _ = write!(text, "\n## {}\n\n| keys | command | what |\n|---|---|---|\n", scope.title());
        for spec in specs {
            let keys = keymap.keys_of(spec).replace('|', "\\|");
            let keys = keys.split(", ").map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" ");
            let _ = writeln!(text, "| {keys} | `{}` | {} |", spec.id, spec.help);
        }
    }
    text
}

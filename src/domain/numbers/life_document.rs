//! Renders `docs/connections.md` from the lifecycle table.

use std::fmt::Write as _;

use crate::domain::numbers::life::NumberEvent as E;
use crate::domain::numbers::life::{LIFE, NumberEvent};

/// Returns `docs/connections.md` as Markdown.
pub fn life_markdown() -> String {
    let mut text = String::from(
        "# States of a number\n\n\
         Printed by `wadeck connections states`. This table defines all state changes of a number. Other changes are\n\
         refused, and the refusal lists the possible actions. `wadeck connections show ID` and the console show the\n\
         actions of each number.\n\n\
         | state | actions | automatic changes |\n|---|---|---|\n",
    );
    for (state, transitions) in LIFE {
        let (mut people, mut itself) = (vec![], vec![]);
        for (event, next) in *transitions {
            let to = if next == state { String::new() } else { format!(": {}", next.name()) };
            match event.verb() {
                Some(verb) => {
                    let name = verb.line.split(' ').next().unwrap_or_default();
                    people.push(format!("`{name}`{to}"));
                }
                None if next == state => {}
                None => itself.push(format!("{}{to}", words(*event))),
            }
        }
        let _ = writeln!(text, "| {} | {} | {} |", state.name(), people.join("<br>"), itself.join("<br>"));
    }
    text.push_str("\n| command | console command | effect |\n|---|---|---|\n");
    for event in [
        E::SetUp,
        E::Adopt,
        E::GoOn,
        E::Reconnect,
        E::NewLink,
        E::GiveUp,
        E::Register,
        E::Renew,
        E::Unregister,
        E::Disconnect,
    ] {
        if let Some(verb) = event.verb() {
            let line = verb.line.replace("{}", "ID");
            let _ = writeln!(text, "| `wadeck connections {line}` | `{}` | {} |", verb.command, verb.words);
        }
    }
    text.push_str(
        "\n[keys.md](keys.md) has the keys of the console commands. A new link needs a customer at the provider and no number yet.\n",
    );
    text
}

/// Describes an automatic event.
const fn words(event: NumberEvent) -> &'static str {
    match event {
        E::Declared => "it is declared in the configuration",
        E::Restored => "it is declared in the configuration, and its provider does not support setup",
        E::StepDone => "a step is done",
        E::StepWaits => "a step waits for a person",
        E::StepFailed => "a step failed",
        E::LinkFollowed => "its owner opened the link",
        E::Made => "a step connects it",
        E::Verified => "the last step is done",
        E::Lost => "the provider no longer has it",
        _ => "",
    }
}

//! `docs/connections.md`: the life of a number, printed from its table.

use std::fmt::Write as _;

use crate::domain::numbers::life::NumberEvent as E;
use crate::domain::numbers::life::{LIFE, NumberEvent};

/// `docs/connections.md`, printed from the table.
pub fn life_markdown() -> String {
    let mut text = String::from(
        "# The life of a number\n\n\
         Printed from the table of states by `wadeck connections states`. Whatever moves a number goes through\n\
         this table; what is not in it is refused, and the refusal names what can be done. `wadeck connections show ID`\n\
         and the console print the same ways on beside each number.\n\n\
         | state | what people can do | what happens by itself |\n|---|---|---|\n",
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
    text.push_str("\n| verb | in the console | what |\n|---|---|---|\n");
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
        "\nThe keys are those of the commands in [keys.md](keys.md). A new link takes a customer at the provider and no number yet.\n",
    );
    text
}

/// What happened by itself.
const fn words(event: NumberEvent) -> &'static str {
    match event {
        E::Declared => "the configuration names it",
        E::Restored => "the configuration names it at the start, and its provider sets no numbers up",
        E::StepDone => "a step is done",
        E::StepWaits => "a step waits for somebody",
        E::StepFailed => "a step failed",
        E::LinkFollowed => "its owner followed the link",
        E::Made => "a step connects it",
        E::Verified => "the last step is done",
        E::Lost => "the provider has it no more",
        _ => "",
    }
}

//! A scenario from a file: messages and faults, step by step.

use std::time::Duration;

use serde::Deserialize;

use super::story::SUPPORT;
use super::{Person, Saying, SendFault, Simulator};

/// The steps of a scenario, in order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Scenario(Vec<StepAction>);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StepAction {
    /// Waits this many simulated milliseconds.
    Wait(u64),
    /// Sends a message of a person.
    Says {
        /// The receiving number's id. `None` for the first number.
        #[serde(default)]
        number: Option<String>,
        name: String,
        phone: String,
        text: String,
    },
    /// Rejects the next send request with this error.
    Refuses { status: u16, code: u32, message: String },
    /// Accepts the next send request and loses the response.
    LosesAnswer,
}

impl Scenario {
    /// Parses a scenario. Fails on JSON that is not one.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// Runs every step once.
    pub async fn play(&self, simulator: &Simulator) {
        for act in &self.0 {
            match act {
                StepAction::Wait(millis) => {
                    let millis = simulator.shared.scaled(i64::try_from(*millis).unwrap_or(i64::MAX));
                    tokio::time::sleep(Duration::from_millis(millis.unsigned_abs())).await;
                }
                StepAction::Says { number, name, phone, text } => {
                    let number = number.as_deref().unwrap_or(SUPPORT);
                    simulator.says(number, &Person::new(name, phone), &Saying::text(text));
                }
                StepAction::Refuses { status, code, message } => {
                    simulator.next_send(SendFault::graph(*status, *code, message));
                }
                StepAction::LosesAnswer => simulator.next_send(SendFault::LoseAnswer),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_read_and_its_faults_are_named() {
        let text = r#"[{"says":{"name":"Rosa","phone":"15550100002","text":"hi"}},{"wait":10},
            {"refuses":{"status":400,"code":131026,"message":"no"}},"loses_answer"]"#;
        assert_eq!(Scenario::read(text).expect("a scenario").0.len(), 4);
        assert!(Scenario::read(r#"[{"shouts":1}]"#).expect_err("unknown").to_string().contains("shouts"));
    }
}

//! Scripted answers: what a rule listens for, and what it says. Declared in the configuration, read
//! by the agent of that kind.

use serde::Deserialize;

/// Answers when one of the words stands in what is to be answered; no words means always.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(default)]
    pub when: Vec<String>,
    /// What is said; `{name}` stands for the contact's name.
    #[serde(default)]
    pub reply: Vec<String>,
    /// Why the thread is given to a person.
    #[serde(default)]
    pub hand_off: Option<String>,
    /// Tools that it reaches for, whether it may or not: for drills.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Ends the run as a failed one, for drills.
    #[serde(default)]
    pub fail: Option<String>,
}

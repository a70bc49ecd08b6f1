//! Rules of scripted agents: triggers and replies, from the configuration.

use serde::Deserialize;

/// Replies if the message contains one of the words in `when`; an empty `when` always matches.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(default)]
    pub when: Vec<String>,
    /// Reply messages; `{name}` stands for the contact's name.
    #[serde(default)]
    pub reply: Vec<String>,
    /// Reason for an escalation to a person.
    #[serde(default)]
    pub hand_off: Option<String>,
    /// Tools that the rule calls, allowed or not; for drills.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Fails the run with this error; for drills.
    #[serde(default)]
    pub fail: Option<String>,
}

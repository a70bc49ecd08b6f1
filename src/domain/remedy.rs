//! What to do about a refusal whose rule says it all: programs are never left without a remedy.

use crate::domain::refusal::Refusal;

/// What to do about a failure of the engine.
pub const REPORT: &str = "Try again; if it stays so, see the log.";

impl Refusal {
    /// What to do instead; where the refusal itself names nothing, what its code stands for.
    pub fn remedy(&self) -> &str {
        if !self.instead.trim().is_empty() {
            return &self.instead;
        }
        match &*self.rule {
            "not_found" => "List what there is, and name one of it.",
            "no_change"
            | "already_acknowledged"
            | "already_stopped"
            | "not_taken"
            | "not_merged"
            | "no_file"
            | "nothing_to_fetch"
            | "nothing_to_take_back" => "Nothing needs to be done.",
            "contract" => "Change the contract as the reason says.",
            "setup_state" => "Look at the setup: its state says what can be done now.",
            "provider" | "no_provider" => "Name a provider of the configuration.",
            _ => "Change what the reason names, then ask again.",
        }
    }
}

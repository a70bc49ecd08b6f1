//! A provider's error code: what it means, and what happens to a message that meets it.

use crate::domain::failure::FailureClass;
use crate::domain::outbox::retry::RetryPolicy;

/// One code of a provider.
#[derive(Debug, Clone, Copy)]
pub struct ErrorCode {
    pub code: &'static str,
    pub class: FailureClass,
    pub title: &'static str,
    pub explanation: &'static str,
    pub remedy: &'static str,
    /// The provider's own schedule for this code; without one, the usual schedule applies where its class is retried.
    pub schedule: Option<RetryPolicy>,
}

impl ErrorCode {
    /// What happens to a message that meets this code.
    pub fn handling(&self) -> String {
        match self.class {
            FailureClass::Transient | FailureClass::Throttled => {
                format!("retried {}", self.schedule.unwrap_or_default().words())
            }
            class if class.stops_number() => "the number is held; its messages wait until it can send again".to_owned(),
            _ => "not retried".to_owned(),
        }
    }
}

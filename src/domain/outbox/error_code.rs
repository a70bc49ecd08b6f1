//! Error codes of providers, with their meaning and retry schedule.

use crate::domain::failure::FailureClass;
use crate::domain::outbox::retry::RetryPolicy;

/// An error code of a provider.
#[derive(Debug, Clone, Copy)]
pub struct ErrorCode {
    pub code: &'static str,
    pub class: FailureClass,
    pub title: &'static str,
    pub explanation: &'static str,
    pub remedy: &'static str,
    /// The provider's documented schedule for this code; `None` uses the default schedule if the class is retried.
    pub schedule: Option<RetryPolicy>,
}

impl ErrorCode {
    /// Describes how a message that fails with this code is handled.
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

//! Why an operation did not happen: a rule refused it, or something failed.

use thiserror::Error;

use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::store::StoreError;

/// Why an operation did not happen.
#[derive(Debug, Error)]
pub enum OperationError {
    /// A rule refused the operation; the text is for the caller.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something failed. Logged once, where it is handled.
    #[error(transparent)]
    Failed(StoreError),
}

impl From<StoreError> for OperationError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TokenOver { .. } => {
                let instead = "Ask an admin for a new token.";
                Self::Refused(Refusal::new(Code::TokenRevoked, error.to_string(), instead))
            }
            error => Self::Failed(error),
        }
    }
}

//! Why an operation did not happen: a rule said no, or something broke.

use thiserror::Error;

use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::store::StoreError;

#[derive(Debug, Error)]
pub enum OperationError {
    /// A rule said no; worded for whoever asked.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something broke. Logged once, where it is handled.
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

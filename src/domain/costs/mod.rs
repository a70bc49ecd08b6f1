//! What messages cost: the providers' statements about charges, the configured rate card, and what follows from both.

pub mod amount;
pub mod card;
pub mod category;
pub mod charge;
pub mod market;
pub mod pricing;
pub mod statement;
pub mod sums;
pub mod thread;

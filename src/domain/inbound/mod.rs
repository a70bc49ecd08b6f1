//! What comes in over webhooks, before it is applied.

pub mod decide;
pub mod delivery;
pub mod event;
pub mod mask;
pub mod set_aside;

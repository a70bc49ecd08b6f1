//! Inbound webhooks, before they are applied.

pub mod decide;
pub mod delivery;
pub mod event;
pub mod mask;
pub mod set_aside;

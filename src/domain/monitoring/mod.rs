//! Figures and states by which the engine itself is watched.

pub mod activity;
pub mod alert_kind;
pub mod database;
pub mod gauge;
pub mod lag;
pub mod metrics;

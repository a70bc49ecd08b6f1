//! Metrics, alerts and health of the engine.

pub mod activity;
pub mod alert_kind;
pub mod database;
pub mod gauge;
pub mod lag;
pub mod metrics;

//! Inbound operations: webhook deliveries are received, applied, replayed and backfilled.

pub(crate) mod apply;
pub(crate) mod apply_changes;
pub(crate) mod apply_event;
pub(crate) mod apply_holder;
pub(crate) mod apply_inbound;
pub(crate) mod apply_status;
pub(crate) mod backfill;
mod backfill_conversations;
pub(crate) mod batch;
mod batch_elsewhere;
mod batch_statuses;
mod comparison;
pub(crate) mod dry_run;
pub(crate) mod effects;
mod new_people;
pub(crate) mod receive;
pub(crate) mod refresh_thread;
pub(crate) mod replay_delivery;
pub(crate) mod reveal;

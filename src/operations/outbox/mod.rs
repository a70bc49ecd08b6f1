//! Outbound operations: messages are queued, sent, settled, reconciled and retried.

pub(crate) mod bulk;
pub(crate) mod claim;
pub(crate) mod confirm_arrived;
pub(crate) mod discard_entry;
pub(crate) mod dispatch_next;
pub(crate) mod duplicate;
pub(crate) mod failure_alerts;
pub(crate) mod hold_entry;
mod last_checks;
pub(crate) mod outage;
pub(crate) mod query_message_status;
pub(crate) mod reconcile;
pub(crate) mod rescue;
pub(crate) mod retry_entry;
pub(crate) mod send_file;
pub(crate) mod send_flow;
pub(crate) mod send_message;
pub(crate) mod send_template;
pub(crate) mod settle;
pub(crate) mod settle_scheduled;
pub(crate) mod stopped_job;
pub(crate) mod undo_send;

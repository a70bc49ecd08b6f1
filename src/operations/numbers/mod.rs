//! Operations on business numbers: set up, checked, held, and their webhooks.

pub(crate) mod callback_url;
pub(crate) mod canary;
pub(crate) mod check_connection;
pub(crate) mod declare;
pub(crate) mod hold_number;
pub(crate) mod number_lifecycle;
pub(crate) mod operation_lock;
pub(crate) mod registrations;
pub(crate) mod requests;
pub(crate) mod send_test;
pub(crate) mod set_up;
pub(crate) mod step_setup;

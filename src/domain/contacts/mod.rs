//! Contacts: addresses, opt-outs and views.

pub mod address;
pub mod opt_out;
pub mod phone;
pub mod thread_name;
pub mod view;

//! Contacts: how they are reached, and whether they want to be.

pub mod address;
pub mod opt_out;
pub mod phone;
pub mod thread_name;
pub mod view;

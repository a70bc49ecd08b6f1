//! Agent assignments, contracts, routing and runs.

pub mod anonymize;
pub mod assignment;
pub mod contract;
pub mod contract_check;
pub mod conversation;
pub mod foreign_data;
pub mod requests;
pub mod routing;
pub mod run;
pub mod script;

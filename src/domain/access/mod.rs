//! Access control: roles, permissions, scopes, tokens and the audit log.

pub mod actor;
pub mod audit;
pub mod audit_action;
pub mod broad_queries;
pub mod permission;
pub mod queries;
mod requests;
pub mod role;
pub mod scope;
pub mod scope_choice;
pub mod token;

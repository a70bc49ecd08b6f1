//! Types and rules of the system, as pure functions. No I/O, no async, no clock and no randomness: time and random
//! numbers are arguments. Every module may import this one; it imports no other module.

pub mod access;
pub mod agents;
pub mod change;
pub mod code;
pub mod contacts;
pub mod costs;
pub(crate) mod error_text;
pub mod event_name;
pub mod expiring;
pub mod failure;
pub mod file_name;
pub mod filter;
pub mod flow;
pub mod ids;
pub mod inbound;
pub mod json_text;
pub mod key;
pub mod language;
pub mod lint;
pub mod list_filter;
pub mod message;
pub mod monitoring;
pub mod number;
pub mod numbers;
pub mod operation;
pub mod outbox;
pub mod query;
pub mod refusal;
pub mod request;
pub mod subject;
mod subject_parts;
pub mod templates;
pub mod text;
pub mod time;
pub mod view;
pub mod why;

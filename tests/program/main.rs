//! Tests of the real binary: in a pseudo-terminal, as a service, and killed at any moment.

mod access;
mod attached;
mod audit;
mod commands;
mod contract_flags;
mod disk;
mod doctor;
mod errors;
mod files;
mod http_port;
mod killed;
mod names;
mod openapi;
mod operator_shift;
mod output;
mod output_format;
mod plain;
mod private;
mod providers;
mod pty;
#[path = "../common/samples.rs"]
mod samples;
mod scope_flags;
mod scoped;
mod screen;
mod service;
mod ssh;
mod suggested_actions;
mod tools;
mod verbs;
mod verify;
mod webhooks;
mod world;

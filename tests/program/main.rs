//! The real binary: in a pseudo-terminal as a person uses it, as a service, killed at any moment.

mod access;
mod attached;
mod audit;
mod commands;
mod disk;
mod doctor;
mod door;
mod errors;
mod files;
mod killed;
mod life;
mod names;
mod plain;
mod private;
mod providers;
mod pty;
mod said;
#[path = "../common/samples.rs"]
mod samples;
mod scope_flags;
mod scoped;
mod screen;
mod service;
mod shapes;
mod shift;
mod ssh;
mod tools;
mod verbs;
mod verify;
mod webhooks;
mod world;

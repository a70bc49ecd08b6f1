//! The real binary: in a pseudo-terminal as a person uses it, as a service, killed at any moment.

mod attached;
mod audit;
mod disk;
mod door;
mod files;
mod killed;
mod plain;
mod private;
mod providers;
mod pty;
mod screen;
mod service;
mod shapes;
mod shift;
mod ssh;
mod tools;
mod verbs;
mod world;

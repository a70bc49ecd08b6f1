//! Journeys through the whole engine: real SQLite, real HTTP, a twin on loopback, a clock that the
//! test moves. Nothing sleeps to wait: every worker's step is called by hand.

mod agent_kinds;
mod agents;
mod console;
mod door;
mod inbound;
mod outbox;
mod pictures;
mod sitting;
mod stage;

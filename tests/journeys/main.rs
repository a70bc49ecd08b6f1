//! Journeys through the whole engine: real SQLite, real HTTP, a twin on loopback, a clock that the
//! test moves. Nothing sleeps to wait: every worker's step is called by hand.

mod agent_kinds;
mod agents;
mod ahead;
mod approvals;
mod bulk;
mod cases;
mod claims;
mod clock;
mod conformance;
mod console;
mod contents;
mod contracts;
mod decisions;
mod desk;
mod door;
mod finding;
mod flows;
mod inbound;
mod keeping;
mod media;
mod model_answers;
mod no_paths;
mod not_found;
mod numbers;
mod outbox;
mod outbox_early;
mod outbox_faults;
mod outbox_holds;
mod pausing;
mod pictures;
mod programs;
mod providers;
mod registrations;
#[path = "../common/samples.rs"]
mod samples;
mod senders;
mod sitting;
mod stage;
mod template_sends;
mod templates;
mod typing;
mod viewers;
mod watch;
mod why;
mod wishes;

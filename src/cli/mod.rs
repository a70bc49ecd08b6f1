//! The command line: every pane has a verb, and `--json` prints one value on standard output. It sends the
//! same queries and requests as the console through the running engine's socket; queries also work without
//! an engine.

// First: its `print!` and its like stand for the standard ones in all that follows.
#[macro_use]
mod out;

mod argument_error;
mod arguments;
mod client;
mod consoles;
mod doctor;
mod environment_values;
mod event_filter;
mod execute;
mod exit;
mod help;
mod line_console;
mod options;
mod print;
#[cfg(feature = "ssh")]
mod remote;
mod run;
mod service;
mod verbs;
#[cfg(not(feature = "ssh"))]
mod without_ssh;

pub use self::arguments::{Cli, Command};
pub use self::client::error::usage_json;
pub use self::exit::Exit;
pub use self::options::Common;
pub use self::run::run;

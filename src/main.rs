//! Entry point: parses the command line and runs it.

use std::process::ExitCode;

use clap::Parser;
use wadeck::cli::{Cli, run};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return print_usage(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "The program cannot start its threads: {error}.");
            return ExitCode::FAILURE;
        }
    };
    let exit = runtime.block_on(run(cli));
    // Tasks that still wait for the network must not keep the process alive.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ExitCode::from(exit as u8)
}

/// Prints help and version to standard output and usage errors to standard error, as JSON after `--json`.
fn print_usage(error: &clap::Error) -> ExitCode {
    let json = error.use_stderr() && std::env::args_os().any(|argument| argument == "--json");
    let result = if json {
        use std::io::Write;
        writeln!(std::io::stderr(), "{}", wadeck::cli::usage_json(error))
    } else {
        error.print()
    };
    // A closed pipe cannot be reported to anybody.
    drop(result);
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

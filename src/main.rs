//! The program: reads the command line and runs it.

use std::process::ExitCode;

use clap::Parser;
use wadeck::cli::{Cli, run};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
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
    // Nothing that still waits for the network keeps the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ExitCode::from(exit as u8)
}

/// Help and versions go where they were asked for; an error of usage is JSON where JSON was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    let json = error.use_stderr() && std::env::args_os().any(|argument| argument == "--json");
    let printed = if json {
        use std::io::Write;
        writeln!(std::io::stderr(), "{}", wadeck::cli::usage_json(error))
    } else {
        error.print()
    };
    // Whoever does not read any more is told nothing.
    drop(printed);
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

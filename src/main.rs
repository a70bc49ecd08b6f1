//! The program: reads the command line and runs it.

use std::process::ExitCode;

use clap::Parser;
use wadeck::cli::{Cli, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
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

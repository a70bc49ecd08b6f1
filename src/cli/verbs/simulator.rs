//! `wadeck simulator`: runs the simulated providers alone, for an engine in another process.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::app::{AppError, SimulatorSetup, run_simulator};
use crate::cli::exit::Exit;

#[derive(Debug, Args)]
pub struct SimulatorArgs {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:8788", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Base URL of the engine that receives the webhooks: its [http] listen
    #[arg(long, default_value = "http://127.0.0.1:8787", value_name = "URL")]
    pub webhooks: String,
    /// JSON file with the messages and faults to simulate; without it, the people of the demo write
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Seed of the simulated traffic; the same seed gives the same traffic
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Speed of the simulated time, 0.1 to 50
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
}

pub(in crate::cli) async fn run(arguments: SimulatorArgs) -> Result<Exit, AppError> {
    let scenario = arguments.scenario.as_ref().map(std::fs::read_to_string).transpose();
    let scenario = scenario.map_err(|error| AppError::Other {
        what: format!("The scenario cannot be read: {error}."),
        remedy: "Name a file with JSON.".into(),
    })?;
    let SimulatorArgs { listen, webhooks, seed, speed, .. } = arguments;
    let setup = SimulatorSetup { listen, webhooks, seed, speed, scenario };
    let playing = run_simulator(setup, |environment| {
        eprintln!(
            "The simulator is running. Start an engine with these environment variables; Ctrl-C stops the simulator."
        );
        for (name, value) in environment {
            println!("export {name}={value}");
        }
    });
    tokio::select! {
        played = playing => played?,
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(Exit::Done)
}

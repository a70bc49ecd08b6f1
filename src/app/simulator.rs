//! Runs only the simulated providers, for an engine in another process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{AppError, SystemClock};
use crate::domain::time::Clock;
use crate::simulator::{Scenario, Simulator, SimulatorConfig, Story};

/// How `wadeck simulator` runs.
#[derive(Debug, Clone)]
pub struct SimulatorSetup {
    pub listen: SocketAddr,
    /// The base URL of the engine that receives the webhooks.
    pub webhooks: String,
    pub seed: u64,
    /// Simulated seconds per second, 0.1 to 50.
    pub speed: f64,
    /// A scenario as JSON. `None`: the contacts of the demo write until the simulator ends.
    pub scenario: Option<String>,
}

/// Runs until the future is dropped. Calls `on_started` with the environment variables that an engine needs. Fails if
/// the scenario is not valid or the address is in use.
pub async fn run_simulator(
    setup: SimulatorSetup,
    on_started: impl FnOnce(Vec<(&'static str, String)>),
) -> Result<(), AppError> {
    let scenario = setup.scenario.as_deref().map(Scenario::read).transpose().map_err(|why| AppError::Other {
        what: format!("The scenario cannot be played: {why}."),
        remedy: "docs/numbers-templates-flows.md shows one.".into(),
    })?;
    let clock = SystemClock;
    let speed = setup.speed.clamp(0.1, 50.0);
    let config = SimulatorConfig {
        api_key: "simulator-key".into(),
        webhook_secret: "simulator-secret".into(),
        seed: setup.seed,
        speed,
        latency: Duration::from_millis(350).div_f64(speed),
        now: Arc::new(move || clock.now().millis()),
    };
    let simulator = Simulator::start(config, setup.listen)
        .await
        .map_err(|error| AppError::Port { address: setup.listen, why: error.to_string() })?;
    let story = Story::new(setup.seed);
    story.set_up(&simulator);
    simulator.subscribe(setup.webhooks.trim_end_matches('/'));
    on_started(simulator.environment());
    let simulator = Arc::new(simulator);
    let play = async {
        match scenario {
            Some(scenario) => {
                scenario.play(&simulator).await;
                std::future::pending::<()>().await;
            }
            None => story.play(simulator.clone()).await,
        }
    };
    tokio::select! {
        () = play => {}
        () = simulator.run() => {}
    }
    Ok(())
}

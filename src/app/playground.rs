//! The simulated provider alone: for trying an engine out from beside it, and for drills.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{AppError, SystemClock};
use crate::domain::time::Clock;
use crate::twin::{Scenario, Story, Twin, TwinConfig};

/// What it is like.
#[derive(Debug, Clone)]
pub struct Playground {
    pub listen: SocketAddr,
    /// Where webhooks go.
    pub webhooks: String,
    pub seed: u64,
    pub speed: f64,
    /// The text of a scenario; none: the demo's people, for ever.
    pub scenario: Option<String>,
}

/// Plays until it is dropped. `begun` is told what the environment of an engine has to hold.
pub async fn play(setup: Playground, begun: impl FnOnce(Vec<(&'static str, String)>)) -> Result<(), AppError> {
    let scenario = setup.scenario.as_deref().map(Scenario::read).transpose().map_err(|why| AppError::Other {
        what: format!("The scenario cannot be played: {why}."),
        remedy: "docs/numbers-templates-flows.md shows one.".into(),
    })?;
    let clock = SystemClock;
    let speed = setup.speed.clamp(0.1, 50.0);
    let config = TwinConfig {
        api_key: "twin-key".into(),
        webhook_secret: "twin-secret".into(),
        seed: setup.seed,
        speed,
        latency: Duration::from_millis(350).div_f64(speed),
        now: Arc::new(move || clock.now().millis()),
    };
    let twin = Twin::start(config, setup.listen)
        .await
        .map_err(|error| AppError::Port { address: setup.listen, why: error.to_string() })?;
    let story = Story::new(setup.seed);
    story.set_the_stage(&twin);
    twin.subscribe(setup.webhooks.trim_end_matches('/'));
    begun(twin.environment());
    let twin = Arc::new(twin);
    let playing = async {
        match scenario {
            Some(scenario) => {
                scenario.play(&twin).await;
                std::future::pending::<()>().await;
            }
            None => story.play(twin.clone()).await,
        }
    };
    tokio::select! {
        () = playing => {}
        () = twin.run() => {}
    }
    Ok(())
}

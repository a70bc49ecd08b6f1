//! The running simulator: its configuration, and the state that all request handlers share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::world::World;

/// The state that request handlers get.
pub(super) type SharedState = Arc<Shared>;

/// Returns the time in milliseconds since 1970.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How the simulator behaves.
#[derive(Clone)]
pub struct SimulatorConfig {
    pub api_key: String,
    pub webhook_secret: String,
    pub seed: u64,
    /// Simulated durations are divided by this.
    pub speed: f64,
    /// The longest time that an accepted request takes; zero in tests.
    pub latency: Duration,
    pub now: Now,
}

impl std::fmt::Debug for SimulatorConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatorConfig").field("seed", &self.seed).field("speed", &self.speed).finish_non_exhaustive()
    }
}

pub(super) struct Shared {
    pub config: SimulatorConfig,
    pub address: SocketAddr,
    pub world: Mutex<World>,
    /// Notified when a webhook is queued.
    pub posted: Notify,
}

impl Shared {
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now(&self) -> i64 {
        (self.config.now)()
    }

    /// Returns the simulator's own base URL.
    pub fn own_address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Converts a span of real time to simulated time, in milliseconds.
    pub fn scaled(&self, millis: i64) -> i64 {
        (millis as f64 / self.config.speed.max(0.01)) as i64
    }
}

/// A running simulator. It ends when this value and its server task are dropped.
pub struct Simulator {
    pub(super) shared: Arc<Shared>,
    pub(super) address: SocketAddr,
    pub(super) server: tokio::task::JoinHandle<()>,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

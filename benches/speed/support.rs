//! Builds a system in a directory, and a runtime for it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::runtime::Runtime;
use wadeck::app::{EngineSetup, Logs, People, SystemChance, SystemClock, build_system, declared_connections};
use wadeck::config;
use wadeck::domain::time::Clock;
use wadeck::operations::{PendingDelivery, System, declare};
use wadeck::simulator::{DEMO_CONFIG, Number, Simulator, SimulatorConfig};

pub const SECRET: &str = "bench-secret";
pub const SUPPORT: &str = "106540352242922";

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

pub fn now() -> i64 {
    SystemClock.now().millis()
}

pub async fn simulator() -> Simulator {
    let config = SimulatorConfig {
        api_key: "bench-key".into(),
        webhook_secret: SECRET.into(),
        seed: 1,
        speed: 1.0,
        latency: Duration::ZERO,
        now: Arc::new(now),
    };
    let simulator = Simulator::start(config, ([127, 0, 0, 1], 0).into()).await.expect("a simulator");
    simulator.add_number(Number {
        phone_number_id: SUPPORT.into(),
        business_account_id: "102290129340398".into(),
        display: "+1 555-010-0001".into(),
        name: "Lumen".into(),
        kind: "production".into(),
        customer: None,
        direct: false,
    });
    simulator
}

pub async fn system(directory: &Path, simulator: &Simulator) -> (System, tokio::sync::mpsc::Receiver<PendingDelivery>) {
    let text = DEMO_CONFIG.replace("agent = \"helper\"", "messages_per_second = 1000");
    let config = config::check(&text, wadeck::provider::Registry::SHAPES).expect("right");
    let environment = simulator.environment();
    let setup = EngineSetup {
        config: config.clone(),
        directory: directory.to_owned(),
        secrets: Arc::new(move |name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| SecretString::from(value.clone()))
        }),
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        offset: Arc::new(|_| 0),
        logs: Logs::silent(),
        inbox: 4_096,
        port: None,
        people: Arc::new(People::new(vec![])),
        consoles: None,
    };
    let (system, inbox) = build_system(&setup).await.expect("a system");
    declare(&system, &declared_connections(&config)).await.expect("declared");
    (system, inbox)
}

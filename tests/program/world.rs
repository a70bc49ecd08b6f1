//! A simulator and a configuration on the disk, on which the tests run the binary.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use wadeck::app::SystemClock;
use wadeck::domain::time::Clock;
use wadeck::simulator::{DEMO_CONFIG, Number, Simulator, SimulatorConfig};

pub const SUPPORT: &str = "106540352242922";
pub const SECRET: &str = "program-secret";
/// Time limit of every wait in these tests.
pub const WAIT_LIMIT: Duration = Duration::from_secs(30);

pub fn now_millis() -> i64 {
    SystemClock.now().millis()
}

pub async fn simulator() -> Simulator {
    let config = SimulatorConfig {
        api_key: "program-key".into(),
        webhook_secret: SECRET.into(),
        seed: 3,
        speed: 20.0,
        latency: Duration::ZERO,
        now: Arc::new(now_millis),
    };
    let simulator = Simulator::start(config, ([127, 0, 0, 1], 0).into()).await.expect("the simulator starts");
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

/// A temporary directory with a configuration, and the environment of the binary.
pub struct World {
    pub directory: tempfile::TempDir,
    environment: Vec<(String, String)>,
    pub port: u16,
}

impl World {
    pub fn new(simulator: &Simulator) -> Self {
        // For the tests' HTTP client. It fails only where a crypto provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = tempfile::tempdir().expect("a directory");
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let config = DEMO_CONFIG
            .replace("127.0.0.1:0", &format!("127.0.0.1:{port}"))
            .replace("debounce_seconds = 1.5", "debounce_seconds = 0");
        // Most tests need one provider; tests of the other one add its number themselves.
        let start = config.find("[[connections]]\nname = \"clinic\"").expect("the clinic");
        let end = config[start..].find("[[agents]]").expect("what comes after") + start;
        let config = format!("{}{}", &config[..start], &config[end..]);
        std::fs::write(directory.path().join("wadeck.toml"), config).expect("written");
        let environment = simulator.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { directory, environment, port }
    }

    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Returns all log lines so far.
    pub fn log(&self) -> String {
        let files = std::fs::read_dir(self.data().join("logs")).into_iter().flatten().flatten();
        files.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wadeck"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env("WADECK_DATA_DIR", self.data())
            .env_remove("WADECK_CONFIG");
        command.envs(self.environment.iter().cloned());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().expect("it runs")
    }

    /// Runs a command with `--json` and returns its value.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(!output.stdout.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("one JSON value")
    }

    /// Delivers the simulator's webhooks until the first thread is listed.
    pub async fn wait_for_thread(&self, simulator: &Simulator) {
        let listed = async {
            while self.json(&["threads", "list"])[0].is_null() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = simulator.run() => unreachable!("it runs for ever"),
            () = listed => {}
        }
    }

    /// Starts an engine. Returns when it accepts webhooks and local requests.
    pub fn serve(&self) -> Served {
        let child = self.command(&["serve"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let served = Served(child.expect("it starts"));
        until("the engine takes webhooks", || std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok());
        until("the engine takes questions", || exists(&self.data().join("wadeck.sock")));
        served
    }
}

/// An engine process, killed when this is dropped.
pub struct Served(pub Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Polls a condition until it is true. Panics after `WAIT_LIMIT`.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < WAIT_LIMIT, "it never came about: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn signal(child: &Child, name: &str) {
    signal_pid(child.id(), name);
}

pub fn signal_pid(pid: u32, name: &str) {
    let done = Command::new("kill").args([name, &pid.to_string()]).status().expect("kill runs");
    assert!(done.success());
}

pub fn exists(path: &Path) -> bool {
    path.exists()
}

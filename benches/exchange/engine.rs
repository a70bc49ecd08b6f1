//! The engine process, its consoles, and its resource use.

use std::fmt::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::provider::{NUMBERS, Provider, SECRET};

/// The settings of a run.
pub struct Settings {
    /// Exchanges started per second.
    pub rate: f64,
    pub seconds: f64,
    pub consoles: usize,
    /// `scripted` or `http`.
    pub agent: String,
    /// The provider's response time.
    pub latency: Duration,
}

impl Settings {
    /// Reads the arguments; `None` where they name another benchmark, as in `cargo bench -- ingest`.
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut settings = Self {
            rate: 100.0,
            seconds: 10.0,
            consoles: 1,
            agent: "scripted".into(),
            latency: Duration::from_millis(5),
        };
        let mut arguments = arguments.filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            if !name.starts_with("--") {
                if name != "exchange" {
                    return None;
                }
                continue;
            }
            let value = arguments.next().unwrap_or_default();
            let number = || value.parse::<f64>().unwrap_or_else(|_| panic!("{name} takes a number"));
            match name.as_str() {
                "--rate" => settings.rate = number(),
                "--seconds" => settings.seconds = number(),
                "--consoles" => settings.consoles = number() as usize,
                "--latency-ms" => settings.latency = Duration::from_secs_f64(number() / 1_000.0),
                "--agent" => settings.agent = value,
                _ => panic!("unknown option {name}"),
            }
        }
        Some(settings)
    }

    pub fn warm_up(&self) -> (f64, Duration) {
        (self.rate.min(50.0), Duration::from_secs(1))
    }
}

/// A running engine with its consoles, all killed when this is dropped.
pub struct Engine {
    pub port: u16,
    child: Child,
    directory: tempfile::TempDir,
    consoles: Vec<Box<dyn portable_pty::Child + Send + Sync>>,
}

impl Engine {
    pub fn start(settings: &Settings, provider: &Provider) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        std::fs::write(directory.path().join("wadeck.toml"), config(settings, port, provider)).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_wadeck"));
        command.arg("serve").current_dir(directory.path()).stdin(Stdio::null()).stdout(Stdio::null());
        for (name, value) in environment(directory.path(), provider) {
            command.env(name, value);
        }
        let child = command.spawn().expect("it starts");
        let mut engine = Self { port, child, directory, consoles: vec![] };
        let socket = engine.directory.path().join("data").join("wadeck.sock");
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() || !socket.exists() {
            assert!(engine.child.try_wait().expect("asked").is_none(), "the engine did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        for _ in 0..settings.consoles {
            engine.attach(provider);
        }
        engine
    }

    /// Starts a console in a pseudo-terminal and discards its output.
    fn attach(&mut self, provider: &Provider) {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wadeck"));
        command.arg("attach");
        command.cwd(self.directory.path());
        command.env("TERM", "xterm-256color");
        for (name, value) in environment(self.directory.path(), provider) {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("it starts");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let master = pair.master;
        std::thread::spawn(move || {
            let _open = master;
            let _ = std::io::copy(&mut reader, &mut std::io::sink());
        });
        self.consoles.push(child);
    }

    /// Returns the engine's processor time so far.
    pub fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
        let ticks: u64 = [11, 12].iter().map(|at| fields[*at].parse::<u64>().expect("a number")).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Returns the engine's resident memory in MB.
    pub fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("told");
        line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<f64>().ok()).expect("a number") / 1_024.0
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for console in &mut self.consoles {
            let _ = console.kill();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn environment(directory: &std::path::Path, provider: &Provider) -> Vec<(&'static str, String)> {
    vec![
        ("WADECK_DATA_DIR", directory.join("data").display().to_string()),
        ("KAPSO_API_KEY", "bench".into()),
        ("KAPSO_WEBHOOK_SECRET", SECRET.into()),
        ("KAPSO_API_BASE_URL", provider.url.clone()),
    ]
}

fn config(settings: &Settings, port: u16, provider: &Provider) -> String {
    let agent = match settings.agent.as_str() {
        "http" => format!("kind = \"http\"\nurl = \"{}/agent\"", provider.url),
        _ => "kind = \"scripted\"\nrules = [{ reply = [\"Thank you, {name}.\"] }]".to_owned(),
    };
    let mut numbers = String::new();
    for at in 0..NUMBERS {
        let _ = write!(
            numbers,
            "[[connections]]\nname = \"number{at}\"\nprovider = \"kapso\"\nphone_number = \"+1555010{at:04}\"\n\
             phone_number_id = \"{}\"\nbusiness_account_id = \"1\"\nagent = \"helper\"\nmode = \"auto\"\n\
             debounce_seconds = 0\nmessages_per_second = 1000\n\
             [connections.contract]\nmax_per_hour = 1000\n",
            crate::provider::number_id(at)
        );
    }
    format!(
        "organization = \"bench\"\nenvironment = \"development\"\n[http]\nlisten = \"127.0.0.1:{port}\"\n{numbers}\
         [[agents]]\nname = \"helper\"\n{agent}\n"
    )
}

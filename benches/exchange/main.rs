//! The full exchange: a contact's text arrives, an agent replies, the reply is sent, and its statuses arrive. The
//! engine runs in its own process with consoles attached; this process is provider, contacts and agent.
//!
//! `cargo bench --bench exchange -- --rate 400 --seconds 30 --consoles 5 --agent scripted`
//!
//! An exchange is finished when the reply's last status is acknowledged. Printed for each fifth of the run, which
//! reveals growing costs: exchanges per second, the time from the contact's text to the reply at the provider, the
//! engine's processor time per exchange, and its memory.

mod engine;
mod people;
mod provider;

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::engine::{Engine, Settings};
use self::provider::Provider;

fn main() {
    let Some(settings) = Settings::from_arguments(std::env::args().skip(1)) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(settings));
}

/// Prints one line.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

async fn run(settings: Settings) {
    let provider = Provider::start(settings.latency).await;
    let engine = Engine::start(&settings, &provider);
    let client = Arc::new(people::WebhookClient::new(engine.port, provider.clone()));
    say(&format!(
        "{} exchanges/s offered for {} s, {} agent, {} consoles, provider answers in {} ms",
        settings.rate,
        settings.seconds,
        settings.agent,
        settings.consoles,
        settings.latency.as_millis()
    ));
    people::exchange(&client, settings.warm_up()).await;
    let slice = Duration::from_secs_f64(settings.seconds / 5.0);
    say(&format!(
        "{:>6} {:>10} {:>8} {:>8} {:>8} {:>10} {:>8}",
        "part", "finished/s", "p50 ms", "p99 ms", "max ms", "cpu ms/ex", "MB"
    ));
    for part in 1..=5 {
        let (began, cpu) = (Instant::now(), engine.processor_time());
        let mut times = people::exchange(&client, (settings.rate, slice)).await;
        let took = began.elapsed().as_secs_f64();
        let spent = engine.processor_time().saturating_sub(cpu).as_secs_f64() * 1_000.0;
        times.sort_unstable();
        let at =
            |share: f64| times.get((times.len() as f64 * share) as usize).or(times.last()).copied().unwrap_or_default();
        say(&format!(
            "{part:>6} {:>10.0} {:>8.1} {:>8.1} {:>8.1} {:>10.2} {:>8.1}",
            times.len() as f64 / took,
            at(0.5).as_secs_f64() * 1_000.0,
            at(0.99).as_secs_f64() * 1_000.0,
            at(1.0).as_secs_f64() * 1_000.0,
            spent / times.len().max(1) as f64,
            engine.memory()
        ));
    }
}

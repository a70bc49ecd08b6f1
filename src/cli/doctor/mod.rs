//! `wadeck doctor`: diagnoses configuration, credentials and environment, one finding per check.

pub(super) mod environment;
pub(super) mod finding;
mod machine;

use std::io::ErrorKind;
use std::path::Path;

use self::environment::{environment, public_address};
use self::finding::{Finding, fail, ok, warn};
use crate::cli::client::source::Source;
use crate::config::{Config, ConfigError};
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::numbers::connected::ConnectionView;
use crate::domain::numbers::connection::{Check, Connection};
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::store::Store;

/// Remedy for a data directory that is not accessible.
const RUN_AS_OWNER: &str = "Run it as the engine's user, which owns the data directory.";

/// Seconds to wait for a test webhook.
const WEBHOOK_TIMEOUT_SECONDS: u32 = 15;

/// Runs all checks.
pub(in crate::cli) async fn examine(
    source: &Source,
    config: &Result<Config, ConfigError>,
    path: &Path,
) -> Vec<Finding> {
    let mut found = vec![];
    match config {
        Ok(_) if !path.exists() => {
            let said = format!("{} does not exist: the defaults are used", path.display());
            found.push(warn("configuration", said, "Create it from config.example.toml."));
        }
        Ok(config) => {
            found.push(ok("configuration", path.display().to_string()));
            found.extend(config.warnings.iter().map(|warning| {
                let said = format!("line {}: {}", warning.line, warning.what);
                warn("configuration", said, "Print the file with all keys renamed: `wadeck config migrate`.")
            }));
        }
        Err(why) => found.push(fail(
            "configuration",
            why.to_string(),
            "Correct the file. `wadeck config check` reports each error.",
        )),
    }
    let grouped = config.as_ref().is_ok_and(|config| config.socket_group.is_some());
    found.push(directory(&source.directory, grouped));
    found.push(disk(&source.directory));
    found.push(database(&source.directory).await);
    let engine = source.engine_runs().await;
    found.push(match &engine {
        Ok(true) => ok("engine", "running, and answers on its socket"),
        Ok(false) => fail(
            "engine",
            "not running on this data directory",
            "Start it with `wadeck serve`, or with `wadeck` in a terminal.",
        ),
        Err(unseen) => fail("engine", unseen.reason(), unseen.remedy()),
    });
    let engine = engine.is_ok_and(|runs| runs);
    // Numbers set up from the console exist only in the database.
    let mut connected = connections(source).await;
    if engine && !source.read_only {
        // One live call per number checks key, address and number.
        let asked = connected.iter().map(|row| Request::CheckConnection { connection: row.connection.id });
        let requests: Vec<Request> = asked.collect();
        // Without permission for the live call, the last result is reported.
        futures::future::join_all(requests.iter().map(|request| source.act(request))).await;
        connected = connections(source).await;
    }
    let numbers: Vec<Connection> = connected.iter().map(|row| row.connection.clone()).collect();
    found.extend(environment(config.as_ref().ok(), &numbers));
    if let Ok(config) = config {
        found.push(public_address(config));
        found.extend(environment::webhooks(config, &numbers));
        if config.connections.is_empty() && numbers.is_empty() {
            let remedy = "Set one up with `wadeck connections setup --name NAME --provider PROVIDER`, or declare it under [[connections]].";
            found.push(warn("connections", "no numbers are connected", remedy));
        }
    }
    if engine {
        found.extend(connected.iter().flat_map(connection));
        found.extend(signatures(source).await);
        found.extend(agents(source).await);
        found.extend(clock(source).await);
    }
    found.push(machine::clock());
    found.extend(machine::terminal());
    found
}

async fn connections(source: &Source) -> Vec<ConnectionView> {
    match source.ask(&Query::Connections).await {
        Ok(Answer::Connections(list)) => list.connected,
        _ => vec![],
    }
}

fn directory(path: &Path, grouped: bool) -> Finding {
    use std::os::unix::fs::PermissionsExt;
    // With [attach] groups, the group may traverse the directory but not list it.
    let others = if grouped { 0o067 } else { 0o077 };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            ok("data directory", format!("{} does not exist yet; it is created at the first start", path.display()))
        }
        Err(error) => fail("data directory", format!("cannot access {}: {error}", path.display()), RUN_AS_OWNER),
        Ok(meta) if meta.permissions().mode() & others != 0 => fail(
            "data directory",
            format!(
                "other users of this machine can enter {} (mode {:04o})",
                path.display(),
                meta.permissions().mode() & 0o7777
            ),
            format!("Run `chmod 700 {}`. The engine does so at its start if it owns the directory.", path.display()),
        ),
        Ok(_) => ok("data directory", path.display().to_string()),
    }
}

fn disk(path: &Path) -> Finding {
    let existing = path.ancestors().find(|part| part.exists()).unwrap_or(Path::new("/"));
    match rustix::fs::statvfs(existing) {
        Ok(told) => {
            let free = told.f_bavail.saturating_mul(told.f_frsize) / (1024 * 1024);
            if free < 512 {
                fail("disk", format!("{free} MB free"), "Free disk space. Webhooks are refused when the disk is full.")
            } else {
                ok("disk", format!("{free} MB free"))
            }
        }
        Err(error) => {
            fail("disk", format!("cannot read the free space: {error}"), "Check the data directory's file system.")
        }
    }
}

async fn database(directory: &Path) -> Finding {
    match std::fs::metadata(directory.join(crate::store::DATABASE_FILE)) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return ok("database", "it does not exist yet; it is created at the first start");
        }
        Err(error) => return fail("database", format!("cannot access it: {error}"), RUN_AS_OWNER),
    }
    let checked = async { Store::open_read_only(directory).await?.integrity().await };
    match checked.await {
        Ok(said) if said == "ok" => ok("database", "sound"),
        Ok(said) => fail("database", format!("damaged: {said}"), crate::domain::monitoring::database::RESTORE),
        Err(error @ crate::store::StoreError::Damaged { .. }) => {
            fail("database", error.to_string(), crate::domain::monitoring::database::RESTORE)
        }
        Err(error) => fail("database", error.to_string(), "Check who owns the files in the data directory."),
    }
}

/// Returns the findings of one number: checks passed, failed and not run yet.
fn connection(row: &ConnectionView) -> Vec<Finding> {
    let (name, id) = (clean_line(&row.connection.name), row.connection.id);
    let mut found = vec![];
    let mut unseen = vec![];
    for check in Check::ALL {
        match row.checks.iter().find(|result| result.check == check) {
            Some(result) if result.works => {
                let said = format!("{name}, {}: {} at {}", check.name(), clean_line(&result.note), result.at);
                found.push(ok("connection", said));
            }
            Some(result) => {
                let said = format!("{name}, {}: {}", check.name(), clean_line(&result.note));
                found.push(fail("connection", said, format!("Run `wadeck why {id}`.")));
            }
            // This provider has no delivery log to query.
            None if check == Check::Upstream && !row.capabilities.delivery_log => {}
            None if check == Check::Agent && row.agent.is_none() => {}
            None => unseen.push(check.name()),
        }
    }
    if !unseen.is_empty() {
        let said = format!("{name}: not verified yet: {}", unseen.join(", "));
        found.push(warn("connection", said, format!("Run `wadeck connections setup {id}` for the open setup tasks.")));
    }
    found
}

/// Sends a test webhook to each number through the public URL and waits for it.
pub(in crate::cli) async fn webhooks(source: &Source) -> Vec<Finding> {
    let Ok(Answer::Connections(rows)) = source.ask(&Query::Connections).await else {
        return vec![fail("webhook", "the engine does not answer", "Start `wadeck serve`, then run doctor again.")];
    };
    let mut found = vec![];
    for row in rows.connected {
        let name = clean_line(&row.connection.name);
        let seen = |row: &ConnectionView| {
            let result = row.checks.iter().find(|result| result.check == Check::Public)?;
            Some((result.works, result.at, clean_line(&result.note)))
        };
        let before = seen(&row);
        if let Err(none) = source.act(&Request::Canary { connection: row.connection.id }).await {
            found.push(fail("webhook", format!("{name}: {}", none.line()), "Fix the cause, then run doctor again."));
            continue;
        }
        let mut back = None;
        for _ in 0..WEBHOOK_TIMEOUT_SECONDS {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            let Ok(Answer::Connections(now)) = source.ask(&Query::Connections).await else { break };
            let now = now.connected.iter().find(|one| one.connection.id == row.connection.id).and_then(seen);
            if now != before {
                back = now;
                break;
            }
        }
        found.push(match back {
            Some((true, _, note)) => ok("webhook", format!("{name}: {note}")),
            Some((false, _, note)) => {
                fail("webhook", format!("{name}: {note}"), "Check that public_url reaches this engine.")
            }
            None => fail(
                "webhook",
                format!("{name}: the test webhook did not arrive within {WEBHOOK_TIMEOUT_SECONDS} s"),
                "Check that public_url reaches this engine and is registered at the provider.",
            ),
        });
    }
    found
}

/// Reports a clock difference between engine and provider; `None` if there is none.
async fn clock(source: &Source) -> Option<Finding> {
    let query = Query::Alerts { open: true, limit: 50 };
    let Ok(Answer::Alerts(alerts)) = source.ask(&query).await else { return None };
    let off = alerts.iter().find(|alert| alert.kind == "clock")?;
    Some(fail(
        "clock",
        off.said.line(),
        "Run `timedatectl set-ntp true`. Service windows and retries depend on the clock.",
    ))
}

/// Reports each agent's health today, and stopped agents.
async fn agents(source: &Source) -> Vec<Finding> {
    let Ok(Answer::Agents(view)) = source.ask(&Query::Agents).await else { return vec![] };
    let found = view.agents.iter().map(|agent| {
        let name = clean_line(&agent.name);
        if agent.stopped {
            let remedy = format!("Run `wadeck agents resume {name}` when the cause is fixed.");
            return warn("agent", format!("{name} is stopped"), remedy);
        }
        match (agent.failures_today, agent.last_run_at) {
            (0, None) => ok("agent", format!("{name}: no run yet")),
            (0, Some(at)) => ok("agent", format!("{name}: last run at {at}, no failures today")),
            (failed, _) => warn(
                "agent",
                format!("{name}: {failed} of {} runs failed today", agent.runs_today),
                "List the runs with `wadeck agents runs`, then run `wadeck why RUN`.",
            ),
        }
    });
    found.collect()
}

/// Reports whether recent webhooks had a valid signature; `None` without recent webhooks.
async fn signatures(source: &Source) -> Option<Finding> {
    let query = Query::Deliveries { state: Some(DeliveryState::Rejected), event: None, limit: 1, before: None };
    let Ok(Answer::Deliveries(rejected)) = source.ask(&query).await else { return None };
    let Ok(Answer::Deliveries(all)) =
        source.ask(&Query::Deliveries { state: None, event: None, limit: 1, before: None }).await
    else {
        return None;
    };
    Some(match (all.first(), rejected.first()) {
        (None, _) => {
            let remedy = "Run `wadeck doctor --webhook` to send a test through the public URL.";
            warn("signature", "no webhook received yet", remedy)
        }
        (Some(last), Some(bad)) if last.id == bad.id => fail(
            "signature",
            format!(
                "the last delivery, {}, was rejected: {}",
                bad.id,
                bad.note.as_ref().map(crate::domain::text::Untrusted::line).unwrap_or_default()
            ),
            "Set the secret that the provider signs with, or register it again with `wadeck connections register ID`.",
        ),
        (Some(last), _) => ok("signature", format!("the last delivery, {}, has a valid signature", last.id)),
    })
}

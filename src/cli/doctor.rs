//! What is wrong, and how to mend it: one line per thing looked at.

use std::path::Path;

use serde::Serialize;

use super::ask::Source;
use super::surroundings;
use crate::config::{self, Config};
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::numbers::connected::ConnectionView;
use crate::domain::numbers::connection::{Hop, IdShape};
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::provider::Registry;
use crate::store::Store;

/// Seconds within which a test comes back, or does not.
const BACK_WITHIN: u32 = 15;

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Finding {
    pub what: &'static str,
    pub fine: bool,
    pub said: String,
    /// What to do; empty where it is fine.
    pub remedy: String,
}

pub(super) fn fine(what: &'static str, said: impl Into<String>) -> Finding {
    Finding { what, fine: true, said: said.into(), remedy: String::new() }
}

pub(super) fn wrong(what: &'static str, said: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { what, fine: false, said: said.into(), remedy: remedy.into() }
}

/// Looks at everything.
pub(super) async fn examine(source: &Source, config: &Result<Config, String>, path: &Path) -> Vec<Finding> {
    let mut found = vec![];
    match config {
        Ok(_) => found.push(fine("configuration", path.display().to_string())),
        Err(why) => found.push(wrong("configuration", why.clone(), "Correct it; `wadeck config check` says where.")),
    }
    let grouped = config.as_ref().is_ok_and(|config| config.socket_group.is_some());
    found.push(directory(&source.directory, grouped));
    found.push(disk(&source.directory));
    found.push(database(&source.directory).await);
    let engine = source.engine_runs().await;
    found.push(if engine {
        fine("engine", "it runs and answers on its socket")
    } else {
        wrong("engine", "none runs on this data directory", "Start `wadeck serve`, or `wadeck` in a terminal.")
    });
    if let Ok(config) = config {
        found.extend(secrets(config));
        found.push(match &config.public_url {
            Some(url) => fine("public address", url.clone()),
            None => wrong(
                "public address",
                "[http] public_url is not set",
                format!(
                    "Providers must reach {} from outside; set public_url to the address that they call.",
                    config.listen
                ),
            ),
        });
        if config.connections.is_empty() {
            found.push(wrong("connections", "none is declared", "Add a number under [[connections]]."));
        }
    }
    if engine {
        found.extend(connections(source).await);
        found.extend(signatures(source).await);
        found.extend(agents(source).await);
        found.extend(clock(source).await);
    }
    found.push(surroundings::clock());
    found.extend(surroundings::terminal());
    found
}

fn directory(path: &Path, grouped: bool) -> Finding {
    use std::os::unix::fs::PermissionsExt;
    // A group that may attach passes through it, and sees nothing in it.
    let others = if grouped { 0o067 } else { 0o077 };
    match std::fs::metadata(path) {
        Err(_) => fine("data directory", format!("{} is made at the first start", path.display())),
        Ok(meta) if meta.permissions().mode() & others != 0 => wrong(
            "data directory",
            format!(
                "{} can be entered by others on this machine (mode {:04o})",
                path.display(),
                meta.permissions().mode() & 0o7777
            ),
            format!("chmod 700 {}; an engine that starts on it does so too, where it is its own.", path.display()),
        ),
        Ok(_) => fine("data directory", path.display().to_string()),
    }
}

fn disk(path: &Path) -> Finding {
    let existing = path.ancestors().find(|part| part.exists()).unwrap_or(Path::new("/"));
    match rustix::fs::statvfs(existing) {
        Ok(told) => {
            let free = told.f_bavail.saturating_mul(told.f_frsize) / (1024 * 1024);
            if free < 512 {
                wrong(
                    "disk",
                    format!("{free} MB are free"),
                    "Make room: webhooks are refused when nothing can be written.",
                )
            } else {
                fine("disk", format!("{free} MB are free"))
            }
        }
        Err(error) => wrong("disk", format!("it cannot be asked: {error}"), "Check the data directory's file system."),
    }
}

async fn database(directory: &Path) -> Finding {
    if !directory.join(crate::store::DATABASE_FILE).exists() {
        return fine("database", "it is made at the first start");
    }
    let checked = async { Store::open_read_only(directory).await?.integrity().await };
    match checked.await {
        Ok(said) if said == "ok" => fine("database", "sound"),
        Ok(said) => wrong("database", format!("it is damaged: {said}"), crate::domain::monitoring::database::RESTORE),
        Err(error @ crate::store::StoreError::Damaged { .. }) => {
            wrong("database", error.to_string(), crate::domain::monitoring::database::RESTORE)
        }
        Err(error) => wrong("database", error.to_string(), "Check who owns the files in the data directory."),
    }
}

fn secrets(config: &Config) -> Vec<Finding> {
    if config.connections.is_empty() {
        return vec![];
    }
    let mut found = vec![];
    let shape = |one: &crate::config::ConnectionConfig| Registry::shape(&one.provider);
    let key = |one| shape(one).map_or("", |shape| shape.key);
    let mut names: Vec<&str> =
        config.connections.iter().map(|one| one.settings.api_key_env.as_deref().unwrap_or(key(one))).collect();
    names.sort_unstable();
    names.dedup();
    found.extend(names.into_iter().map(|name| secret("api key", name, "")));
    for shape in Registry::SHAPES {
        if !config.connections.iter().any(|one| one.provider.as_str() == shape.name) {
            continue;
        }
        // One of several names is enough; what is wrong with the first that is given at all is told.
        let given = |name: &&&str| {
            let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
            is_set(name) || is_set(&format!("{name}_FILE"))
        };
        let set = shape.secrets.iter().find(|name| config::secret_fault(name).is_none());
        let name = set.or_else(|| shape.secrets.iter().find(given)).or(shape.secrets.first());
        let lost = format!(": every webhook of {} is refused", shape.name);
        found.extend(name.map(|name| secret("webhook secret", name, &lost)));
        // Whose account it is stands in the file, or in a variable.
        if let IdShape::Sid(_, account) = shape.business_account_id {
            let of_shape = config.connections.iter().filter(|one| one.provider.as_str() == shape.name);
            if of_shape.into_iter().any(|one| one.business_account_id.is_empty()) {
                found.push(secret("account", account, &format!(": {} needs it", shape.name)));
            }
        }
        found.extend(shape.needs.iter().map(|name| secret("variable", name, &format!(": {} needs it", shape.name))));
    }
    found
}

/// Whether there is something behind a name; `lost` says what does not work without it.
fn secret(what: &'static str, name: &str, lost: &str) -> Finding {
    match config::secret_fault(name) {
        None => fine(what, format!("{name} is set")),
        Some((said, remedy)) => wrong(what, format!("{said}{lost}"), remedy),
    }
}

async fn connections(source: &Source) -> Vec<Finding> {
    let Ok(Answer::Connections(rows)) = source.ask(&Query::Connections).await else { return vec![] };
    let mut found = vec![];
    for row in rows.connected {
        let name = clean_line(&row.connection.name);
        for hop in Hop::ALL {
            let proof = row.proofs.iter().find(|proof| proof.hop == hop);
            let said = |note: &str| format!("{name}, {}: {}", hop.name(), clean_line(note));
            found.push(match proof {
                Some(proof) if proof.works => fine("connection", said(&format!("{} at {}", proof.note, proof.at))),
                Some(proof) => wrong(
                    "connection",
                    said(&proof.note),
                    "Open the connection in the console: its remedy stands there.",
                ),
                None => fine("connection", said("no proof yet")),
            });
        }
    }
    found
}

/// A test to every number through the public address: each has to come back.
pub(super) async fn webhooks(source: &Source) -> Vec<Finding> {
    let Ok(Answer::Connections(rows)) = source.ask(&Query::Connections).await else {
        return vec![wrong("webhook", "no engine answers", "Start `wadeck serve`, then ask again.")];
    };
    let mut found = vec![];
    for row in rows.connected {
        let name = clean_line(&row.connection.name);
        let seen = |row: &ConnectionView| {
            let proof = row.proofs.iter().find(|proof| proof.hop == Hop::Public)?;
            Some((proof.works, proof.at, clean_line(&proof.note)))
        };
        let before = seen(&row);
        if let Err(none) = source.act(&Request::Canary { connection: row.connection.id }).await {
            found.push(wrong("webhook", format!("{name}: {}", none.line()), "Mend it, then ask again."));
            continue;
        }
        let mut back = None;
        for _ in 0..BACK_WITHIN {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            let Ok(Answer::Connections(now)) = source.ask(&Query::Connections).await else { break };
            let now = now.connected.iter().find(|one| one.connection.id == row.connection.id).and_then(seen);
            if now != before {
                back = now;
                break;
            }
        }
        found.push(match back {
            Some((true, _, note)) => fine("webhook", format!("{name}: {note}")),
            Some((false, _, note)) => wrong("webhook", format!("{name}: {note}"), "See that public_url leads here."),
            None => wrong(
                "webhook",
                format!("{name}: the test is not back after {BACK_WITHIN} s"),
                "See that public_url leads here, and that the provider has it.",
            ),
        });
    }
    found
}

/// Whether the engine has seen its clock differ from a provider's.
async fn clock(source: &Source) -> Option<Finding> {
    let query = Query::Alerts { open: true, limit: 50 };
    let Ok(Answer::Alerts(alerts)) = source.ask(&query).await else { return None };
    let off = alerts.iter().find(|alert| alert.kind == "clock")?;
    Some(wrong("clock", off.said.line(), "timedatectl set-ntp true: service windows and retries go by it."))
}

/// Agents as they did today, and who was told to be silent.
async fn agents(source: &Source) -> Vec<Finding> {
    let Ok(Answer::Agents(view)) = source.ask(&Query::Agents).await else { return vec![] };
    let found = view.agents.iter().map(|agent| {
        let name = clean_line(&agent.name);
        if agent.stopped {
            let remedy = format!("wadeck agents resume {name}, once what stopped it is mended.");
            return wrong("agent", format!("{name} was told to be silent"), remedy);
        }
        match (agent.failures_today, agent.last_run_at) {
            (0, None) => fine("agent", format!("{name} has not run yet")),
            (0, Some(at)) => fine("agent", format!("{name} ran at {at}, and nothing failed today")),
            (failed, _) => wrong(
                "agent",
                format!("{name}: {failed} of {} runs failed today", agent.runs_today),
                "wadeck agents runs names them, wadeck why RUN says why.",
            ),
        }
    });
    found.collect()
}

/// Whether what arrived lately was signed with a secret that we have.
async fn signatures(source: &Source) -> Option<Finding> {
    let query = Query::Deliveries { state: Some(DeliveryState::Rejected), limit: 1, before: None };
    let Ok(Answer::Deliveries(rejected)) = source.ask(&query).await else { return None };
    let Ok(Answer::Deliveries(all)) = source.ask(&Query::Deliveries { state: None, limit: 1, before: None }).await
    else {
        return None;
    };
    Some(match (all.first(), rejected.first()) {
        (None, _) => fine("signature", "nothing has arrived yet"),
        (Some(last), Some(bad)) if last.id == bad.id => wrong(
            "signature",
            format!(
                "the last delivery, {}, was refused: {}",
                bad.id,
                bad.note.as_ref().map(crate::domain::text::Untrusted::line).unwrap_or_default()
            ),
            "Set the secret that the provider signs with; wadeck connections register writes it there anew.",
        ),
        (Some(last), _) => fine("signature", format!("the last delivery, {}, was signed as it should be", last.id)),
    })
}

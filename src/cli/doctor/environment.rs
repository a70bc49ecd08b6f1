//! Checks of environment variables and addresses: API keys, webhook secrets, base URLs, API versions.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::finding::{Finding, Level, fail, ok, warn};
use crate::app::SystemClock;
use crate::config::{self, Config};
use crate::domain::numbers::connection::{Connection, IdShape, ProviderShape};
use crate::domain::numbers::graph_version::{
    DEFAULT_GRAPH_VERSION, end_of_graph_version, is_ended_graph_version, is_graph_version,
};
use crate::domain::text::clean_line;
use crate::domain::time::Clock;
use crate::provider::Registry;

/// Days before the end of an API version at which a warning starts.
const VERSION_WARNING_DAYS: u64 = 180;

/// A number in use: declared in the configuration or set up from the console.
struct Used {
    provider: String,
    key: Option<String>,
    account: String,
}

/// Checks, for each provider in use, that a sample signed as the provider signs passes verification, and lists the
/// webhook URLs.
pub(in crate::cli) fn webhooks(config: &Config, connected: &[Connection]) -> Vec<Finding> {
    let Ok(registry) = Registry::new(Arc::new(config::secret), &mut |_| {}) else { return vec![] };
    let base = config.public_url.as_deref().unwrap_or("https://localhost").trim_end_matches('/');
    registry.address().set(Some(base.to_owned()));
    let declared = config.connections.iter().map(|one| &one.provider);
    let used: BTreeSet<_> = declared.chain(connected.iter().map(|one| &one.provider)).collect();
    let mut found = vec![];
    for provider in used.into_iter().filter_map(|name| registry.get(name)) {
        let name = provider.name();
        // A missing secret is reported by another check.
        if let Some(sample) = provider.signed_sample(base) {
            let mut changed = sample.clone();
            changed.body.push(b'0');
            found.push(match (provider.verify(&sample), provider.verify(&changed)) {
                (Ok(()), Err(_)) => {
                    ok("sample signature", format!("{name}: a sample signed here is accepted, a changed one refused"))
                }
                (Ok(()), Ok(())) => fail(
                    "sample signature",
                    format!("{name}: a changed sample is accepted"),
                    crate::domain::code::Code::Failed.remedy(),
                ),
                (Err(fault), _) => fail(
                    "sample signature",
                    format!("{name}: a sample signed here is refused: {fault}"),
                    "Look at the secret's value: blanks and line ends at its ends are not part of it.",
                ),
            });
        }
        if let Some(public) = &config.public_url {
            let public = public.trim_end_matches('/');
            let paths = provider.webhook_paths().iter().map(|path| format!("{public}{path}"));
            let said = format!("{name} can post to {}", paths.collect::<Vec<_>>().join(", "));
            found.push(ok("webhook address", clean_line(&said)));
        }
    }
    found
}

/// Returns warnings about the environment of the declared numbers, each with its remedy.
pub(in crate::cli) fn warnings(config: &Config) -> Vec<String> {
    let odd = environment(Some(config), &[]).into_iter().filter(|finding| finding.level == Level::Warn);
    odd.map(|finding| format!("{}. {}", finding.said, finding.remedy)).collect()
}

/// Checks the environment variables that the numbers in use need.
pub(in crate::cli) fn environment(config: Option<&Config>, connected: &[Connection]) -> Vec<Finding> {
    let declared = config.into_iter().flat_map(|config| &config.connections).map(|one| Used {
        provider: one.provider.as_str().to_owned(),
        key: one.settings.api_key_env.clone(),
        account: one.business_account_id.clone(),
    });
    let set_up = connected.iter().map(|one| Used {
        provider: one.provider.as_str().to_owned(),
        key: one.settings.api_key_env.clone(),
        account: one.business_account_id.clone(),
    });
    let used: Vec<Used> = declared.chain(set_up).collect();
    let mut found = vec![];
    for shape in Registry::SHAPES {
        let of: Vec<&Used> = used.iter().filter(|one| one.provider == shape.name).collect();
        if of.is_empty() {
            continue;
        }
        let keys: BTreeSet<&str> = of.iter().map(|one| one.key.as_deref().unwrap_or(shape.key)).collect();
        found.extend(keys.into_iter().map(|name| secret("api key", name, "")));
        found.extend(webhook_secrets(shape));
        // The account is given in the configuration or in a variable.
        if let IdShape::Sid(_, account) = shape.business_account_id
            && of.iter().any(|one| one.account.is_empty())
        {
            found.push(secret("account", account, &format!(": {} needs it", shape.name)));
        }
        found.extend(shape.needs.iter().map(|name| secret("variable", name, &format!(": {} needs it", shape.name))));
        found.extend(shape.bases.iter().filter_map(|(name, host_only)| base(name, *host_only)));
    }
    let versions: BTreeSet<&str> = Registry::SHAPES
        .iter()
        .filter(|shape| used.iter().any(|one| one.provider == shape.name))
        .filter_map(|shape| shape.graph_version)
        .collect();
    found.extend(versions.into_iter().map(graph_version));
    found
}

/// Checks that a secret is set. `lost` names what does not work without it.
fn secret(what: &'static str, name: &str, lost: &str) -> Finding {
    match config::secret_fault(name) {
        None => ok(what, format!("{name} is set")),
        Some((said, remedy)) => fail(what, format!("{said}{lost}"), remedy),
    }
}

fn webhook_secrets(shape: &ProviderShape) -> Option<Finding> {
    const WHAT: &str = "webhook secret";
    let usable: Vec<&str> = shape.secrets.iter().copied().filter(|name| config::secret_fault(name).is_none()).collect();
    if let [first, second, ..] = usable.as_slice()
        && !config::secrets_agree(first, second)
    {
        let said = format!("{first} and {second} differ: signatures with either secret are accepted");
        return Some(warn(WHAT, said, format!("Unset the one that the provider does not use, such as {second}.")));
    }
    // One of several names is enough; the first one that is set is checked.
    let given = |name: &&&str| {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        is_set(name) || is_set(&format!("{name}_FILE"))
    };
    let name = usable.first().or_else(|| shape.secrets.iter().find(given)).or(shape.secrets.first())?;
    Some(secret(WHAT, name, &format!(": every webhook of {} is rejected", shape.name)))
}

fn plain(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Checks a base URL given by a variable; `None` if it is not set.
fn base(name: &'static str, host_only: bool) -> Option<Finding> {
    const WHAT: &str = "base URL";
    let given = plain(name)?;
    let shown = clean_line(&given);
    let Ok(url) = Url::parse(&given) else {
        let said = format!("{name} is `{shown}`, which is not a URL");
        return Some(fail(WHAT, said, format!("Write it like https://api.example.org, or unset {name}.")));
    };
    if url.scheme() != "https" && !is_loopback(&url) {
        let said = format!("{name} is {shown}: keys and messages are sent unencrypted");
        return Some(fail(WHAT, said, format!("Write it with https, or unset {name}.")));
    }
    if host_only && !matches!(url.path(), "" | "/") {
        let said = format!("{name} is {shown}, of which only {} is used", url.origin().ascii_serialization());
        return Some(warn(WHAT, said, format!("Remove {}: wadeck adds the paths itself.", clean_line(url.path()))));
    }
    Some(ok(WHAT, format!("{name} is {shown}")))
}

fn graph_version(name: &'static str) -> Finding {
    const WHAT: &str = "Graph version";
    let given = plain(name);
    let version = given.clone().unwrap_or_else(|| DEFAULT_GRAPH_VERSION.to_owned());
    if !is_graph_version(&version) {
        let said =
            format!("{name} is `{}`, which is not a version: {DEFAULT_GRAPH_VERSION} is used", clean_line(&version));
        return fail(WHAT, said, format!("Set {name}={DEFAULT_GRAPH_VERSION}, or unset it."));
    }
    let from = if given.is_some() { name } else { "the default" };
    let now = SystemClock.now();
    let newer = format!("Set {name}={DEFAULT_GRAPH_VERSION}, or a newer version from Meta's changelog.");
    match end_of_graph_version(&version) {
        Some(end) => {
            let day: String = end.to_string().chars().take(10).collect();
            if end <= now {
                return fail(WHAT, format!("{version} ({from}) ended on {day}"), newer);
            }
            if end.since(now).as_secs() < VERSION_WARNING_DAYS * 24 * 3_600 {
                return warn(WHAT, format!("{version} ({from}) ends on {day}"), newer);
            }
            ok(WHAT, format!("{version} ({from}), supported until {day}"))
        }
        None if is_ended_graph_version(&version) => fail(WHAT, format!("{version} ({from}) has ended"), newer),
        None => ok(WHAT, format!("{version} ({from}); its end date is unknown")),
    }
}

/// Checks `public_url`, which providers call.
pub(in crate::cli) fn public_address(config: &Config) -> Finding {
    const WHAT: &str = "public URL";
    let Some(given) = &config.public_url else {
        let remedy = format!("Set [http] public_url to the https URL that reaches {} from outside.", config.listen);
        return fail(WHAT, "[http] public_url is not set: providers cannot deliver webhooks", remedy);
    };
    match Url::parse(given) {
        Ok(url) if is_loopback(&url) => warn(
            WHAT,
            format!("{} is reachable only from this machine", clean_line(given)),
            "Set [http] public_url to the https URL that providers call before you connect real numbers.",
        ),
        Ok(url) if url.scheme() == "https" => ok(WHAT, clean_line(given)),
        _ => fail(
            WHAT,
            format!("{} is not an https URL, and providers accept no other", clean_line(given)),
            "Set [http] public_url to an https URL that reaches this engine.",
        ),
    }
}

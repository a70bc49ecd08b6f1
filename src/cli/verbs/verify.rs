//! Verifies the signature of a webhook given as body and headers, with the secrets of the environment.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::config;
use crate::domain::code::Code;
use crate::domain::inbound::delivery::RawDelivery;
use crate::domain::numbers::connection::ProviderName;
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::provider::{Provider, Registry};

/// Maximum size of a webhook body.
const MAX_BODY_BYTES: u64 = 16 * 1024 * 1024;

/// A webhook to verify.
pub(in crate::cli) struct Sample<'s> {
    /// Provider; `None` to detect it by its signature header.
    pub provider: Option<&'s str>,
    /// Headers as `NAME: VALUE` or `NAME=VALUE`.
    pub headers: &'s [String],
    /// Path and query of the request; `None` for the provider's default path.
    pub path: Option<&'s str>,
    /// File with the body; `-` or `None` for standard input.
    pub body: Option<&'s Path>,
    /// `public_url` of the configuration.
    pub public_url: Option<String>,
}

/// Result of a verification.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Verified {
    pub fits: bool,
    pub provider: String,
    /// Names the secret that matched, or why none does.
    pub verdict: String,
}

/// Verifies a webhook with the secrets of the environment.
pub(in crate::cli) fn verified(sample: &Sample<'_>) -> Result<Verified, Refusal> {
    let registry = Registry::new(Arc::new(config::secret), &mut |_| {})
        .map_err(|failure| Refusal::new(Code::Provider, failure.line(), failure.remedy.to_string()))?;
    registry.address().set(sample.public_url.clone());
    let headers = sample.headers.iter().map(|text| header(text)).collect::<Result<Vec<_>, _>>()?;
    let provider = provider_of(&registry, sample.provider, &headers)?;
    let delivery = RawDelivery {
        provider: provider.name(),
        path: sample.path.or(provider.webhook_paths().first().copied()).unwrap_or("/").to_owned(),
        headers,
        body: body(sample.body)?,
        received_at: Timestamp::EPOCH,
    };
    Ok(Verified {
        fits: provider.verify(&delivery).is_ok(),
        provider: provider.name().to_string(),
        verdict: provider.explain(&delivery),
    })
}

fn header(text: &str) -> Result<(String, String), Refusal> {
    let at = text.find([':', '=']).filter(|at| *at > 0).ok_or_else(|| {
        let reason = format!("`{}` is no header.", clean_line(text));
        Refusal::new(Code::Usage, reason, "Write it as NAME: VALUE.")
    })?;
    Ok((text[..at].trim().to_ascii_lowercase(), text[at + 1..].trim().to_owned()))
}

fn provider_of<'r>(
    registry: &'r Registry,
    named: Option<&str>,
    headers: &[(String, String)],
) -> Result<&'r Arc<dyn Provider>, Refusal> {
    let names: Vec<&str> = Registry::SHAPES.iter().map(|shape| shape.name).collect();
    if let Some(name) = named {
        let reason = format!("There is no provider `{}`.", clean_line(name));
        let known = registry.get(&ProviderName::new(name));
        return known
            .ok_or_else(|| Refusal::new(Code::NoProvider, reason, format!("Name one of {}.", names.join(", "))));
    }
    let signs = |provider: &&Arc<dyn Provider>| {
        let own = provider.webhook_headers().iter().filter(|name| name.contains("signature"));
        own.into_iter().any(|own| headers.iter().any(|(name, _)| name == own))
    };
    registry.all().iter().find(signs).ok_or_else(|| {
        let known = registry.all().iter().flat_map(|provider| provider.webhook_headers());
        let known: Vec<&str> = known.copied().filter(|name| name.contains("signature")).collect();
        let remedy = format!("Give the one that came with the body, with --header: {}.", known.join(", "));
        Refusal::new(Code::Usage, "No header with a signature was given.", remedy)
    })
}

fn body(from: Option<&Path>) -> Result<Vec<u8>, Refusal> {
    let unreadable = |error: std::io::Error| {
        Refusal::new(
            Code::LocalFile,
            format!("The body cannot be read: {error}."),
            "Name a file that you may read, or pipe it in.",
        )
    };
    let mut bytes = vec![];
    let read = match from.filter(|path| path.as_os_str() != "-") {
        Some(path) => std::fs::File::open(path).map_err(unreadable)?.take(MAX_BODY_BYTES + 1).read_to_end(&mut bytes),
        None => std::io::stdin().lock().take(MAX_BODY_BYTES + 1).read_to_end(&mut bytes),
    };
    let length = read.map_err(unreadable)?;
    if length as u64 > MAX_BODY_BYTES {
        return Err(Refusal::new(Code::TooLong, "The body is longer than 16 MB.", "No webhook is longer."));
    }
    Ok(bytes)
}

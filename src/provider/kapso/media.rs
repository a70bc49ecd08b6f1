//! Downloads media files. Their URLs expire within minutes, so each is fetched right after it is resolved.

use secrecy::SecretString;
use url::Url;

use super::client::{KEY_HEADER, Kapso};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::numbers::connection::Connection;
use crate::provider::cloud_api::graph::{self, foreign_host, missing_file_url};
use crate::provider::cloud_api::{loose, text};
use crate::provider::http_status::meaning;
use crate::provider::{MediaSource, ProviderError, Sink};

/// Host suffixes from which files are fetched, besides the configured base URL.
const HOSTS: [&str; 4] = [".kapso.ai", ".whatsapp.net", ".fbcdn.net", ".fbsbx.com"];

/// Resolves the URL with `GET /{media_id}` and downloads the file.
pub(super) async fn fetch(
    kapso: &Kapso,
    connection: &Connection,
    id: &str,
    sink: Sink<'_>,
) -> Result<MediaSource, ProviderError> {
    let path: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    let query = format!("/{path}?phone_number_id={}", connection.phone_number_id);
    let response = kapso.get(connection, &kapso.proxy(&query)).await?;
    // The platform's own URL needs no other key, so it is tried first. If it is refused, the other one is tried.
    let own = text(&response, "/download_url");
    let other = text(&response, "/url").filter(|other| own != Some(*other));
    let address = own.or(other).ok_or_else(missing_file_url)?;
    let key = kapso.key(connection)?;
    match (download(kapso, address, &key, &mut *sink).await, other.filter(|_| own.is_some())) {
        (Err(failure), Some(other)) if is_refused(&failure) => {
            tracing::info!(
                media = id,
                failure = failure.line(),
                "File refused at the platform's URL; trying the other one"
            );
            download(kapso, other, &key, sink).await?;
        }
        (outcome, _) => outcome?,
    }
    Ok(MediaSource {
        mime_type: text(&response, "/mime_type").unwrap_or_default().to_owned(),
        sha256: text(&response, "/sha256").map(str::to_owned),
        bytes: loose(&response, "/file_size").and_then(|size| size.parse().ok()),
    })
}

/// Returns `true` if the key was refused, by HTTP 401 or 403.
fn is_refused(failure: &Failure) -> bool {
    failure.class == FailureClass::Authorization || failure.title == meaning(403).title
}

/// Downloads from a known host. The API key is sent only to the platform's own hosts; other hosts are refused.
async fn download(kapso: &Kapso, address: &str, key: &SecretString, sink: Sink<'_>) -> Result<(), ProviderError> {
    let own = Url::parse(&kapso.base).ok();
    let url = Url::parse(address).map_err(|_| missing_file_url())?;
    let same = own.as_ref().is_some_and(|own| own.origin() == url.origin());
    let host = url.host_str().unwrap_or_default();
    let known = url.scheme() == "https" && HOSTS.iter().any(|known| host.ends_with(known));
    if !same && !known {
        return Err(foreign_host(host).into());
    }
    let key = (same || host.ends_with(".kapso.ai")).then_some((KEY_HEADER, key));
    graph::download(&kapso.client, address, key, sink).await
}

//! Downloads media files. Their URLs expire within minutes, so each is fetched right after it is resolved.

use secrecy::SecretString;
use url::Url;

use super::client::{KEY_HEADER, Kapso};
use crate::domain::numbers::connection::Connection;
use crate::provider::cloud_api::graph::{self, foreign_host, missing_file_url};
use crate::provider::cloud_api::{loose, text};
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
    // The platform's own URL needs no other key, so it is tried first.
    let address = text(&response, "/download_url").or_else(|| text(&response, "/url")).ok_or_else(missing_file_url)?;
    let key = kapso.key(connection)?;
    download(kapso, address, &key, sink).await?;
    Ok(MediaSource {
        mime_type: text(&response, "/mime_type").unwrap_or_default().to_owned(),
        sha256: text(&response, "/sha256").map(str::to_owned),
        bytes: loose(&response, "/file_size").and_then(|size| size.parse().ok()),
    })
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

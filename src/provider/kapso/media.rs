//! Files at the provider: resolved to an address that lives for minutes, fetched from it at once.

use secrecy::SecretString;
use url::Url;

use super::Kapso;
use super::api::KEY_HEADER;
use crate::domain::numbers::connection::Connection;
use crate::provider::cloud_api::graph::{self, no_address, strange};
use crate::provider::cloud_api::{loose, text};
use crate::provider::{MediaSource, ProviderError, Sink};

/// Hosts that files are fetched from, beside the one that is configured.
const HOSTS: [&str; 4] = [".kapso.ai", ".whatsapp.net", ".fbcdn.net", ".fbsbx.com"];

/// `GET /{media_id}`, then the file itself.
pub(super) async fn fetch(
    kapso: &Kapso,
    connection: &Connection,
    id: &str,
    sink: Sink<'_>,
) -> Result<MediaSource, ProviderError> {
    let path: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    let query = format!("/{path}?phone_number_id={}", connection.phone_number_id);
    let told = kapso.get(connection, &kapso.proxy(&query)).await?;
    // The platform's own address needs no second key and is tried first.
    let address = text(&told, "/download_url").or_else(|| text(&told, "/url")).ok_or_else(no_address)?;
    let key = kapso.key(connection)?;
    download(kapso, address, &key, sink).await?;
    Ok(MediaSource {
        mime_type: text(&told, "/mime_type").unwrap_or_default().to_owned(),
        sha256: text(&told, "/sha256").map(str::to_owned),
        bytes: loose(&told, "/file_size").and_then(|size| size.parse().ok()),
    })
}

/// The key goes to the platform itself and to nobody else.
async fn download(kapso: &Kapso, address: &str, key: &SecretString, sink: Sink<'_>) -> Result<(), ProviderError> {
    let own = Url::parse(&kapso.base).ok();
    let url = Url::parse(address).map_err(|_| no_address())?;
    let same = own.as_ref().is_some_and(|own| own.origin() == url.origin());
    let host = url.host_str().unwrap_or_default();
    let known = url.scheme() == "https" && HOSTS.iter().any(|known| host.ends_with(known));
    if !same && !known {
        return Err(strange(host).into());
    }
    let key = (same || host.ends_with(".kapso.ai")).then_some((KEY_HEADER, key));
    graph::download(&kapso.client, address, key, sink).await
}

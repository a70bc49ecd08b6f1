//! Files at the provider: resolved to an address that lives for minutes, fetched from it at once, and
//! uploaded with a type of their own.

use futures::StreamExt;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::Kapso;
use super::api::KEY_HEADER;
use crate::domain::connection::Connection;
use crate::domain::failure::{Failure, FailureClass};
use crate::provider::cloud_api::{error, loose, text};
use crate::provider::{MediaSource, Sink, Trouble, Upload};

/// Hosts that files are fetched from, beside the one that is configured.
const HOSTS: [&str; 4] = [".kapso.ai", ".whatsapp.net", ".fbcdn.net", ".fbsbx.com"];

/// `GET /{media_id}`, then the file itself.
pub(super) async fn fetch(
    kapso: &Kapso,
    connection: &Connection,
    id: &str,
    sink: Sink<'_>,
) -> Result<MediaSource, Trouble> {
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

fn no_address() -> Failure {
    Failure::own(
        FailureClass::Unknown,
        "No address for the file",
        "The provider knows the file and gave no address to fetch it from.",
        "It is tried again by itself.",
    )
}

/// The key goes to the platform itself and to nobody else.
async fn download(kapso: &Kapso, address: &str, key: &SecretString, sink: Sink<'_>) -> Result<(), Trouble> {
    let own = Url::parse(&kapso.base).ok();
    let url = Url::parse(address).map_err(|_| no_address())?;
    let same = own.as_ref().is_some_and(|own| own.origin() == url.origin());
    let host = url.host_str().unwrap_or_default();
    let known = url.scheme() == "https" && HOSTS.iter().any(|known| host.ends_with(known));
    if !same && !known {
        let explanation = format!("The file is said to be at {host}, which is no host of the provider's.");
        return Err(Failure::own(
            FailureClass::Policy,
            "Strange address",
            explanation,
            "It is not fetched. Ask the provider whether that address is theirs.",
        )
        .into());
    }
    let key = (same || host.ends_with(".kapso.ai")).then_some((KEY_HEADER, key));
    let mut answer = kapso.client.open(address, key).await.map_err(|lost| lost.failure())?;
    if !answer.is_success() {
        let status = answer.status;
        return Err(error::failure(status, &answer.text().await).into());
    }
    while let Some(chunk) = answer.chunk().await.map_err(|lost| lost.failure())? {
        sink(&chunk).map_err(|why| {
            let class = if why.contains("larger") { FailureClass::Policy } else { FailureClass::Transient };
            Box::new(Failure::own(
                class,
                "File not kept",
                format!("The file came, and could not be kept here: {why}."),
                "See that the disk has room; it is tried again by itself.",
            ))
        })?;
    }
    Ok(())
}

/// `POST /{phone_number_id}/media`. The type of the file's own part decides.
pub(super) async fn upload(kapso: &Kapso, connection: &Connection, file: Upload<'_>) -> Result<String, Trouble> {
    let key = kapso.key(connection)?;
    let url = format!("{}{}", kapso.base, upload_path(kapso, connection));
    let bytes = tokio::fs::read(file.path).await.map_err(|error| {
        Box::new(Failure::own(
            FailureClass::Request,
            "File not readable",
            format!("The file cannot be read any more: {error}."),
            "Attach it again.",
        ))
    })?;
    let total = bytes.len() as u64;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel::<u64>();
    let chunks: Vec<bytes::Bytes> = split(bytes::Bytes::from(bytes));
    let mut sent = 0;
    let stream = futures::stream::iter(chunks).map(move |chunk| {
        sent += chunk.len() as u64;
        let _ = told.send(sent);
        Ok::<_, std::io::Error>(chunk)
    });
    let form = |body| -> Result<_, reqwest::Error> {
        let part = reqwest::multipart::Part::stream_with_length(body, total)
            .file_name(file.name.to_owned())
            .mime_str(file.mime_type)?;
        Ok(reqwest::multipart::Form::new()
            .text("messaging_product", "whatsapp")
            .text("type", file.mime_type.to_owned())
            .part("file", part))
    };
    let form = form(reqwest::Body::wrap_stream(stream)).map_err(|error| {
        let explanation = format!("`{}` is no type of file: {error}.", file.mime_type);
        Box::new(Failure::own(FailureClass::Request, "Type not valid", explanation, "Attach another file."))
    })?;
    let posting = kapso.client.post_form(&url, (KEY_HEADER, &key), form);
    tokio::pin!(posting);
    let answer = loop {
        tokio::select! {
            answer = &mut posting => break answer.map_err(|lost| lost.failure())?,
            Some(sent) = heard.recv() => (file.progress)(sent, total),
        }
    };
    if !answer.is_success() {
        return Err(error::failure(answer.status, &answer.body).into());
    }
    let parsed: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    loose(&parsed, "/id").ok_or_else(|| {
        Failure::own(
            FailureClass::Transient,
            "No id for the file",
            "The provider took the file and gave no id for it.",
            "It is uploaded again by itself.",
        )
        .saying(answer.body.chars().take(500).collect::<String>())
        .into()
    })
}

pub(super) fn upload_path(kapso: &Kapso, connection: &Connection) -> String {
    kapso.proxy(&format!("/{}/media", connection.phone_number_id))
}

/// Pieces small enough to see them go.
fn split(mut bytes: bytes::Bytes) -> Vec<bytes::Bytes> {
    const PIECE: usize = 64 * 1024;
    let mut pieces = vec![];
    while bytes.len() > PIECE {
        pieces.push(bytes.split_to(PIECE));
    }
    pieces.push(bytes);
    pieces
}

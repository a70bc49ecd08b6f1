//! Uploads header samples with Meta's resumable upload. Source: part 5.1.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::client::{APP_ID, Meta};
use crate::domain::json_text;
use crate::domain::numbers::connection::Connection;
use crate::provider::ProviderError;
use crate::provider::cloud_api::graph::{encoded, key_missing, missing_field, parse_response};
use crate::provider::cloud_api::text;
use crate::provider::templates::SampleFile;

/// Requests that send bytes, at most: the first one, and those that resume it.
const MAX_PARTS: usize = 4;

/// Opens an upload session, sends the bytes and returns the handle. An interrupted upload is resumed where the
/// provider says that it stopped.
pub(super) async fn upload(
    meta: &Meta,
    connection: &Connection,
    file: SampleFile<'_>,
) -> Result<String, ProviderError> {
    let app = (meta.secrets)(APP_ID).map(|id| id.expose_secret().trim().to_owned());
    let app = app.filter(|id| !id.is_empty()).ok_or_else(|| key_missing("app id", &connection.name, APP_ID))?;
    let length = file.bytes.len();
    let query = Serializer::new(String::new())
        .append_pair("file_name", file.name)
        .append_pair("file_length", &length.to_string())
        .append_pair("file_type", file.mime_type)
        .finish();
    let graph = meta.graph(connection)?;
    let session = graph.call("POST", &format!("/{}/uploads?{query}", encoded(&app)), None).await?;
    let id = text(&session, "/id").filter(|id| id.starts_with("upload:")).ok_or_else(|| missing_field("upload id"))?;
    let token = meta.token(connection.into())?;
    let key = SecretString::from(format!("OAuth {token}"));
    let url = format!("{}/{}/{id}", meta.base, meta.version);
    let mut offset = 0;
    for part in 1..=MAX_PARTS {
        let rest = file.bytes.get(offset..).unwrap_or_default().to_vec();
        let sent = meta.client.post_bytes(&url, ("authorization", &key), offset, rest).await;
        let failure = match sent {
            Ok(answer) => match parse_response(&answer) {
                Ok(value) => {
                    let handle = text(&value, "/h").map(str::to_owned);
                    return handle.ok_or_else(|| missing_field("handle of the sample").into());
                }
                Err(failure) if answer.status < 500 => return Err(failure),
                Err(failure) => failure,
            },
            Err(error) => Box::new(error.change_failure()),
        };
        if part == MAX_PARTS {
            return Err(failure);
        }
        let state = meta.client.get(&url, Some(("authorization", &key))).await.map_err(|error| error.failure())?;
        let state: Value = json_text::parse(state.body.as_bytes()).unwrap_or_default();
        let resumed = state["file_offset"].as_u64().and_then(|at| usize::try_from(at).ok());
        // Without an offset, or with all bytes sent and no handle, there is nothing to resume.
        offset = resumed.filter(|at| *at < length).ok_or(failure)?;
    }
    Err(missing_field("handle of the sample").into())
}

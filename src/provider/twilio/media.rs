//! Downloads the files of inbound messages: from the provider with our credentials, then from its redirect's target
//! without them. Source: part 2.5.

use url::Url;

use super::client::{Host, Twilio, failure};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::numbers::connection::Connection;
use crate::provider::cloud_api::graph::foreign_host;
use crate::provider::cloud_api::text;
use crate::provider::{MediaSource, ProviderError, Sink};

/// Host suffixes to which redirects are followed.
const HOSTS: [&str; 3] = [".twiliocdn.com", ".twilio.com", ".amazonaws.com"];
const MAX_REDIRECTS: usize = 3;

fn file_not_ready() -> Failure {
    Failure::own(
        FailureClass::Transient,
        "No file there yet",
        "The provider lists no file for this message.",
        "It is retried automatically.",
    )
}

/// Parses a media URL, which must lie below our account's messages: the URL comes from a webhook, and the credentials
/// must not reach other hosts.
fn own(twilio: &Twilio, account: &str, address: &str) -> Result<Url, ProviderError> {
    let url = Url::parse(address).map_err(|_| foreign_host(address))?;
    let same = Url::parse(&twilio.api).is_ok_and(|base| base.origin() == url.origin());
    let below = url.path().starts_with(&format!("/2010-04-01/Accounts/{account}/Messages/"));
    let plain = url.username().is_empty() && url.password().is_none();
    if same && below && plain { Ok(url) } else { Err(foreign_host(url.host_str().unwrap_or(address)).into()) }
}

pub(super) async fn fetch(
    twilio: &Twilio,
    connection: &Connection,
    id: &str,
    sink: Sink<'_>,
) -> Result<MediaSource, ProviderError> {
    let account = twilio.account(connection)?;
    let mut url = own(twilio, &account, id)?;
    if url.path().ends_with("/Media.json") {
        let list = twilio.get(connection, Host::Api, url.path()).await?;
        let path = text(&list, "/media_list/0/uri").ok_or_else(file_not_ready)?;
        url = own(twilio, &account, &format!("{}{}", twilio.api, path.trim_end_matches(".json")))?;
    }
    let key = twilio.key(connection.into(), &account)?;
    let mut answer =
        twilio.client.open_stream(url.as_str(), Some(("authorization", &key))).await.map_err(|l| l.failure())?;
    for _ in 0..MAX_REDIRECTS {
        let Some(next) = answer.location.clone().filter(|_| matches!(answer.status, 301..=303 | 307 | 308)) else {
            break;
        };
        let next = url.join(&next).map_err(|_| foreign_host(&next))?;
        let host = next.host_str().unwrap_or_default();
        let dotted = format!(".{host}");
        let known = next.scheme() == "https" && HOSTS.iter().any(|known| dotted.ends_with(known));
        if !known && next.origin() != url.origin() {
            return Err(foreign_host(host).into());
        }
        answer = twilio.client.open_stream(next.as_str(), None).await.map_err(|error| error.failure())?;
        url = next;
    }
    if !answer.is_success() {
        let status = answer.status;
        let body = answer.text().await;
        // Right after the webhook the file may not be available yet.
        return Err(if status == 404 { file_not_ready().into() } else { failure(status, &body).into() });
    }
    let mime_type = answer.content_type.clone().unwrap_or_default();
    answer.copy_to(sink).await?;
    Ok(MediaSource { mime_type, sha256: None, bytes: None })
}

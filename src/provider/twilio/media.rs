//! Files that came with a message: fetched with our credentials from the provider, then without them from
//! wherever it sends us. Source: part 2.5.

use url::Url;

use super::Twilio;
use super::api::{Host, failure};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::numbers::connection::Connection;
use crate::provider::cloud_api::graph::strange;
use crate::provider::cloud_api::text;
use crate::provider::{MediaSource, ProviderError, Sink};

/// Hosts that the provider sends us on to.
const HOSTS: [&str; 3] = [".twiliocdn.com", ".twilio.com", ".amazonaws.com"];
const MOST_HOPS: usize = 3;

fn gone() -> Failure {
    Failure::own(
        FailureClass::Transient,
        "No file there yet",
        "The provider lists no file for this message.",
        "It is retried automatically.",
    )
}

/// The credentials go to our own account's messages and nowhere else: an address in a webhook could be
/// anybody's wish.
fn own(twilio: &Twilio, account: &str, address: &str) -> Result<Url, ProviderError> {
    let url = Url::parse(address).map_err(|_| strange(address))?;
    let same = Url::parse(&twilio.api).is_ok_and(|base| base.origin() == url.origin());
    let below = url.path().starts_with(&format!("/2010-04-01/Accounts/{account}/Messages/"));
    let plain = url.username().is_empty() && url.password().is_none();
    if same && below && plain { Ok(url) } else { Err(strange(url.host_str().unwrap_or(address)).into()) }
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
        let path = text(&list, "/media_list/0/uri").ok_or_else(gone)?;
        url = own(twilio, &account, &format!("{}{}", twilio.api, path.trim_end_matches(".json")))?;
    }
    let key = twilio.key(connection.into(), &account)?;
    let mut answer = twilio.client.open(url.as_str(), Some(("authorization", &key))).await.map_err(|l| l.failure())?;
    for _ in 0..MOST_HOPS {
        let Some(next) = answer.location.clone().filter(|_| matches!(answer.status, 301..=303 | 307 | 308)) else {
            break;
        };
        let next = url.join(&next).map_err(|_| strange(&next))?;
        let host = next.host_str().unwrap_or_default();
        let dotted = format!(".{host}");
        let known = next.scheme() == "https" && HOSTS.iter().any(|known| dotted.ends_with(known));
        if !known && next.origin() != url.origin() {
            return Err(strange(host).into());
        }
        answer = twilio.client.open(next.as_str(), None).await.map_err(|lost| lost.failure())?;
        url = next;
    }
    if !answer.is_success() {
        let status = answer.status;
        let said = answer.text().await;
        // Right after the webhook the file may not be there yet.
        return Err(if status == 404 { gone().into() } else { failure(status, &said).into() });
    }
    let mime_type = answer.content_type.clone().unwrap_or_default();
    answer.pour(sink).await?;
    Ok(MediaSource { mime_type, sha256: None, bytes: None })
}

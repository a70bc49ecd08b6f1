//! The HTTP client of the provider's platform and of its mirror of the Cloud API.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::domain::numbers::connection::Connection;
use crate::provider::cloud_api::graph::{self, Graph, parse_response};
use crate::provider::cloud_api::signature;
use crate::provider::http::{Client, HttpResponse};
use crate::provider::numbers::Access;
use crate::provider::{ProviderError, SecretSource};

pub(super) const NAME: &str = "kapso";
pub(super) const API_KEY: &str = "KAPSO_API_KEY";
pub(super) const GRAPH_VERSION: &str = "META_GRAPH_VERSION";
pub(super) const WEBHOOK_SECRETS: &[&str] = &["KAPSO_WEBHOOK_SECRET", "KAPSO_WEBHOOK_HMAC_SECRET"];
pub(super) const KEY_HEADER: &str = "X-API-Key";
const DEFAULT_BASE: &str = "https://api.kapso.ai";

pub(in crate::provider) struct Kapso {
    pub(super) client: Client,
    pub(super) secrets: SecretSource,
    pub(super) base: String,
    pub(super) graph_version: String,
    pub(super) webhook_secrets: Vec<SecretString>,
    /// The id of the default number, which sends where no connection is named.
    pub(super) own_number: Option<String>,
}

impl Kapso {
    pub fn new(client: Client, secrets: SecretSource, warn: &mut dyn FnMut(String)) -> Self {
        let plain =
            |name: &str| secrets(name).map(|value| value.expose_secret().trim().to_owned()).filter(|v| !v.is_empty());
        let base = match plain("KAPSO_API_BASE_URL") {
            Some(given) => host_only(&given, warn),
            None => DEFAULT_BASE.to_owned(),
        };
        let (first, second) = (plain(WEBHOOK_SECRETS[0]), plain(WEBHOOK_SECRETS[1]));
        if first.is_some() && second.is_some() && first != second {
            warn("KAPSO_WEBHOOK_SECRET and KAPSO_WEBHOOK_HMAC_SECRET are both set and differ: signatures of either are accepted.".into());
        }
        let webhook_secrets =
            [first, second].into_iter().flatten().flat_map(|list| signature::secrets(&list)).collect();
        let graph_version = graph::version(plain(GRAPH_VERSION), warn);
        let own_number = plain("KAPSO_PHONE_NUMBER_ID");
        let client = client.with_base_variable("KAPSO_API_BASE_URL");
        Self { client, secrets, base, graph_version, webhook_secrets, own_number }
    }
}

impl Kapso {
    /// Returns the API key. Fails where its environment variable is not set.
    pub(super) fn key<'a>(&self, access: impl Into<Access<'a>>) -> Result<SecretString, ProviderError> {
        let access = access.into();
        let name = access.api_key_env.unwrap_or(API_KEY);
        (self.secrets)(name).ok_or_else(|| graph::key_missing("API key", access.label, name).into())
    }

    pub(super) async fn get(&self, connection: &Connection, path: &str) -> Result<Value, ProviderError> {
        self.call(connection.into(), "GET", path, None).await
    }

    /// Sends a request to the platform or its mirror and parses the JSON response. An empty body is `null`.
    pub(super) async fn call(
        &self,
        access: Access<'_>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ProviderError> {
        let answer = self.answer(access, method, path, body).await?;
        if answer.is_success() && answer.body.trim().is_empty() {
            return Ok(Value::Null);
        }
        parse_response(&answer)
    }

    /// Sends a request and returns the response of any status.
    pub(super) async fn answer(
        &self,
        access: Access<'_>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<HttpResponse, ProviderError> {
        self.at(self.base.clone(), access)?.answer(method, path, body).await
    }

    /// Returns the client of the Graph API's mirror.
    pub(super) fn graph<'a>(&'a self, access: impl Into<Access<'a>>) -> Result<Graph<'a>, ProviderError> {
        self.at(format!("{}{}", self.base, self.proxy("")), access.into())
    }

    fn at<'a>(&'a self, root: String, access: Access<'a>) -> Result<Graph<'a>, ProviderError> {
        Ok(Graph { client: &self.client, root, header: KEY_HEADER, key: self.key(access)? })
    }

    /// Returns the mirror's path of a Graph API path.
    pub(super) fn proxy(&self, path: &str) -> String {
        format!("/meta/whatsapp/{}{path}", self.graph_version)
    }
}

/// Returns the origin of a base URL. A path, which other tools expect there, is removed with a warning.
fn host_only(given: &str, warn: &mut dyn FnMut(String)) -> String {
    let Ok(url) = Url::parse(given) else {
        warn(format!("KAPSO_API_BASE_URL is `{given}`, which is no address; https://api.kapso.ai is used."));
        return DEFAULT_BASE.to_owned();
    };
    let host = url.origin().ascii_serialization();
    if !matches!(url.path(), "" | "/") {
        warn(format!("KAPSO_API_BASE_URL is the host only: {} was cut off, {host} is used.", url.path()));
    }
    host
}

//! The HTTP client of the Graph API, with its access token.

use secrecy::{ExposeSecret, SecretString};

use crate::provider::cloud_api::graph::{self, Graph, key_missing};
use crate::provider::cloud_api::signature;
use crate::provider::http::Client;
use crate::provider::numbers::Access;
use crate::provider::{OwnAddress, ProviderError, SecretSource};

pub(super) const NAME: &str = "meta";
pub(super) const TOKEN: &str = "META_ACCESS_TOKEN";
pub(super) const APP_SECRET: &str = "META_APP_SECRET";
pub(super) const VERIFY_TOKEN: &str = "META_VERIFY_TOKEN";
/// The environment variable of the app that header samples are uploaded to.
pub(super) const APP_ID: &str = "META_APP_ID";
pub(super) const PATH: &str = "/webhook/meta";
pub(super) const GRAPH_VERSION: &str = "META_GRAPH_VERSION";

pub(in crate::provider) struct Meta {
    pub(super) client: Client,
    pub(super) secrets: SecretSource,
    pub(super) address: OwnAddress,
    pub(super) base: String,
    pub(super) version: String,
    pub(super) app_secrets: Vec<SecretString>,
    pub(super) verify_token: Option<SecretString>,
}

impl Meta {
    pub fn new(client: Client, secrets: SecretSource, address: OwnAddress, warn: &mut dyn FnMut(String)) -> Self {
        let plain = |name: &str| {
            let value = secrets(name).map(|value| value.expose_secret().trim().trim_end_matches('/').to_owned());
            value.filter(|value| !value.is_empty())
        };
        let base = plain("META_GRAPH_BASE_URL").unwrap_or_else(|| "https://graph.facebook.com".to_owned());
        let version = graph::version(plain(GRAPH_VERSION), warn);
        let app_secrets = plain(APP_SECRET).map(|list| signature::secrets(&list)).unwrap_or_default();
        let verify_token = plain(VERIFY_TOKEN).map(SecretString::from);
        let client = client.with_base_variable("META_GRAPH_BASE_URL");
        Self { client, secrets, address, base, version, app_secrets, verify_token }
    }

    /// Returns the `Authorization` header. Fails where the token's environment variable is not set.
    pub(super) fn key(&self, access: Access<'_>) -> Result<SecretString, ProviderError> {
        Ok(format!("Bearer {}", self.token(access)?).into())
    }

    pub(super) fn token(&self, access: Access<'_>) -> Result<String, ProviderError> {
        let name = access.api_key_env.unwrap_or(TOKEN);
        let token = (self.secrets)(name).ok_or_else(|| key_missing("token", access.label, name))?;
        Ok(token.expose_secret().trim().to_owned())
    }

    pub(super) fn graph<'a>(&'a self, access: impl Into<Access<'a>>) -> Result<Graph<'a>, ProviderError> {
        let key = self.key(access.into())?;
        let root = format!("{}/{}", self.base, self.version);
        Ok(Graph { client: &self.client, root, header: "authorization", key })
    }
}

//! The HTTP client of the provider's three hosts: credentials, requests and errors. Source: part 1.

use base64::Engine as _;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::contents::Contents;
use super::dictionary;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::inbound::delivery::RawDelivery;
use crate::domain::json_text;
use crate::domain::numbers::connection::Connection;
use crate::provider::cloud_api::graph::key_missing;
use crate::provider::cloud_api::{loose, text};
use crate::provider::http::{Client, HttpResponse};
use crate::provider::http_status::meaning;
use crate::provider::numbers::Access;
use crate::provider::{OwnAddress, ProviderError, SecretSource};

pub(super) const NAME: &str = "twilio";
pub(super) const ACCOUNT: &str = "TWILIO_ACCOUNT_SID";
pub(super) const TOKEN: &str = "TWILIO_AUTH_TOKEN";
pub(super) const API_KEY: &str = "TWILIO_API_KEY";
pub(super) const API_KEY_SECRET: &str = "TWILIO_API_KEY_SECRET";
pub(super) const INBOUND_PATH: &str = "/webhook/twilio/messages";

pub(in crate::provider) struct Twilio {
    pub(super) client: Client,
    pub(super) secrets: SecretSource,
    pub(super) address: OwnAddress,
    pub(super) api: String,
    pub(super) content: String,
    pub(super) messaging: String,
    /// Auth tokens of the account and its subaccounts. Requests use the first; webhooks may be signed with any.
    pub(super) tokens: Vec<SecretString>,
    pub(super) contents: Contents,
}

impl Twilio {
    pub fn new(client: Client, secrets: SecretSource, address: OwnAddress) -> Self {
        let plain = |name: &str| {
            let value = secrets(name).map(|value| value.expose_secret().trim().trim_end_matches('/').to_owned());
            value.filter(|value| !value.is_empty())
        };
        // The simulator serves all hosts at one URL.
        let api = plain("TWILIO_API_BASE_URL");
        let host = |name: &str, usual: &str| plain(name).or_else(|| api.clone()).unwrap_or_else(|| usual.to_owned());
        let content = host("TWILIO_CONTENT_BASE_URL", "https://content.twilio.com");
        let messaging = host("TWILIO_MESSAGING_BASE_URL", "https://messaging.twilio.com");
        let tokens = plain(TOKEN).unwrap_or_default();
        let tokens = tokens.split(',').map(str::trim).filter(|token| !token.is_empty());
        let tokens = tokens.map(|token| SecretString::from(token.to_owned())).collect();
        let api = api.unwrap_or_else(|| "https://api.twilio.com".to_owned());
        Self { client, secrets, address, api, content, messaging, tokens, contents: Contents::default() }
    }

    /// Returns the URLs that the provider may have called: our public URL, or else the request's host with either
    /// scheme.
    pub(super) fn called(&self, delivery: &RawDelivery) -> Vec<String> {
        match self.address.get() {
            Some(base) => vec![format!("{base}{}", delivery.path)],
            None => {
                let host = delivery.header("host").unwrap_or_default();
                ["https", "http"].map(|scheme| format!("{scheme}://{host}{}", delivery.path)).to_vec()
            }
        }
    }
}

/// A host of the provider's API.
#[derive(Debug, Clone, Copy)]
pub(super) enum Host {
    Api,
    Content,
    Messaging,
}

impl Host {
    /// Returns the environment variable of the base URL.
    const fn base_variable(self) -> &'static str {
        match self {
            Self::Api => "TWILIO_API_BASE_URL",
            Self::Content => "TWILIO_CONTENT_BASE_URL",
            Self::Messaging => "TWILIO_MESSAGING_BASE_URL",
        }
    }
}

impl Twilio {
    /// Returns the account id of the connection, or else of the environment. Fails where neither is set.
    pub(super) fn account(&self, connection: &Connection) -> Result<String, ProviderError> {
        if !connection.business_account_id.is_empty() {
            return Ok(connection.business_account_id.clone());
        }
        self.named(ACCOUNT).ok_or_else(|| key_missing("account", &connection.name, ACCOUNT).into())
    }

    pub(super) fn named(&self, name: &str) -> Option<String> {
        let value = (self.secrets)(name)?.expose_secret().trim().to_owned();
        (!value.is_empty()).then_some(value)
    }

    /// Returns the `Authorization` header. A configured API key pair replaces the account's token.
    pub(super) fn key(&self, access: Access<'_>, account: &str) -> Result<SecretString, ProviderError> {
        let pair = self.named(API_KEY).zip(self.named(API_KEY_SECRET));
        let (user, password) = match (access.api_key_env, pair) {
            (Some(name), _) => {
                (account.to_owned(), self.named(name).ok_or_else(|| key_missing("token", access.label, name))?)
            }
            (None, Some(pair)) => pair,
            (None, None) => {
                let token = self.tokens.first().map(|token| token.expose_secret().to_owned());
                (account.to_owned(), token.ok_or_else(|| key_missing("token", access.label, TOKEN))?)
            }
        };
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        Ok(format!("Basic {pair}").into())
    }

    /// Returns the client for a host, with the environment variable of its base URL.
    pub(super) fn client(&self, host: Host) -> Client {
        self.client.with_base_variable(host.base_variable())
    }

    pub(super) fn base(&self, host: Host) -> &str {
        match host {
            Host::Api => &self.api,
            Host::Content => &self.content,
            Host::Messaging => &self.messaging,
        }
    }

    pub(super) async fn answer(
        &self,
        connection: &Connection,
        host: Host,
        (method, path, body): (&str, &str, Option<&Value>),
    ) -> Result<HttpResponse, ProviderError> {
        let access = Access::from(connection);
        let account = self.account(connection)?;
        self.ask(access, &account, host, (method, path, body)).await
    }

    pub(super) async fn ask(
        &self,
        access: Access<'_>,
        account: &str,
        host: Host,
        (method, path, body): (&str, &str, Option<&Value>),
    ) -> Result<HttpResponse, ProviderError> {
        let key = self.key(access, account)?;
        let verb = reqwest::Method::from_bytes(method.as_bytes()).map_err(|_| {
            let explanation = format!("`{method}` is not an HTTP method.");
            Box::new(Failure::own(FailureClass::Request, "No method", explanation, "Use GET."))
        })?;
        let is_read = verb == reqwest::Method::GET;
        let url = format!("{}{path}", self.base(host));
        let answer = self.client(host).call(verb, &url, ("authorization", &key), body.map(Value::to_string)).await;
        answer.map_err(|error| Box::new(if is_read { error.failure() } else { error.change_failure() }))
    }

    pub(super) async fn get(&self, connection: &Connection, host: Host, path: &str) -> Result<Value, ProviderError> {
        parse_response(&self.answer(connection, host, ("GET", path, None)).await?)
    }
}

pub(super) fn parse_response(answer: &HttpResponse) -> Result<Value, ProviderError> {
    if !answer.is_success() {
        return Err(response_failure(answer).into());
    }
    if answer.body.trim().is_empty() {
        return Ok(Value::Null);
    }
    json_text::parse(answer.body.as_bytes()).map_err(|_| {
        let title = "Response not valid";
        let explanation = "The response of the provider is not JSON.";
        let remedy = "Check TWILIO_API_BASE_URL: a proxy or a login page may be in between.";
        let excerpt = answer.body.chars().take(500).collect::<String>();
        Failure::own(FailureClass::Unknown, title, explanation, remedy).saying(excerpt).into()
    })
}

/// Returns the failure of an error response in either of its two formats. Source: part 1.4.
pub(super) fn failure(status: u16, body: &str) -> Failure {
    let value = json_text::parse(body.as_bytes()).unwrap_or_default();
    let excerpt = body.chars().take(2_000).collect::<String>();
    let words = ["/message", "/detail", "/title"].iter().find_map(|path| text(&value, path));
    let code = ["/code", "/error_code"].iter().find_map(|path| loose(&value, path));
    let code = code.filter(|code| code.chars().all(|c| c.is_ascii_digit()));
    let usual = match status {
        401 => Some("20003"),
        403 => Some("20403"),
        404 => Some("20404"),
        405 => Some("20004"),
        429 => Some("20429"),
        _ => None,
    };
    if let Some(code) = code.as_deref().or(usual) {
        return dictionary::failure(code, words, words.unwrap_or(&excerpt));
    }
    let row = meaning(status);
    Failure::own(row.class, row.title, row.explanation, row.remedy).saying(words.unwrap_or(&excerpt))
}

/// Returns the failure of a response. A redirect or a proxy is reported as such.
pub(super) fn response_failure(answer: &HttpResponse) -> Failure {
    answer.endpoint_failure().unwrap_or_else(|| failure(answer.status, &answer.body))
}

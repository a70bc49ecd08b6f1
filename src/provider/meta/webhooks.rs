//! Webhook URLs of a number, its account and the app. The first of these that is set applies. The first two are set
//! over the API. The app's is set in the app's settings page; it alone receives other fields than messages. Source:
//! parts 1.1 and 9.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::client::{Meta, PATH, VERIFY_TOKEN};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::registration::{Registration, WebhookDraft, WebhookKind, WebhookScope};
use crate::domain::text::{Untrusted, clean_line};
use crate::provider::ProviderError;
use crate::provider::cloud_api::graph::{Graph, encoded, key_missing, number_path};
use crate::provider::numbers::{Access, ProviderFuture, Webhooks};

/// The longest URL that the platform accepts.
const MAX_ADDRESS_CHARS: usize = 200;
/// Our id of the app's registration, which has no id of its own.
const APP: &str = "app";

/// The levels of registration in the platform's names, the most specific first.
const PLACES: [&str; 3] = ["phone_number", "whatsapp_business_account", "application"];

/// Returns the URL that receives a number's messages, empty where none is set. `None` where the platform does not
/// report it, as with older versions and some tokens.
pub(super) async fn in_force(meta: &Meta, connection: &Connection) -> Option<String> {
    let response = configuration(&meta.graph(connection).ok()?, connection).await.ok()?;
    if !response.is_object() {
        return None;
    }
    let named = PLACES.iter().find_map(|place| address(&response, place));
    Some(named.unwrap_or_default())
}

async fn configuration(graph: &Graph<'_>, connection: &Connection) -> Result<Value, ProviderError> {
    let path = format!("{}?fields=webhook_configuration", number_path(connection));
    let mut response = graph.call("GET", &path, None).await?;
    Ok(response["webhook_configuration"].take())
}

fn address(response: &Value, place: &str) -> Option<String> {
    let address = response.get(place)?.as_str().filter(|address| !address.is_empty())?;
    Some(Untrusted::from(address).line())
}

impl Webhooks for Meta {
    fn path(&self, _: &WebhookScope) -> &'static str {
        PATH
    }

    fn list<'a>(&'a self, access: Access<'a>, number: Option<&'a str>) -> ProviderFuture<'a, Vec<Registration>> {
        Box::pin(async move {
            let connection = connection(access)?;
            let response = configuration(&self.graph(connection)?, connection).await?;
            let own = WebhookScope::Number(connection.phone_number_id.clone());
            let account = connection.business_account_id.as_str();
            let places = [
                (connection.phone_number_id.as_str(), own, false),
                (account, WebhookScope::Project, false),
                (APP, WebhookScope::Project, true),
            ];
            let found = PLACES.iter().zip(places).filter_map(|(place, (id, scope, fixed))| {
                Some(registration(id, scope, fixed, address(&response, place)?))
            });
            Ok(found.filter(|one| number.is_none() == (one.scope == WebhookScope::Project)).collect())
        })
    }

    fn create<'a>(
        &'a self,
        access: Access<'a>,
        scope: &'a WebhookScope,
        draft: &'a WebhookDraft,
    ) -> ProviderFuture<'a, String> {
        Box::pin(async move {
            let connection = connection(access)?;
            let id = match scope {
                WebhookScope::Number(id) => id.clone(),
                WebhookScope::Project => connection.business_account_id.clone(),
            };
            self.set(connection, &id, draft.url.as_deref().unwrap_or_default()).await?;
            Ok(id)
        })
    }

    fn update<'a>(&'a self, access: Access<'a>, id: &'a str, draft: &'a WebhookDraft) -> ProviderFuture<'a, ()> {
        Box::pin(async move { self.set(connection(access)?, id, draft.url.as_deref().unwrap_or_default()).await })
    }

    fn delete<'a>(&'a self, access: Access<'a>, id: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(async move { self.set(connection(access)?, id, "").await })
    }

    fn test<'a>(&'a self, _: Access<'a>, _: &'a str, _: Option<&'a str>) -> ProviderFuture<'a, ()> {
        Box::pin(async {
            let explanation = "This provider sends tests from the app's page alone.";
            Err(Failure::own(FailureClass::Setup, "No test", explanation, "Write to the number from a phone.").into())
        })
    }
}

fn connection(access: Access<'_>) -> Result<&Connection, ProviderError> {
    access.connection.ok_or_else(|| {
        let explanation = "An address belongs to a number or its account, and none is named.";
        Failure::own(FailureClass::Request, "No number", explanation, "Name the connection.").into()
    })
}

impl Meta {
    /// Sets the URL of a number or its account, or removes it if `url` is empty, and reads it back. Fails where the
    /// platform stored another one.
    async fn set(&self, connection: &Connection, id: &str, url: &str) -> Result<(), ProviderError> {
        if url.chars().count() > MAX_ADDRESS_CHARS {
            let explanation = format!("The address has more than {MAX_ADDRESS_CHARS} characters.");
            return Err(
                Failure::own(FailureClass::Request, "Address too long", explanation, "Give a shorter one.").into()
            );
        }
        let graph = self.graph(connection)?;
        let of_number = id == connection.phone_number_id;
        if !of_number && id != connection.business_account_id {
            let explanation = "The app's own address is set in the app's page, under WhatsApp, Configuration.";
            let remedy = "Set one for the number or its account instead: it comes before the app's.";
            return Err(Failure::own(FailureClass::Request, "Not settable here", explanation, remedy).into());
        }
        let mut setting = json!({});
        if !url.is_empty() {
            let token = self.verify_token.as_ref();
            let token = token.ok_or_else(|| key_missing("verify token", &connection.name, VERIFY_TOKEN))?;
            setting = json!({ "override_callback_uri": url, "verify_token": token.expose_secret() });
        } else if of_number {
            setting = json!({ "override_callback_uri": "" });
        }
        let (path, body) = if of_number {
            (number_path(connection), json!({ "webhook_configuration": setting }))
        } else {
            (subscriptions(id), setting)
        };
        let account = &connection.business_account_id;
        let result = async {
            if !url.is_empty() && !has_subscription(&graph, account).await? {
                subscribe(&graph, account).await?;
            }
            match graph.call("POST", &path, Some(&body)).await {
                // Only another app is subscribed to the account.
                Err(trouble) if !url.is_empty() && lacks_subscription(&trouble) => {
                    subscribe(&graph, account).await?;
                    graph.call("POST", &path, Some(&body)).await
                }
                other => other,
            }
        };
        result.await.map_err(|trouble| Box::new(explained(*trouble)))?;
        let response = configuration(&graph, connection).await?;
        let found = address(&response, PLACES[usize::from(!of_number)]).unwrap_or_default();
        if found != url {
            let found = if found.is_empty() { "no address".to_owned() } else { format!("`{}`", clean_line(&found)) };
            let explanation = format!("The platform took the request, and has {found} on file now.");
            let remedy = "Look at the app's page, under WhatsApp, Configuration.";
            return Err(Failure::own(FailureClass::Unknown, "Address not set", explanation, remedy).into());
        }
        Ok(())
    }
}

fn subscriptions(account: &str) -> String {
    format!("/{}/subscribed_apps", encoded(account))
}

/// Subscribes the app to the account. Repeating it would remove the account's URL, so it runs only where no
/// subscription exists.
async fn subscribe(graph: &Graph<'_>, account: &str) -> Result<(), ProviderError> {
    graph.call("POST", &subscriptions(account), Some(&json!({}))).await.map(|_| ())
}

/// Returns `true` if any app is subscribed to the account. The platform does not say which one is ours.
async fn has_subscription(graph: &Graph<'_>, account: &str) -> Result<bool, ProviderError> {
    let response = graph.call("GET", &subscriptions(account), None).await?;
    Ok(response["data"].as_array().is_some_and(|list| !list.is_empty()))
}

/// Returns `true` if a URL was rejected because the app is not subscribed. The code has other meanings, so the text
/// decides.
fn lacks_subscription(trouble: &Failure) -> bool {
    trouble.code == "100" && trouble.said.as_received().contains("must be subscribed")
}

/// Adds the cause to failures of setting a URL: the platform sends a verification request first, or the token lacks a
/// permission.
fn explained(trouble: Failure) -> Failure {
    let (explanation, remedy) = match trouble.code.as_str() {
        "2200" | "2201" => (
            "The platform queried the URL with the verify token and did not get the expected response.",
            "See that the public address leads to this listener, and that META_VERIFY_TOKEN is the same there.",
        ),
        "10" | "200" => (
            "The token may not change webhooks.",
            "Give it whatsapp_business_management, or paste the address into the app's page.",
        ),
        _ => return trouble,
    };
    let class = if trouble.code.len() == 4 { FailureClass::Request } else { FailureClass::Setup };
    Failure { class, explanation: explanation.into(), remedy: remedy.into(), ..trouble }
}

fn registration(id: &str, scope: WebhookScope, fixed: bool, url: String) -> Registration {
    Registration {
        id: clean_line(id),
        scope,
        url,
        status_url: None,
        fixed,
        active: true,
        kind: WebhookKind::Raw,
        payload_version: String::new(),
        events: vec![],
        headers: vec![],
        buffer: None,
        inactivity_minutes: None,
        updated_at: None,
    }
}

//! Manages the webhook URLs of a sender and of its messaging service. Which of the two applies to a message is not
//! documented, so both are set alike. Source: part 3.

use serde_json::{Value, json};

use super::client::{Host, INBOUND_PATH, Twilio, parse_response};
use super::{payload, sender};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::registration::{Registration, WebhookDraft, WebhookKind, WebhookScope};
use crate::domain::text::clean_line;
use crate::provider::ProviderError;
use crate::provider::cloud_api::graph::{encoded, missing_field};
use crate::provider::cloud_api::{text, untrusted};
use crate::provider::numbers::{Access, ProviderFuture, Webhooks};

impl Webhooks for Twilio {
    fn path(&self, _: &WebhookScope) -> &'static str {
        INBOUND_PATH
    }

    fn status_path(&self) -> Option<&'static str> {
        Some(payload::STATUS_PATH)
    }

    fn list<'a>(&'a self, access: Access<'a>, number: Option<&'a str>) -> ProviderFuture<'a, Vec<Registration>> {
        Box::pin(async move {
            // Accounts have no webhooks, only senders do.
            if number.is_none() {
                return Ok(vec![]);
            }
            self.addresses(connection(access)?).await
        })
    }

    fn create<'a>(
        &'a self,
        access: Access<'a>,
        _: &'a WebhookScope,
        draft: &'a WebhookDraft,
    ) -> ProviderFuture<'a, String> {
        Box::pin(async move { self.set_addresses(connection(access)?, draft).await })
    }

    fn update<'a>(&'a self, access: Access<'a>, _: &'a str, draft: &'a WebhookDraft) -> ProviderFuture<'a, ()> {
        Box::pin(async move { self.set_addresses(connection(access)?, draft).await.map(|_| ()) })
    }

    fn delete<'a>(&'a self, access: Access<'a>, _: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let none =
                WebhookDraft { url: Some(String::new()), status_url: Some(String::new()), ..WebhookDraft::default() };
            self.set_addresses(connection(access)?, &none).await.map(|_| ())
        })
    }

    fn test<'a>(&'a self, _: Access<'a>, _: &'a str, _: Option<&'a str>) -> ProviderFuture<'a, ()> {
        Box::pin(async {
            let explanation = "This provider sends no tests.";
            Err(Failure::own(FailureClass::Setup, "No test", explanation, "Write to the number from a phone.").into())
        })
    }
}

fn connection(access: Access<'_>) -> Result<&Connection, ProviderError> {
    access.connection.ok_or_else(|| {
        let explanation = "An address belongs to a number, and none is named.";
        Failure::own(FailureClass::Request, "No number", explanation, "Name the connection.").into()
    })
}

impl Twilio {
    /// Returns the registrations of the sender and of its messaging service.
    async fn addresses(&self, connection: &Connection) -> Result<Vec<Registration>, ProviderError> {
        let sender = sender::find(self, connection).await?;
        let service = match &connection.settings.messaging_service {
            Some(id) => Some(self.get(connection, Host::Messaging, &service_path(id)).await?),
            None => None,
        };
        let sender = sender
            .as_ref()
            .and_then(|one| registration(connection, one, "/webhook/callback_url", "/webhook/status_callback_url"));
        let service =
            service.as_ref().and_then(|one| registration(connection, one, "/inbound_request_url", "/status_callback"));
        Ok(sender.into_iter().chain(service).collect())
    }

    /// Sets the URLs and reads them back. Fails where the provider stored others.
    async fn set_addresses(&self, connection: &Connection, draft: &WebhookDraft) -> Result<String, ProviderError> {
        let sender = sender::require_sender(self, connection).await.map_err(|trouble| Box::new(by_hand(*trouble)))?;
        let id = text(&sender, "/sid").ok_or_else(|| missing_field("id of the sender"))?;
        let mut webhook = json!({});
        for (name, url) in [("callback", &draft.url), ("status_callback", &draft.status_url)] {
            if let Some(url) = url {
                webhook[format!("{name}_url")] = url.as_str().into();
                webhook[format!("{name}_method")] = "POST".into();
            }
        }
        let path = format!("{}/{}", sender::SENDERS, encoded(id));
        let body = json!({ "webhook": webhook });
        let answer = self.answer(connection, Host::Messaging, ("POST", &path, Some(&body))).await?;
        parse_response(&answer).map_err(|trouble| Box::new(by_hand(*trouble)))?;
        if let Some(service) = &connection.settings.messaging_service {
            self.set_service(connection, service, draft).await?;
        }
        let now = self.addresses(connection).await?;
        let expected = draft.url.as_deref().unwrap_or_default();
        let describe = |one: &Registration| format!("{} is on file for {}", quoted(&one.url), one.id);
        match now.iter().find(|one| draft.url.is_some() && one.url != expected) {
            Some(other) => Err(Box::new(not_taken(&describe(other)))),
            None if now.is_empty() && !expected.is_empty() => Err(Box::new(not_taken("no address is on file"))),
            None => Ok(id.to_owned()),
        }
    }

    async fn set_service(
        &self,
        connection: &Connection,
        service: &str,
        draft: &WebhookDraft,
    ) -> Result<(), ProviderError> {
        let account = self.account(connection)?;
        let key = self.key(connection.into(), &account)?;
        let inbound = draft.url.iter().flat_map(|url| [("InboundRequestUrl", url.as_str()), ("InboundMethod", "POST")]);
        let status = draft.status_url.iter().map(|url| ("StatusCallback", url.as_str()));
        let fields: Vec<(&str, &str)> = inbound.chain(status).collect();
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let url = format!("{}{}", self.base(Host::Messaging), service_path(service));
        let answer = self.client.post_fields(&url, ("authorization", &key), form).await;
        parse_response(&answer.map_err(|error| error.change_failure())?).map(|_| ())
    }
}

/// Returns the URL that receives a number's messages, and a note. With a messaging service the URL is `None` unless
/// sender and service have the same; the note then names both.
pub(super) async fn in_force(
    twilio: &Twilio,
    connection: &Connection,
    sender: Option<String>,
) -> (Option<String>, Option<String>) {
    let Some(id) = &connection.settings.messaging_service else { return (sender, None) };
    let Ok(service) = twilio.get(connection, Host::Messaging, &service_path(id)).await else { return (None, None) };
    let own = untrusted(&service, "/inbound_request_url").map(|url| url.line()).unwrap_or_default();
    match sender {
        Some(sender) if sender == own => (Some(sender), None),
        Some(sender) => {
            let (sender, own) = (quoted(&sender), quoted(&own));
            (None, Some(format!("its sender has {sender} on file, its messaging service {own}: set both alike")))
        }
        None => (None, None),
    }
}

fn service_path(id: &str) -> String {
    format!("/v1/Services/{}", encoded(id))
}

fn quoted(url: &str) -> String {
    if url.is_empty() { "no address".to_owned() } else { format!("`{}`", clean_line(url)) }
}

/// Changes the remedy to manual setup where the key has no permission or there is no sender.
fn by_hand(trouble: Failure) -> Failure {
    if !matches!(trouble.class, FailureClass::Authorization | FailureClass::Setup) {
        return trouble;
    }
    let remedy = "Paste the address into the number's page in the provider's console.";
    Failure { class: FailureClass::Setup, remedy: remedy.into(), ..trouble }
}

fn not_taken(found: &str) -> Failure {
    let explanation = format!("The provider took the request, and {found} now.");
    let remedy = "Look at the number's page in the provider's console.";
    Failure::own(FailureClass::Unknown, "Address not set", explanation, remedy)
}

fn registration(connection: &Connection, object: &Value, url: &str, status_url: &str) -> Option<Registration> {
    let line = |path| untrusted(object, path).map(|url| url.line()).filter(|url| !url.is_empty());
    Some(Registration {
        id: clean_line(text(object, "/sid")?),
        scope: WebhookScope::Number(connection.phone_number_id.clone()),
        url: line(url).or_else(|| line(status_url).map(|_| String::new()))?,
        status_url: line(status_url),
        fixed: false,
        active: true,
        kind: WebhookKind::Raw,
        payload_version: String::new(),
        events: vec![],
        headers: vec![],
        buffer: None,
        inactivity_minutes: None,
        updated_at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_key_suggests_manual_setup() {
        let refused = Failure::own(FailureClass::Authorization, "Authenticate", "No.", "Set the token.");
        assert!(by_hand(refused).remedy.starts_with("Paste the address"));
        let unwell = Failure::own(FailureClass::Transient, "Unwell", "No.", "Wait.");
        assert_eq!(by_hand(unwell).remedy, "Wait.");
    }
}

//! Manages webhook registrations. Source: platform API, parts 3.1 and 3.2.

use serde_json::{Value, json};

use super::client::{Kapso, WEBHOOK_SECRETS};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::numbers::registration::{Buffer, Registration, WebhookDraft, WebhookKind, WebhookScope};
use crate::domain::text::clean_line;
use crate::provider::ProviderError;
use crate::provider::cloud_api::graph::{encoded, missing_field};
use crate::provider::cloud_api::{loose, text, time, untrusted};
use crate::provider::numbers::{Access, ProviderFuture, Webhooks};

const KINDS: [(&str, WebhookKind); 2] = [("kapso", WebhookKind::Events), ("meta", WebhookKind::Raw)];

impl Webhooks for Kapso {
    fn path(&self, scope: &WebhookScope) -> &'static str {
        match scope {
            WebhookScope::Project => "/webhook/kapso/project",
            WebhookScope::Number(_) => "/webhook/kapso/messages",
        }
    }

    fn list<'a>(&'a self, access: Access<'a>, number: Option<&'a str>) -> ProviderFuture<'a, Vec<Registration>> {
        Box::pin(async move {
            let path = match number {
                Some(id) => format!("/platform/v1/whatsapp/phone_numbers/{}/webhooks", encoded(id)),
                None => "/platform/v1/whatsapp/webhooks".to_owned(),
            };
            Ok(self.pages(access, &path).await?.iter().filter_map(|one| registration(one, number)).collect())
        })
    }

    fn create<'a>(
        &'a self,
        access: Access<'a>,
        scope: &'a WebhookScope,
        draft: &'a WebhookDraft,
    ) -> ProviderFuture<'a, String> {
        Box::pin(async move {
            let mut body = wire(draft);
            // Deliveries must be signed with a secret from our configuration to be accepted.
            body["secret_key"] = self.signing_secret()?.into();
            let path = match scope {
                WebhookScope::Project => "/platform/v1/whatsapp/webhooks".to_owned(),
                WebhookScope::Number(id) => format!("/platform/v1/whatsapp/phone_numbers/{}/webhooks", encoded(id)),
            };
            let answer = self.call(access, "POST", &path, Some(&json!({ "whatsapp_webhook": body }))).await?;
            text(&answer, "/data/id").map(str::to_owned).ok_or_else(|| missing_field("id of the webhook").into())
        })
    }

    fn update<'a>(&'a self, access: Access<'a>, id: &'a str, draft: &'a WebhookDraft) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let path = format!("/platform/v1/whatsapp/webhooks/{}", encoded(id));
            self.call(access, "PATCH", &path, Some(&json!({ "whatsapp_webhook": wire(draft) }))).await.map(|_| ())
        })
    }

    fn delete<'a>(&'a self, access: Access<'a>, id: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let path = format!("/platform/v1/whatsapp/webhooks/{}", encoded(id));
            self.call(access, "DELETE", &path, None).await.map(|_| ())
        })
    }

    fn test<'a>(&'a self, access: Access<'a>, id: &'a str, event: Option<&'a str>) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let event = event.map(|event| format!("?event_type={}", encoded(event))).unwrap_or_default();
            let path = format!("/platform/v1/whatsapp/webhooks/{}/test{event}", encoded(id));
            self.call(access, "POST", &path, Some(&json!({}))).await.map(|_| ())
        })
    }
}

impl Kapso {
    fn signing_secret(&self) -> Result<&str, ProviderError> {
        self.webhook_secrets.first().map(secrecy::ExposeSecret::expose_secret).ok_or_else(|| {
            Box::new(Failure::own(
                FailureClass::Setup,
                "No webhook secret",
                "There is no secret that deliveries could be signed with.",
                format!("Set {} and start again.", WEBHOOK_SECRETS[0]),
            ))
        })
    }
}

/// Returns the request body of the given fields. Omitted fields keep their value or get the platform's default.
fn wire(draft: &WebhookDraft) -> Value {
    let mut body = json!({});
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[name] = value;
        }
    };
    put("url", draft.url.clone().map(Value::from));
    let raw = draft.kind == Some(WebhookKind::Raw);
    put("events", draft.events.clone().filter(|_| !raw).map(Value::from));
    put(
        "kind",
        draft.kind.and_then(|kind| KINDS.iter().find(|(_, known)| *known == kind)).map(|(name, _)| (*name).into()),
    );
    put("payload_version", draft.payload_version.clone().map(Value::from));
    put("active", draft.active.map(Value::from));
    put("headers", draft.headers.as_ref().map(|headers| json!(headers)));
    put("buffer_enabled", draft.buffer_enabled.map(Value::from));
    put("buffer_window_seconds", draft.buffer_seconds.map(Value::from));
    put("max_buffer_size", draft.buffer_most.map(Value::from));
    put("inactivity_minutes", draft.inactivity_minutes.map(Value::from));
    body
}

/// Parses a registration. The secret in it is not read.
fn registration(object: &Value, requested_number: Option<&str>) -> Option<Registration> {
    let number = loose(object, "/phone_number_id").or_else(|| requested_number.map(str::to_owned));
    let integer = |path: &str| loose(object, path).and_then(|text| text.parse::<u32>().ok());
    let words = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(clean_line).collect()
    };
    let buffered = object["buffer_enabled"].as_bool().unwrap_or(false);
    Some(Registration {
        id: text(object, "/id")?.to_owned(),
        scope: number.map_or(WebhookScope::Project, WebhookScope::Number),
        url: untrusted(object, "/url")?.line(),
        status_url: None,
        fixed: false,
        active: object["active"].as_bool().unwrap_or(true),
        kind: text(object, "/kind")
            .and_then(|kind| KINDS.iter().find(|(name, _)| *name == kind))
            .map_or(WebhookKind::Events, |(_, kind)| *kind),
        payload_version: clean_line(text(object, "/payload_version").unwrap_or("v1")),
        events: words(&object["events"]),
        headers: object["headers"].as_object().into_iter().flatten().map(|(name, _)| clean_line(name)).collect(),
        buffer: buffered.then(|| Buffer {
            seconds: integer("/buffer_window_seconds").unwrap_or(5),
            most: integer("/max_buffer_size").unwrap_or(50),
        }),
        inactivity_minutes: integer("/inactivity_minutes").or_else(|| integer("/inactive_after_minutes")),
        updated_at: time(object, "/updated_at"),
    })
}

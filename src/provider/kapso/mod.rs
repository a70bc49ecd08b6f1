//! The Kapso provider: a platform API of its own, and a mirror of the Cloud API behind the same key.

mod api;
mod client;
mod conversations;
mod envelope;
mod event;
mod flows;
mod health;
mod media;
mod numbers;
mod templates;
mod watch;
mod webhooks;

use futures::future::BoxFuture;

pub(super) use self::client::Kapso;
use self::client::{API_KEY, GRAPH_VERSION, NAME, WEBHOOK_SECRETS};
use super::cloud_api::{graph, schedule, signature, webhook};
use super::numbers::{Access, Numbers, ProviderFuture, RawApiRequest, RawApiResponse, Webhooks};
use super::{
    MediaSource, MessagePage, NumberCheck, Provider, ProviderDeliveryLog, ProviderError, Reading, SendReport,
    SentMessage, SignatureFault, Sink, Unreadable, Upload, WireRequest,
};
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::inbound::delivery::{DeliveryKey, RawDelivery};
use crate::domain::inbound::event::MessageEvent;
use crate::domain::key::digest;
use crate::domain::numbers::connection::{
    Capabilities, Check, Connection, IdShape, ProviderName, ProviderShape, SetupTask,
};
use crate::domain::outbox::entry::Outgoing;
use crate::domain::outbox::retry::RetryPolicy;
use crate::domain::templates::template::Template;
use crate::domain::time::Timestamp;

pub(super) const SHAPE: ProviderShape = ProviderShape {
    name: NAME,
    phone_number_id: IdShape::Digits,
    business_account_id: IdShape::Digits,
    key: API_KEY,
    secrets: WEBHOOK_SECRETS,
    needs: &[],
    bases: &[("KAPSO_API_BASE_URL", true)],
    graph_version: Some(GRAPH_VERSION),
    schedules: false,
};

impl Provider for Kapso {
    fn name(&self) -> ProviderName {
        ProviderName::new(NAME)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    fn base_url(&self) -> &str {
        &self.base
    }

    fn webhook_paths(&self) -> &'static [&'static str] {
        &["/webhook/kapso/messages", "/webhook/kapso/project", "/api/integrations/kapso/webhook"]
    }

    fn default_number_id(&self) -> Option<&str> {
        self.own_number.as_deref()
    }

    fn webhook_aliases(&self) -> &'static [&'static str] {
        // A workflow's webhook trigger posts to a path with the workflow's id.
        &["/api/webhooks/{workflow}"]
    }

    fn webhook_headers(&self) -> &'static [&'static str] {
        &[
            "content-type",
            "x-webhook-event",
            "x-webhook-signature",
            "x-idempotency-key",
            "x-webhook-payload-version",
            "x-webhook-batch",
            "x-batch-size",
        ]
    }

    fn setup_tasks(&self, connection: &Connection) -> Vec<SetupTask> {
        let key = connection.settings.api_key_env.as_deref().unwrap_or(API_KEY);
        vec![
            SetupTask {
                place: "our environment".into(),
                what: format!("Set {key} to an API key of the project."),
                paste: None,
                over_api: false,
                proof: Some(Check::Provider),
            },
            SetupTask {
                place: "here".into(),
                what: format!(
                    "Register the webhook: `wadeck connections register {}` writes address and secret there.",
                    connection.id
                ),
                paste: None,
                over_api: false,
                proof: Some(Check::Registration),
            },
            SetupTask {
                place: "a phone".into(),
                what: format!("Write any word to {}.", connection.phone_number),
                paste: None,
                over_api: false,
                proof: Some(Check::Inbound),
            },
            SetupTask {
                place: "here".into(),
                what: "Reply to it. The first status that arrives verifies this step.".into(),
                paste: None,
                over_api: false,
                proof: Some(Check::Status),
            },
        ]
    }

    fn signed_sample(&self, _: &str) -> Option<RawDelivery> {
        let body = br#"{"message":{"id":"wamid.SAMPLE","type":"text"}}"#.to_vec();
        Some(RawDelivery {
            provider: self.name(),
            path: "/webhook/kapso/messages".into(),
            headers: vec![("x-webhook-signature".into(), signature::sign(self.webhook_secrets.first()?, &body))],
            body,
            received_at: Timestamp::EPOCH,
        })
    }

    fn graph_version(&self) -> Option<&str> {
        Some(&self.graph_version)
    }

    fn verify(&self, delivery: &RawDelivery) -> Result<(), SignatureFault> {
        signature::verify(&self.webhook_secrets, delivery.header("x-webhook-signature"), &delivery.body)
    }

    fn key(&self, delivery: &RawDelivery) -> DeliveryKey {
        // The header is not signed, so the body is part of the key.
        let header = delivery.header("x-idempotency-key").unwrap_or_default();
        let digest = digest(&[NAME.as_bytes(), header.as_bytes(), &delivery.body]);
        DeliveryKey { sent_at: envelope::sent_at(&delivery.body), digest }
    }

    fn event_hint(&self, delivery: &RawDelivery) -> String {
        delivery.header("x-webhook-event").unwrap_or_default().chars().take(80).collect()
    }

    fn read(&self, delivery: &RawDelivery) -> Result<Reading, Unreadable> {
        let (body, notes) = crate::domain::json_text::parse_noting(&delivery.body)
            .map_err(|error| Unreadable(format!("the body is not JSON that can be read: {error}")))?;
        if envelope::is_raw(&body) {
            let events = webhook::read(&body, delivery.received_at);
            let notes = notes.into_iter().map(str::to_owned).collect();
            return Ok(Reading { event: "whatsapp_business_account".into(), events, notes });
        }
        let mut reading = envelope::read(delivery, &body)?;
        reading.notes.extend(notes.into_iter().map(str::to_owned));
        Ok(reading)
    }

    fn schedule(&self, code: &str) -> Option<RetryPolicy> {
        schedule::schedule(code)
    }

    fn compose(&self, connection: &Connection, outgoing: &Outgoing) -> WireRequest {
        api::send_request(&self.graph_version, connection, outgoing)
    }

    fn send<'a>(&'a self, connection: &'a Connection, request: &'a WireRequest) -> BoxFuture<'a, SendReport> {
        Box::pin(api::send(self, connection, request))
    }

    fn recipient(&self, to: &Address, response: &str) -> Option<Address> {
        graph::recipient(to, response)
    }

    fn mark_read<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
        typing: bool,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            self.graph(connection)?.mark_read(&connection.phone_number_id, provider_message_id, typing).await
        })
    }

    fn list_sent_to<'a>(
        &'a self,
        connection: &'a Connection,
        to: &'a PhoneNumber,
    ) -> BoxFuture<'a, Result<Vec<SentMessage>, ProviderError>> {
        Box::pin(api::list_sent_to(self, connection, to))
    }

    fn fetch_media<'a>(
        &'a self,
        connection: &'a Connection,
        id: &'a str,
        sink: Sink<'a>,
    ) -> BoxFuture<'a, Result<MediaSource, ProviderError>> {
        Box::pin(media::fetch(self, connection, id, sink))
    }

    fn upload<'a>(
        &'a self,
        connection: &'a Connection,
        file: Upload<'a>,
    ) -> BoxFuture<'a, Result<String, ProviderError>> {
        Box::pin(async move { self.graph(connection)?.upload(&connection.phone_number_id, file).await })
    }

    fn upload_path(&self, connection: &Connection) -> Option<String> {
        Some(self.proxy(&format!("/{}/media", connection.phone_number_id)))
    }

    fn templates<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Vec<Template>, ProviderError>> {
        Box::pin(async move { self.graph(connection)?.templates(&connection.business_account_id).await })
    }

    fn curl(&self, connection: &Connection, method: &str, path: &str, body: &str) -> String {
        // Within single quotes, a shell gives meaning to single quotes only.
        let quoted = |text: &str| text.replace('\'', "'\\''");
        let key = connection.settings.api_key_env.as_deref().unwrap_or(API_KEY);
        format!(
            "curl -X {method} '{}{}' -H \"X-API-Key: ${key}\" -H 'content-type: application/json' -d '{}'",
            quoted(&self.base),
            quoted(path),
            quoted(body)
        )
    }

    fn explain(&self, delivery: &RawDelivery) -> String {
        signature::explain(&self.webhook_secrets, delivery.header("x-webhook-signature"), &delivery.body)
    }

    fn delivery_log<'a>(
        &'a self,
        connection: &'a Connection,
    ) -> BoxFuture<'a, Result<ProviderDeliveryLog, ProviderError>> {
        Box::pin(watch::delivery_log(self, connection))
    }

    fn query_message<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<MessageEvent>, ProviderError>> {
        Box::pin(watch::query_message(self, connection, provider_message_id, now))
    }

    fn list_messages<'a>(
        &'a self,
        connection: &'a Connection,
        after: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<MessagePage, ProviderError>> {
        Box::pin(watch::list_messages(self, connection, after, now))
    }

    fn numbers(&self) -> Option<&dyn Numbers> {
        Some(self)
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        Some(self)
    }

    fn conversations(&self) -> Option<&dyn super::conversations::Conversations> {
        Some(self)
    }

    fn flows(&self) -> Option<&dyn super::flows::Flows> {
        Some(self)
    }

    fn profiles(&self) -> Option<&dyn super::numbers::Profiles> {
        Some(self)
    }

    fn template_api(&self) -> Option<&dyn super::templates::Templates> {
        Some(self)
    }

    fn call<'a>(&'a self, access: Access<'a>, call: &'a RawApiRequest) -> ProviderFuture<'a, RawApiResponse> {
        Box::pin(async move {
            let answer = self.answer(access, &call.method, &call.path, call.body.as_ref()).await?;
            let body =
                crate::domain::json_text::parse(answer.body.as_bytes()).unwrap_or_else(|_| answer.body.clone().into());
            Ok(RawApiResponse { status: answer.status, body: super::mask::mask_secrets(body) })
        })
    }

    fn check<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<NumberCheck, ProviderError>> {
        Box::pin(api::check(self, connection))
    }
}

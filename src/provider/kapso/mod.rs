//! Kapso: a platform API of its own, and a mirror of the Cloud API behind the same key.

mod api;
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
use secrecy::{ExposeSecret, SecretString};

use super::cloud_api::{graph, schedule, signature, webhook};
use super::http::Client;
use super::numbers::{Access, FreeAnswer, Numbers, ProviderFuture, RawApiRequest, Webhooks};
use super::{
    Checked, Listed, MediaSource, Provider, ProviderDeliveryLog, ProviderError, Reading, SecretSource, SendReport,
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

const NAME: &str = "kapso";
const API_KEY: &str = "KAPSO_API_KEY";
const GRAPH_VERSION: &str = "META_GRAPH_VERSION";
const WEBHOOK_SECRETS: &[&str] = &["KAPSO_WEBHOOK_SECRET", "KAPSO_WEBHOOK_HMAC_SECRET"];

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

const DEFAULT_BASE: &str = "https://api.kapso.ai";

pub(super) struct Kapso {
    client: Client,
    secrets: SecretSource,
    base: String,
    graph_version: String,
    webhook_secrets: Vec<SecretString>,
    /// The number that sends where none is named.
    own_number: Option<String>,
}

impl Kapso {
    pub fn new(client: Client, secrets: SecretSource, warn: &mut dyn FnMut(String)) -> Self {
        let plain =
            |name: &str| secrets(name).map(|value| value.expose_secret().trim().to_owned()).filter(|v| !v.is_empty());
        let base = match plain("KAPSO_API_BASE_URL") {
            Some(given) => api::host_only(&given, warn),
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
        let client = client.for_base("KAPSO_API_BASE_URL");
        Self { client, secrets, base, graph_version, webhook_secrets, own_number }
    }
}

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

    fn usual_number(&self) -> Option<&str> {
        self.own_number.as_deref()
    }

    fn webhook_aliases(&self) -> &'static [&'static str] {
        // The webhook trigger of a workflow posts to the path of its id.
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

    fn chores(&self, connection: &Connection) -> Vec<SetupTask> {
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
        // The header is not signed, so it alone must not make a body count as seen.
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

    fn sent_to<'a>(
        &'a self,
        connection: &'a Connection,
        to: &'a PhoneNumber,
    ) -> BoxFuture<'a, Result<Vec<SentMessage>, ProviderError>> {
        Box::pin(api::sent_to(self, connection, to))
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
        // Within single quotes only a single quote means anything.
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

    fn upstream<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<ProviderDeliveryLog, ProviderError>> {
        Box::pin(watch::upstream(self, connection))
    }

    fn inspect<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<MessageEvent>, ProviderError>> {
        Box::pin(watch::inspect(self, connection, provider_message_id, now))
    }

    fn listed<'a>(
        &'a self,
        connection: &'a Connection,
        after: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Listed, ProviderError>> {
        Box::pin(watch::listed(self, connection, after, now))
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

    fn template_desk(&self) -> Option<&dyn super::templates::Templates> {
        Some(self)
    }

    fn call<'a>(&'a self, access: Access<'a>, call: &'a RawApiRequest) -> ProviderFuture<'a, FreeAnswer> {
        Box::pin(async move {
            let answer = self.answer(access, &call.method, &call.path, call.body.as_ref()).await?;
            let body =
                crate::domain::json_text::parse(answer.body.as_bytes()).unwrap_or_else(|_| answer.body.clone().into());
            Ok(FreeAnswer { status: answer.status, body: super::masked(body) })
        })
    }

    fn check<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Checked, ProviderError>> {
        Box::pin(api::check(self, connection))
    }
}

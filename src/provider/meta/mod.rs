//! Meta's Cloud API itself, without an intermediary: raw webhooks, the Graph API, and an access token.

mod client;
mod profile;
mod samples;
mod signature;
mod templates;
mod webhooks;

use futures::future::BoxFuture;
use serde_json::json;
use url::Url;

pub(super) use self::client::Meta;
use self::client::{APP_SECRET, GRAPH_VERSION, NAME, PATH, TOKEN, VERIFY_TOKEN};
use super::cloud_api::graph::{self, Graph, encoded, foreign_host, key_missing, missing_file_url, number_path};
use super::cloud_api::{loose, payload, schedule, signature as shared, text, webhook};
use super::numbers::{Access, ProviderFuture, RawApiRequest, RawApiResponse};
use super::{
    MediaSource, MessagePage, NumberCheck, Provider, ProviderError, Reading, SendReport, SentMessage, SignatureFault,
    Sink, Unreadable, Upload, WireRequest,
};
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::inbound::delivery::{DeliveryKey, RawDelivery};
use crate::domain::inbound::event::{MessageEvent, OWN_TEST};
use crate::domain::key::digest;
use crate::domain::numbers::connection::{
    Capabilities, Check, Connection, IdShape, ProviderName, ProviderShape, SetupTask,
};
use crate::domain::numbers::number_kind::NumberKind;
use crate::domain::numbers::webhook_support::WebhookSupport;
use crate::domain::outbox::entry::Outgoing;
use crate::domain::outbox::retry::RetryPolicy;
use crate::domain::templates::template::Template;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// Host suffixes from which files are fetched. Source: part 7.
const HOSTS: [&str; 2] = [".fbsbx.com", ".fbcdn.net"];

pub(super) const SHAPE: ProviderShape = ProviderShape {
    name: NAME,
    phone_number_id: IdShape::Digits,
    business_account_id: IdShape::Digits,
    key: TOKEN,
    secrets: &[APP_SECRET],
    needs: &[VERIFY_TOKEN],
    bases: &[("META_GRAPH_BASE_URL", false)],
    graph_version: Some(GRAPH_VERSION),
    schedules: false,
};

/// Returns the failure of listing messages, which this API does not offer.
fn no_list() -> Failure {
    let explanation = "The provider keeps no list of messages that could be asked.";
    let remedy = "A webhook or a person settles it.";
    Failure::own(FailureClass::Setup, "No list there", explanation, remedy)
}

impl Provider for Meta {
    fn name(&self) -> ProviderName {
        ProviderName::new(NAME)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            message_list: false,
            delivery_log: false,
            webhooks: WebhookSupport::AccountAddress,
            ..Capabilities::ALL
        }
    }

    fn base_url(&self) -> &str {
        &self.base
    }

    fn webhook_paths(&self) -> &'static [&'static str] {
        &[PATH]
    }

    fn webhook_headers(&self) -> &'static [&'static str] {
        &["content-type", "x-hub-signature-256"]
    }

    /// The challenge is returned unchanged, as text. Source: part 1.1.
    fn handshake(&self, query: &str) -> Option<Result<String, SignatureFault>> {
        let value = |name: &str| {
            let pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let Some(token) = &self.verify_token else { return Some(Err(SignatureFault::NoSecret)) };
        let fits = value("hub.mode").as_deref() == Some("subscribe")
            && value("hub.verify_token").is_some_and(|given| signature::same(token, &given));
        let challenge = value("hub.challenge").unwrap_or_default().chars().take(200).collect();
        Some(if fits { Ok(challenge) } else { Err(SignatureFault::Mismatch) })
    }

    fn send_test_webhook<'a>(
        &'a self,
        connection: &'a Connection,
        base: &'a str,
        token: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            let from = connection.phone_number.digits();
            let message =
                json!({ "id": format!("{OWN_TEST}{token}"), "from": from, "type": "text", "text": { "body": "test" } });
            let value = json!({ "metadata": { "phone_number_id": connection.phone_number_id }, "messages": [message] });
            let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": connection.business_account_id,
                "changes": [{ "field": "messages", "value": value }] }] });
            let body = body.to_string();
            let Some(secret) = self.app_secrets.first() else {
                return Err(key_missing("app secret", &connection.name, APP_SECRET).into());
            };
            let signature = format!("sha256={}", shared::sign(secret, body.as_bytes()));
            let headers = [("content-type", "application/json"), ("x-hub-signature-256", signature.as_str())];
            self.client.post_test_webhook(&format!("{base}{PATH}"), &headers, body).await
        })
    }

    fn setup_tasks(&self, connection: &Connection) -> Vec<SetupTask> {
        let public_url = self.address.get();
        let base = public_url.as_deref().unwrap_or("https://YOUR-HOST");
        let token = connection.settings.api_key_env.as_deref().unwrap_or(TOKEN);
        let step = |place: &str, what: String, paste: Option<String>, proof| SetupTask {
            place: place.to_owned(),
            what,
            over_api: proof == Some(Check::Registration) && public_url.is_some(),
            paste,
            proof,
        };
        let mut tasks = vec![
            step(
                "our environment",
                format!(
                    "Set {token} to a system user's token, {APP_SECRET} to the app's secret, and {VERIFY_TOKEN} to a \
                     word of your own."
                ),
                None,
                Some(Check::Provider),
            ),
            step(
                "the app, WhatsApp, Configuration",
                "Callback URL:".into(),
                Some(format!("{base}{PATH}")),
                Some(Check::Registration),
            ),
            step(
                "the app, WhatsApp, Configuration",
                format!("Verify token: what {VERIFY_TOKEN} says. Then subscribe to the field `messages`."),
                None,
                None,
            ),
            step("a phone", format!("Write any word to {}.", connection.phone_number), None, Some(Check::Inbound)),
            step(
                "here",
                "Reply to it. The first status that arrives verifies this step.".into(),
                None,
                Some(Check::Status),
            ),
        ];
        if public_url.is_none() {
            let what = "Set [http] public_url to the https address that leads here, and start again.".to_owned();
            tasks.insert(0, step("our configuration", what, None, Some(Check::Public)));
        }
        tasks
    }

    fn signed_sample(&self, _: &str) -> Option<RawDelivery> {
        let body = br#"{"object":"whatsapp_business_account","entry":[]}"#.to_vec();
        let signature = format!("sha256={}", shared::sign(self.app_secrets.first()?, &body));
        Some(RawDelivery {
            provider: self.name(),
            path: PATH.into(),
            headers: vec![("x-hub-signature-256".into(), signature)],
            body,
            received_at: Timestamp::EPOCH,
        })
    }

    fn graph_version(&self) -> Option<&str> {
        Some(&self.version)
    }

    fn verify(&self, delivery: &RawDelivery) -> Result<(), SignatureFault> {
        signature::verify(&self.app_secrets, delivery.header("x-hub-signature-256"), &delivery.body)
    }

    fn explain(&self, delivery: &RawDelivery) -> String {
        shared::explain(&self.app_secrets, delivery.header("x-hub-signature-256"), &delivery.body)
    }

    fn key(&self, delivery: &RawDelivery) -> DeliveryKey {
        // A retry has the same body. No timestamp can be read without parsing it.
        DeliveryKey { sent_at: Timestamp::EPOCH, digest: digest(&[NAME.as_bytes(), &delivery.body]) }
    }

    fn event_hint(&self, _: &RawDelivery) -> String {
        "whatsapp_business_account".to_owned()
    }

    fn read(&self, delivery: &RawDelivery) -> Result<Reading, Unreadable> {
        let (body, notes) = crate::domain::json_text::parse_noting(&delivery.body)
            .map_err(|error| Unreadable(format!("the body is not JSON that can be read: {error}")))?;
        if text(&body, "/object") != Some("whatsapp_business_account") {
            return Err(Unreadable("the body is about something else than a WhatsApp account".into()));
        }
        let notes = notes.into_iter().map(str::to_owned).collect();
        Ok(Reading { event: webhook::name(&body), events: webhook::read(&body, delivery.received_at), notes })
    }

    fn schedule(&self, code: &str) -> Option<RetryPolicy> {
        schedule::schedule(code)
    }

    fn compose(&self, connection: &Connection, outgoing: &Outgoing) -> WireRequest {
        WireRequest {
            method: "POST",
            path: format!("/{}{}/messages", self.version, number_path(connection)),
            body: payload::message(outgoing).to_string(),
            prior: None,
        }
    }

    fn send<'a>(&'a self, connection: &'a Connection, request: &'a WireRequest) -> BoxFuture<'a, SendReport> {
        Box::pin(async move {
            let url = format!("{}{}", self.base, request.path);
            let key = self.key(connection.into()).map(|key| ("authorization", key));
            graph::send(&self.client, &url, key, request.body.clone()).await
        })
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
        _: &'a Connection,
        _: &'a PhoneNumber,
    ) -> BoxFuture<'a, Result<Vec<SentMessage>, ProviderError>> {
        Box::pin(async { Err(no_list().into()) })
    }

    fn fetch_media<'a>(
        &'a self,
        connection: &'a Connection,
        id: &'a str,
        sink: Sink<'a>,
    ) -> BoxFuture<'a, Result<MediaSource, ProviderError>> {
        Box::pin(async move {
            let graph = self.graph(connection)?;
            let path = format!("/{}?phone_number_id={}", encoded(id), encoded(&connection.phone_number_id));
            let response = graph.call("GET", &path, None).await?;
            let address = text(&response, "/url").ok_or_else(missing_file_url)?;
            let url = Url::parse(address).map_err(|_| missing_file_url())?;
            let host = url.host_str().unwrap_or_default();
            // The access token is sent only to the platform's own hosts.
            let own = Url::parse(&self.base).is_ok_and(|base| base.origin() == url.origin());
            let known = url.scheme() == "https" && HOSTS.iter().any(|known| host.ends_with(known));
            if !own && !known {
                return Err(foreign_host(host).into());
            }
            graph::download(&self.client, address, Some((graph.header, &graph.key)), sink).await?;
            Ok(MediaSource {
                mime_type: text(&response, "/mime_type").unwrap_or_default().to_owned(),
                sha256: text(&response, "/sha256").map(str::to_owned),
                bytes: loose(&response, "/file_size").and_then(|size| size.parse().ok()),
            })
        })
    }

    fn upload<'a>(
        &'a self,
        connection: &'a Connection,
        file: Upload<'a>,
    ) -> BoxFuture<'a, Result<String, ProviderError>> {
        Box::pin(async move { self.graph(connection)?.upload(&connection.phone_number_id, file).await })
    }

    fn upload_path(&self, connection: &Connection) -> Option<String> {
        Some(format!("/{}{}/media", self.version, number_path(connection)))
    }

    fn templates<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Vec<Template>, ProviderError>> {
        Box::pin(async move { self.graph(connection)?.templates(&connection.business_account_id).await })
    }

    fn webhooks(&self) -> Option<&dyn super::numbers::Webhooks> {
        Some(self)
    }

    fn profiles(&self) -> Option<&dyn super::numbers::Profiles> {
        Some(self)
    }

    fn template_api(&self) -> Option<&dyn super::templates::Templates> {
        Some(self)
    }

    fn check<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<NumberCheck, ProviderError>> {
        Box::pin(async move {
            let fields = "display_phone_number,verified_name,quality_rating,status,account_mode,throughput";
            let path = format!("{}?fields={fields}", number_path(connection));
            let answer = self.graph(connection)?.answer("GET", &path, None).await?;
            let response = graph::parse_response(&answer)?;
            let parts = [("", "/verified_name"), ("", "/status"), ("quality ", "/quality_rating")];
            let line = |path: &str| text(&response, path).map(|value| Untrusted::from(value).line());
            let parts: Vec<String> =
                parts.iter().filter_map(|(label, path)| Some(format!("{label}{}", line(path)?))).collect();
            let note = if parts.is_empty() { "the provider knows this number".to_owned() } else { parts.join(", ") };
            let sandbox = text(&response, "/account_mode").is_some_and(|mode| mode.eq_ignore_ascii_case("sandbox"));
            let kind = if sandbox { NumberKind::Sandbox } else { NumberKind::Production };
            let quality = line("/quality_rating").map(|quality| quality.to_uppercase());
            let webhook = webhooks::in_force(self, connection).await;
            Ok(NumberCheck { note, quality, clock: answer.date, kind: Some(kind), webhook })
        })
    }

    fn curl(&self, connection: &Connection, method: &str, path: &str, body: &str) -> String {
        // Within single quotes, a shell gives meaning to single quotes only.
        let quoted = |text: &str| text.replace('\'', "'\\''");
        let token = connection.settings.api_key_env.as_deref().unwrap_or(TOKEN);
        format!(
            "curl -X {method} '{}{}' -H \"Authorization: Bearer ${token}\" -H 'content-type: application/json' -d '{}'",
            quoted(&self.base),
            quoted(path),
            quoted(body)
        )
    }

    fn call<'a>(&'a self, access: Access<'a>, call: &'a RawApiRequest) -> ProviderFuture<'a, RawApiResponse> {
        Box::pin(async move {
            let root = Graph { root: self.base.clone(), ..self.graph(access)? };
            let answer = root.answer(&call.method, &call.path, call.body.as_ref()).await?;
            let body =
                crate::domain::json_text::parse(answer.body.as_bytes()).unwrap_or_else(|_| answer.body.clone().into());
            Ok(RawApiResponse { status: answer.status, body: super::mask::mask_secrets(body) })
        })
    }

    fn query_message<'a>(
        &'a self,
        _: &'a Connection,
        _: &'a str,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Option<MessageEvent>, ProviderError>> {
        Box::pin(async { Err(no_list().into()) })
    }

    fn list_messages<'a>(
        &'a self,
        _: &'a Connection,
        _: Option<&'a str>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<MessagePage, ProviderError>> {
        Box::pin(async { Err(no_list().into()) })
    }
}

//! The Twilio provider: form-encoded messages, status callbacks, and templates through the Content API.

mod account_codes;
mod api;
mod channel_codes;
mod client;
mod content;
mod contents;
pub(super) mod dictionary;
mod event;
mod form;
mod media;
mod offer;
mod payload;
mod schedule;
mod sender;
mod signature;
mod webhooks;

use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::ExposeSecret;

pub(super) use self::client::Twilio;
use self::client::{ACCOUNT, Host, INBOUND_PATH, NAME, TOKEN};
use super::cloud_api::graph::key_missing;
use super::numbers::{Access, ProviderFuture, RawApiRequest, RawApiResponse};
use super::{
    Acknowledgement, MediaSource, MessagePage, NumberCheck, Provider, ProviderError, Reading, SendReport, SentMessage,
    SignatureFault, Sink, Unreadable, Upload, WireRequest,
};
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::inbound::delivery::{DeliveryKey, RawDelivery};
use crate::domain::inbound::event::{MessageEvent, OWN_TEST};
use crate::domain::key::digest;
use crate::domain::message::content::Content;
use crate::domain::numbers::connection::{
    Capabilities, Check, Connection, IdShape, ProviderName, ProviderShape, SetupTask,
};
use crate::domain::numbers::webhook_support::WebhookSupport;
use crate::domain::outbox::entry::Outgoing;
use crate::domain::outbox::limits::Rate;
use crate::domain::outbox::retry::RetryPolicy;
use crate::domain::outbox::scheduling::{CancelOutcome, SchedulingLimits};
use crate::domain::templates::template::Template;
use crate::domain::time::Timestamp;

pub(super) const SHAPE: ProviderShape = ProviderShape {
    name: NAME,
    phone_number_id: IdShape::OwnNumber,
    business_account_id: IdShape::Sid("AC", ACCOUNT),
    key: TOKEN,
    secrets: &[TOKEN],
    needs: &[],
    bases: &[("TWILIO_API_BASE_URL", false), ("TWILIO_CONTENT_BASE_URL", false), ("TWILIO_MESSAGING_BASE_URL", false)],
    graph_version: None,
    schedules: true,
};

impl Provider for Twilio {
    fn name(&self) -> ProviderName {
        ProviderName::new(NAME)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            quotes: false,
            reactions: false,
            simple_offers: true,
            cards: false,
            fetches_files: true,
            delivery_log: false,
            webhooks: WebhookSupport::Address,
            signs_address: true,
            longest_text: Some(1_600),
            ..Capabilities::ALL
        }
    }

    fn base_url(&self) -> &str {
        &self.api
    }

    fn webhook_paths(&self) -> &'static [&'static str] {
        &[INBOUND_PATH, payload::STATUS_PATH, "/whatsapp-webhook"]
    }

    fn webhook_headers(&self) -> &'static [&'static str] {
        &["content-type", "host", "x-twilio-signature", "i-twilio-idempotency-token"]
    }

    fn send_test_webhook<'a>(
        &'a self,
        connection: &'a Connection,
        base: &'a str,
        token: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            let url = format!("{base}{INBOUND_PATH}");
            let own = format!("whatsapp:{}", connection.phone_number);
            let id = format!("{OWN_TEST}{token}");
            let fields = [("From", own.as_str()), ("MessageSid", &id), ("SmsStatus", "received"), ("To", &own)];
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let Some(key) = self.tokens.first() else {
                return Err(key_missing("token", &connection.name, TOKEN).into());
            };
            let signature = signature::sign(key, &url, body.as_bytes());
            let kind = "application/x-www-form-urlencoded";
            self.client
                .post_test_webhook(&url, &[("content-type", kind), ("x-twilio-signature", &signature)], body)
                .await
        })
    }

    /// A body with text would be forwarded to the contact, so the response is empty. Source: part 3.3.
    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement {
            content_type: Some("text/xml"),
            body: "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>",
        }
    }

    fn setup_tasks(&self, connection: &Connection) -> Vec<SetupTask> {
        let public_url = self.address.get();
        let base = public_url.as_deref().unwrap_or("https://YOUR-HOST");
        let sandbox = connection.phone_number.digits() == api::SANDBOX || connection.settings.join_code.is_some();
        // The webhook URLs of a shared sandbox are set in the provider's console only. Source: part 2.9.
        let step = |place: &str, what: String, paste: Option<String>, proof| SetupTask {
            place: place.to_owned(),
            what,
            over_api: proof == Some(Check::Registration) && public_url.is_some() && !sandbox,
            paste,
            proof,
        };
        let page = match &connection.settings.messaging_service {
            _ if sandbox => "Messaging, Try it out, WhatsApp sandbox settings",
            // Which of the two applies is not documented, so both are set alike. Source: part 3.
            Some(_) => "the WhatsApp sender, and the messaging service's Integration",
            None => "the WhatsApp sender",
        };
        let write = match &connection.settings.join_code {
            Some(code) => format!("Write `join {code}` to {}, then any word.", connection.phone_number),
            None if sandbox => format!("Write the sandbox's join word to {}, then any word.", connection.phone_number),
            None => format!("Write any word to {}.", connection.phone_number),
        };
        let token = connection.settings.api_key_env.as_deref().unwrap_or(TOKEN);
        let mut tasks = vec![
            step(
                "our environment",
                format!("Set {ACCOUNT} and {token}: both stand on the console's first page."),
                None,
                Some(Check::Provider),
            ),
            step(
                page,
                "When a message comes in (POST):".into(),
                Some(format!("{base}{INBOUND_PATH}")),
                Some(Check::Registration),
            ),
            step(
                page,
                "Status callback (POST), for what others send over this number:".into(),
                Some(format!("{base}{}", payload::STATUS_PATH)),
                None,
            ),
            step("a phone", write, None, Some(Check::Inbound)),
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

    /// These bounds are within every documented version of the scheduling window. Source: part 2.1.
    fn scheduling_limits(&self, connection: &Connection) -> Option<SchedulingLimits> {
        let is_enabled = connection.settings.schedule_at_provider && connection.settings.messaging_service.is_some();
        let ahead =
            SchedulingLimits { nearest: Duration::from_secs(15 * 60), furthest: Duration::from_secs(7 * 86_400) };
        is_enabled.then_some(ahead)
    }

    fn cancel_scheduled<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
    ) -> BoxFuture<'a, Result<CancelOutcome, ProviderError>> {
        Box::pin(api::cancel_scheduled(self, connection, provider_message_id))
    }

    fn schedule(&self, code: &str) -> Option<RetryPolicy> {
        schedule::schedule(code)
    }

    /// A sandbox accepts one message every 3 s. Source: part 2.9.
    fn rate(&self, connection: &Connection) -> Rate {
        if connection.phone_number.digits() == api::SANDBOX {
            return Rate { interval: Duration::from_secs(3), burst: 1 };
        }
        Rate::per_second(connection.settings.messages_per_second)
    }

    /// The HTTP method is a setting of the webhook. Source: part 3.
    fn accepts_get(&self) -> bool {
        true
    }

    fn signed_sample(&self, base: &str) -> Option<RawDelivery> {
        let body = b"MessageSid=SMsample&SmsStatus=received".to_vec();
        let signature = signature::sign(self.tokens.first()?, &format!("{base}{INBOUND_PATH}"), &body);
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("x-twilio-signature", signature.as_str())];
        Some(RawDelivery {
            provider: self.name(),
            path: INBOUND_PATH.into(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body,
            received_at: Timestamp::EPOCH,
        })
    }

    fn verify(&self, delivery: &RawDelivery) -> Result<(), SignatureFault> {
        signature::verify(&self.tokens, &self.called(delivery), delivery)
    }

    fn explain(&self, delivery: &RawDelivery) -> String {
        signature::explain(&self.tokens, &self.called(delivery), delivery)
    }

    fn key(&self, delivery: &RawDelivery) -> DeliveryKey {
        // A repeated callback has the same body, and no timestamp.
        let digest = digest(&[NAME.as_bytes(), delivery.path.as_bytes(), &delivery.body]);
        DeliveryKey { sent_at: Timestamp::EPOCH, digest }
    }

    fn event_hint(&self, delivery: &RawDelivery) -> String {
        if delivery.path.starts_with(payload::STATUS_PATH) { "status" } else { "message" }.to_owned()
    }

    fn read(&self, delivery: &RawDelivery) -> Result<Reading, Unreadable> {
        event::read(delivery)
    }

    fn compose(&self, connection: &Connection, outgoing: &Outgoing) -> WireRequest {
        // Without an account, composing works and sending fails with the reason.
        let account = self.account(connection).unwrap_or_default();
        let content = match &outgoing.content {
            Content::Offer(offer) => Some(offer::reference(&self.contents, &account, offer)),
            _ => None,
        };
        let (known, prior) = match content {
            Some(offer::Reference::Known(id)) => (Some(id), None),
            Some(offer::Reference::Prior(prior)) => (None, Some(prior)),
            None => (None, None),
        };
        WireRequest {
            method: "POST",
            path: payload::path(&account),
            body: payload::message(connection, outgoing, self.address.get().as_deref(), known.as_deref()),
            prior,
        }
    }

    fn send<'a>(&'a self, connection: &'a Connection, request: &'a WireRequest) -> BoxFuture<'a, SendReport> {
        Box::pin(api::send(self, connection, request))
    }

    fn mark_read<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
        typing: bool,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            // The API cannot mark a message as read without showing the typing indicator.
            if typing { api::typing(self, connection, provider_message_id).await } else { Ok(()) }
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

    fn upload<'a>(&'a self, _: &'a Connection, _: Upload<'a>) -> BoxFuture<'a, Result<String, ProviderError>> {
        Box::pin(async {
            let explanation = "The provider takes no uploads: it fetches files from an address.";
            let remedy = "Set [http] public_url to an address that it can reach.";
            Err(Failure::own(FailureClass::Setup, "No uploads", explanation, remedy).into())
        })
    }

    fn upload_path(&self, _: &Connection) -> Option<String> {
        None
    }

    fn templates<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Vec<Template>, ProviderError>> {
        Box::pin(content::templates(self, connection))
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
        Box::pin(api::check(self, connection))
    }

    fn curl(&self, connection: &Connection, method: &str, path: &str, body: &str) -> String {
        // Within single quotes, a shell gives meaning to single quotes only.
        let quoted = |text: &str| text.replace('\'', "'\\''");
        let token = connection.settings.api_key_env.as_deref().unwrap_or(TOKEN);
        let account = match connection.business_account_id.as_str() {
            "" => format!("${ACCOUNT}"),
            account => account.to_owned(),
        };
        format!(
            "curl -X {method} '{}{}' -u \"{account}:${token}\" -d '{}'",
            quoted(&self.api),
            quoted(path),
            quoted(body)
        )
    }

    fn call<'a>(&'a self, access: Access<'a>, call: &'a RawApiRequest) -> ProviderFuture<'a, RawApiResponse> {
        Box::pin(async move {
            let account = (self.secrets)(ACCOUNT).map(|sid| sid.expose_secret().trim().to_owned()).unwrap_or_default();
            // The three hosts have distinct paths.
            let host = match call.path.as_str() {
                path if path.starts_with("/v1/") => Host::Content,
                path if path.starts_with("/v2/") => Host::Messaging,
                _ => Host::Api,
            };
            let answer = self.ask(access, &account, host, (&call.method, &call.path, call.body.as_ref())).await?;
            let body =
                crate::domain::json_text::parse(answer.body.as_bytes()).unwrap_or_else(|_| answer.body.clone().into());
            Ok(RawApiResponse { status: answer.status, body: super::mask::mask_secrets(body) })
        })
    }

    fn query_message<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<MessageEvent>, ProviderError>> {
        Box::pin(api::query_message(self, connection, provider_message_id, now))
    }

    fn list_messages<'a>(
        &'a self,
        connection: &'a Connection,
        after: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<MessagePage, ProviderError>> {
        Box::pin(api::list_messages(self, connection, after, now))
    }
}

//! The companies we go through, one folder each. A provider verifies and reads webhooks as pure
//! functions of bytes, sends what it is told, and sorts what goes wrong into *retry*, *reject* and
//! *unknown*; what follows from that is not decided here. Called by `operations`.
//!
//! To add one: a folder, a line in [`Registry::SHAPES`] and in [`Registry::new`], a block in the example
//! configuration, and a part in the conformance suite. ARCHITECTURE.md tells it step by step.

mod address;
mod cloud_api;
pub mod conversations;
pub mod error_codes;
pub mod flows;
mod http;
mod http_status;
mod kapso;
mod meta;
pub mod numbers;
pub mod templates;
mod twilio;

use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::SecretString;
use thiserror::Error;

pub use self::address::OwnAddress;
use self::flows::Flows;
use self::numbers::{Access, FreeAnswer, Numbers, Profiles, ProviderFuture, RawApiRequest, Webhooks};
use self::templates::Templates;
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::error_text::error_text;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::inbound::delivery::{DeliveryKey, RawDelivery};
use crate::domain::inbound::event::{InboundEvent, MessageEvent};
use crate::domain::numbers::connection::{Capabilities, Connection, ProviderName, ProviderShape, SetupTask};
use crate::domain::numbers::number_kind::NumberKind;
use crate::domain::outbox::entry::{Outgoing, Verdict};
use crate::domain::outbox::limits::Rate;
use crate::domain::outbox::retry::RetryPolicy;
use crate::domain::outbox::scheduling::{CancelOutcome, SchedulingLimits};
use crate::domain::templates::template::Template;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// Where secrets come from: the value behind a name, if it is set.
pub type SecretSource = Arc<dyn Fn(&str) -> Option<SecretString> + Send + Sync>;

/// Why a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureFault {
    #[error("no secret is configured here, so nothing can be verified")]
    NoSecret,
    #[error("the signature header is missing")]
    Missing,
    #[error("the signature header is not a signature")]
    Malformed,
    #[error("the signature was not made with a secret of ours over this body")]
    Mismatch,
}

/// A correctly signed body that nobody can read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// What a delivery says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The provider's name of the event.
    pub event: String,
    pub events: Vec<InboundEvent>,
    /// What was not read as it stands in the body, a sentence each.
    pub notes: Vec<String>,
}

/// A request that is ready to go, and can be shown: it holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireRequest {
    pub method: &'static str,
    /// Path and query below the provider's address.
    pub path: String,
    pub body: String,
}

impl WireRequest {
    /// How an attempt is written down.
    pub fn shown(&self) -> String {
        format!("{} {}\n{}", self.method, self.path, self.body)
    }
}

/// What came of a request to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendReport {
    pub verdict: Verdict,
    pub http_status: Option<u16>,
    /// The answer as received, bounded.
    pub response: Untrusted,
}

/// A message that the provider says we sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    pub provider_message_id: String,
    pub sent_at: Timestamp,
    pub words: Untrusted,
    pub reference: Option<String>,
}

/// A file as the provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaSource {
    pub mime_type: String,
    /// In hex or in base64: providers spell it either way.
    pub sha256: Option<String>,
    pub bytes: Option<u64>,
}

/// A number as the provider sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub note: String,
    /// `GREEN`, `YELLOW`, `RED`, where it is told.
    pub quality: Option<String>,
    /// What time it is there: a wrong clock here shows.
    pub clock: Option<Timestamp>,
    /// What the number is for, where it is told.
    pub kind: Option<NumberKind>,
    /// Where webhooks of this number go, as the provider has it on file: empty where it has no address, nothing
    /// where that is not told.
    pub webhook: Option<String>,
}

/// The provider's own record of its deliveries to us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderDeliveryLog {
    pub delivered: u32,
    pub failed: u32,
    pub last_delivered_at: Option<Timestamp>,
    pub last_failed_at: Option<Timestamp>,
    pub last_failure: Option<String>,
}

/// A page of listed messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    pub messages: Vec<MessageEvent>,
    pub next: Option<String>,
}

error_text! {
    /// Why what a provider sends could not be stored.
    SinkError
}

/// Takes a file piece by piece; says why it cannot.
pub type Sink<'a> = &'a mut (dyn FnMut(&[u8]) -> Result<(), SinkError> + Send);

/// A file of ours on its way up.
#[derive(Clone, Copy)]
pub struct Upload<'a> {
    pub path: &'a std::path::Path,
    pub name: &'a str,
    pub mime_type: &'a str,
    /// Told how many bytes of how many have gone.
    pub progress: &'a (dyn Fn(u64, u64) + Send + Sync),
}

impl std::fmt::Debug for Upload<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").field("name", &self.name).field("mime_type", &self.mime_type).finish_non_exhaustive()
    }
}

/// Why the provider could not be asked.
pub type ProviderError = Box<Failure>;

/// What a webhook is answered with once it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    pub content_type: Option<&'static str>,
    pub body: &'static str,
}

/// A company API that WhatsApp numbers are reached through.
pub trait Provider: Send + Sync {
    fn name(&self) -> ProviderName;

    fn capabilities(&self) -> Capabilities;

    /// Where messages are sent to: scheme, host and port, perhaps with a path.
    fn base_url(&self) -> &str;

    /// The paths that its webhooks are posted to.
    fn webhook_paths(&self) -> &'static [&'static str];

    /// Other paths that take the same webhooks, under which nothing is registered from here. A part in braces is
    /// any one part.
    fn webhook_aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// Request headers, in lower case, that reading and verifying need.
    fn webhook_headers(&self) -> &'static [&'static str];

    /// What a stored delivery is answered with: some providers hand an answer on to the person.
    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement { content_type: None, body: "" }
    }

    /// Where the provider sends no tests: posts a delivery of our own making to `base`, our own address, signed
    /// as the provider would, with this token in its id. It proves the way in, and nothing else.
    fn send_test_webhook<'a>(
        &'a self,
        connection: &'a Connection,
        base: &'a str,
        token: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let _ = (base, token);
        let explanation = format!("{} sends no tests, and none can be made up.", connection.provider);
        Box::pin(async move {
            Err(Failure::own(FailureClass::Setup, "No test", explanation, "Write to the number from a phone.").into())
        })
    }

    /// Whether webhooks may come with GET, everything in the query.
    fn takes_get(&self) -> bool {
        false
    }

    /// Answers a question whether a webhook path is ours, asked with this query; nothing where the
    /// provider does not ask.
    fn handshake(&self, query: &str) -> Option<Result<String, SignatureFault>> {
        let _ = query;
        None
    }

    /// What a person has to do at the provider, in order.
    fn chores(&self, connection: &Connection) -> Vec<SetupTask>;

    /// How far ahead this number's provider takes what it is to send by itself; nothing where all is kept here.
    fn ahead(&self, connection: &Connection) -> Option<SchedulingLimits> {
        let _ = connection;
        None
    }

    /// Calls back a message that the provider keeps until its time.
    fn call_back<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
    ) -> BoxFuture<'a, Result<CancelOutcome, ProviderError>> {
        let _ = provider_message_id;
        let explanation = format!("{} keeps nothing for later.", connection.provider);
        Box::pin(async move { Err(Failure::own(FailureClass::Request, "Nothing kept", explanation, "").into()) })
    }

    /// When a message that met this code is tried again, where the provider's reference says so.
    fn schedule(&self, code: &str) -> Option<RetryPolicy> {
        let _ = code;
        None
    }

    /// How fast this number may send.
    fn rate(&self, connection: &Connection) -> Rate {
        Rate::per_second(connection.settings.messages_per_second)
    }

    /// A delivery of our own making to `base`, signed as the provider would sign it; none where no secret is set.
    fn signed_sample(&self, base: &str) -> Option<RawDelivery>;

    /// The version of the Graph API that requests name, where they name one.
    fn graph_version(&self) -> Option<&str> {
        None
    }

    /// Whether the signature fits the raw body, in constant time.
    fn verify(&self, delivery: &RawDelivery) -> Result<(), SignatureFault>;

    /// What makes a request the same delivery as another.
    fn key(&self, delivery: &RawDelivery) -> DeliveryKey;

    /// The provider's name of the event, as far as it shows without reading the whole.
    fn event_hint(&self, delivery: &RawDelivery) -> String;

    fn read(&self, delivery: &RawDelivery) -> Result<Reading, Unreadable>;

    /// The request that would send this, without sending it.
    fn compose(&self, connection: &Connection, outgoing: &Outgoing) -> WireRequest;

    fn send<'a>(&'a self, connection: &'a Connection, request: &'a WireRequest) -> BoxFuture<'a, SendReport>;

    /// Under which address the provider knows the contact `to`, by its answer to a message that it took; nothing where
    /// it does not say, or speaks of somebody else.
    fn recipient(&self, to: &Address, response: &str) -> Option<Address> {
        let _ = (to, response);
        None
    }

    /// Marks a contact's message as read, perhaps with a sign that an answer is being written.
    fn mark_read<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
        typing: bool,
    ) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// What we sent to a contact, newest first, as the provider lists it.
    fn sent_to<'a>(
        &'a self,
        connection: &'a Connection,
        to: &'a PhoneNumber,
    ) -> BoxFuture<'a, Result<Vec<SentMessage>, ProviderError>>;

    /// Fetches a file: resolves its id to an address and reads from there at once.
    fn fetch_media<'a>(
        &'a self,
        connection: &'a Connection,
        id: &'a str,
        sink: Sink<'a>,
    ) -> BoxFuture<'a, Result<MediaSource, ProviderError>>;

    /// Uploads a file, and says the id under which it can be sent.
    fn upload<'a>(
        &'a self,
        connection: &'a Connection,
        file: Upload<'a>,
    ) -> BoxFuture<'a, Result<String, ProviderError>>;

    /// Where files are uploaded to, for the record; nowhere where they are fetched.
    fn upload_path(&self, connection: &Connection) -> Option<String>;

    fn templates<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Vec<Template>, ProviderError>>;

    /// Asks for the number's state: a proof that key, address and number work, in one line.
    fn check<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Checked, ProviderError>>;

    /// A request that was sent, as a command that anybody can run who has the key.
    fn curl(&self, connection: &Connection, method: &str, path: &str, body: &str) -> String;

    /// Why a signature fits or does not, for whoever inspects it: which secret, or what was changed.
    fn explain(&self, delivery: &RawDelivery) -> String;

    /// The provider's id of the number that sends where none is named, where the environment names one.
    fn usual_number(&self) -> Option<&str> {
        None
    }

    /// Numbers can be set up, listed and given back here.
    fn numbers(&self) -> Option<&dyn Numbers> {
        None
    }

    /// What contacts see can be read and changed here.
    fn profiles(&self) -> Option<&dyn Profiles> {
        None
    }

    /// Webhooks can be registered here.
    fn webhooks(&self) -> Option<&dyn Webhooks> {
        None
    }

    /// Conversations and what was said in them can be asked for here.
    fn conversations(&self) -> Option<&dyn conversations::Conversations> {
        None
    }

    /// Flows can be made here.
    fn flows(&self) -> Option<&dyn Flows> {
        None
    }

    /// Templates can be made here.
    fn template_desk(&self) -> Option<&dyn Templates> {
        None
    }

    /// Any request, for what has no command of its own.
    fn call<'a>(&'a self, access: Access<'a>, call: &'a RawApiRequest) -> ProviderFuture<'a, FreeAnswer>;

    /// What the provider's own log says about its deliveries to us; where there is none, an empty one, which
    /// proves nothing.
    fn upstream<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<ProviderDeliveryLog, ProviderError>> {
        let _ = connection;
        Box::pin(async { Ok(ProviderDeliveryLog::default()) })
    }

    /// One message as the provider has it, with everything it says about its fate.
    fn inspect<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<MessageEvent>, ProviderError>>;

    /// A page of everything that was said over this number, newest first, pushed to us or not.
    fn listed<'a>(
        &'a self,
        connection: &'a Connection,
        after: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Listed, ProviderError>>;
}

/// Which providers there are.
#[derive(Clone)]
pub struct Registry {
    providers: Vec<Arc<dyn Provider>>,
    address: OwnAddress,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.providers.iter().map(|provider| provider.name())).finish()
    }
}

impl Registry {
    /// Whether this is the number that sends where none is named.
    pub fn is_usual(&self, connection: &Connection) -> bool {
        let named = self.get(&connection.provider).and_then(|provider| provider.usual_number());
        named == Some(connection.phone_number_id.as_str())
    }

    /// The providers that a configuration may name, without building anything.
    pub const SHAPES: &'static [ProviderShape] = &[kapso::SHAPE, twilio::SHAPE, meta::SHAPE];

    /// The shape of a provider that a configuration named.
    pub fn shape(name: &ProviderName) -> Option<&'static ProviderShape> {
        Self::SHAPES.iter().find(|shape| shape.name == name.as_str())
    }

    /// Builds every provider. `warn` is told what was understood but should be written otherwise.
    pub fn new(secrets: SecretSource, warn: &mut dyn FnMut(String)) -> Result<Self, ProviderError> {
        let client = http::Client::new()?;
        let address = OwnAddress::default();
        let providers: Vec<Arc<dyn Provider>> = vec![
            Arc::new(kapso::Kapso::new(client.clone(), secrets.clone(), warn)),
            Arc::new(twilio::Twilio::new(client.clone(), secrets.clone(), address.clone())),
            Arc::new(meta::Meta::new(client, secrets, address.clone(), warn)),
        ];
        Ok(Self { providers, address })
    }

    /// Where all of them reach us.
    pub fn address(&self) -> &OwnAddress {
        &self.address
    }

    pub fn get(&self, name: &ProviderName) -> Option<&Arc<dyn Provider>> {
        self.providers.iter().find(|provider| provider.name() == *name)
    }

    pub fn all(&self) -> &[Arc<dyn Provider>] {
        &self.providers
    }
}

/// Values that are secrets whoever asked for them: names stay, so that it can be seen that they are there.
fn masked(mut value: serde_json::Value) -> serde_json::Value {
    const SECRETS: [&str; 6] = ["secret", "token", "password", "api_key", "access_key", "private_key"];
    match &mut value {
        serde_json::Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                let lower = name.to_ascii_lowercase();
                let secret = field.is_string() && SECRETS.iter().any(|word| lower.contains(word));
                *field = if secret { "***".into() } else { masked(field.take()) };
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| *item = masked(item.take())),
        _ => {}
    }
    value
}

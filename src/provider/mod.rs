//! The companies we go through, one folder each. A provider verifies and reads webhooks as pure
//! functions of bytes, sends what it is told, and sorts what goes wrong into *retry*, *reject* and
//! *unknown*; what follows from that is not decided here. Called by `operations`.
//!
//! To add one: a folder, a line in [`Registry::new`], a block in the example configuration, and
//! fixtures for the conformance suite.

mod cloud_api;
pub mod flows;
mod http;
mod kapso;
pub mod numbers;
pub mod templates;

use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::SecretString;
use thiserror::Error;

use self::flows::Flows;
use self::numbers::{Access, FreeAnswer, FreeCall, Numbers, Told, Webhooks};
use self::templates::Templates;
use crate::domain::connection::{Capabilities, Connection, ProviderName};
use crate::domain::delivery::{DeliveryKey, RawDelivery};
use crate::domain::event::{InboundEvent, MessageEvent};
use crate::domain::failure::Failure;
use crate::domain::number::NumberKind;
use crate::domain::outbox::{Outgoing, Verdict};
use crate::domain::phone::PhoneNumber;
use crate::domain::template::Template;
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
}

/// The provider's own record of its deliveries to us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upstream {
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

/// Takes a file piece by piece; says why it cannot.
pub type Sink<'a> = &'a mut (dyn FnMut(&[u8]) -> Result<(), String> + Send);

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
pub type Trouble = Box<Failure>;

/// A company API that WhatsApp numbers are reached through.
pub trait Provider: Send + Sync {
    fn name(&self) -> ProviderName;

    fn capabilities(&self) -> Capabilities;

    /// The paths that its webhooks are posted to.
    fn webhook_paths(&self) -> &'static [&'static str];

    /// Request headers, in lower case, that reading and verifying need.
    fn webhook_headers(&self) -> &'static [&'static str];

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

    /// Marks a contact's message as read, perhaps with a sign that an answer is being written.
    fn mark_read<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
        typing: bool,
    ) -> BoxFuture<'a, Result<(), Trouble>>;

    /// What we sent to a contact, newest first, as the provider lists it.
    fn sent_to<'a>(
        &'a self,
        connection: &'a Connection,
        to: &'a PhoneNumber,
    ) -> BoxFuture<'a, Result<Vec<SentMessage>, Trouble>>;

    /// Fetches a file: resolves its id to an address and reads from there at once.
    fn fetch_media<'a>(
        &'a self,
        connection: &'a Connection,
        id: &'a str,
        sink: Sink<'a>,
    ) -> BoxFuture<'a, Result<MediaSource, Trouble>>;

    /// Uploads a file, and says the id under which it can be sent.
    fn upload<'a>(&'a self, connection: &'a Connection, file: Upload<'a>) -> BoxFuture<'a, Result<String, Trouble>>;

    /// Where files are uploaded to, for the record.
    fn upload_path(&self, connection: &Connection) -> String;

    fn templates<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Vec<Template>, Trouble>>;

    /// Asks for the number's state: a proof that key, address and number work, in one line.
    fn check<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Checked, Trouble>>;

    /// A request that was sent, as a command that anybody can run who has the key.
    fn curl(&self, connection: &Connection, method: &str, path: &str, body: &str) -> String;

    /// Why a signature fits or does not, for whoever inspects it: which secret, or what was changed.
    fn explain(&self, delivery: &RawDelivery) -> String;

    /// Numbers can be set up, listed and given back here.
    fn numbers(&self) -> Option<&dyn Numbers> {
        None
    }

    /// Webhooks can be registered here.
    fn webhooks(&self) -> Option<&dyn Webhooks> {
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
    fn call<'a>(&'a self, access: Access<'a>, call: &'a FreeCall) -> Told<'a, FreeAnswer>;

    /// What the provider's own log says about its deliveries to us.
    fn upstream<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Upstream, Trouble>>;

    /// One message as the provider has it, with everything it says about its fate.
    fn inspect<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<MessageEvent>, Trouble>>;

    /// A page of everything that was said over this number, newest first, pushed to us or not.
    fn listed<'a>(
        &'a self,
        connection: &'a Connection,
        after: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Listed, Trouble>>;
}

/// The environment variable of the API key that connections use unless they name another.
pub const API_KEY: &str = kapso::API_KEY;

/// The environment variables that may hold webhook secrets.
pub const WEBHOOK_SECRETS: &[&str] = kapso::WEBHOOK_SECRETS;

/// Which providers there are.
#[derive(Clone)]
pub struct Registry {
    providers: Vec<Arc<dyn Provider>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.providers.iter().map(|provider| provider.name())).finish()
    }
}

impl Registry {
    /// The names that a configuration may use, without building anything.
    pub const NAMES: &'static [&'static str] = &[kapso::NAME];

    /// Builds every provider. `warn` is told what was understood but should be written otherwise.
    pub fn new(secrets: SecretSource, warn: &mut dyn FnMut(String)) -> Result<Self, Trouble> {
        let client = http::Client::new()?;
        Ok(Self { providers: vec![Arc::new(kapso::Kapso::new(client, secrets, warn))] })
    }

    pub fn get(&self, name: &ProviderName) -> Option<&Arc<dyn Provider>> {
        self.providers.iter().find(|provider| provider.name() == *name)
    }

    pub fn all(&self) -> &[Arc<dyn Provider>] {
        &self.providers
    }
}

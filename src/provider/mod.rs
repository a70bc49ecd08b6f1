//! The companies we go through, one folder each. A provider verifies and reads webhooks as pure
//! functions of bytes, sends what it is told, and sorts what goes wrong into *retry*, *reject* and
//! *unknown*; what follows from that is not decided here. Called by `operations`.
//!
//! To add one: a folder, a line in [`Registry::new`], a block in the example configuration, and
//! fixtures for the conformance suite.

mod cloud_api;
mod http;
mod kapso;

use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::SecretString;
use thiserror::Error;

use crate::domain::connection::{Capabilities, Connection, ProviderName};
use crate::domain::delivery::{DeliveryKey, RawDelivery};
use crate::domain::event::InboundEvent;
use crate::domain::failure::Failure;
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

    fn templates<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Vec<Template>, Trouble>>;

    /// Asks for the number's state: a proof that key, address and number work, in one line.
    fn check<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<String, Trouble>>;
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

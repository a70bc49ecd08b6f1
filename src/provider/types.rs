//! The types that providers and their callers exchange.

use std::sync::Arc;

use secrecy::SecretString;
use thiserror::Error;

use crate::domain::error_text::error_text;
use crate::domain::failure::Failure;
use crate::domain::inbound::event::{InboundEvent, MessageEvent};
use crate::domain::numbers::number_kind::NumberKind;
use crate::domain::outbox::entry::Verdict;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;

/// Returns the secret of a name, such as an environment variable. `None` where it is not set.
pub type SecretSource = Arc<dyn Fn(&str) -> Option<SecretString> + Send + Sync>;

/// Why a webhook signature was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureFault {
    #[error("no secret is configured here, so nothing can be verified")]
    NoSecret,
    #[error("the signature header is missing")]
    Missing,
    #[error("the signature header is not a signature")]
    Malformed,
    #[error("the signature does not match this body with any configured secret")]
    Mismatch,
}

/// Why the body of a correctly signed delivery could not be parsed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// The parsed events of one delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The provider's name of the event, cut to a bounded length.
    pub event: String,
    pub events: Vec<InboundEvent>,
    /// Corrections that the parser made to the body, one sentence each.
    pub notes: Vec<String>,
}

/// A composed request without credentials, so that it can be shown and stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireRequest {
    pub method: &'static str,
    /// Path and query below the base URL.
    pub path: String,
    pub body: String,
    /// A request whose result the message needs, sent first.
    pub prior: Option<PriorRequest>,
}

/// A POST that creates what a message refers to, and that can be repeated without creating it twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriorRequest {
    pub path: String,
    pub body: String,
    /// The name under which the result is found again.
    pub name: String,
}

impl WireRequest {
    /// Returns method, path and body as text, for the record of an attempt; what is sent first comes first.
    pub fn attempt_text(&self) -> String {
        let request = format!("{} {}\n{}", self.method, self.path, self.body);
        match &self.prior {
            Some(prior) => format!("POST {}\n{}\n\n{request}&ContentSid=(id of the content)", prior.path, prior.body),
            None => request,
        }
    }
}

/// The outcome of a send request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendReport {
    pub verdict: Verdict,
    pub http_status: Option<u16>,
    /// The response body as received, cut to a bounded length.
    pub response: Untrusted,
}

/// An outgoing message as the provider lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    pub provider_message_id: String,
    /// When the message was sent, by the provider's clock.
    pub sent_at: Timestamp,
    pub words: Untrusted,
    /// Our outbox reference, where the provider returns it.
    pub reference: Option<String>,
}

/// The provider's metadata of a media file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaSource {
    pub mime_type: String,
    /// In hex or in base64, as the provider spells it.
    pub sha256: Option<String>,
    pub bytes: Option<u64>,
}

/// The result of a provider check of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberCheck {
    pub note: String,
    /// Quality rating: `GREEN`, `YELLOW` or `RED`. `None` where the provider does not report it.
    pub quality: Option<String>,
    /// The provider's clock from the `Date` header, which reveals a wrong local clock.
    pub clock: Option<Timestamp>,
    /// Production or sandbox. `None` where the provider does not report it.
    pub kind: Option<NumberKind>,
    /// The webhook URL registered at the provider: empty where none is registered, `None` where the provider does not
    /// report it.
    pub webhook: Option<String>,
}

/// The provider's own log of its webhook deliveries to wadeck.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderDeliveryLog {
    pub delivered: u32,
    pub failed: u32,
    pub last_delivered_at: Option<Timestamp>,
    pub last_failed_at: Option<Timestamp>,
    pub last_failure: Option<String>,
}

/// A page of the provider's message list.
#[derive(Debug, Clone, PartialEq)]
pub struct MessagePage {
    pub messages: Vec<MessageEvent>,
    /// The cursor of the next page. `None` on the last page.
    pub next: Option<String>,
}

error_text! {
    /// Why a downloaded chunk could not be stored.
    SinkError
}

/// Receives a file in chunks. Fails where a chunk cannot be stored.
pub type Sink<'a> = &'a mut (dyn FnMut(&[u8]) -> Result<(), SinkError> + Send);

/// A local file to upload.
#[derive(Clone, Copy)]
pub struct Upload<'a> {
    pub path: &'a std::path::Path,
    pub name: &'a str,
    pub mime_type: &'a str,
    /// Called with the bytes sent so far and the total.
    pub progress: &'a (dyn Fn(u64, u64) + Send + Sync),
}

impl std::fmt::Debug for Upload<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").field("name", &self.name).field("mime_type", &self.mime_type).finish_non_exhaustive()
    }
}

/// Why a request to the provider failed.
pub type ProviderError = Box<Failure>;

/// The HTTP response to a webhook after it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    pub content_type: Option<&'static str>,
    pub body: &'static str,
}

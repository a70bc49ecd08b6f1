//! The providers through which wadeck reaches WhatsApp, one folder each. A provider verifies and parses webhooks as
//! pure functions of their bytes, sends requests, and classifies errors as retry, reject or unknown. `operations`
//! calls it and decides what follows.
//!
//! To add a provider: a folder, a line in [`Registry::SHAPES`] and in [`Registry::new`], a block in the example
//! configuration, and a part of the conformance suite. ARCHITECTURE.md lists the steps.

mod address;
pub mod api_index;
mod cloud_api;
pub mod conversations;
pub mod error_codes;
pub mod flows;
mod http;
mod http_status;
mod interface;
mod kapso;
mod mask;
mod meta;
pub mod numbers;
mod registry;
pub mod templates;
mod twilio;
mod types;

pub use self::address::OwnAddress;
pub use self::interface::Provider;
pub use self::registry::Registry;
pub use self::types::{
    Acknowledgement, MediaSource, MessagePage, NumberCheck, PriorRequest, ProviderDeliveryLog, ProviderError, Reading,
    SecretSource, SendReport, SentMessage, SignatureFault, Sink, SinkError, Unreadable, Upload, WireRequest,
};

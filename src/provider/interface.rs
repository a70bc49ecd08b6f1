//! The trait that every provider implements.

use futures::future::BoxFuture;

use super::conversations::Conversations;
use super::flows::Flows;
use super::numbers::{Access, Numbers, Profiles, ProviderFuture, RawApiRequest, RawApiResponse, Webhooks};
use super::templates::Templates;
use super::{
    Acknowledgement, MediaSource, MessagePage, NumberCheck, ProviderDeliveryLog, ProviderError, Reading, SendReport,
    SentMessage, SignatureFault, Sink, Unreadable, Upload, WireRequest,
};
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::inbound::delivery::{DeliveryKey, RawDelivery};
use crate::domain::inbound::event::MessageEvent;
use crate::domain::numbers::connection::{Capabilities, Connection, ProviderName, SetupTask};
use crate::domain::outbox::entry::Outgoing;
use crate::domain::outbox::limits::Rate;
use crate::domain::outbox::retry::RetryPolicy;
use crate::domain::outbox::scheduling::{CancelOutcome, SchedulingLimits};
use crate::domain::templates::template::Template;
use crate::domain::time::Timestamp;

/// An API through which WhatsApp numbers are reached.
pub trait Provider: Send + Sync {
    /// Returns the provider's name in the configuration.
    fn name(&self) -> ProviderName;

    /// Returns what the provider supports.
    fn capabilities(&self) -> Capabilities;

    /// Returns the base URL of the API: scheme, host and port, possibly with a path.
    fn base_url(&self) -> &str;

    /// Returns the paths at which wadeck accepts the provider's webhooks.
    fn webhook_paths(&self) -> &'static [&'static str];

    /// Returns further paths that accept the same webhooks but are never registered by wadeck. A segment in braces
    /// matches any one segment.
    fn webhook_aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the names, in lower case, of the request headers that verifying and parsing need.
    fn webhook_headers(&self) -> &'static [&'static str];

    /// Returns the response to a stored delivery. Some providers forward its body to the contact.
    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement { content_type: None, body: "" }
    }

    /// Posts a test delivery with this token in its message id to `base`, our public URL, signed as the provider
    /// would sign it. It verifies inbound delivery where the provider sends no tests. Fails where the provider has no
    /// such test.
    fn send_test_webhook<'a>(
        &'a self,
        connection: &'a Connection,
        base: &'a str,
        token: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let _ = (base, token);
        let explanation =
            format!("{} sends no test webhooks, and a signed one cannot be created here.", connection.provider);
        Box::pin(async move {
            Err(Failure::own(FailureClass::Setup, "No test", explanation, "Write to the number from a phone.").into())
        })
    }

    /// Returns `true` if webhooks may arrive as GET requests with all parameters in the query.
    fn accepts_get(&self) -> bool {
        false
    }

    /// Answers the verification request for a webhook path with the challenge. `None` where the provider sends no
    /// such request; fails where the verify token does not match.
    fn handshake(&self, query: &str) -> Option<Result<String, SignatureFault>> {
        let _ = query;
        None
    }

    /// Returns the steps that a person takes to set the number up, in order.
    fn setup_tasks(&self, connection: &Connection) -> Vec<SetupTask>;

    /// Returns how far ahead messages can be scheduled at the provider. `None` where wadeck keeps all scheduled
    /// messages.
    fn scheduling_limits(&self, connection: &Connection) -> Option<SchedulingLimits> {
        let _ = connection;
        None
    }

    /// Cancels a message that is scheduled at the provider.
    fn cancel_scheduled<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
    ) -> BoxFuture<'a, Result<CancelOutcome, ProviderError>> {
        let _ = provider_message_id;
        let explanation = format!("{} keeps nothing for later.", connection.provider);
        Box::pin(async move { Err(Failure::own(FailureClass::Request, "Nothing kept", explanation, "").into()) })
    }

    /// Returns the retry policy that the provider documents for this error code. `None` where it documents none.
    fn schedule(&self, code: &str) -> Option<RetryPolicy> {
        let _ = code;
        None
    }

    /// Returns the rate at which this number may send.
    fn rate(&self, connection: &Connection) -> Rate {
        Rate::per_second(connection.settings.messages_per_second)
    }

    /// Returns a sample delivery to `base`, signed as the provider would sign it. `None` where no secret is set.
    fn signed_sample(&self, base: &str) -> Option<RawDelivery>;

    /// Returns the Graph API version in request paths. `None` where paths have no version.
    fn graph_version(&self) -> Option<&str> {
        None
    }

    /// Verifies the signature over the raw body, in constant time.
    fn verify(&self, delivery: &RawDelivery) -> Result<(), SignatureFault>;

    /// Returns the key that identifies duplicates of a delivery.
    fn key(&self, delivery: &RawDelivery) -> DeliveryKey;

    /// Returns the provider's name of the event from what is readable without parsing the body, such as a header.
    fn event_hint(&self, delivery: &RawDelivery) -> String;

    /// Parses a verified delivery into events.
    fn read(&self, delivery: &RawDelivery) -> Result<Reading, Unreadable>;

    /// Composes the request that sends this message, without sending it.
    fn compose(&self, connection: &Connection, outgoing: &Outgoing) -> WireRequest;

    /// Sends a composed message. Never fails: the report says whether it was accepted, rejected or is uncertain.
    fn send<'a>(&'a self, connection: &'a Connection, request: &'a WireRequest) -> BoxFuture<'a, SendReport>;

    /// Returns the address under which the provider knows the contact `to`, from its response to an accepted message.
    /// `None` where the response has no address or belongs to another contact.
    fn recipient(&self, to: &Address, response: &str) -> Option<Address> {
        let _ = (to, response);
        None
    }

    /// Marks a contact's message as read, and shows the typing indicator if `typing` is set.
    fn mark_read<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
        typing: bool,
    ) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// Lists the messages that this number sent to a contact, newest first.
    fn list_sent_to<'a>(
        &'a self,
        connection: &'a Connection,
        to: &'a PhoneNumber,
    ) -> BoxFuture<'a, Result<Vec<SentMessage>, ProviderError>>;

    /// Downloads a media file into `sink`. Resolves the id to a URL and reads it at once, as such URLs expire.
    fn fetch_media<'a>(
        &'a self,
        connection: &'a Connection,
        id: &'a str,
        sink: Sink<'a>,
    ) -> BoxFuture<'a, Result<MediaSource, ProviderError>>;

    /// Uploads a file. Returns the media id under which it can be sent.
    fn upload<'a>(
        &'a self,
        connection: &'a Connection,
        file: Upload<'a>,
    ) -> BoxFuture<'a, Result<String, ProviderError>>;

    /// Returns the upload path, for the audit record. `None` where the provider fetches files by URL instead.
    fn upload_path(&self, connection: &Connection) -> Option<String>;

    /// Lists all templates of the number's account.
    fn templates<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<Vec<Template>, ProviderError>>;

    /// Checks that API key, base URL and number work, and returns the number's state.
    fn check<'a>(&'a self, connection: &'a Connection) -> BoxFuture<'a, Result<NumberCheck, ProviderError>>;

    /// Returns a request as a `curl` command. The API key stays an environment variable.
    fn curl(&self, connection: &Connection, method: &str, path: &str, body: &str) -> String;

    /// Explains why a signature matches or not: which secret matched, or how the body was changed.
    fn explain(&self, delivery: &RawDelivery) -> String;

    /// Returns the id of the default number, which sends where no connection is named. `None` where the environment
    /// names none.
    fn default_number_id(&self) -> Option<&str> {
        None
    }

    /// Returns the API for onboarding and listing numbers. `None` where the provider has none.
    fn numbers(&self) -> Option<&dyn Numbers> {
        None
    }

    /// Returns the API for business profiles. `None` where the provider has none.
    fn profiles(&self) -> Option<&dyn Profiles> {
        None
    }

    /// Returns the API for registering webhooks. `None` where the provider has none.
    fn webhooks(&self) -> Option<&dyn Webhooks> {
        None
    }

    /// Returns the API for conversations and their messages. `None` where the provider has none.
    fn conversations(&self) -> Option<&dyn Conversations> {
        None
    }

    /// Returns the API for WhatsApp Flows. `None` where the provider has none.
    fn flows(&self) -> Option<&dyn Flows> {
        None
    }

    /// Returns the API for creating and editing templates. `None` where the provider has none.
    fn template_api(&self) -> Option<&dyn Templates> {
        None
    }

    /// Sends any API request and returns the response with secrets masked.
    fn call<'a>(&'a self, access: Access<'a>, call: &'a RawApiRequest) -> ProviderFuture<'a, RawApiResponse>;

    /// Returns the provider's log of its deliveries to wadeck. It is empty, and verifies nothing, where the provider
    /// has no such log.
    fn delivery_log<'a>(
        &'a self,
        connection: &'a Connection,
    ) -> BoxFuture<'a, Result<ProviderDeliveryLog, ProviderError>> {
        let _ = connection;
        Box::pin(async { Ok(ProviderDeliveryLog::default()) })
    }

    /// Returns one message with its delivery status at the provider. `None` where the provider does not know it.
    fn query_message<'a>(
        &'a self,
        connection: &'a Connection,
        provider_message_id: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<MessageEvent>, ProviderError>>;

    /// Returns a page of all messages of this number, newest first, whether they arrived as webhooks or not.
    fn list_messages<'a>(
        &'a self,
        connection: &'a Connection,
        after: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<MessagePage, ProviderError>>;
}

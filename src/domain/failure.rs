//! Failures: why an operation failed, in words for the person who reads it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::text::Untrusted;

/// The class of a failure, which decides how it is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// A temporary problem of the provider; the same request may succeed later.
    Transient,
    /// A rate limit was exceeded.
    Throttled,
    /// The provider rejected the API key or token.
    Authorization,
    /// The configured base URL is not the provider's API, or an intermediary answers. All further requests would
    /// fail, too.
    Endpoint,
    /// The account or number may not send. All further messages would be refused, too.
    Account,
    /// The service window is closed.
    Window,
    /// The recipient cannot be reached at this number.
    Recipient,
    /// The template is missing, paused or has wrong parameters.
    Template,
    /// A policy of the platform forbids the request.
    Policy,
    /// The request is invalid.
    Request,
    /// The provider's account is not set up for the request, or not paid.
    Setup,
    /// The message was scheduled at the provider and cancelled there.
    Withdrawn,
    /// An unknown reason; the provider's full text is stored.
    Unknown,
}

impl FailureClass {
    /// Returns a short name of the class.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Transient => "temporary",
            Self::Throttled => "rate limit",
            Self::Authorization => "credentials",
            Self::Endpoint => "endpoint",
            Self::Account => "account",
            Self::Window => "service window",
            Self::Recipient => "recipient",
            Self::Template => "template",
            Self::Policy => "policy",
            Self::Request => "request",
            Self::Setup => "setup",
            Self::Withdrawn => "withdrawn",
            Self::Unknown => "unknown",
        }
    }

    /// Returns who has to act.
    pub const fn who_acts(self) -> &'static str {
        match self {
            Self::Transient | Self::Throttled => "nobody",
            Self::Authorization | Self::Endpoint | Self::Account | Self::Setup => "admin",
            Self::Window | Self::Recipient | Self::Policy | Self::Request | Self::Withdrawn | Self::Unknown => {
                "operator"
            }
            Self::Template => "whoever maintains the template",
        }
    }

    /// Returns `true` if the failure affects the whole number, so that nothing is sent from it until it is fixed.
    pub const fn stops_number(self) -> bool {
        matches!(self, Self::Authorization | Self::Account | Self::Endpoint)
    }
}

/// What a contact opted out of, according to a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutKind {
    Everything,
    Marketing,
}

/// A failure with its explanation and remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The provider's code, such as `131047`; empty if there is none.
    pub code: String,
    pub title: Cow<'static, str>,
    pub explanation: Cow<'static, str>,
    pub remedy: Cow<'static, str>,
    pub class: FailureClass,
    /// The provider's unchanged text.
    pub said: Untrusted,
}

impl Failure {
    /// Builds a failure that wadeck itself reports, without a provider's code.
    pub fn own(
        class: FailureClass,
        title: impl Into<Cow<'static, str>>,
        explanation: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code: String::new(),
            title: title.into(),
            explanation: explanation.into(),
            remedy: remedy.into(),
            class,
            said: Untrusted::default(),
        }
    }

    /// Returns the failure with the provider's text.
    #[must_use]
    pub fn saying(mut self, said: impl Into<Untrusted>) -> Self {
        self.said = said.into();
        self
    }

    /// Title of messages that were not sent because the contact opted out of marketing.
    pub const MARKETING_STOPPED: &'static str = "Marketing stopped";

    /// Title of messages that are held because another app owns the conversation.
    pub const ANOTHER_APP: &'static str = "Another app owns the conversation";

    /// Builds the failure for a provider report without a reason.
    pub fn without_reason() -> Self {
        Self::own(
            FailureClass::Unknown,
            "Failed without a reason",
            "The provider reported a failure without a reason.",
            "Check the raw delivery, then contact the provider with the message id.",
        )
    }

    /// Returns what the contact opted out of, if the code says so. Source: the providers' error code tables.
    pub fn opt_out_kind(&self) -> Option<OptOutKind> {
        match self.code.as_str() {
            "21610" => Some(OptOutKind::Everything),
            "131050" => Some(OptOutKind::Marketing),
            _ => None,
        }
    }

    /// Returns `true` if the failure affects the whole number, so that nothing is sent from it until it is fixed.
    pub const fn stops_number(&self) -> bool {
        self.class.stops_number()
    }

    /// Returns `true` if the provider did not respond or was unable to process any message, so that further messages
    /// would fail, too. Source of the codes: the providers' error code tables.
    pub fn is_outage(&self) -> bool {
        match self.code.as_str() {
            "" => matches!(self.class, FailureClass::Transient | FailureClass::Throttled),
            code => ["131000", "131016", "131057", "133004", "20500", "20503"].contains(&code),
        }
    }

    /// Returns `true` if other messages are likely to fail for the same cause: the provider, the account or a
    /// template, as opposed to one message or its recipient.
    pub const fn is_shared(&self) -> bool {
        matches!(
            self.class,
            FailureClass::Transient
                | FailureClass::Throttled
                | FailureClass::Authorization
                | FailureClass::Account
                | FailureClass::Endpoint
                | FailureClass::Setup
                | FailureClass::Template
        )
    }

    /// Returns the failure after the last automatic retry, with a remedy that says so.
    #[must_use]
    pub fn exhausted(mut self, tried: u32) -> Self {
        self.remedy = Cow::Owned(format!(
            "{tried} attempts failed, and there is no further automatic retry. Retry it when the cause is fixed, or discard it."
        ));
        self
    }

    /// Formats code and title in one line: `131047 Service window closed`.
    pub fn line(&self) -> String {
        if self.code.is_empty() { self.title.to_string() } else { format!("{} {}", self.code, self.title) }
    }
}

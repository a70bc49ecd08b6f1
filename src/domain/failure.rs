//! Why something did not work, in words for the person who reads it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::text::Untrusted;

/// What kind of trouble it is, which decides what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The other side is unwell; the same request may work later.
    Transient,
    /// Too much, too fast.
    Throttled,
    /// Our key or token was refused.
    Authorization,
    /// The address that we were told to ask is not the provider's API, or something in between answers: everything that
    /// follows would end there as well.
    Endpoint,
    /// The account or the number may not send at all: everything that follows would be refused as well.
    Account,
    /// The service window is closed.
    Window,
    /// The recipient cannot be reached under this number.
    Recipient,
    /// The template is missing, paused or filled in wrongly.
    Template,
    /// The other side's rules forbid it.
    Policy,
    /// The request itself is wrong.
    Request,
    /// The other side is not yet set up for it, or not paid for.
    Setup,
    /// It was kept for its time over there, and was called back.
    Withdrawn,
    /// Nobody here knows this reason; everything the provider said is kept.
    Unknown,
}

impl FailureClass {
    /// The class in words.
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

    /// Whose turn it is.
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

    /// Whether it is about the whole number, so that nothing of it is to be sent before that is mended.
    pub const fn stops_number(self) -> bool {
        matches!(self, Self::Authorization | Self::Account | Self::Endpoint)
    }
}

/// What a contact does not want, as a refusal tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwanted {
    Everything,
    Marketing,
}

/// A reason, with what it means and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The provider's code, such as `131047`; empty when there is none.
    pub code: String,
    pub title: Cow<'static, str>,
    pub explanation: Cow<'static, str>,
    pub remedy: Cow<'static, str>,
    pub class: FailureClass,
    /// What the other side said, to the letter.
    pub said: Untrusted,
}

impl Failure {
    /// A reason that comes from here, without a provider's code.
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

    #[must_use]
    pub fn saying(mut self, said: impl Into<Untrusted>) -> Self {
        self.said = said.into();
        self
    }

    /// The title of what was not sent since the contact stopped marketing messages.
    pub const MARKETING_STOPPED: &'static str = "Marketing stopped";

    /// The title of what waits since another app has the conversation.
    pub const ANOTHER_APP: &'static str = "Another app owns the conversation";

    /// The provider reported a failure and gave no reason.
    pub fn without_reason() -> Self {
        Self::own(
            FailureClass::Unknown,
            "Failed without a reason",
            "The provider reported a failure without a reason.",
            "Check the raw delivery, then contact the provider with the message id.",
        )
    }

    /// What the contact does not want, where the code says so. Source: the providers' tables of codes.
    pub fn unwanted(&self) -> Option<Unwanted> {
        match self.code.as_str() {
            "21610" => Some(Unwanted::Everything),
            "131050" => Some(Unwanted::Marketing),
            _ => None,
        }
    }

    /// Whether it is about the whole number, so that nothing of it is to be sent before that is mended.
    pub const fn stops_number(&self) -> bool {
        self.class.stops_number()
    }

    /// Whether the provider did not answer, or was too unwell to look at a message: the next one will fare no better.
    /// Source of the codes: the providers' tables.
    pub fn is_outage(&self) -> bool {
        match self.code.as_str() {
            "" => matches!(self.class, FailureClass::Transient | FailureClass::Throttled),
            code => ["131000", "131016", "131057", "133004", "20500", "20503"].contains(&code),
        }
    }

    /// Whether others are likely to fail for the same cause: it lies with the other side, our account or a template,
    /// not with one message or its recipient.
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

    /// The same where nothing more happens by itself: who was to try again has stopped.
    #[must_use]
    pub fn given_up(mut self, tried: u32) -> Self {
        self.remedy = Cow::Owned(format!(
            "{tried} attempts failed, and there is no further automatic retry. Retry it when the cause is fixed, or discard it."
        ));
        self
    }

    /// `131047 Service window closed`: one line for lists.
    pub fn line(&self) -> String {
        if self.code.is_empty() { self.title.to_string() } else { format!("{} {}", self.code, self.title) }
    }
}

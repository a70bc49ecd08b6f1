//! `wadeck connections` and `wadeck webhooks`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::cli_request::CliRequest;
use super::operations::{OfConnections, OperationVerb};
use super::send::PhoneArg;
use super::setup::SetUp;
use crate::cli::argument_error::ArgumentError;
use crate::cli::client::error::CliError;
use crate::cli::options::{environment, pair};
use crate::domain::ids::{ConnectionId, SetupId};
use crate::domain::numbers::connection::{Environment, ProviderName};
use crate::domain::numbers::life_document::life_markdown;
use crate::domain::numbers::number::{NumberQuery, NumberRequest, Profile};
use crate::domain::numbers::registration::{WebhookDraft, WebhookKind, WebhookRequest};
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::provider::Registry;

#[derive(Debug, Subcommand)]
pub enum Connections {
    /// List all numbers: connected, being set up, disconnected
    #[command(
        after_help = "Examples:\n  wadeck connections list\n  wadeck connections list --account 102290129340398 --json"
    )]
    List {
        /// Only numbers of this account at the provider
        #[arg(long, value_name = "ACCOUNT_ID")]
        account: Option<String>,
    },
    /// Show one number with its checks, or one setup with its steps
    #[command(after_help = "Examples:\n  wadeck connections show support\n  wadeck connections show s1 --json")]
    Show {
        /// Connection (id, name, phone number id or phone number), or setup (id or name)
        id: String,
    },
    /// List the numbers of the account at a provider, connected here or not
    #[command(after_help = crate::cli::help::with_provider("Examples:\n  wadeck connections numbers {provider}"))]
    Numbers {
        /// Provider, as in the configuration: kapso, twilio or meta
        provider: String,
    },
    /// List the setup tasks of a declared number and check them, or start the setup of a new number (admins)
    #[command(
        after_help = crate::cli::help::with_provider("Examples:\n  wadeck connections setup support --wait\n  wadeck connections setup --name billing --provider {provider}")
    )]
    Setup(Box<SetUp>),
    /// Describe the states of a number and what can be done in each
    #[command(after_help = "Examples:\n  wadeck connections states")]
    States,
    /// Resume a setup: retry the failed step, or check the pending one now
    #[command(name = "resume", alias = "go-on", after_help = "Examples:\n  wadeck connections resume s1")]
    GoOn {
        /// Setup id
        setup: SetupId,
    },
    /// Create a new setup link and revoke the previous one
    #[command(after_help = "Examples:\n  wadeck connections link s1")]
    Link {
        /// Setup id
        setup: SetupId,
    },
    /// Cancel a setup
    #[command(after_help = "Examples:\n  wadeck connections cancel s1")]
    Cancel {
        /// Setup id
        setup: SetupId,
    },
    /// Connect a number that already exists at the provider (admins)
    #[command(
        after_help = crate::cli::help::with_provider("Examples:\n  wadeck connections adopt 106540352242922 --name billing --provider {provider} --environment production")
    )]
    Adopt {
        /// Phone number id, as `wadeck connections numbers` lists it
        phone_number_id: String,
        #[command(flatten)]
        to_be: ToBe,
    },
    /// Register the webhook again; a test delivery verifies it (admins)
    #[command(after_help = "Examples:\n  wadeck connections register support")]
    Register {
        /// Connection: id, name or phone number
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// Remove the webhook registration; the number stays at the provider (admins)
    #[command(after_help = "Examples:\n  wadeck connections unregister support")]
    Unregister {
        /// Connection: id, name or phone number
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// Disconnect a number from the provider's account; the customer record stays (admins)
    #[command(after_help = "Examples:\n  wadeck connections disconnect support --confirm +15550100001")]
    Disconnect {
        /// Connection: id, name or phone number
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// Phone number of the connection, as confirmation
        #[arg(long, value_name = "NUMBER")]
        confirm: PhoneArg,
    },
    /// Connect a disconnected number again (admins)
    #[command(after_help = "Examples:\n  wadeck connections reconnect s1")]
    Reconnect {
        /// Setup id
        setup: SetupId,
    },
    /// Create a link that renews the number's credentials (admins)
    #[command(after_help = "Examples:\n  wadeck connections renew support")]
    Renew {
        /// Connection: id, name or phone number
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// Show the provider's health checks of a number
    #[command(after_help = "Examples:\n  wadeck connections health support")]
    Health {
        /// Connection: id, name or phone number
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// Show the business profile that contacts see, or change it (admins)
    #[command(
        after_help = "Examples:\n  wadeck connections profile support\n  wadeck connections profile support --about \"Open 9 to 18\" --website https://example.com"
    )]
    Profile {
        /// Connection: id, name or phone number
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
        #[command(flatten)]
        change: Box<ProfileChange>,
    },
    #[command(flatten)]
    Operation(OperationVerb<OfConnections>),
}

/// A new connection's name, provider and scope.
#[derive(Debug, Args)]
pub struct ToBe {
    /// Name of the connection
    #[arg(long)]
    name: String,
    /// Provider, as in the configuration: kapso, twilio or meta
    #[arg(long)]
    provider: String,
    /// Environment: development or production; without it, the configuration's
    #[arg(long, value_parser = environment)]
    environment: Option<Environment>,
    /// Organization; without it, the configuration's
    #[arg(long)]
    organization: Option<String>,
}

#[derive(Debug, Default, Args)]
pub struct ProfileChange {
    /// Set the short text below the name
    #[arg(long)]
    about: Option<String>,
    /// Set the postal address
    #[arg(long)]
    address: Option<String>,
    /// Set the description of the business
    #[arg(long)]
    description: Option<String>,
    /// Set the email address
    #[arg(long)]
    email: Option<String>,
    /// Set the websites; repeat the option for a second one
    #[arg(long)]
    website: Vec<String>,
    /// Set the industry, such as HEALTH
    #[arg(long)]
    vertical: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Webhooks {
    /// List the webhooks of a number and of its project
    #[command(after_help = "Examples:\n  wadeck webhooks list --connection support")]
    List {
        /// Connection: id, name or phone number
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// Show one webhook; its secret is never shown
    #[command(after_help = "Examples:\n  wadeck webhooks show --connection support 7d1f")]
    Show {
        /// Connection: id, name or phone number
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// Webhook id, as `wadeck webhooks list` prints it
        id: String,
    },
    /// Register a webhook (admins)
    #[command(
        after_help = "Examples:\n  wadeck webhooks create --connection support\n  wadeck webhooks create --connection support --kind raw --url https://example.com/hook"
    )]
    Create {
        /// Connection: id, name or phone number
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// Register it for the whole project instead of the number
        #[arg(long)]
        project: bool,
        #[command(flatten)]
        draft: Box<DraftArgs>,
    },
    /// Change a webhook (admins)
    #[command(after_help = "Examples:\n  wadeck webhooks update --connection support 7d1f --active false")]
    Update {
        /// Connection: id, name or phone number
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// Webhook id, as `wadeck webhooks list` prints it
        id: String,
        #[command(flatten)]
        draft: Box<DraftArgs>,
    },
    /// Delete a webhook (admins)
    #[command(after_help = "Examples:\n  wadeck webhooks delete --connection support 7d1f --confirm 7d1f")]
    Delete {
        /// Connection: id, name or phone number
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// Webhook id, as `wadeck webhooks list` prints it
        id: String,
        /// Webhook id again, as confirmation
        #[arg(long, value_name = "ID")]
        confirm: String,
    },
    /// Request a test delivery and verify that it arrives
    #[command(after_help = "Examples:\n  wadeck webhooks test --connection support 7d1f")]
    Test {
        /// Connection: id, name or phone number
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// Webhook id, as `wadeck webhooks list` prints it
        id: String,
        /// Event to test, such as whatsapp.message.received
        #[arg(long)]
        event: Option<String>,
    },
}

#[derive(Debug, Default, Args)]
pub struct DraftArgs {
    /// URL that receives the deliveries; without it, this engine's public URL
    #[arg(long)]
    url: Option<String>,
    /// URL that receives delivery statuses, at a provider with a separate one
    #[arg(long, value_name = "URL")]
    status_url: Option<String>,
    /// Events, comma-separated or as a JSON array
    #[arg(long, value_parser = events)]
    events: Option<Events>,
    /// Payload: `events`, or `raw` for bodies as Meta sent them (also called `meta`)
    #[arg(long, value_parser = kind)]
    kind: Option<WebhookKind>,
    /// Payload version, such as v2
    #[arg(long, value_name = "VERSION")]
    payload_version: Option<String>,
    /// Whether the provider delivers to it: true or false
    #[arg(long)]
    active: Option<bool>,
    /// HTTP header added to each delivery; can be repeated
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = pair)]
    headers: Vec<(String, String)>,
    /// Whether the provider collects events into batches: true or false
    #[arg(long)]
    buffer_enabled: Option<bool>,
    /// Seconds that a batch is collected for, 1 to 60
    #[arg(long, value_name = "SECONDS")]
    buffer_window_seconds: Option<u32>,
    /// Maximum number of events in a batch, 1 to 100
    #[arg(long, value_name = "N")]
    max_buffer_size: Option<u32>,
    /// Minutes without messages after which a conversation counts as inactive, 1 to 1440
    #[arg(long, value_name = "MINUTES")]
    inactivity_minutes: Option<u32>,
}

fn kind(name: &str) -> Result<WebhookKind, ArgumentError> {
    // The provider's own tool says its own name, or meta.
    let other = match name {
        "meta" => Some(WebhookKind::Raw),
        name => Registry::SHAPES.iter().any(|shape| shape.name == name).then_some(WebhookKind::Events),
    };
    WebhookKind::from_name(name).or(other).ok_or(ArgumentError::Expected("events or raw"))
}

/// Names of events, as one argument.
#[derive(Debug, Clone)]
struct Events(Vec<String>);

fn events(text: &str) -> Result<Events, ArgumentError> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map(Events).map_err(ArgumentError::NoEvents);
    }
    Ok(Events(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()))
}

impl DraftArgs {
    fn draft(self) -> WebhookDraft {
        WebhookDraft {
            url: self.url,
            status_url: self.status_url,
            events: self.events.map(|events| events.0),
            kind: self.kind,
            payload_version: self.payload_version,
            active: self.active,
            headers: Some(self.headers.into_iter().collect::<BTreeMap<_, _>>()).filter(|headers| !headers.is_empty()),
            buffer_enabled: self.buffer_enabled,
            buffer_seconds: self.buffer_window_seconds,
            buffer_most: self.max_buffer_size,
            inactivity_minutes: self.inactivity_minutes,
        }
    }
}

pub(in crate::cli) fn connections(verb: Connections) -> CliRequest {
    use CliRequest::{Fetch, Perform};
    let number = |request| Perform(Request::Number(request));
    match verb {
        Connections::List { account: None } | Connections::Show { .. } => Fetch(Query::Connections),
        Connections::List { account: Some(account) } => CliRequest::Then(
            Query::Connections,
            Box::new(move |answer| match answer {
                Answer::Connections(mut list) => {
                    list.connected.retain(|row| row.connection.business_account_id == account);
                    list.others.clear();
                    Ok(CliRequest::Answered(Box::new(Answer::Connections(list))))
                }
                _ => Err(CliError::unexpected_answer()),
            }),
        ),
        Connections::Numbers { provider } => {
            Fetch(Query::Number(NumberQuery::List { provider: ProviderName::new(provider) }))
        }
        Connections::States => CliRequest::Text(life_markdown().trim_end().to_owned()),
        Connections::Setup(wish) => wish.into_request(),
        Connections::GoOn { setup } => number(NumberRequest::Resume { setup }),
        Connections::Link { setup } => number(NumberRequest::NewLink { setup }),
        Connections::Cancel { setup } => number(NumberRequest::Cancel { setup }),
        Connections::Adopt { phone_number_id, to_be } => number(NumberRequest::Adopt {
            name: to_be.name,
            provider: ProviderName::new(to_be.provider),
            phone_number_id,
            organization: to_be.organization,
            environment: to_be.environment,
        }),
        Connections::Operation(verb) => Perform(verb.request),
        Connections::Register { connection } => number(NumberRequest::Register { connection }),
        Connections::Unregister { connection } => number(NumberRequest::Unregister { connection }),
        Connections::Disconnect { connection, confirm } => {
            number(NumberRequest::Disconnect { connection, typed: confirm.0.to_string() })
        }
        Connections::Reconnect { setup } => number(NumberRequest::Reconnect { setup }),
        Connections::Renew { connection } => number(NumberRequest::Renew { connection }),
        Connections::Health { connection } => Fetch(Query::Number(NumberQuery::Health { connection })),
        Connections::Profile { connection, .. } => Fetch(Query::Number(NumberQuery::Profile { connection })),
    }
}

impl ProfileChange {
    /// Returns the profile with the given changes; `None` without changes.
    pub(in crate::cli) fn apply(&self, profile: &Profile) -> Option<Profile> {
        let mut new = profile.clone();
        for (field, change) in [
            (&mut new.about, &self.about),
            (&mut new.address, &self.address),
            (&mut new.description, &self.description),
            (&mut new.email, &self.email),
        ] {
            if let Some(text) = change {
                *field = text.as_str().into();
            }
        }
        if !self.website.is_empty() {
            new.websites = self.website.iter().map(|site| site.as_str().into()).collect();
        }
        if let Some(vertical) = &self.vertical {
            new.vertical = vertical.to_ascii_uppercase();
        }
        (new != *profile).then_some(new)
    }
}

pub(in crate::cli) fn webhooks(verb: Webhooks) -> CliRequest {
    use CliRequest::{Fetch, Perform};
    let act = |request| Perform(Request::Webhook(request));
    match verb {
        Webhooks::List { connection } | Webhooks::Show { connection, .. } => {
            Fetch(Query::Number(NumberQuery::Webhooks { connection }))
        }
        Webhooks::Create { connection, project, draft } => {
            act(WebhookRequest::Create { connection, project, draft: Box::new(draft.draft()) })
        }
        Webhooks::Update { connection, id, draft } => {
            act(WebhookRequest::Update { connection, id, draft: Box::new(draft.draft()) })
        }
        Webhooks::Delete { connection, id, confirm } => act(WebhookRequest::Delete { connection, id, typed: confirm }),
        Webhooks::Test { connection, id, event } => act(WebhookRequest::Test { connection, id, event }),
    }
}

/// Returns the request body: the given text, or the content of a file.
pub(in crate::cli) fn body_of(text: Option<String>, file: Option<PathBuf>) -> Result<Option<String>, CliError> {
    match file {
        Some(path) => std::fs::read_to_string(&path)
            .map(Some)
            .map_err(|error| CliError::unreadable(format!("The body cannot be read: {error}."))),
        None => Ok(text),
    }
}

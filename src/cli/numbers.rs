//! The verbs about numbers and their webhooks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::no_answer::NoAnswer;
use super::send::PhoneArg;
use super::walk::SetUp;
use super::wanted::CliRequest;
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
    /// All numbers: connected, being set up, given back
    List {
        /// Only those of this account at the provider
        #[arg(long, value_name = "ACCOUNT_ID")]
        account: Option<String>,
    },
    /// One number with its proofs, or one setup with its steps
    Show { id: String },
    /// What the provider has, connected here or not
    Numbers { provider: String },
    /// What has to be done so that a declared number works, proved one by one; or set one up from nothing (admins)
    Setup(Box<SetUp>),
    /// The states of a number, and what can be done in each; docs/connections.md is printed from it
    States,
    /// Try the step again that failed, or look again
    GoOn { setup: SetupId },
    /// A new setup link; the one before is revoked
    Link { setup: SetupId },
    /// Give a setup up
    Cancel { setup: SetupId },
    /// Connect a number that the provider has already (admins)
    Adopt {
        /// As `connections numbers` lists it
        phone_number_id: String,
        #[command(flatten)]
        to_be: ToBe,
    },
    /// Register the webhook anew; a test then verifies that it works (admins)
    Register {
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// Take our webhook away; the provider keeps the number (admins)
    Unregister {
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// Give the number back; the customer is kept (admins)
    Disconnect {
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// The number, typed
        #[arg(long, value_name = "NUMBER")]
        confirm: PhoneArg,
    },
    /// Connect a number again that was given back (admins)
    Reconnect { setup: SetupId },
    /// A link that renews the number's credentials (admins)
    Renew {
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// Everything that the provider checks, with who is at fault
    Health {
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// What contacts see, or change it (admins)
    Profile {
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// Change these; what is not named stays
        #[command(flatten)]
        change: Box<ProfileChange>,
    },
    /// Ask the provider about one now
    #[command(alias = "refresh")]
    Check {
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// Ask the provider for a test that has to come back
    Canary {
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// Send a test message to the tester of a number
    Test {
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// Fill in what was never pushed
    Fill {
        #[arg(value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
}

/// What a new connection will be, and whose.
#[derive(Debug, Args)]
pub struct ToBe {
    /// What it is called here
    #[arg(long)]
    name: String,
    #[arg(long)]
    provider: String,
    #[arg(long, value_parser = environment)]
    environment: Option<Environment>,
    #[arg(long)]
    organization: Option<String>,
}

#[derive(Debug, Default, Args)]
pub struct ProfileChange {
    #[arg(long)]
    about: Option<String>,
    #[arg(long)]
    address: Option<String>,
    #[arg(long)]
    description: Option<String>,
    #[arg(long)]
    email: Option<String>,
    #[arg(long)]
    website: Vec<String>,
    /// The kind of business, such as HEALTH
    #[arg(long)]
    vertical: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Webhooks {
    /// Those of a number, and of its project
    List {
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
    },
    /// One, with everything but its secret
    Show {
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        id: String,
    },
    /// Register one (admins)
    Create {
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        /// For the whole project instead of the number
        #[arg(long)]
        project: bool,
        #[command(flatten)]
        draft: Box<DraftArgs>,
    },
    /// Change one (admins)
    Update {
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        id: String,
        #[command(flatten)]
        draft: Box<DraftArgs>,
    },
    /// Delete one (admins)
    Delete {
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        id: String,
        /// The id, typed again
        #[arg(long)]
        confirm: String,
    },
    /// Ask for a test delivery, which has to come back
    Test {
        #[arg(long, value_parser = super::reference::connection)]
        connection: ConnectionId,
        id: String,
        #[arg(long)]
        event: Option<String>,
    },
}

#[derive(Debug, Default, Args)]
pub struct DraftArgs {
    /// Without it: our own public address
    #[arg(long)]
    url: Option<String>,
    /// Comma-separated, or a JSON array
    #[arg(long, value_parser = events)]
    events: Option<Events>,
    /// events, or raw (also called meta) for bodies as the network below sent them
    #[arg(long, value_parser = kind)]
    kind: Option<WebhookKind>,
    #[arg(long)]
    payload_version: Option<String>,
    #[arg(long)]
    active: Option<bool>,
    /// Added to each delivery
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = pair)]
    headers: Vec<(String, String)>,
    #[arg(long)]
    buffer_enabled: Option<bool>,
    /// 1 to 60
    #[arg(long)]
    buffer_window_seconds: Option<u32>,
    /// 1 to 100
    #[arg(long)]
    max_buffer_size: Option<u32>,
    /// 1 to 1440
    #[arg(long)]
    inactivity_minutes: Option<u32>,
}

pub(super) fn environment(name: &str) -> Result<Environment, String> {
    Environment::from_name(name).ok_or_else(|| "it is development or production".to_owned())
}

fn kind(name: &str) -> Result<WebhookKind, String> {
    // The provider's own tool says its own name, or meta.
    let other = match name {
        "meta" => Some(WebhookKind::Raw),
        name => Registry::SHAPES.iter().any(|shape| shape.name == name).then_some(WebhookKind::Events),
    };
    WebhookKind::from_name(name).or(other).ok_or_else(|| "it is events or raw".to_owned())
}

/// Names of events, as one argument.
#[derive(Debug, Clone)]
struct Events(Vec<String>);

fn events(text: &str) -> Result<Events, String> {
    if text.trim_start().starts_with('[') {
        let unread = |error: serde_json::Error| format!("it is no JSON array of names: {error}");
        return serde_json::from_str(text).map(Events).map_err(unread);
    }
    Ok(Events(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()))
}

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write NAME=VALUE".into())
}

impl DraftArgs {
    fn draft(self) -> WebhookDraft {
        WebhookDraft {
            url: self.url,
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

pub(super) fn connections(verb: Connections) -> CliRequest {
    use CliRequest::{Act, Look};
    let number = |request| Act(Request::Number(request));
    match verb {
        Connections::List { account: None } | Connections::Show { .. } => Look(Query::Connections),
        Connections::List { account: Some(account) } => CliRequest::Then(
            Query::Connections,
            Box::new(move |answer| match answer {
                Answer::Connections(mut list) => {
                    list.connected.retain(|row| row.connection.business_account_id == account);
                    list.others.clear();
                    Ok(CliRequest::Told(Box::new(Answer::Connections(list))))
                }
                _ => Err(NoAnswer::odd()),
            }),
        ),
        Connections::Numbers { provider } => {
            Look(Query::Number(NumberQuery::List { provider: ProviderName::new(provider) }))
        }
        Connections::States => CliRequest::Said(life_markdown().trim_end().to_owned()),
        Connections::Setup(wish) => wish.wanted(),
        Connections::GoOn { setup } => number(NumberRequest::GoOn { setup }),
        Connections::Link { setup } => number(NumberRequest::NewLink { setup }),
        Connections::Cancel { setup } => number(NumberRequest::Cancel { setup }),
        Connections::Adopt { phone_number_id, to_be } => number(NumberRequest::Adopt {
            name: to_be.name,
            provider: ProviderName::new(to_be.provider),
            phone_number_id,
            organization: to_be.organization,
            environment: to_be.environment,
        }),
        Connections::Register { connection } => number(NumberRequest::Register { connection }),
        Connections::Unregister { connection } => number(NumberRequest::Unregister { connection }),
        Connections::Disconnect { connection, confirm } => {
            number(NumberRequest::Disconnect { connection, typed: confirm.0.to_string() })
        }
        Connections::Reconnect { setup } => number(NumberRequest::Reconnect { setup }),
        Connections::Renew { connection } => number(NumberRequest::Renew { connection }),
        Connections::Health { connection } => Look(Query::Number(NumberQuery::Health { connection })),
        Connections::Profile { connection, .. } => Look(Query::Number(NumberQuery::Profile { connection })),
        Connections::Check { connection } => Act(Request::CheckConnection { connection }),
        Connections::Canary { connection } => Act(Request::Canary { connection }),
        Connections::Test { connection } => Act(Request::SendTest { connection }),
        Connections::Fill { connection } => Act(Request::FillGap { connection }),
    }
}

impl ProfileChange {
    /// The profile with what is to be changed; nothing where nothing is.
    pub(super) fn over(&self, profile: &Profile) -> Option<Profile> {
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

pub(super) fn webhooks(verb: Webhooks) -> CliRequest {
    use CliRequest::{Act, Look};
    let act = |request| Act(Request::Webhook(request));
    match verb {
        Webhooks::List { connection } | Webhooks::Show { connection, .. } => {
            Look(Query::Number(NumberQuery::Webhooks { connection }))
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

/// The body of a free call: as it stands, or from a file.
pub(super) fn body_of(text: Option<String>, file: Option<PathBuf>) -> Result<Option<String>, NoAnswer> {
    match file {
        Some(path) => std::fs::read_to_string(&path)
            .map(Some)
            .map_err(|error| NoAnswer::unreadable(format!("The body cannot be read: {error}."))),
        None => Ok(text),
    }
}

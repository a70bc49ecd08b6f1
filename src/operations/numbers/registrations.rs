//! Webhooks at the provider: listed, made, changed, switched, deleted and tried; what cannot work is
//! refused before the provider accepts it.

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::failure::Failure;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::registration::{
    Registration, WebhookDraft, WebhookKind, WebhookRequest, WebhookScope, same_address,
};
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::clean_line;
use crate::operations::numbers::canary;
use crate::operations::{Result, System, require};
use crate::provider::numbers::{Access, Webhooks};
use crate::provider::{Provider, ProviderError};

/// The webhook with this address, switched on; made if there is none. Says whether it is new.
pub(crate) async fn ensure(
    webhooks: &dyn Webhooks,
    access: Access<'_>,
    scope: &WebhookScope,
    draft: &WebhookDraft,
) -> std::result::Result<(String, bool), ProviderError> {
    let number = match scope {
        WebhookScope::Project => None,
        WebhookScope::Number(id) => Some(id.as_str()),
    };
    let known = webhooks.list(access, number).await?;
    let same = draft.url.as_deref().and_then(|url| same_address(&known, url, scope));
    let Some(id) = same else { return Ok((webhooks.create(access, scope, draft).await?, true)) };
    if known.iter().any(|one| one.id == id && !one.active) {
        let on = WebhookDraft { active: Some(true), ..WebhookDraft::default() };
        webhooks.update(access, &id, &on).await?;
    }
    Ok((id, false))
}

pub(crate) async fn perform(system: &System, actor: &Actor, request: WebhookRequest) -> Result<Done> {
    let (connection, needed) = match &request {
        WebhookRequest::Create { connection, .. } => (*connection, Permission::RegisterWebhooks),
        WebhookRequest::Update { connection, .. } => (*connection, Permission::ChangeWebhooks),
        WebhookRequest::Delete { connection, .. } => (*connection, Permission::DeleteWebhooks),
        WebhookRequest::Test { connection, .. } => (*connection, Permission::TryWebhooks),
    };
    require(actor, needed)?;
    let (connection, provider) = at_provider(system, connection).await?;
    let Some(webhooks) = provider.webhooks() else { return Err(no_webhooks(&connection).into()) };
    // Looked at, then changed, at the provider: two at once would both see the webhooks as they were.
    let _hand = system.take_in_hand(actor, &format!("the webhooks of {}", connection.provider))?;
    let access = Access::from(&connection);
    let (action, said, made) = match request {
        WebhookRequest::Create { project, draft, .. } => {
            let scope =
                if project { WebhookScope::Project } else { WebhookScope::Number(connection.phone_number_id.clone()) };
            let draft = whole(system, webhooks, &scope, *draft)?;
            draft.check(&scope, true)?;
            let known = listed(webhooks, &connection, project).await?;
            if let Some(duplicate) = draft.url.as_deref().and_then(|url| same_address(&known, url, &scope)) {
                let why =
                    format!("Webhook {} has the same address: everything would arrive twice.", clean_line(&duplicate));
                return Err(
                    Refusal::new(Code::WebhookTwice, why, "Change that webhook, or use another address.").into()
                );
            }
            let raw = |one: &&Registration| one.kind == WebhookKind::Raw && one.scope == scope;
            if draft.kind == Some(WebhookKind::Raw) && known.iter().any(|one| raw(&one)) {
                let why = "The number already has a webhook for raw forwarding.";
                return Err(Refusal::new(Code::WebhookTwice, why, "Change the existing webhook.").into());
            }
            let id = webhooks.create(access, &scope, &draft).await.map_err(refused)?;
            let said = format!("Registered as {}. Not verified yet: send a test through it.", clean_line(&id));
            ("register_webhook", said, Some(id))
        }
        WebhookRequest::Update { id, draft, .. } => {
            let known = one(webhooks, &connection, &id).await?;
            draft.check(&known.scope, false)?;
            if let Some(url) = &draft.url {
                let others: Vec<Registration> =
                    listed(webhooks, &connection, known.scope == WebhookScope::Project).await?;
                let others: Vec<Registration> = others.into_iter().filter(|other| other.id != id).collect();
                if let Some(duplicate) = same_address(&others, url, &known.scope) {
                    let why = format!(
                        "Webhook {} has the same address: everything would arrive twice.",
                        clean_line(&duplicate)
                    );
                    return Err(Refusal::new(Code::WebhookTwice, why, "Use another address.").into());
                }
            }
            webhooks.update(access, &id, &draft).await.map_err(refused)?;
            let said = match draft.active {
                Some(true) => format!("{} is switched on.", clean_line(&id)),
                Some(false) => format!("{} is switched off: nothing is pushed through it.", clean_line(&id)),
                None => format!("{} is changed.", clean_line(&id)),
            };
            ("change_webhook", said, Some(id))
        }
        WebhookRequest::Delete { id, typed, .. } => {
            Refusal::typed(&id, &typed)?;
            let known = one(webhooks, &connection, &id).await?;
            webhooks.delete(access, &id).await.map_err(refused)?;
            ("delete_webhook", format!("{} is deleted.", clean_line(&known.url)), Some(id))
        }
        WebhookRequest::Test { id, event, .. } => {
            let known = one(webhooks, &connection, &id).await?;
            if let Some(event) = event.as_deref().filter(|event| !known.events.iter().any(|one| one == event)) {
                let why = format!("This webhook does not receive {}.", clean_line(event));
                return Err(
                    Refusal::new(Code::WebhookEvent, why, format!("It receives {}.", known.events.join(", "))).into()
                );
            }
            if !known.active {
                let why =
                    format!("{} is switched off at the provider: a test shows nothing about it.", clean_line(&id));
                return Err(Refusal::new(Code::WebhookOff, why, "Switch it on, then send the test.").into());
            }
            if !leads_here(system, provider.as_ref(), &known.url) {
                webhooks.test(access, &id, event.as_deref()).await.map_err(refused)?;
                let said = format!(
                    "A test is on its way to {}. That address does not lead here: look there whether it arrives.",
                    clean_line(&known.url)
                );
                return Ok(Done { message: said, created_id: None });
            }
            if known.scope == WebhookScope::Project {
                webhooks.test(access, &id, event.as_deref()).await.map_err(refused)?;
                let said = "A test is on its way; it shows in Activity when it is here.".to_owned();
                return Ok(Done { message: said, created_id: None });
            }
            canary::send_through(system, &connection, &known, event.as_deref())
                .await?
                .map_err(|why| Refusal::new(Code::Canary, why, "Look at the connection's checks."))?;
            let said = format!("A test for {} is on its way; it shows here when it is back.", connection.name);
            return Ok(Done { message: said, created_id: None });
        }
    };
    let now = system.now();
    let mut write = system.store().write().await?;
    let subject = connection.id.to_string();
    write
        .audit(actor, action, &subject, &format!("{}: {}", connection.name, made.as_deref().unwrap_or_default()), now)
        .await?;
    write.commit().await?;
    system.bus().publish([Change::Connection(connection.id), Change::Activity]);
    Ok(Done { message: format!("{}: {said}", connection.name), created_id: made })
}

/// The webhooks of a number, and of the project whose key it uses.
pub(crate) async fn all(system: &System, connection: ConnectionId) -> Result<Vec<Registration>> {
    let (connection, provider) = at_provider(system, connection).await?;
    let Some(webhooks) = provider.webhooks() else { return Err(no_webhooks(&connection).into()) };
    let mut list = listed(webhooks, &connection, false).await?;
    let mut project = listed(webhooks, &connection, true).await?;
    project.retain(|one| one.scope == WebhookScope::Project);
    list.append(&mut project);
    Ok(list)
}

/// Whether an address that is on file at the provider is one of ours. Where our public address is not known, its path
/// decides.
pub(crate) fn leads_here(system: &System, provider: &dyn Provider, url: &str) -> bool {
    let base = system.public_url();
    let url = url.trim_end_matches('/');
    let ours = provider.webhook_paths().iter().any(|path| match &base {
        Some(base) => url == format!("{}{path}", base.trim_end_matches('/')),
        None => url.ends_with(path),
    });
    ours || provider.webhook_aliases().iter().any(|alias| {
        let fixed = alias.split('{').next().unwrap_or(alias);
        match &base {
            Some(base) => url.starts_with(&format!("{}{fixed}", base.trim_end_matches('/'))),
            None => url.contains(fixed),
        }
    })
}

async fn listed(webhooks: &dyn Webhooks, connection: &Connection, project: bool) -> Result<Vec<Registration>> {
    let number = (!project).then_some(connection.phone_number_id.as_str());
    Ok(webhooks.list(connection.into(), number).await.map_err(refused)?)
}

async fn one(webhooks: &dyn Webhooks, connection: &Connection, id: &str) -> Result<Registration> {
    for project in [false, true] {
        let found = listed(webhooks, connection, project).await?.into_iter().find(|one| one.id == id);
        if let Some(found) = found {
            return Ok(found);
        }
    }
    let why = format!("{} has no webhook {}.", connection.name, clean_line(id));
    Err(Refusal::new(Code::NotFound, why, "List the webhooks.").into())
}

/// What is left open is what a webhook of ours is.
fn whole(system: &System, webhooks: &dyn Webhooks, scope: &WebhookScope, draft: WebhookDraft) -> Result<WebhookDraft> {
    let url = match draft.url {
        Some(url) => url,
        None => format!("{}{}", crate::operations::numbers::set_up::public_url(system)?, webhooks.path(scope)),
    };
    let usual = match scope {
        WebhookScope::Project => WebhookDraft::for_project(url),
        WebhookScope::Number(_) => WebhookDraft::for_number(url),
    };
    let raw = draft.kind == Some(WebhookKind::Raw);
    Ok(WebhookDraft {
        url: usual.url,
        events: draft.events.or(usual.events).filter(|_| !raw),
        kind: draft.kind.or(usual.kind),
        payload_version: draft.payload_version.or(usual.payload_version).filter(|_| !raw),
        active: draft.active.or(usual.active),
        ..draft
    })
}

/// A connection with its provider, or why there is none.
pub(crate) async fn at_provider(
    system: &System,
    connection: ConnectionId,
) -> Result<(Connection, std::sync::Arc<dyn Provider>)> {
    let Some(connection) = system.store().connection(connection).await? else {
        let why = format!("Connection {connection} not found, or not connected.");
        return Err(Refusal::new(Code::NotFound, why, "").into());
    };
    match system.providers().get(&connection.provider) {
        Some(provider) => Ok((connection, provider.clone())),
        None => Err(Refusal::new(Code::Provider, "This build does not support its provider.", "").into()),
    }
}

fn no_webhooks(connection: &Connection) -> Refusal {
    let why = format!("{} has no list of webhooks.", connection.provider);
    Refusal::new(Code::Provider, why, "Manage its webhooks in the provider's own console.")
}

/// What the provider refused, in the words in which it did.
pub(crate) fn refused(trouble: impl AsRef<Failure>) -> Refusal {
    let trouble = trouble.as_ref();
    let said = if trouble.said.is_empty() {
        String::new()
    } else {
        format!(" It said: {}.", trouble.said.line().trim_end_matches('.'))
    };
    let why = format!("{}: {}{said}", trouble.line(), trouble.explanation);
    Refusal::new(Code::Provider, why, trouble.remedy.to_string())
}

//! Webhooks at the provider: listed, created, changed, enabled, deleted and tested. A registration that cannot work
//! is refused before the provider is called.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::failure::Failure;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::registration::{
    Registration, WebhookDraft, WebhookKind, WebhookRequest, WebhookScope, same_address,
};
use crate::domain::numbers::webhook_support::WebhookSupport;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::clean_line;
use crate::operations::numbers::canary;
use crate::operations::{Result, System, require};
use crate::provider::numbers::{Access, Webhooks};
use crate::provider::{Provider, ProviderError};

/// How our webhook was registered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ensured {
    /// Created, with this id.
    New(String),
    /// It existed already.
    Same(String),
    /// It replaced another URL, because a number has only one.
    Replaced { id: String, before: String },
}

impl std::fmt::Display for Ensured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New(id) => write!(f, "registered as {}", clean_line(id)),
            Self::Same(id) => write!(f, "there already, and active, as {}", clean_line(id)),
            Self::Replaced { id, before } => {
                write!(f, "set for {}, in place of {}", clean_line(id), clean_line(before))
            }
        }
    }
}

/// Ensures that a webhook with this URL exists and is active. If a number has only one URL, another registered one is
/// replaced.
pub(crate) async fn ensure(
    webhooks: &dyn Webhooks,
    support: WebhookSupport,
    access: Access<'_>,
    scope: &WebhookScope,
    draft: &WebhookDraft,
) -> std::result::Result<Ensured, ProviderError> {
    let number = match scope {
        WebhookScope::Project => None,
        WebhookScope::Number(id) => Some(id.as_str()),
    };
    let known = webhooks.list(access, number).await?;
    if support.is_one_address() {
        let mut own = known.iter().filter(|one| one.scope == *scope && !one.fixed);
        let same = |one: &Registration| {
            Some(&one.url) == draft.url.as_ref() && (draft.status_url.is_none() || one.status_url == draft.status_url)
        };
        let before = own.clone().find(|one| !same(one));
        return Ok(match (before, own.next()) {
            (None, Some(same)) => Ensured::Same(same.id.clone()),
            (Some(other), _) if !other.url.is_empty() && Some(&other.url) != draft.url.as_ref() => {
                webhooks.update(access, &other.id, draft).await?;
                Ensured::Replaced { id: other.id.clone(), before: other.url.clone() }
            }
            _ => Ensured::New(webhooks.create(access, scope, draft).await?),
        });
    }
    let same = draft.url.as_deref().and_then(|url| same_address(&known, url, scope));
    let Some(id) = same else { return Ok(Ensured::New(webhooks.create(access, scope, draft).await?)) };
    if known.iter().any(|one| one.id == id && !one.active) {
        let on = WebhookDraft { active: Some(true), ..WebhookDraft::default() };
        webhooks.update(access, &id, &on).await?;
    }
    Ok(Ensured::Same(id))
}

/// Returns the draft of our own webhook below this base URL.
pub(crate) fn own_draft(
    webhooks: &dyn Webhooks,
    support: WebhookSupport,
    scope: &WebhookScope,
    base: &str,
) -> WebhookDraft {
    let url = format!("{base}{}", webhooks.path(scope));
    match scope {
        _ if support.is_one_address() => WebhookDraft {
            url: Some(url),
            status_url: webhooks.status_path().map(|path| format!("{base}{path}")),
            ..WebhookDraft::default()
        },
        WebhookScope::Project => WebhookDraft::for_project(url),
        WebhookScope::Number(_) => WebhookDraft::for_number(url),
    }
}

/// The webhooks of one number, while one person changes them.
struct NumberWebhooks<'s> {
    system: &'s System,
    connection: &'s Connection,
    provider: &'s dyn Provider,
    webhooks: &'s dyn Webhooks,
    support: WebhookSupport,
}

/// Performs a request about webhooks at the provider.
pub(crate) async fn perform(system: &System, actor: &Actor, request: WebhookRequest) -> Result<Done> {
    let (connection, needed) = match &request {
        WebhookRequest::Create { connection, .. } => (*connection, Permission::RegisterWebhooks),
        WebhookRequest::Update { connection, .. } => (*connection, Permission::ChangeWebhooks),
        WebhookRequest::Delete { connection, .. } => (*connection, Permission::DeleteWebhooks),
        WebhookRequest::Test { connection, .. } => (*connection, Permission::TestWebhooks),
    };
    require(actor, needed)?;
    let (connection, provider) = at_provider(system, connection).await?;
    let Some(webhooks) = provider.webhooks() else { return Err(no_webhooks(&connection).into()) };
    // The webhooks are read and then changed at the provider; two concurrent changes would both see the earlier
    // state.
    let _hand = system.lock_operation(actor, &format!("the webhooks of {}", connection.provider))?;
    let support = provider.capabilities().webhooks;
    let own = NumberWebhooks { system, connection: &connection, provider: provider.as_ref(), webhooks, support };
    let (action, said, id) = match request {
        WebhookRequest::Create { project, draft, .. } => {
            let (said, id) = own.create(project, *draft).await?;
            (AuditAction::RegisterWebhook, said, id)
        }
        WebhookRequest::Update { id, draft, .. } => (AuditAction::ChangeWebhook, own.update(&id, &draft).await?, id),
        WebhookRequest::Delete { id, typed, .. } => {
            Refusal::typed(&id, &typed)?;
            let known = one(webhooks, &connection, &id).await?;
            webhooks.delete((&connection).into(), &id).await.map_err(refused)?;
            (AuditAction::DeleteWebhook, format!("Deleted {}.", clean_line(&known.url)), id)
        }
        WebhookRequest::Test { id, event, .. } => {
            return Ok(Done { message: own.test(&id, event.as_deref()).await?, created_id: None });
        }
    };
    let now = system.now();
    let mut write = system.store().write().await?;
    let subject = connection.id.to_string();
    write.audit(actor, action, &subject, &format!("{}: {id}", connection.name), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Connection(connection.id), Change::Activity]);
    Ok(Done { message: format!("{}: {said}", connection.name), created_id: Some(id) })
}

impl NumberWebhooks<'_> {
    /// Returns the message and the id of the created webhook.
    async fn create(&self, project: bool, draft: WebhookDraft) -> Result<(String, String)> {
        let (connection, webhooks) = (self.connection, self.webhooks);
        let scope =
            if project { WebhookScope::Project } else { WebhookScope::Number(connection.phone_number_id.clone()) };
        if project && !self.support.is_shared() {
            let why = format!("{} registers nothing for a project: each number has its address.", connection.provider);
            return Err(Refusal::new(Code::WebhookScope, why, "Leave --project out.").into());
        }
        let draft = whole(self.system, webhooks, self.support, &scope, draft)?;
        if self.support.is_one_address() {
            draft.check_address(true)?;
            not_taken(&listed(webhooks, connection, project).await?, &scope, &draft)?;
            let id = webhooks.create(connection.into(), &scope, &draft).await.map_err(refused)?;
            let url = clean_line(draft.url.as_deref().unwrap_or_default());
            let said = format!("The provider now delivers to {url}. Not verified yet: send a message to the number.");
            return Ok((said, id));
        }
        draft.check(&scope, true)?;
        let known = listed(webhooks, connection, project).await?;
        if let Some(other) = draft.url.as_deref().and_then(|url| same_address(&known, url, &scope)) {
            let why = format!("Webhook {} has the same address: everything would arrive twice.", clean_line(&other));
            return Err(Refusal::new(Code::WebhookTwice, why, "Change that webhook, or use another address.").into());
        }
        let raw = |one: &&Registration| one.kind == WebhookKind::Raw && one.scope == scope;
        if draft.kind == Some(WebhookKind::Raw) && known.iter().any(|one| raw(&one)) {
            let why = "The number already has a webhook for raw forwarding.";
            return Err(Refusal::new(Code::WebhookTwice, why, "Change the existing webhook.").into());
        }
        let id = webhooks.create(connection.into(), &scope, &draft).await.map_err(refused)?;
        Ok((format!("Registered as {}. Not verified yet: request a test.", clean_line(&id)), id))
    }

    async fn update(&self, id: &str, draft: &WebhookDraft) -> Result<String> {
        let (connection, webhooks) = (self.connection, self.webhooks);
        let known = one(webhooks, connection, id).await?;
        if self.support.is_one_address() {
            draft.check_address(false)?;
            webhooks.update(connection.into(), id, draft).await.map_err(refused)?;
            let url = draft.url.as_deref().unwrap_or(&known.url);
            return Ok(format!("{} delivers to {} now, as the provider reports.", clean_line(id), clean_line(url)));
        }
        draft.check(&known.scope, false)?;
        if let Some(url) = &draft.url {
            let others: Vec<Registration> = listed(webhooks, connection, known.scope == WebhookScope::Project).await?;
            let others: Vec<Registration> = others.into_iter().filter(|other| other.id != id).collect();
            if let Some(other) = same_address(&others, url, &known.scope) {
                let why =
                    format!("Webhook {} has the same address: everything would arrive twice.", clean_line(&other));
                return Err(Refusal::new(Code::WebhookTwice, why, "Use another address.").into());
            }
        }
        webhooks.update(connection.into(), id, draft).await.map_err(refused)?;
        Ok(match draft.active {
            Some(true) => format!("Enabled {}.", clean_line(id)),
            Some(false) => format!("Disabled {}: the provider no longer delivers to it.", clean_line(id)),
            None => format!("Changed {}.", clean_line(id)),
        })
    }

    async fn test(&self, id: &str, event: Option<&str>) -> Result<String> {
        let (connection, webhooks) = (self.connection, self.webhooks);
        let lost = |why| Refusal::new(Code::Canary, why, "Look at the connection's checks.");
        let known = one(webhooks, connection, id).await?;
        if self.support.is_one_address() {
            canary::send(self.system, connection).await?.map_err(lost)?;
            return Ok(format!(
                "{} sends no tests. Sent one to our public URL instead; it shows here when it arrives.",
                connection.provider
            ));
        }
        if let Some(event) = event.filter(|event| !known.events.iter().any(|one| one == event)) {
            let why = format!("This webhook does not receive {}.", clean_line(event));
            return Err(
                Refusal::new(Code::WebhookEvent, why, format!("It receives {}.", known.events.join(", "))).into()
            );
        }
        if !known.active {
            let why = format!("{} is switched off at the provider: a test shows nothing about it.", clean_line(id));
            return Err(Refusal::new(Code::WebhookOff, why, "Switch it on, then send the test.").into());
        }
        if !leads_here(self.system, self.provider, &known.url) {
            webhooks.test(connection.into(), id, event).await.map_err(refused)?;
            return Ok(format!(
                "Requested a test webhook for {}. This URL does not lead here: check there whether it arrives.",
                clean_line(&known.url)
            ));
        }
        if known.scope == WebhookScope::Project {
            webhooks.test(connection.into(), id, event).await.map_err(refused)?;
            return Ok("Requested a test webhook; it shows in Activity when it arrives.".to_owned());
        }
        canary::send_through(self.system, connection, &known, event).await?.map_err(lost)?;
        Ok(format!("Requested a test webhook for {}; it shows here when it arrives.", connection.name))
    }
}

/// Returns the webhooks of a number and of the project that its key belongs to.
pub(crate) async fn all(system: &System, connection: ConnectionId) -> Result<Vec<Registration>> {
    let (connection, provider) = at_provider(system, connection).await?;
    let Some(webhooks) = provider.webhooks() else { return Err(no_webhooks(&connection).into()) };
    let mut list = listed(webhooks, &connection, false).await?;
    let mut project = listed(webhooks, &connection, true).await?;
    project.retain(|one| one.scope == WebhookScope::Project);
    list.append(&mut project);
    Ok(list)
}

/// Returns `true` if a registered URL is one of ours. If our public URL is unknown, the path decides.
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

/// Refuses to replace another URL if there is only one place for it; that requires an explicit update.
fn not_taken(known: &[Registration], scope: &WebhookScope, draft: &WebhookDraft) -> Result<()> {
    let other = known
        .iter()
        .find(|one| one.scope == *scope && !one.fixed && !one.url.is_empty() && Some(&one.url) != draft.url.as_ref());
    let Some(other) = other else { return Ok(()) };
    let why = format!("{} posts to {}, and has one address.", clean_line(&other.id), clean_line(&other.url));
    Err(Refusal::new(Code::WebhookTaken, why, "Update that webhook with the address.").into())
}

/// Completes a draft with the values of our own webhook.
fn whole(
    system: &System,
    webhooks: &dyn Webhooks,
    support: WebhookSupport,
    scope: &WebhookScope,
    draft: WebhookDraft,
) -> Result<WebhookDraft> {
    let base = || crate::operations::numbers::set_up::public_url(system);
    if support.is_one_address() {
        if draft.url.is_some() {
            return Ok(draft);
        }
        let usual = own_draft(webhooks, support, scope, &base()?);
        return Ok(WebhookDraft { url: usual.url, status_url: draft.status_url.or(usual.status_url), ..draft });
    }
    let url = match draft.url {
        Some(url) => url,
        None => format!("{}{}", base()?, webhooks.path(scope)),
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

/// Returns a connection with its provider; fails if one of them does not exist.
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

/// Returns a provider's error as a refusal, with the provider's own text.
pub(crate) fn refused(trouble: impl AsRef<Failure>) -> Refusal {
    let trouble = trouble.as_ref();
    let said = if trouble.said.is_empty() {
        String::new()
    } else {
        format!(" Provider response: {}.", trouble.said.line().trim_end_matches('.'))
    };
    let why = format!("{}: {}{said}", trouble.line(), trouble.explanation);
    Refusal::new(Code::Provider, why, trouble.remedy.to_string())
}

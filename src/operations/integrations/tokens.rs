//! Creates and revokes tokens, authenticates programs by their token, and makes their requests idempotent.

use sha2::{Digest, Sha256};

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::access::role::Role;
use crate::domain::access::scope::Scope;
use crate::domain::access::token::{PREFIX, TokenRequest, TokenView};
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::TokenId;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::operations::{OperationError, Result, System, require};
pub use crate::store::IdempotencyRecord;

/// Performs a request about tokens.
pub(crate) async fn perform(system: &System, actor: &Actor, request: TokenRequest) -> Result<Done> {
    match request {
        TokenRequest::Create { name, role, agent, expires_at, scope } => {
            make(system, actor, &name, (role, agent.as_deref(), &scope), expires_at).await
        }
        TokenRequest::Revoke { name } => revoke(system, actor, &name).await,
    }
}

async fn make(
    system: &System,
    actor: &Actor,
    name: &str,
    (role, agent, scope): (Role, Option<&str>, &Scope),
    expires_at: Option<Timestamp>,
) -> Result<Done> {
    require(actor, Permission::ManageTokens)?;
    let scope = scope.narrowed(&system.scope()).ok_or_else(|| {
        let why = format!("{} is outside {}.", scope.words(), system.scope().words());
        Refusal::new(Code::Scope, why, "Name an organization and environment within it.")
    })?;
    // An agent is limited by its contract, which names its numbers.
    let scope = if agent.is_some() { &Scope::ALL } else { &scope };
    // Actions with the token count as actions of its creator, and it cannot do more than its creator.
    let Actor::Operator { role: own, .. } = actor else {
        let why = "Only a person can create a token.";
        return Err(Refusal::new(Code::Person, why, "Ask an admin to create it.").into());
    };
    let name = clean_line(name.trim());
    if name.is_empty() || name.chars().count() > 60 {
        return Err(Refusal::new(
            Code::Name,
            "The token's name is not 1 to 60 characters long.",
            "Choose a name of 1 to 60 characters, such as the program's.",
        )
        .into());
    }
    if let Some(agent) = agent.filter(|agent| !system.agents().has(agent)) {
        let why = format!("Agent {} not found.", clean_line(agent));
        return Err(
            Refusal::new(Code::NotFound, why, "Declare the agent in the configuration, under [[agents]].").into()
        );
    }
    // An agent's token carries no role; this value is not used.
    let role = if agent.is_some() { Role::Viewer } else { role };
    if role > *own {
        let why = format!("A token cannot have a higher role than its creator, who is {}.", own.name());
        return Err(Refusal::new(Code::Role, why, "Choose a lower role.").into());
    }
    let who = agent.map_or_else(|| role.name().to_owned(), |agent| format!("agent {}", clean_line(agent)));
    let now = system.now();
    if expires_at.is_some_and(|until| until <= now) {
        return Err(Refusal::new(Code::Expiry, "That time is in the past.", "Choose a future time, or none.").into());
    }
    let token = format!("{PREFIX}{}", hex::encode([system.secret(), system.secret()].concat()));
    let mut write = system.store().write().await?;
    let made =
        write.make_token((&name, role, agent, scope), &digest(&token), &actor.to_string(), expires_at, now).await?;
    made.or_refuse(|| {
        let why = format!("A token named {name} already exists.");
        Refusal::new(Code::NameTaken, why, "Revoke it, or choose another name.")
    })?;
    write.audit(actor, AuditAction::CreateToken, &name, &format!("{who}; {}", scope.words()), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Activity]);
    let said = format!("Token of {name} ({who}; {}). It is shown only once:", scope.words());
    Ok(Done { message: said, created_id: Some(token) })
}

async fn revoke(system: &System, actor: &Actor, name: &str) -> Result<Done> {
    require(actor, Permission::ManageTokens)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    write.revoke_token(name, &actor.to_string(), now).await?.or_refuse(|| {
        let why = format!("Token {} not found.", clean_line(name));
        Refusal::new(Code::NotFound, why, "List the tokens.")
    })?;
    write.audit(actor, AuditAction::RevokeToken, name, "", now).await?;
    write.commit().await?;
    system.bus().publish([Change::Activity]);
    Ok(Done { message: format!("Revoked the token {}.", clean_line(name)), created_id: None })
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Returns a token and its actor; `None` if the token is unknown, expired or revoked, or if its creator is no longer
/// a user.
pub async fn known_by(system: &System, token: &str) -> Result<Option<(TokenView, Actor)>> {
    if !token.starts_with(PREFIX) || token.len() > 200 {
        return Ok(None);
    }
    // Looked up by digest, so the duration reveals nothing about the token.
    let Some(found) = system.store().token_of(&digest(token)).await? else { return Ok(None) };
    let now = system.now();
    let Some(actor) = actor_of_token(system, &found) else { return Ok(None) };
    if found.used_at.is_none_or(|at| now.since(at).as_secs() >= 60) {
        let mut write = system.store().write().await?;
        write.used_token(found.id, now).await?;
        write.delete_idempotency_keys(now.minus(std::time::Duration::from_secs(3 * 86_400))).await?;
        write.commit().await?;
    }
    Ok(Some((found, actor)))
}

impl System {
    /// Returns the current role of a person; `None` if they are no longer a user.
    fn role_of(&self, person: &str) -> Option<Role> {
        (self.parts.role_of)(person)
    }

    /// Limits an operator to their current role: a console opened with a higher role does not keep it. An operator
    /// who is no longer a user keeps the role here; their console is closed elsewhere.
    pub(crate) fn as_now(&self, actor: &Actor) -> Actor {
        match actor {
            Actor::Operator { name, role } => {
                let now = self.role_of(name).unwrap_or(*role);
                Actor::Operator { name: name.clone(), role: now.min(*role) }
            }
            other => other.clone(),
        }
    }
}

/// Returns the operator with their current role, if it changed; `None` otherwise, or if they are no longer a user.
pub fn other_role(system: &System, actor: &Actor) -> Option<Actor> {
    let Actor::Operator { name, role } = actor else { return None };
    let now = system.role_of(name)?;
    (now != *role).then(|| Actor::Operator { name: name.clone(), role: now })
}

/// Returns the actor of a token; `None` if the token is invalid or its creator is no longer a user. The actor's role
/// is limited to the creator's current one.
fn actor_of_token(system: &System, token: &TokenView) -> Option<Actor> {
    if !token.holds(system.now()) {
        return None;
    }
    let maker = system.role_of(&token.made_by)?;
    match &token.agent {
        // An agent writes to contacts, so its creator must be allowed to as well.
        Some(agent) => (maker >= Permission::SendMessages.role()).then(|| Actor::Agent { name: agent.clone() }),
        None => Some(Actor::Program {
            name: token.name.clone(),
            role: token.role.min(maker),
            person: token.made_by.clone(),
            scope: token.scope.clone(),
        }),
    }
}

/// Returns `true` if an open stream may continue: the token or operator still exists, and the role is not lower than
/// before.
pub async fn is_still_authorized(system: &System, actor: &Actor, token: Option<TokenId>) -> Result<bool> {
    let now = match (actor, token) {
        (_, Some(id)) => system.store().token(id).await?.and_then(|token| actor_of_token(system, &token)),
        (Actor::Operator { name, role }, None) => {
            return Ok(system.role_of(name).is_some_and(|now| now >= *role));
        }
        _ => return Ok(true),
    };
    Ok(now.is_some_and(|now| now.role() >= actor.role()))
}

/// Returns all tokens, each with its creator's current role.
pub(crate) async fn list(system: &System) -> Result<Vec<TokenView>> {
    let mut tokens = system.store().tokens().await?;
    for token in &mut tokens {
        token.maker_role = system.role_of(&token.made_by);
    }
    Ok(tokens)
}

/// Claims an idempotency key for a request before it is performed. `asked` is the request, of which the digest is
/// stored.
pub async fn with_idempotency(
    system: &System,
    token: &TokenView,
    key: &str,
    asked: &[u8],
) -> Result<IdempotencyRecord> {
    let mut write = system.store().write().await?;
    let once = write.with_idempotency(token.id, key, &Sha256::digest(asked).into(), system.now()).await?;
    write.commit().await?;
    Ok(once)
}

/// Stores the response of a request under its idempotency key. With `None` the key is released, so that a failed
/// request can be retried.
pub async fn asked(system: &System, token: &TokenView, key: &str, answer: Option<(u16, &str)>) -> Result<()> {
    let mut write = system.store().write().await?;
    write.asked(token.id, key, answer).await?;
    write.commit().await.map_err(OperationError::from)
}

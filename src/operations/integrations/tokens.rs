//! Make and revoke tokens, know a program by its own, and do what it asks for once.

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

pub(crate) async fn perform(system: &System, actor: &Actor, request: TokenRequest) -> Result<Done> {
    match request {
        TokenRequest::Make { name, role, agent, expires_at, scope } => {
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
    require(actor, Permission::MakeTokens)?;
    let scope = scope.narrowed(&system.scope()).ok_or_else(|| {
        let why = format!("{} is outside {}.", scope.words(), system.scope().words());
        Refusal::new(Code::Scope, why, "Name an organization and environment within it.")
    })?;
    // An agent is bounded by its contract, which names its numbers.
    let scope = if agent.is_some() { &Scope::ALL } else { &scope };
    // What is done with it counts as done by whoever makes it, and it may no more than they may.
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
    // Whoever comes by an agent's token has no role at all.
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
    write.audit(actor, AuditAction::MakeToken, &name, &format!("{who}; {}", scope.words()), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Activity]);
    let said = format!("Token of {name} ({who}; {}). It is shown only once:", scope.words());
    Ok(Done { message: said, created_id: Some(token) })
}

async fn revoke(system: &System, actor: &Actor, name: &str) -> Result<Done> {
    require(actor, Permission::MakeTokens)?;
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

/// Who a token is, if it holds.
pub async fn known_by(system: &System, token: &str) -> Result<Option<(TokenView, Actor)>> {
    if !token.starts_with(PREFIX) || token.len() > 200 {
        return Ok(None);
    }
    // Looked up by its digest: how long that takes tells nothing about the token.
    let Some(found) = system.store().token_of(&digest(token)).await? else { return Ok(None) };
    let now = system.now();
    let Some(actor) = stands_for(system, &found) else { return Ok(None) };
    if found.used_at.is_none_or(|at| now.since(at).as_secs() >= 60) {
        let mut write = system.store().write().await?;
        write.used_token(found.id, now).await?;
        write.forget_asked(now.minus(std::time::Duration::from_secs(3 * 86_400))).await?;
        write.commit().await?;
    }
    Ok(Some((found, actor)))
}

impl System {
    /// The role that a person has now.
    fn role_of(&self, person: &str) -> Option<Role> {
        (self.parts.role_of)(person)
    }

    /// Somebody with no more than the role that they have now: a console that was opened with a greater one decides
    /// nothing by it. Whoever is no user any more loses their console, and is nobody who could be asked about here.
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

/// Somebody with the role that they have now, where it is another one; none where they are nobody any more.
pub fn other_role(system: &System, actor: &Actor) -> Option<Actor> {
    let Actor::Operator { name, role } = actor else { return None };
    let now = system.role_of(name)?;
    (now != *role).then(|| Actor::Operator { name: name.clone(), role: now })
}

/// Whom a token stands for now: nobody once it is over, or once who made it is no user any more. It never
/// may more than its maker may today.
fn stands_for(system: &System, token: &TokenView) -> Option<Actor> {
    if !token.holds(system.now()) {
        return None;
    }
    let maker = system.role_of(&token.made_by)?;
    match &token.agent {
        // An agent writes to people, which its maker has to be allowed to, too.
        Some(agent) => (maker >= Permission::WriteToPeople.role()).then(|| Actor::Agent { name: agent.clone() }),
        None => Some(Actor::Program {
            name: token.name.clone(),
            role: token.role.min(maker),
            person: token.made_by.clone(),
            scope: token.scope.clone(),
        }),
    }
}

/// Whether somebody who is still listening may go on: their token stands for them as before, or they are the
/// user that they were.
pub async fn still_known(system: &System, actor: &Actor, token: Option<TokenId>) -> Result<bool> {
    let now = match (actor, token) {
        (_, Some(id)) => system.store().token(id).await?.and_then(|token| stands_for(system, &token)),
        (Actor::Operator { name, role }, None) => {
            return Ok(system.role_of(name).is_some_and(|now| now >= *role));
        }
        _ => return Ok(true),
    };
    Ok(now.is_some_and(|now| now.role() >= actor.role()))
}

/// Tokens with what each may today.
pub(crate) async fn list(system: &System) -> Result<Vec<TokenView>> {
    let mut tokens = system.store().tokens().await?;
    for token in &mut tokens {
        token.maker_role = system.role_of(&token.made_by);
    }
    Ok(tokens)
}

/// Claims a key for what is asked under it, before it is done.
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

/// Keeps the answer for whoever asks again; a question that failed may be asked anew.
pub async fn asked(system: &System, token: &TokenView, key: &str, answer: Option<(u16, &str)>) -> Result<()> {
    let mut write = system.store().write().await?;
    write.asked(token.id, key, answer).await?;
    write.commit().await.map_err(OperationError::from)
}
